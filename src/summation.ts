import { nextUp } from './rounding.ts'

/**
 * Sums in twice the working precision, so that a norm of a million entries is still within one ulp.
 *
 * Error-free transformations: a + b = s + e (Knuth) and a·b = p + e (Dekker, Veltkamp's split), the errors summed beside.
 * For n terms of one sign the result is within (1 + n²u)·u of the truth relatively, below one ulp up to n = 2²⁴ and a few beyond
 * (Ogita, Rump, Oishi 2005, Accurate sum and dot product). Entries must stay below 2⁵⁰⁰ in size; squares below 2⁻¹⁰⁷⁴ vanish.
 */

const SPLIT = 2 ** 27 + 1

/** Σ x², to nearest or one ulp beside it. */
export function sumOfSquares(x: ArrayLike<number>, from = 0, to = x.length): number {
  let sum = 0
  let rest = 0
  for (let i = from; i < to; i++) {
    const a = x[i]
    const p = a * a
    const c = SPLIT * a
    const high = c - (c - a)
    const low = a - high
    const s = sum + p
    const t = s - sum
    rest += sum - (s - t) + (p - t) + (low * low - (p - high * high - 2 * high * low))
    sum = s
  }
  return sum + rest
}

/** max |x|, 0 for no entries, NaN where one is. */
export function peakOf(x: ArrayLike<number>): number {
  // Comparisons make no numbers that an interpreter would have to box.
  let [low, high] = [0, 0]
  for (let i = 0; i < x.length; i++) {
    if (x[i] > high) high = x[i]
    else if (!(x[i] >= low)) {
      if (Number.isNaN(x[i])) return Number.NaN
      low = x[i]
    }
  }
  return Math.max(high, -low)
}

/** Σ |x| over `count` entries, `step` apart, to nearest or one ulp beside it. */
export function sumOfAbsolutes(x: ArrayLike<number>, from = 0, count = x.length, step = 1): number {
  let sum = 0
  let rest = 0
  for (let i = 0, at = from; i < count; i++, at += step) {
    const a = Math.abs(x[at])
    const s = sum + a
    const t = s - sum
    rest += sum - (s - t) + (a - t)
    sum = s
  }
  return sum + rest
}

/** A double ≥ √x for every true x within an ulp or two of the one given. */
export function sqrtUp(x: number): number {
  return x === 0 ? 0 : nextUp(Math.sqrt(nextUp(nextUp(x))))
}

/** √n rounded up, exact where it is whole. */
export function sqrtOfWhole(n: number): number {
  const root = Math.sqrt(n)
  return root * root === n && Number.isInteger(root) ? root : nextUp(root)
}
