import { pow2 } from '../rounding.ts'
import { exponentOf } from '../symbol.ts'

/** Complex matrices of one shape: count × (rows × columns, column-major); no `im` for real ones. */
export interface Batch {
  readonly rows: number
  readonly columns: number
  readonly re: Float64Array
  readonly im?: Float64Array
}

/** Per matrix the exponent that brings its largest entry into [½, 1). */
export function exponentsOf({ rows, columns, re, im }: Batch): number[] {
  const size = rows * columns
  return Array.from({ length: re.length / size }, (_, k) => {
    const real = re.subarray(k * size, (k + 1) * size)
    if (!im) return exponentOf(real)
    const imaginary = im.subarray(k * size, (k + 1) * size)
    if (imaginary.every(x => x === 0)) return exponentOf(real)
    return real.every(x => x === 0) ? exponentOf(imaginary) : Math.max(exponentOf(real), exponentOf(imaginary))
  })
}

/**
 * Writes matrices first … first + count − 1, divided by 2^exponent each, in pair layout; an odd count repeats its last. Tall or square ones
 * as they are, wide ones as their transposes, so that rows ≥ columns.
 */
export function pairUp(batch: Batch, exponents: readonly number[], first: number, count: number, pairs: Float64Array): void {
  const { rows, columns, re, im } = batch
  const size = rows * columns
  for (let slot = 0; slot < 2 * ((count + 1) >> 1); slot++) {
    const k = first + Math.min(slot, count - 1)
    const out = (slot >> 1) * size * 4 + (slot & 1)
    const [m, n] = rows < columns ? [rows, columns] : [1, size]
    spread(re, k * size, m, n, -exponents[k], pairs, out)
    if (im) spread(im, k * size, m, n, -exponents[k], pairs, out + 2)
    else for (let i = 0; i < size; i++) pairs[out + 2 + 4 * i] = 0
  }
}

/** Every fourth number of `to` from the transpose of the m×n matrix at `start`, times 2^exponent; one row is its own transpose. */
function spread(x: Float64Array, start: number, m: number, n: number, exponent: number, to: Float64Array, at: number): void {
  // Two exact factors, since one may be out of range.
  const half = pow2(Math.trunc(exponent / 2))
  const rest = pow2(exponent - Math.trunc(exponent / 2))
  for (let i = 0; i < m; i++) {
    for (let j = 0, from = start + i; j < n; j++, from += m, at += 4) to[at] = x[from] * half * rest
  }
}
