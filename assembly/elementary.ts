/**
 * Exponential and natural logarithm, the same bits everywhere. Relative errors are below 2⁻⁵¹ wherever the result is a normal
 * number: in units of u = 2⁻⁵³ below 1.5 and 2.1. Reductions after Cody & Waite, series by Taylor. The proofs count roundings in units of u;
 * a rounding into [2^−e, 2^(1−e)) errs by at most 2^−e.
 */

/** ln 2: the high part has 32 bits, so that its multiples by |k| < 2¹¹ are exact. */
const LN2_HIGH: f64 = 6.93147180369123816490e-1
const LN2_LOW: f64 = 1.90821492927058770002e-10
const LOG2_E: f64 = 1.4426950408889634

/**
 * eˣ. Infinity above 709.78, 0 below −745.13.
 *
 * x = k ln 2 + r + c, |r| ≤ 0.3466, c the rounding error of r; eˣ = 2ᵏ(1 + (r + (c + r²Q(r)))). r²Q ≤ 0.0678 errs below 0.2
 * (r², its product with Q, Q's last sum, and + c), the inner sum ≤ 0.4143 by ¼, the series is cut below 0.04, and the outer sum errs by 1
 * where the result is ≥ 1 (relative 1.49), by ½ below it: there |r²Q| ≤ 0.0537 and the inner sum ≤ 0.293 (relative 0.95/0.707 = 1.35).
 */
export function exp(x: f64): f64 {
  if (x != x) return x
  if (x > 709.79) return Infinity
  if (x < -745.14) return 0
  const k = Math.floor(x * LOG2_E + 0.5)
  const high = x - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  const c = high - r - low
  let q: f64 = 1.0 / 6227020800.0
  q = 1.0 / 479001600.0 + r * q
  q = 1.0 / 39916800.0 + r * q
  q = 1.0 / 3628800.0 + r * q
  q = 1.0 / 362880.0 + r * q
  q = 1.0 / 40320.0 + r * q
  q = 1.0 / 5040.0 + r * q
  q = 1.0 / 720.0 + r * q
  q = 1.0 / 120.0 + r * q
  q = 1.0 / 24.0 + r * q
  q = 1.0 / 6.0 + r * q
  q = 0.5 + r * q
  const y = 1 + (r + (c + r * r * q))
  // Two steps, so that subnormal results are rounded once and 2¹⁰²⁴ is never formed.
  const half = <i64>k >> 1
  return y * power(half) * power(<i64>k - half)
}

/** 2ᵏ for −1022 ≤ k ≤ 1023. */
@inline
function power(k: i64): f64 {
  return reinterpret<f64>((k + 1023) << 52)
}

/**
 * ln x. −Infinity at 0, NaN below.
 *
 * x = 2ᵏ(1 + f), 1 + f in [√½, √2); with s = f/(2 + f): ln(1 + f) = f − (h − s(h + R(s²))), h = f²/2, R = s²(2/3 + 2/5 s² + …).
 * f is exact. s(h + R) ≤ 0.0181 errs below 0.1 with the sum with k's low part, h and its difference by 1/16 each, the sum with f by ¼, and
 * the sum with k ln 2 by ¼ where 0.3466 ≤ |ln x| < ½: 0.725, relative 2.1, the worst case. Beyond ½ the last rounding alone doubles while
 * |ln x| does; for k = 0 the last rounding is the sum with f, and the others shrink with f: relative 1.4.
 */
export function log(x: f64): f64 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN
  if (x == Infinity) return x
  let k: i64 = 0
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984.0 // 2⁵⁴: out of the subnormal numbers
    k = -54
  }
  // Adding the gap between 1 and √½ carries into the exponent exactly when the fraction reaches √2.
  const bits = reinterpret<i64>(x) + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd)
  k += (bits >> 52) - 1023
  const f = reinterpret<f64>((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd) - 1
  const s = f / (2 + f)
  const z = s * s
  let q: f64 = 2.0 / 23.0
  q = 2.0 / 21.0 + z * q
  q = 2.0 / 19.0 + z * q
  q = 2.0 / 17.0 + z * q
  q = 2.0 / 15.0 + z * q
  q = 2.0 / 13.0 + z * q
  q = 2.0 / 11.0 + z * q
  q = 2.0 / 9.0 + z * q
  q = 2.0 / 7.0 + z * q
  q = 2.0 / 5.0 + z * q
  q = 2.0 / 3.0 + z * q
  const h = 0.5 * f * f
  return <f64>k * LN2_HIGH - (h - (s * (h + z * q) + <f64>k * LN2_LOW) - f)
}
