/**
 * The differential quotient-difference algorithm with shifts for the squared singular values of a bidiagonal matrix.
 *
 * With q = d², e = superdiagonal², a sweep with a shift τ ≤ λ_min gives the (q, e) of a matrix whose squared singular values are all less by
 * τ, by divisions and additions of positive numbers only, so that small values keep their relative accuracy. A sweep that turns a q
 * negative is thrown away and repeated with less shift.
 *
 * Fernando & Parlett 1994, Numer. Math. 67; Parlett & Marques 2000, Linear Algebra Appl. 309 (whose shift from the bottom block is used).
 */
import { inversePower } from '../inline/power'
import { NEGLIGIBLE, open, settle, split } from './deflation'
import { lessShift } from './shift'
import { Dqds, leading, turn } from './state'
import { sweepClamped } from './sweep'

/** Squares start from at least 2⁻⁸⁰⁰ of the largest, so that zeros differ from nothing. */
export const FLOOR: f64 = reinterpret<f64>((1023 - 800) << 52)

/** Reads the matrix; false when there is nothing to sweep. w: 56n bytes. */
export function begin(a: Dqds, n: i32, w: usize): bool {
  const de = a.source
  const size = (<usize>n) << 4
  a.qe = w
  a.other = size
  a.blocks = w + 2 * size
  a.found = w + 3 * size
  a.sweeps = 0
  a.limit = 20 + 12 * n
  a.parity = 0
  let largest: f64 = 0
  for (let i = 0, p = de; i < n; i++, p += 32) {
    largest = Math.max(largest, load<f64>(p))
    if (i + 1 < n) largest = Math.max(largest, load<f64>(p, 16))
  }
  a.scale = inversePower(largest)
  for (let i = 0, p = de; i < n; i++, p += 32) {
    const d = load<f64>(p) * a.scale
    const e = i + 1 < n ? load<f64>(p, 16) * a.scale : 0
    store<f64>(w + ((<usize>i) << 4), Math.max(d * d, FLOOR))
    store<f64>(w + ((<usize>i) << 4), e * e, 8)
  }
  open(a, 0, n - 1, 0)
  return settle(a)
}

/** After a sweep: judges it, takes off what has converged and chooses the next shift. False when all values are found. */
export function advance(a: Dqds): bool {
  if (++a.sweeps > a.limit) return false
  if (!positive(a)) {
    if (a.tau > 0) {
      lessShift(a)
      return true
    }
    sweepClamped(a)
  }
  const lead = leading(a)
  a.failures = 0
  turn(a)
  // σ += τ, with the rounding kept
  const sum = a.sigma + (a.tau + a.rest)
  a.rest = a.tau + a.rest - (sum - a.sigma)
  a.sigma = sum
  const bound = NEGLIGIBLE * (sum + Math.min(lead, a.last))
  if (a.leastE <= bound) split(a, bound)
  return settle(a)
}

function positive(a: Dqds): bool {
  return leading(a) >= 0 && a.last >= 0 && a.last < Infinity
}
