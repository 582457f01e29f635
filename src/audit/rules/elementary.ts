import { pow2 } from '../../rounding.ts'

/**
 * The transcendental functions that activations need, from + − × ÷ alone, so that every host computes the same bits.
 * Each errs by at most 1e-14·(1 + |y|); `ELEMENTARY_ERROR` is what radii account for.
 */
export const ELEMENTARY_ERROR = 1e-14

const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10

/** eˣ: x = k·ln 2 + r, |r| ≤ 0.35, Taylor to r¹⁴. Relative error below 1e-15; Infinity beyond 709.7. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x
  if (x > 709.7) return Infinity
  if (x < -745) return 0
  const k = Math.round(x / (LN2_HIGH + LN2_LOW))
  const r = x - k * LN2_HIGH - k * LN2_LOW
  let sum = 1
  for (let n = 14; n > 0; n--) sum = 1 + (r / n) * sum
  return k < -1000 ? sum * pow2(k + 100) * pow2(-100) : sum * pow2(k - 1) * 2
}

/** ln(1 + t) for 0 ≤ t ≤ 1: 2·artanh(z), z = t/(2 + t) ≤ ⅓, to z³⁵. */
export function log1p(t: number): number {
  const z = t / (2 + t)
  const square = z * z
  let sum = 0
  for (let n = 35; n > 0; n -= 2) sum = sum * square + 1 / n
  return 2 * z * sum
}

/** ln x for x > 0: the exponent apart, the rest in [1, 2). */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN
  if (x === Infinity) return x
  let k = 0
  while (x >= 2) {
    x /= 2
    k++
  }
  while (x < 1) {
    x *= 2
    k--
  }
  return k * LN2_HIGH + (log1p(x - 1) + k * LN2_LOW)
}

export function sigmoid(x: number): number {
  return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x))
}

export function tanh(x: number): number {
  return 2 * sigmoid(2 * x) - 1
}

export function softplus(x: number): number {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)))
}

/** 2/√π·e^{−x²}·Σ 2ⁿx^{2n+1}/(2n+1)!!, all terms of one sign; ±1 beyond 6, where 1 − |erf| < 3e-17. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return x < 0 ? -1 : 1
  let sum = x
  let term = x
  for (let n = 1; n < 130 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return 1.1283791670955126 * exp(-x * x) * sum
}
