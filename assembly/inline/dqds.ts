/**
 * The differential quotient-difference algorithm with shifts for the squared singular values of a bidiagonal matrix.
 *
 * With q = d², e = superdiagonal², a sweep with a shift τ ≤ λ_min gives the (q, e) of a matrix whose squared singular values are all less by
 * τ, by divisions and additions of positive numbers only, so that small values keep their relative accuracy. A sweep that turns a q
 * negative is thrown away and repeated with less shift.
 *
 * Fernando & Parlett 1994, Numer. Math. 67; Parlett & Marques 2000, Linear Algebra Appl. 309 (whose shift from the bottom block is used).
 */

/** e/λ below which an entry is dropped: 2⁻¹⁰⁶, half an ulp of λ for √e against √λ. */
const NEGLIGIBLE: f64 = reinterpret<f64>((1023 - 106) << 52)
/** Squares start from at least 2⁻⁸⁰⁰ of the largest, so that nothing divides zero by zero. */
export const FLOOR: f64 = reinterpret<f64>((1023 - 800) << 52)

/** One matrix on its way. A window [lo, hi] of the array is being worked on; below it everything is found, above wait other blocks. */
@unmanaged
export class Dqds {
  /** [q e] by index, 16 bytes each, in two buffers that sweeps go between; `other` is the distance from one to the other. */
  qe: usize
  other: isize
  /** For the last index of a waiting block: its first index and its shift so far. */
  blocks: usize
  found: usize
  lo: i32
  hi: i32
  sweeps: i32
  limit: i32
  failures: i32
  parity: i32
  /** Power of two that the entries were multiplied by. */
  scale: f64
  /** Sum of shifts, in two parts. */
  sigma: f64
  rest: f64
  tau: f64
  /** Of the last sweep: the smallest d before the last, the last d, the smallest new e. */
  least: f64
  last: f64
  leastE: f64
}

/** Reads d, e at a stride of 32 bytes; false when there is nothing to sweep. */
export function begin(a: Dqds, n: i32, de: usize, w: usize): bool {
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

/** The power of two that brings x into [1, 2); for subnormal x the largest there is, for 0 it is 1. */
function inversePower(x: f64): f64 {
  if (x == 0) return 1
  const exponent = min<i64>(2045, (reinterpret<i64>(x) >> 52) & 2047)
  return reinterpret<f64>((2046 - max<i64>(exponent, 1)) << 52)
}

/** Starts on a block: no shift yet, and the end with the smaller q last, where dqds converges. */
function open(a: Dqds, lo: i32, hi: i32, sigma: f64): void {
  a.lo = lo
  a.hi = hi
  a.sigma = sigma
  a.rest = 0
  a.tau = 0
  a.least = 0
  a.last = 0
  a.failures = 0
  const first = a.qe + ((<usize>lo) << 4)
  const last = a.qe + ((<usize>hi) << 4)
  if (load<f64>(first) * 1.5 < load<f64>(last)) reverse(first, last)
}

/** Turns the array round: the reversed (q, e) has the same values. */
function reverse(first: usize, last: usize): void {
  let p = first
  let q = last
  for (; p < q; p += 16, q -= 16) {
    const x = load<f64>(p)
    store<f64>(p, load<f64>(q))
    store<f64>(q, x)
  }
  for (p = first + 8, q = last - 8; p < q; p += 16, q -= 16) {
    const x = load<f64>(p)
    store<f64>(p, load<f64>(q))
    store<f64>(q, x)
  }
}

/** One sweep over the window, from the current buffer into the other one. */
export function sweep(a: Dqds): void {
  const tau = a.tau
  const other = a.other
  let p = a.qe + ((<usize>a.lo) << 4)
  const end = a.qe + ((<usize>a.hi) << 4)
  let d = load<f64>(p) - tau
  let least: f64 = Infinity
  let leastE: f64 = Infinity
  for (; p < end; p += 16) {
    if (d < least) least = d
    const e = load<f64>(p, 8)
    const q = d + e
    const t = load<f64>(p, 16) / q
    store<f64>(p + other, q)
    store<f64>(p + other, e * t, 8)
    if (e * t < leastE) leastE = e * t
    d = d * t - tau
  }
  store<f64>(p + other, d)
  a.least = least
  a.last = d
  a.leastE = leastE
}

export function sweepBoth(a: Dqds, b: Dqds): void {
  sweep(a)
  sweep(b)
}

/** After a sweep: judges it, takes off what has converged and chooses the next shift. False when all values are found. */
export function advance(a: Dqds): bool {
  if (++a.sweeps > a.limit) return false
  if (!(a.least >= 0 && a.last >= 0 && a.last < Infinity)) {
    lessShift(a)
    return true
  }
  a.failures = 0
  a.qe += a.other
  a.other = -a.other
  a.parity ^= 1
  // σ += τ, with the rounding kept
  const sum = a.sigma + (a.tau + a.rest)
  a.rest = a.tau + a.rest - (sum - a.sigma)
  a.sigma = sum
  if (a.leastE <= NEGLIGIBLE * (a.sigma + Math.min(a.least, a.last))) split(a)
  return settle(a)
}

/** The failed sweep tells: if only the last d is negative, τ plus it lies just below λ_min. */
function lessShift(a: Dqds): void {
  a.failures++
  if (a.failures > 2) a.tau = 0
  else if (a.least > 0 && a.last < 0) a.tau = Math.max(0, (a.tau + a.last) * (1 - 1e-15))
  else a.tau *= 0.25
}

/** Puts aside all before the last negligible e of the window as a block of its own. */
function split(a: Dqds): void {
  const bound = NEGLIGIBLE * (a.sigma + Math.min(a.least, a.last))
  for (let i = a.hi - 2; i >= a.lo; i--) {
    if (load<f64>(a.qe + ((<usize>i) << 4), 8) > bound) continue
    const block = a.blocks + ((<usize>i) << 4)
    store<f64>(block, <f64>a.lo)
    store<f64>(block, a.sigma, 8)
    // Waiting blocks stay in the first buffer.
    if (a.parity) memory.copy(a.qe + a.other + ((<usize>a.lo) << 4), a.qe + ((<usize>a.lo) << 4), (<usize>(i - a.lo + 1)) << 4)
    a.lo = i + 1
    return
  }
}

/** Takes converged values off the end, opens the next block when one is done, and sets the next shift. */
function settle(a: Dqds): bool {
  for (;;) {
    while (a.hi >= a.lo && deflate(a)) {}
    if (a.hi >= a.lo) break
    if (a.lo == 0) return false
    if (a.parity) {
      a.qe += a.other
      a.other = -a.other
      a.parity = 0
    }
    const hi = a.lo - 1
    const block = a.blocks + ((<usize>hi) << 4)
    open(a, <i32>load<f64>(block), hi, load<f64>(block, 8))
  }
  a.tau = shift(a)
  return true
}

/** Takes one or two values off the end if they have come loose. */
function deflate(a: Dqds): bool {
  const end = a.qe + ((<usize>a.hi) << 4)
  const out = a.found + ((<usize>a.hi) << 3)
  const q = load<f64>(end)
  if (a.hi == a.lo || load<f64>(end - 8) <= NEGLIGIBLE * (a.sigma + q)) {
    store<f64>(out, a.sigma + (q + a.rest))
    a.hi--
    return true
  }
  if (a.hi - 1 > a.lo && load<f64>(end - 24) > NEGLIGIBLE * a.sigma) return false
  // The last 2×2 block: trace p + e + q, determinant p·q.
  const p = load<f64>(end - 16)
  const e = load<f64>(end - 8)
  const gap = p - q + e
  const large = 0.5 * (p + q + e + Math.sqrt(gap * gap + 4 * q * e))
  store<f64>(out, a.sigma + (p * (q / large) + a.rest))
  store<f64>(out - 8, a.sigma + (large + a.rest))
  a.hi -= 2
  return true
}

/** The next shift: below λ_min in most cases, and near it once the end of the window is coming loose. */
function shift(a: Dqds): f64 {
  const least = Math.min(a.least, a.last)
  if (a.last > a.least) return 0.25 * least
  // Squared length of the end of the eigenvector whose last entry is 1.
  let length: f64 = 0
  let product: f64 = 1
  for (let p = a.qe + ((<usize>a.hi) << 4), first = a.qe + ((<usize>a.lo) << 4); p > first; p -= 16) {
    product *= load<f64>(p - 8) / load<f64>(p - 16)
    length += product
    if (product < 0.01 * length || length > 0.5) break
  }
  if (length > 0.5) return 0.25 * least
  return (least * (1 - Math.sqrt(length))) / (1 + length)
}
