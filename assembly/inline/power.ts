/** The power of two that brings x > 0 into [1, 2); for subnormal x the largest there is, for 0 it is 1. */
export function inversePower(x: f64): f64 {
  if (x == 0) return 1
  const exponent = min<i64>(2045, (reinterpret<i64>(x) >> 52) & 2047)
  return reinterpret<f64>((2046 - max<i64>(exponent, 1)) << 52)
}
