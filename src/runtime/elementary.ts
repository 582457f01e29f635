import { routines } from './instance.ts'

/** Exponential and logarithm from the module, so that they have the same bits in every runtime; relative error of each below ELEMENTARY_ERROR. */
export const ELEMENTARY_ERROR = 2 ** -51

/** eˣ; Infinity above 709.78, 0 below −745.13. Subnormal results may err by one more unit of 2⁻¹⁰⁷⁴. */
export function exp(x: number): number {
  return routines().exp(x)
}

/** ln x; −Infinity at 0, NaN below. */
export function log(x: number): number {
  return routines().log(x)
}
