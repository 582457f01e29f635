import { pow2, scaled } from '../rounding.ts'
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
  const wide = rows < columns
  for (let slot = 0; slot < 2 * ((count + 1) >> 1); slot++) {
    const k = first + Math.min(slot, count - 1)
    const exponent = -exponents[k]
    const factor = Math.abs(exponent) <= 1000 ? pow2(exponent) : 0
    const fit = (x: number) => (factor ? x * factor : scaled(x, exponent))
    let out = (slot >> 1) * size * 4 + (slot & 1)
    for (let i = 0; i < size; i++, out += 4) {
      const from = k * size + (wide ? (i % columns) * rows + Math.floor(i / columns) : i)
      pairs[out] = fit(re[from])
      pairs[out + 2] = im ? fit(im[from]) : 0
    }
  }
}
