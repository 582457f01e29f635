/** What has converged: values taken off the end of the window, and blocks that fall apart. */
import { shift } from './shift'
import { Dqds, leading, turn, turnRound } from './state'

/** Square of the relative change of a value that may be neglected: 2⁻⁵⁴. */
export const NEGLIGIBLE: f64 = reinterpret<f64>((1023 - 108) << 52)

/** e/λ below which an entry may be dropped from the diagonal: 2⁻⁵⁶. */
const DROPPED: f64 = reinterpret<f64>((1023 - 56) << 52)

/** Starts on a block: no shift yet, and the end with the smaller q last, where dqds converges. */
export function open(a: Dqds, lo: i32, hi: i32, sigma: f64): void {
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

/** Puts aside all before the last negligible e of the window as a block of its own. */
export function split(a: Dqds, bound: f64): void {
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
export function settle(a: Dqds): bool {
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
