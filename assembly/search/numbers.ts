/** Lists of doubles, and directed rounding without a rounding mode (src/rounding.ts). */

/** Unit roundoff, 2⁻⁵³. */
export const UNIT: f64 = 1.1102230246251565e-16

/** Higham's γ_n, rounded up (src/rounding.ts). */
export function gamma(n: f64): f64 {
  return ((n * UNIT) / (1 - n * UNIT)) * (1 + 8 * UNIT)
}

/** The next double below a finite one. */
export function nextDown(x: f64): f64 {
  return -nextUp(-x)
}

/** The next double above a finite one. */
export function nextUp(x: f64): f64 {
  if (x == 0) return 5e-324
  return reinterpret<f64>(reinterpret<i64>(x) + (x > 0 ? 1 : -1))
}

/** One number of a list of doubles. */
@inline
export function item(list: usize, i: i32): f64 {
  return load<f64>(list + ((<usize>i) << 3))
}

@inline
export function setItem(list: usize, i: i32, x: f64): void {
  store<f64>(list + ((<usize>i) << 3), x)
}
