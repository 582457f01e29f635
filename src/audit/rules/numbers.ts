import type { Weights } from '../../formats/model.ts'
import { plusUp, timesUp } from '../../network/outward.ts'
import { UNIT } from '../../rounding.ts'
import { sizeOf, tabulate, toTensor } from '../../tensor.ts'

/**
 * Numbers with what is known of their error: the true entry i lies within data[i] ± radius[i]. Without a radius they are exact.
 * Constants that a graph computes (a scale over a square root) carry one, and so do the two ends of a proven gain.
 */
export interface Numbers {
  readonly shape: readonly number[]
  readonly data: Float64Array
  readonly radius?: Float64Array
  /** whole numbers of an integer type: their quotients are cut off */
  readonly integer?: boolean
}

/** Most entries that a graph may make from nothing, by shapes, ranges and copies: a matrix whose norm takes a second. */
export const MOST_MADE = 2 ** 19

/** A constant of a file. */
export function numbersOf(weights: Weights, name: string): Numbers {
  const { data, shape } = toTensor(weights, name)
  return { data, shape, integer: /int|bool/.test(weights.dtype) }
}

/** ≥ the Euclidean norm of the radii; 0 for exact numbers. */
export function errorNormOf({ radius }: Numbers): number {
  if (!radius) return 0
  let largest = 0
  for (const r of radius) largest = Math.max(largest, r)
  return timesUp(largest, plusUp(Math.sqrt(radius.length), 1))
}

/** Radii for entries computed by one rounded operation from operands whose own errors amount to `carried`. */
export function rounded(data: Float64Array, carried?: (i: number) => number): Float64Array {
  return tabulate(data.length, i => ((carried ? carried(i) : 0) + Math.abs(data[i]) * UNIT) * (1 + 4 * UNIT) + 2 ** -1074)
}

/** Whole numbers far below 2⁵³: sums and products of two are exact. */
export function isWhole({ data, radius }: Numbers): boolean {
  return radius === undefined && data.every(x => Number.isInteger(x) && Math.abs(x) < 2 ** 26)
}

/** A shape as a rule computed it, checked before anybody believes it. */
export function isShape(shape: readonly number[]): boolean {
  return shape.length <= 32 && shape.every(side => Number.isInteger(side) && side >= 0) && sizeOf(shape) <= 2 ** 40
}
