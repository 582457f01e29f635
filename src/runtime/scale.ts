import { pow2, scaled as shift } from '../rounding.ts'
import { type Arena, borrow } from './arena.ts'

/** An array over a power of two: data = values·2^exponent. */
export interface Normalised {
  readonly values: Float64Array
  readonly exponent: number
}

/**
 * Brings the largest magnitude to [½, 1) by a power of two; zeros stay, with exponent 0.
 * Exact, but for entries more than 2¹⁰²¹ times smaller than the largest, which round to a multiple of 2⁻¹⁰⁷⁴ of it.
 *
 * @param data finite numbers, subnormal ones included
 * @example normalise(Float64Array.of(6, 0)).values  // [0.75, 0], and exponent 3
 */
export function normalise(data: Float64Array): Normalised {
  return borrow(arena => {
    const at = arena.put(data)
    const exponent = normaliseAt(arena, data.length, at)
    return { values: arena.f64(at, data.length).slice(), exponent }
  })
}

/**
 * ‖x‖₂ of finite numbers of any magnitude (of a matrix: ‖A‖_F), relative error below 3·2⁻⁵³ where the norm is a normal number.
 * Infinity only if the norm itself is beyond the range.
 *
 * @example frobenius(Float64Array.of(3e300, 4e300))  // 5e300
 */
export function frobenius(data: Float64Array): number {
  const { root, exponent } = frobeniusParts(data)
  return shift(root, exponent)
}

/** ‖x‖₂ = root·2^exponent where the product may leave the range; ½ ≤ root, or 0. */
export function frobeniusParts(data: Float64Array): { root: number; exponent: number } {
  return borrow(arena => {
    const at = arena.put(data)
    const exponent = normaliseAt(arena, data.length, at)
    return { root: Math.sqrt(arena.routines.sumOfSquares(data.length, at)), exponent }
  })
}

function normaliseAt(arena: Arena, length: number, at: number): number {
  const exponent = exponentAbove(arena.routines.largest(length, at))
  const first = Math.max(-1000, Math.min(1000, -exponent))
  arena.routines.rescale(length, pow2(first), pow2(-exponent - first), at, at)
  return exponent
}

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/** The e with 2^(e−1) ≤ x < 2^e, read from the bits of x ≥ 0; 0 for 0. */
function exponentAbove(x: number): number {
  if (x === 0) return 0
  const subnormal = x < 2 ** -1022
  double[0] = subnormal ? x * 2 ** 54 : x
  return (words[1] >>> 20) - 1022 - (subnormal ? 54 : 0)
}
