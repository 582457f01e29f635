/**
 * Cosine and sine of rational turns, 2πj/n. Both are within 1.75·2⁻⁵³ < 2⁻⁵² of the truth for whole |j|, n ≤ 2⁴⁹; multiples of a quarter
 * turn are exact.
 *
 * Reduction. k = ⌊8j/n⌋ and r = 8j − kn are exact: 8|j| ≤ 2⁵², the quotient is at most one off, and one correction mends it. So the angle
 * is π/4·(k + r/n); for odd k it is taken from the other end, r ← n − r. Every rounding below is of t = r/n in [0, 1] and later.
 *
 * Proof, in units of u = 2⁻⁵³ (a rounding to [2^−e, 2^(1−e)) errs by at most 2^−e·u), with z = t², S and C the Taylor polynomials in
 * sin(πt/4) = t(π/4 + zS), cos(πt/4) = 1 + zC, |S| ≤ 0.0808, |C| ≤ 0.3085:
 *
 *   t      errs ½, so the angle 0.393: 0.393 in the sine, 0.278 in the cosine (sin π/4 of it)          z errs ½
 *   S      coefficient 0.032, last sum 1/16, the rest 0.006; zS: 0.041 from z, product 1/16            0.204
 *   sine   + low part of π/4: 1/16; times t: 1/16; t·π/4: ½; last sum: ½; cut at z⁹: 0.001             0.393 + 0.204 + 1.126 < 1.75
 *   C      coefficient 0.177, last sum ¼, the rest 0.043                                               0.470
 *   cosine z: 0.155; C: 0.470; product ¼; last sum ½; cut at z⁹: 0.018                                 0.278 + 1.393 < 1.75
 */

/** π/4 to twice the precision. */
const HIGH: f64 = 0.7853981633974483
const LOW: f64 = 3.061616997868383e-17

/** out[i] = (cos, sin)(2π·j[i]/n) for i < count. j: whole doubles of either sign, |j|, n ≤ 2⁴⁹. */
export function turns(count: i32, n: f64, j: usize, out: usize): void {
  for (const end = j + ((<usize>count) << 3); j < end; j += 8, out += 16) turn(load<f64>(j), n, out)
}

/** (cos, sin)(2π·j/n) at `out`. */
export function turn(j: f64, n: f64, out: usize): void {
  const a = 8 * j
  let k = Math.floor(a / n)
  let r = a - k * n
  if (r < 0) {
    r += n
    k -= 1
  } else if (r >= n) {
    r -= n
    k += 1
  }
  const octant = <i32>(<i64>k & 7)
  const t = (octant & 1 ? n - r : r) / n
  const z = f64x2.splat(t * t)
  // Lanes: the sine's coefficients (π/4)^(2i+3)/(2i+3)!, the cosine's (π/4)^(2i+2)/(2i+2)!, i = 7 … 0, with their signs.
  let p = f64x2(4.628704628834683e-17, 1.001886461636272e-15)
  p = f64x2.add(f64x2(-2.0410263396641442e-14, -3.8980731712596753e-13), f64x2.mul(z, p))
  p = f64x2.add(f64x2(6.948453273886629e-12, 1.1501159127974052e-10), f64x2.mul(z, p))
  p = f64x2.add(f64x2(-1.757247673443401e-9, -2.4611369504942e-8), f64x2.mul(z, p))
  p = f64x2.add(f64x2(3.1336168903781217e-7, 3.59086044859151e-6), f64x2.mul(z, p))
  p = f64x2.add(f64x2(-3.657620418217725e-5, -3.2599188692739e-4), f64x2.mul(z, p))
  p = f64x2.add(f64x2(2.4903945701927202e-3, 1.5854344243815502e-2), f64x2.mul(z, p))
  p = f64x2.add(f64x2(-8.074551218828079e-2, -0.30842513753404244), f64x2.mul(z, p))
  p = f64x2.add(f64x2(LOW, 1), f64x2.mul(z, p))
  const cosine = f64x2.extract_lane(p, 1)
  const rise = t * HIGH + t * f64x2.extract_lane(p, 0)
  // angle = quarter·π/2 ± πt/4
  const quarter = (octant + 1) >> 1
  const sine = octant & 1 ? -rise : rise
  const re = quarter & 1 ? -sine : cosine
  const im = quarter & 1 ? cosine : sine
  store<f64>(out, quarter & 2 ? -re : re)
  store<f64>(out, quarter & 2 ? -im : im, 8)
}
