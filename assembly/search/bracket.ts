/**
 * Brackets of λ_max(G) at a list of frequencies: from below by a few steps of Lanczos, from above by one Cholesky test somewhere below t. All of them in
 * single precision, four matrices to a vector, at twice the rate of double, many channels in fixed point where t is far enough for it; what failed there or is too
 * close to t in double. Many channels are tried in single precision once more before that, all failures together.
 *
 * What a passed test proves: docs/rounding.md, "The Cholesky test", "Tests in single precision", "Tests in fixed point".
 */
import { cholesky } from '../cholesky'
import { climb } from '../climb'
import { climbSingle } from '../generated/climb-single'
import { aligned, blockOf, evaluate, evaluateSingle, fromLane, Gram, margin, matrixBytes, matrixSize, phaseBytes, toLane } from './gram-symbol'
import { ceilingsOf, DOUBLE, FIXED, lossOf, SINGLE, tops } from './cholesky-tests'

/** By which part a quotient in single precision is lowered, so that it is not above λ_max for all that is seen. */
const BELIEF: f64 = 7.62939453125e-6
/** The part of the room that rounding may cost a test that is not in double precision. */
const SERVES: f64 = 0.25
/** Shares of the room between a Rayleigh quotient and t that a test leaves below itself: at first, and after a failure. */
const SHARE: f64 = 0.05
const SHARE_OF_NETS: f64 = 0.03
const SHARE_AGAIN: f64 = 0.2
/** Steps of Lanczos after a failure, and at most. */
const AGAIN: i32 = 12
export const MOST_STEPS: i32 = 24
/** From this side on a second test in single precision is cheaper than one in double. */
const WIDE: i32 = 48
/** While t is not known yet, values below this part of the highest so far are tested: corners of boxes that close lie there. */
const LOW: f64 = 0.7
/** Below that a level leaves nothing to single precision. */
const TINY: f64 = 9.094947017729282e-13
/** What is asked, and where the answers go. */
@unmanaged
class Question {
  turns: usize
  points: usize
  t: f64
  /** count × [re im] × n: where to start, and the vectors of the quotients. */
  vectors: usize
  /** Rayleigh quotients. */
  values: usize
  /** λ_max(G(θ)) ≤ ceiling is proven; Infinity where no test passed, or none was asked for. */
  ceilings: usize
  /** Steps of Lanczos, and share of the room between a quotient and t that a test leaves below itself. */
  steps: i32
  share: f64
  /** May tests be in fixed point? */
  fixed: bool
  /** Is t the highest value so far, which every quotient may raise? */
  rising: bool
}

const question = changetype<Question>(memory.data(64, 16))

/** Of the scratch of `bracket`. */
export function bracketBytes(gram: Gram, count: i32): f64 {
  const n = gram.n
  const block = min(count, blockOf(gram, 4))
  const list = aligned(<usize>count << 2) + aligned(<usize>(block * gram.axes) << 3)
  const vectors = max((block + 3) >> 2, (min(count, blockOf(gram, 2)) + 1) >> 1)
  return <f64>(list + 2 * phaseBytes(gram, (block + 1) >> 1)) + <f64>vectors * matrixSize(n) + stepsBytes(n)
}

/** Of a vector, results, and what steps of Lanczos or a factorisation take. */
export function stepsBytes(n: i32): f64 {
  const column = (<usize>n) << 5
  const steps = <usize>(MOST_STEPS + 1) * column + MOST_STEPS * 48
  return <f64>(column + 96) + max(<f64>steps, matrixSize(n) + 16 * <f64>n + 80)
}

/**
 *   points    in     count × axes, θ_d = 2π·x_d/turns_d
 *   vectors   inout  count × n × [re im], where to start; then the vectors of the quotients
 *   values    out    count
 *   ceilings  out    count
 *   w                bracketBytes
 */
export function bracket(
  gram: Gram, turns: usize, points: usize, count: i32, t: f64, steps: i32, vectors: usize, values: usize, ceilings: usize, w: usize,
): void {
  bracketTo(DOUBLE, gram, turns, points, count, t, steps, vectors, values, ceilings, w)
}

/** In the place of a precision: t is the highest value known so far, and what is found low beside it is tested at once. */
export const RISING: i32 = -1

/** The same with tests that are no closer than in the given precision. */
export function bracketTo(
  closest: i32, gram: Gram, turns: usize, points: usize, count: i32, t: f64, steps: i32, vectors: usize, values: usize, ceilings: usize,
  w: usize,
): void {
  question.turns = turns
  question.points = points
  question.t = t
  question.rising = closest == RISING
  question.vectors = vectors
  question.values = values
  question.ceilings = ceilings
  const list = w
  w += aligned(<usize>count << 2)
  for (let i = 0; i < count; i++) {
    store<i32>(list + ((<usize>i) << 2), i)
    store<f64>(ceilings + ((<usize>i) << 3), Infinity)
  }
  ask(steps, gram.weights == 0 ? SHARE : SHARE_OF_NETS, gram.hiddenFixed < Infinity)
  roughly(gram, list, count, w)
  if (closest == RISING) return
  // the entries beyond those that are kept are none of the list any more
  let left = stillOpen(list, count, Infinity)
  if (closest == FIXED) {
    const serves = stillOpen(list, left, highestServed(gram, FIXED, t))
    ask(AGAIN, SHARE_AGAIN, true)
    roughly(gram, list, serves, w)
    return
  }
  if (gram.n >= WIDE) {
    // What single precision may still serve is asked about once more; then the list is made anew of all that is open.
    const serves = stillOpen(list, left, highestServed(gram, SINGLE, t))
    ask(AGAIN, SHARE_AGAIN, false)
    roughly(gram, list, serves, w)
    for (let i = 0; i < count; i++) store<i32>(list + ((<usize>i) << 2), i)
    left = stillOpen(list, count, Infinity)
  }
  if (closest != DOUBLE) return
  ask(gram.n < WIDE ? steps : AGAIN, SHARE, false)
  closely(gram, list, left, w)
}

function ask(steps: i32, share: f64, fixed: bool): void {
  question.steps = steps
  question.share = share
  question.fixed = fixed
}

/** Keeps those of a list about which a test might prove something yet, and whose values are below a limit; returns how many. */
function stillOpen(list: usize, count: i32, limit: f64): i32 {
  let kept = 0
  for (let k = 0; k < count; k++) {
    const i = load<i32>(list + ((<usize>k) << 2))
    if (!isOpen(i) || !(valueAt(i) < limit)) continue
    store<i32>(list + ((<usize>kept) << 2), i)
    kept++
  }
  return kept
}

@inline
function isOpen(i: i32): bool {
  return ceilingAt(i) == Infinity && valueAt(i) < question.t
}

@inline
function valueAt(i: i32): f64 {
  return load<f64>(question.values + ((<usize>i) << 3))
}

@inline
function ceilingAt(i: i32): f64 {
  return load<f64>(question.ceilings + ((<usize>i) << 3))
}

/** One of a list, its last one for all beyond it. */
@inline
function among(list: usize, k: i32, count: i32): i32 {
  return load<i32>(list + ((<usize>min(k, count - 1)) << 2))
}

@inline
function vectorAt(n: i32, i: i32): usize {
  return question.vectors + (<usize>(i * n) << 4)
}

/** The points of a list, one after another. */
function gather(axes: i32, list: usize, count: i32, to: usize): void {
  const bytes = <usize>axes << 3
  for (let k = 0; k < count; k++) memory.copy(to + <usize>k * bytes, question.points + <usize>among(list, k, count) * bytes, bytes)
}

/** In single precision. */
function roughly(gram: Gram, list: usize, count: i32, w: usize): void {
  const n = gram.n
  const block = blockOf(gram, 4)
  const most = min(count, block)
  const points = w
  const phase = points + aligned(<usize>(most * gram.axes) << 3)
  const rounded = phase + phaseBytes(gram, (most + 1) >> 1)
  const h = rounded + phaseBytes(gram, (most + 3) >> 2)
  const scratch = h + <usize>((most + 3) >> 2) * matrixBytes(n)
  for (let first = 0; first < count; first += block, list += <usize>block << 2) {
    const size = min(block, count - first)
    const quads = (size + 3) >> 2
    gather(gram.axes, list, size, points)
    evaluateSingle(gram, question.turns, points, size, phase, rounded, h)
    for (let q = 0; q < quads; q++)
      four(gram, h + <usize>q * matrixBytes(n), list + ((<usize>q) << 4), min(4, size - 4 * q), scratch)
  }
}

/**
 * Up to four matrices: steps of Lanczos, then one test between the quotient and t, where its rounding costs little of the room. It is in fixed point where that serves
 * for one of them; the others are left open.
 */
function four(gram: Gram, h: usize, list: usize, lanes: i32, w: usize): void {
  const n = gram.n
  const x = w
  const out = x + ((<usize>n) << 5)
  const level = out + 32
  const work = level + 32
  for (let lane = 0; lane < 4; lane++) {
    let from = vectorAt(n, among(list, lane, lanes))
    let to = x + ((<usize>lane) << 2)
    for (let i = 0; i < 2 * n; i++, from += 8, to += 16) store<f32>(to, <f32>load<f64>(from))
  }
  climbSingle(n, max(1, min(min(question.steps, n), MOST_STEPS)), h, x, work, out)
  let lowest = Infinity
  for (let lane = 0; lane < lanes; lane++) {
    const i = among(list, lane, lanes)
    const at = (<usize>lane) << 2
    const quotient = <f64>load<f32>(out + at)
    const value = quotient > 0 ? quotient * (1 - BELIEF) : 0
    store<f64>(question.values + ((<usize>i) << 3), value)
    lowest = min(lowest, value)
    if (question.rising) question.t = max(question.t, value)
    let to = vectorAt(n, i)
    let from = x + at
    // a matrix of zeros has no vector
    if (value > 0) for (let k = 0; k < 2 * n; k++, to += 8, from += 16) store<f64>(to, <f64>load<f32>(from))
    else memory.copy(to, gram.cold, (<usize>n) << 4)
  }
  const t = question.t
  const fixed = question.fixed && lowest < highestServed(gram, FIXED, t)
  const served = highestServed(gram, fixed ? FIXED : SINGLE, t)
  const highest = question.rising ? min(served, LOW * t) : served
  if (!(lowest < highest)) return
  for (let lane = 0; lane < lanes; lane++) {
    const at = (<usize>lane) << 2
    const value = valueAt(among(list, lane, lanes))
    store<f32>(level + at, value < highest ? <f32>levelAbove(value, <f64>load<f32>(out + 16 + at), 0) : 0)
  }
  for (let lane = lanes; lane < 4; lane++) store<f32>(level + ((<usize>lane) << 2), load<f32>(level + ((<usize>(lanes - 1)) << 2)))
  ceilingsOf(gram, h, level, fixed ? FIXED : SINGLE, work)
  for (let lane = 0; lane < lanes; lane++) {
    const i = among(list, lane, lanes)
    const top = load<f64>(tops + ((<usize>lane) << 3))
    if (top < 0.5 * (valueAt(i) + t)) store<f64>(question.ceilings + ((<usize>i) << 3), top)
  }
}

/** In double precision. */
function closely(gram: Gram, list: usize, count: i32, w: usize): void {
  const n = gram.n
  const block = blockOf(gram, 2)
  const most = min(count, block)
  const points = w
  const phase = points + aligned(<usize>(most * gram.axes) << 3)
  const g = phase + phaseBytes(gram, (most + 1) >> 1)
  const scratch = g + <usize>((most + 1) >> 1) * matrixBytes(n)
  for (let first = 0; first < count; first += block, list += <usize>block << 2) {
    const size = min(block, count - first)
    gather(gram.axes, list, size, points)
    evaluate(gram, question.turns, points, size, phase, g)
    for (let i = 0; i < size; i += 2)
      two(gram, g + <usize>(i >> 1) * matrixBytes(n), list + ((<usize>i) << 2), min(2, size - i), scratch)
  }
}

/** A pair, from the vectors found so far. */
function two(gram: Gram, g: usize, list: usize, lanes: i32, w: usize): void {
  const n = gram.n
  const t = question.t
  const x = w
  const out = x + ((<usize>n) << 5)
  const level = out + 32
  const lowered = level + 16
  const work = lowered + 32
  for (let lane = 0; lane < 2; lane++) toLane(n, vectorAt(n, among(list, lane, lanes)), x, lane)
  climb(n, max(1, min(min(question.steps, n), MOST_STEPS)), g, x, work, out)
  let tests = false
  for (let lane = 0; lane < lanes; lane++) {
    const i = among(list, lane, lanes)
    const at = (<usize>lane) << 3
    const quotient = load<f64>(out + at)
    // a matrix of zeros gives −1e-16 or NaN
    const value = quotient > 0 ? quotient : 0
    store<f64>(question.values + ((<usize>i) << 3), value)
    fromLane(n, x, lane, vectorAt(n, i))
    const above = levelAbove(value, load<f64>(out + 16 + at), margin(gram, t))
    store<f64>(level + at, above)
    store<f64>(lowered + at, above - margin(gram, above))
    tests = tests || above != 0
  }
  if (!tests) return
  if (lanes == 1) store<f64>(lowered + 8, load<f64>(lowered))
  cholesky(1, n, g, lowered, work, lowered + 16)
  for (let lane = 0; lane < lanes; lane++) {
    const at = (<usize>lane) << 3
    const ceiling = question.ceilings + ((<usize>among(list, lane, lanes)) << 3)
    if (load<f64>(lowered + 16 + at) == 1) store<f64>(ceiling, min(load<f64>(ceiling), load<f64>(level + at)))
  }
}

/**
 * A level that λ_max should be below, so that the test passes, and well below t, so that it serves; 0 where there is no room for one.
 *
 * @param cost what rounding takes from a test
 */
function levelAbove(value: f64, residual: f64, cost: f64): f64 {
  const t = question.t
  const room = t - value
  if (room <= 0) return 0
  const doubt = (2 * residual * residual) / t
  const wish = max(question.share * room, doubt > 0 ? doubt : 0)
  return value + max(min(0.5 * room, wish), min(room, 4 * cost))
}

/** Below this value a test that is not in double precision serves: what rounding costs it is a small part of the room up to t. */
function highestServed(gram: Gram, precision: i32, t: f64): f64 {
  return t > TINY ? t - lossOf(gram, precision, t) / SERVES : 0
}
