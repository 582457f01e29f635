/**
 * The differential quotient-difference algorithm with shifts for the squared singular values of a bidiagonal matrix.
 *
 * With q = d², e = superdiagonal², a sweep with a shift τ ≤ λ_min gives the (q, e) of a matrix whose squared singular values are all less by
 * τ, by divisions and additions of positive numbers only, so that small values keep their relative accuracy. A sweep that turns a q
 * negative is thrown away and repeated with less shift.
 *
 * Fernando & Parlett 1994, Numer. Math. 67; Parlett & Marques 2000, Linear Algebra Appl. 309 (whose shift from the bottom block is used).
 */

import { inversePower } from './power'

/** Square of the relative change of a value that may be neglected: 2⁻⁵⁴. */
const NEGLIGIBLE: f64 = reinterpret<f64>((1023 - 108) << 52)
/** e/λ below which an entry may be dropped from the diagonal: 2⁻⁵⁶. */
const DROPPED: f64 = reinterpret<f64>((1023 - 56) << 52)
/** Squares start from at least 2⁻⁸⁰⁰ of the largest, so that zeros differ from nothing. */
export const FLOOR: f64 = reinterpret<f64>((1023 - 800) << 52)

/** What no d of a clamped sweep falls below. */
const SMALLEST: f64 = reinterpret<f64>((1023 - 1000) << 52)

/** One matrix on its way. A window [lo, hi] of the array is being worked on; below it everything is found, above wait other blocks. */
@unmanaged
export class Dqds {
  /** First d of the matrix, at a stride of 32 bytes; where its first value goes, at a stride of 16. */
  source: usize
  target: usize
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
  /** Of the last sweep: the last three d, the smallest of those before, and the smallest new e. */
  last: f64
  second: f64
  third: f64
  least: f64
  leastE: f64
}

/** Bytes that a state is given, a multiple of 16. */
export const STATE: usize = 128

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

/** Starts on a block: no shift yet, and the end with the smaller q last, where dqds converges. */
function open(a: Dqds, lo: i32, hi: i32, sigma: f64): void {
  a.lo = lo
  a.hi = hi
  a.sigma = sigma
  a.rest = 0
  a.tau = 0
  a.last = 0
  a.second = 0
  a.third = 0
  a.least = 0
  a.failures = 0
  turnRound(a)
}

/** Turns the window round if its small end comes first: the reversed (q, e) has the same values. */
function turnRound(a: Dqds): bool {
  const first = a.qe + ((<usize>a.lo) << 4)
  const last = a.qe + ((<usize>a.hi) << 4)
  if (load<f64>(first) * 1.5 >= load<f64>(last)) return false
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
  return true
}

/** One sweep over the window, from the current buffer into the other one. */
export function sweep(a: Dqds): void {
  const p = a.qe + ((<usize>a.lo) << 4)
  sweepFrom(a, p, load<f64>(p) - a.tau, Infinity, Infinity)
}

/** The sweep from element p on, with the running d and minima. The last three d are kept apart: they belong to values about to converge. */
@inline
function sweepFrom(a: Dqds, p: usize, d: f64, least: f64, leastE: f64): void {
  const tau = a.tau
  const other = a.other
  const end = a.qe + ((<usize>(a.hi - 2)) << 4)
  for (; p < end; p += 16) {
    if (d < least) least = d
    const e = load<f64>(p, 8)
    const q = d + e
    const t = load<f64>(p, 16) / q
    const f = e * t
    store<f64>(p + other, q)
    store<f64>(p + other, f, 8)
    if (f < leastE) leastE = f
    d = d * t - tau
  }
  a.least = least
  a.leastE = leastE
  a.third = d
  a.second = step(p, other, d, tau)
  a.last = step(p + 16, other, a.second, tau)
  store<f64>(p + 32 + other, a.last)
}

@inline
function step(p: usize, other: isize, d: f64, tau: f64): f64 {
  const e = load<f64>(p, 8)
  const q = d + e
  const t = load<f64>(p, 16) / q
  store<f64>(p + other, q)
  store<f64>(p + other, e * t, 8)
  return d * t - tau
}

/** A sweep of each of two matrices, one in each lane as far as the shorter window goes: the same operations, so the same bits. */
export function sweepBoth(a: Dqds, b: Dqds): void {
  let p = begins(a)
  let r = begins(b)
  const toA = a.other
  const toB = b.other
  const tau = pair(a.tau, b.tau)
  let d = f64x2.sub(pair(load<f64>(p), load<f64>(r)), tau)
  let least = f64x2.splat(Infinity)
  let leastE = least
  for (const end = p + ((<usize>min(a.hi - a.lo, b.hi - b.lo) - 2) << 4); p < end; p += 16, r += 16) {
    least = f64x2.pmin(least, d)
    const x = v128.load(p, 8)
    const y = v128.load(r, 8)
    const e = v128.shuffle<f64>(x, y, 0, 2)
    const q = f64x2.add(d, e)
    const t = f64x2.div(v128.shuffle<f64>(x, y, 1, 3), q)
    const f = f64x2.mul(e, t)
    leastE = f64x2.pmin(leastE, f)
    d = f64x2.sub(f64x2.mul(d, t), tau)
    v128.store(p + toA, v128.shuffle<f64>(q, f, 0, 2))
    v128.store(r + toB, v128.shuffle<f64>(q, f, 1, 3))
  }
  sweepFrom(a, p, f64x2.extract_lane(d, 0), f64x2.extract_lane(least, 0), f64x2.extract_lane(leastE, 0))
  sweepFrom(b, r, f64x2.extract_lane(d, 1), f64x2.extract_lane(least, 1), f64x2.extract_lane(leastE, 1))
}

/** Four at a time: two divisions of two lanes are under way at once, which is what hides their latency. */
export function sweepFour(a: Dqds, b: Dqds, c: Dqds, g: Dqds): void {
  const pa = begins(a)
  const pb = begins(b)
  const pc = begins(c)
  const pg = begins(g)
  const toA = a.other
  const toB = b.other
  const toC = c.other
  const toG = g.other
  const tau = pair(a.tau, b.tau)
  const rho = pair(c.tau, g.tau)
  let d = f64x2.sub(pair(load<f64>(pa), load<f64>(pb)), tau)
  let h = f64x2.sub(pair(load<f64>(pc), load<f64>(pg)), rho)
  let least = f64x2.splat(Infinity)
  let leastE = least
  let low = least
  let lowE = least
  const end = (<usize>min(min(a.hi - a.lo, b.hi - b.lo), min(c.hi - c.lo, g.hi - g.lo)) - 2) << 4
  for (let o: usize = 0; o < end; o += 16) {
    least = f64x2.pmin(least, d)
    let x = v128.load(pa + o, 8)
    let y = v128.load(pb + o, 8)
    let e = v128.shuffle<f64>(x, y, 0, 2)
    let q = f64x2.add(d, e)
    let t = f64x2.div(v128.shuffle<f64>(x, y, 1, 3), q)
    let f = f64x2.mul(e, t)
    leastE = f64x2.pmin(leastE, f)
    d = f64x2.sub(f64x2.mul(d, t), tau)
    v128.store(pa + toA + o, v128.shuffle<f64>(q, f, 0, 2))
    v128.store(pb + toB + o, v128.shuffle<f64>(q, f, 1, 3))
    low = f64x2.pmin(low, h)
    x = v128.load(pc + o, 8)
    y = v128.load(pg + o, 8)
    e = v128.shuffle<f64>(x, y, 0, 2)
    q = f64x2.add(h, e)
    t = f64x2.div(v128.shuffle<f64>(x, y, 1, 3), q)
    f = f64x2.mul(e, t)
    lowE = f64x2.pmin(lowE, f)
    h = f64x2.sub(f64x2.mul(h, t), rho)
    v128.store(pc + toC + o, v128.shuffle<f64>(q, f, 0, 2))
    v128.store(pg + toG + o, v128.shuffle<f64>(q, f, 1, 3))
  }
  sweepFrom(a, pa + end, f64x2.extract_lane(d, 0), f64x2.extract_lane(least, 0), f64x2.extract_lane(leastE, 0))
  sweepFrom(b, pb + end, f64x2.extract_lane(d, 1), f64x2.extract_lane(least, 1), f64x2.extract_lane(leastE, 1))
  sweepFrom(c, pc + end, f64x2.extract_lane(h, 0), f64x2.extract_lane(low, 0), f64x2.extract_lane(lowE, 0))
  sweepFrom(g, pg + end, f64x2.extract_lane(h, 1), f64x2.extract_lane(low, 1), f64x2.extract_lane(lowE, 1))
}

@inline
function begins(a: Dqds): usize {
  return a.qe + ((<usize>a.lo) << 4)
}

@inline
function pair(x: f64, y: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(x), 1, y)
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

/** The smallest d of the last sweep but for the last one. */
@inline
function leading(a: Dqds): f64 {
  return Math.min(Math.min(a.least, a.third), a.second)
}

function positive(a: Dqds): bool {
  return leading(a) >= 0 && a.last >= 0 && a.last < Infinity
}

/** A sweep without shift in which no d underflows, so that 0/0 cannot arise from several zeros in a row. Seldom needed. */
function sweepClamped(a: Dqds): void {
  let p = a.qe + ((<usize>a.lo) << 4)
  const end = a.qe + ((<usize>a.hi) << 4)
  let d = Math.max(load<f64>(p), SMALLEST)
  let least = d
  for (; p < end; p += 16) {
    least = Math.min(least, d)
    d = Math.max(step(p, a.other, d, 0), SMALLEST)
  }
  store<f64>(p + a.other, d)
  a.last = d
  a.second = least
  a.third = least
  a.least = least
  a.leastE = 0
}

/** The failed sweep tells: if only the last d is negative, τ plus it lies just below λ_min. */
function lessShift(a: Dqds): void {
  a.failures++
  if (a.failures > 2) a.tau = 0
  else if (leading(a) > 0 && a.last < 0) a.tau = Math.max(0, (a.tau + a.last) * (1 - 1e-15))
  else a.tau *= 0.25
}

function turn(a: Dqds): void {
  a.qe += a.other
  a.other = -a.other
  a.parity ^= 1
}

/** Puts aside all before the last negligible e of the window as a block of its own. */
function split(a: Dqds, bound: f64): void {
  for (let i = a.hi - 3; i >= a.lo; i--) {
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
  const hi = a.hi
  while (deflate(a)) {
    if (a.hi >= a.lo) continue
    if (a.lo == 0) return false
    if (a.parity) turn(a)
    const block = a.blocks + ((<usize>(a.lo - 1)) << 4)
    open(a, <i32>load<f64>(block), a.lo - 1, load<f64>(block, 8))
  }
  // A small q that came to the top of what is left would take many sweeps to come down.
  a.tau = a.hi < hi && turnRound(a) ? 0 : shift(a)
  return true
}

/** Takes one or two values off the end if they have come loose. */
function deflate(a: Dqds): bool {
  const end = a.qe + ((<usize>a.hi) << 4)
  const out = a.found + ((<usize>a.hi) << 3)
  const q = load<f64>(end)
  if (a.hi == a.lo || loose(a, end, q)) {
    store<f64>(out, a.sigma + (q + a.rest))
    forget(a)
    return true
  }
  const p = load<f64>(end - 16)
  if (a.hi - 1 > a.lo) {
    const above = load<f64>(end - 24)
    if (above > DROPPED * a.sigma || above * p > NEGLIGIBLE * a.sigma * a.sigma) return false
  }
  // The last 2×2 block: trace p + e + q, determinant p·q.
  const e = load<f64>(end - 8)
  const gap = p - q + e
  const large = 0.5 * (p + q + e + Math.sqrt(gap * gap + 4 * q * e))
  store<f64>(out, a.sigma + (p * (q / large) + a.rest))
  store<f64>(out - 8, a.sigma + (large + a.rest))
  forget(a)
  forget(a)
  return true
}

/**
 * Whether the last value of the window stands alone. Dropping e takes e from a diagonal entry of BBᵀ and √(q·e) from beside its last one:
 * no value moves by more than their sum (Weyl). All are at least σ, and hardly less than the smallest d more.
 */
function loose(a: Dqds, end: usize, q: f64): bool {
  const e = load<f64>(end - 8)
  const value = a.sigma + Math.min(q, leading(a))
  return e <= DROPPED * value && q * e <= NEGLIGIBLE * value * value
}

/** The last row is gone. */
function forget(a: Dqds): void {
  a.hi--
  a.last = a.second
  a.second = a.third
  a.third = a.least
}

/**
 * The next shift, below λ_min nearly always and close to it once the end of the window is coming loose: the second-order estimate
 * q − q·e/gap, or the Rayleigh quotient less the residual of the vector that solves all rows but the last; else a part of the smallest d.
 */
function shift(a: Dqds): f64 {
  const lead = leading(a)
  if (a.last > lead) return lead * (1.0 / 3.0)
  const end = a.qe + ((<usize>a.hi) << 4)
  const q = Math.min(a.last, load<f64>(end))
  const gap = 0.75 * lead - q
  const e = load<f64>(end - 8)
  let tau = q * (1.0 / 3.0)
  if (e < 0.5 * gap) tau = Math.max(tau, q * (1 - e / gap))
  if (e < 0.01 * gap) return tau
  let length: f64 = 0
  let product: f64 = 1
  for (let p = end, first = a.qe + ((<usize>a.lo) << 4); p > first; p -= 16) {
    product *= load<f64>(p - 8) / load<f64>(p - 16)
    length += product
    if (length > 0.5) return tau
    if (product < 0.01 * length) break
  }
  return Math.max(tau, (q * (1 - Math.sqrt(length))) / (1 + length))
}
