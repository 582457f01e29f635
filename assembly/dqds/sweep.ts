/** Sweeps: the current (q, e) into the other buffer, less τ; one matrix, two or four at a time, with the same bits. */
import { Dqds } from './state'

/** What no d of a clamped sweep falls below. */
const SMALLEST: f64 = reinterpret<f64>((1023 - 1000) << 52)

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

/** A sweep without shift in which no d underflows, so that 0/0 cannot arise from several zeros in a row. Seldom needed. */
export function sweepClamped(a: Dqds): void {
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
