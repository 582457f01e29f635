/**
 * Cosine and sine of rational turns, 2πj/N: out[i] = (cos, sin)(2π·((j·step·i) mod N)/N) is built by the caller's choice of j.
 *
 * The argument is reduced exactly in integers to an eighth of a turn, so that multiples of N/8 are exact and cos² + sin² = 1 holds to
 * rounding. On |x| ≤ π/4 the Taylor polynomials of degree 15 and 16 are cut at less than 2⁻⁵⁷; with the rounding of x itself and of
 * the evaluation each value is within 2⁻⁵² of the truth.
 */

// 1/k! to the last digit; π/4 as a double.
const QUARTER_PI: f64 = 0.7853981633974483

@inline
function sine(x: f64): f64 {
  const z = x * x
  let p: f64 = -1.0 / 1307674368000.0
  p = 1.0 / 6227020800.0 + z * p
  p = -1.0 / 39916800.0 + z * p
  p = 1.0 / 362880.0 + z * p
  p = -1.0 / 5040.0 + z * p
  p = 1.0 / 120.0 + z * p
  p = -1.0 / 6.0 + z * p
  return x + x * (z * p)
}

@inline
function cosine(x: f64): f64 {
  const z = x * x
  let p: f64 = 1.0 / 20922789888000.0
  p = -1.0 / 87178291200.0 + z * p
  p = 1.0 / 479001600.0 + z * p
  p = -1.0 / 3628800.0 + z * p
  p = 1.0 / 40320.0 + z * p
  p = -1.0 / 720.0 + z * p
  p = 1.0 / 24.0 + z * p
  return 1.0 - (0.5 * z - z * (z * p))
}

/**
 * out[i] = (cos, sin)(2π·j[i]/n) for i < count; j holds whole numbers of any sign, |j|, n ≤ 2⁴⁹.
 *
 *   j  in  count × f64      out  out  count × (f64, f64)
 */
export function turns(count: i32, n: f64, j: usize, out: usize): void {
  for (let i = 0; i < count; i++) {
    let a = load<f64>(j)
    a -= n * Math.floor(a / n) // exact: both are whole numbers below 2⁵³, and the quotient is at most one off
    if (a < 0) a += n
    if (a >= n) a -= n
    // eighths: 8a = octant·n + rest, so x = (π/4)·rest/n, folded to the nearest axis
    const octant = Math.floor((8 * a) / n)
    let rest = 8 * a - octant * n
    const k = <i32>octant
    if (k & 1) rest = n - rest // distance to the next multiple of a quarter turn
    const x = (QUARTER_PI * rest) / n
    const c = cosine(x)
    const s = sine(x)
    const quarter = ((k + 1) >> 1) & 3
    const sign: f64 = k & 1 ? -1 : 1
    // angle = quarter·π/2 + sign·x
    let re = c
    let im = sign * s
    if (quarter == 1) { re = -sign * s; im = c }
    else if (quarter == 2) { re = -c; im = -sign * s }
    else if (quarter == 3) { re = sign * s; im = -c }
    store<f64>(out, re)
    store<f64>(out, im, 8)
    j += 8
    out += 16
  }
}
