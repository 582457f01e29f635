import { tabulate } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { ceilingsSingle, passes, type Proof, singleCost } from './cholesky-tests.ts'
import { climbPair, coldStart } from './gram-vectors.ts'

/** What is known of λ_max(G) at a list of frequencies. */
export interface Brackets {
  /** Rayleigh quotients. */
  readonly values: Float64Array
  /** λ_max(G(θ)) ≤ ceiling is proven; Infinity where no test passed, or none was asked for. */
  readonly ceilings: Float64Array
  /** The vectors of the quotients, 2n numbers each. */
  readonly vectors: Float64Array
}

export type Starts = readonly (Float64Array | undefined)[]

/** By which part a quotient in single precision is lowered, so that it is not above λ_max for all that is seen. */
const BELIEF = 2 ** -17
/** The part of the room that rounding may cost a test in single precision. */
const SERVES = 0.25

/** Shares of the room between a Rayleigh quotient and t that a test leaves below itself: at first, and after a failure. */
const SHARE = 0.05
const SHARE_AGAIN = 0.2
/** Steps of Lanczos after a failure. */
const AGAIN = 12
/** From this side on a second test in single precision is cheaper than one in double. */
const WIDE = 48

/** What a bracket is asked for. */
export interface Wanted {
  /** No test is made where it is 0. */
  readonly t: number
  /** Steps of Lanczos. */
  readonly steps: number
  /** Share of the room between a Rayleigh quotient and t that a test leaves below itself. */
  readonly share: number
}

/** Brackets `size` matrices at g, lower triangles in quad or in pair layout; where to start and the results are in `found`. */
type BracketBatch = (
  arena: Arena,
  g: number,
  n: number,
  size: number,
  wanted: Wanted,
  proof: Proof,
  found: Brackets,
  first: number,
) => void

/** Hands G at the frequencies of the given indices, or at all, to its second argument, in batches. */
export type Evaluate = (
  indices: readonly number[] | undefined,
  work: (arena: Arena, g: number, first: number, size: number) => void,
) => void

/**
 * Brackets λ_max at `count` frequencies: all of them in single precision, and what failed there or is too close to t for it in double. Many channels are
 * tried in single precision twice before that, all failures together.
 *
 * @param single evaluates in quad layout      @param double in pair layout
 */
export function bracketAll(
  n: number,
  count: number,
  t: number,
  steps: number,
  starts: Starts,
  proof: Proof,
  single: Evaluate,
  double: Evaluate,
): Brackets {
  const found = {
    values: new Float64Array(count),
    ceilings: new Float64Array(count).fill(Infinity),
    vectors: new Float64Array(2 * n * count),
  }
  const cold = coldStart(n)
  for (let i = 0; i < count; i++) copy(2 * n, starts[i] ?? cold, 0, found.vectors, 2 * n * i)
  const pass = (evaluate: Evaluate, indices: readonly number[], batch: BracketBatch, wanted: Wanted) => {
    if (indices.length === 0) return
    const part = selected(found, indices, n)
    evaluate(indices, (arena, g, at, size) => batch(arena, g, n, size, wanted, proof, part, at))
    putBack(part, indices, found, n)
  }
  const first = { t, steps, share: SHARE }
  single(undefined, (arena, h, at, size) => bracketSingle(arena, h, n, size, first, proof, found, at))
  if (t === 0) return found
  const unsettled: number[] = []
  for (let i = 0; i < count; i++) if (isOpen(found, i, t)) unsettled.push(i)
  const highest = highestServed(n, proof, t)
  if (n >= WIDE) {
    const serves = unsettled.filter(i => found.values[i] < highest)
    pass(single, serves, bracketSingle, { t, steps: AGAIN, share: SHARE_AGAIN })
  }
  const left = unsettled.filter(i => isOpen(found, i, t))
  pass(double, left, bracketDouble, { t, steps: n < WIDE ? steps : AGAIN, share: SHARE })
  return found
}

/** Might a test prove something yet? */
function isOpen({ values, ceilings }: Brackets, i: number, t: number): boolean {
  return ceilings[i] === Infinity && values[i] < t
}

/** The part of brackets at some of the frequencies. */
function selected(found: Brackets, indices: readonly number[], n: number): Brackets {
  const vectors = new Float64Array(2 * n * indices.length)
  for (let to = 0; to < indices.length; to++) copy(2 * n, found.vectors, 2 * n * indices[to], vectors, 2 * n * to)
  return {
    values: tabulate(indices.length, i => found.values[indices[i]]),
    ceilings: tabulate(indices.length, i => found.ceilings[indices[i]]),
    vectors,
  }
}

/** Few numbers are copied sooner than `set` is called. */
function copy(length: number, from: Float64Array, at: number, to: Float64Array, start: number): void {
  for (let i = 0; i < length; i++) to[start + i] = from[at + i]
}

function putBack(part: Brackets, indices: readonly number[], found: Brackets, n: number): void {
  indices.forEach((to, from) => {
    found.values[to] = part.values[from]
    found.ceilings[to] = part.ceilings[from]
    copy(2 * n, part.vectors, 2 * n * from, found.vectors, 2 * n * to)
  })
}

/**
 * Brackets λ_max in single precision, four matrices to a vector, at twice the rate of double: a few steps of Lanczos from the vectors in `found`,
 * then one Cholesky test between the Rayleigh quotient and t, where its rounding costs little of the room.
 */
const bracketSingle: BracketBatch = (arena, h, n, size, wanted, proof, found, first) => {
  for (let i = 0; i < size; i += 4)
    inSingle(arena, h + (i >> 2) * n * n * 32, n, Math.min(4, size - i), wanted, proof, found, first + i)
}

/** The same in double precision, two to a vector, where one of the two is open yet. */
const bracketDouble: BracketBatch = (arena, g, n, size, wanted, proof, found, first) => {
  for (let i = 0; i < size; i += 2)
    if (isOpen(found, first + i, wanted.t) || (i + 1 < size && isOpen(found, first + i + 1, wanted.t)))
      inDouble(arena, g + (i >> 1) * n * n * 32, n, Math.min(2, size - i), wanted, proof, found, first + i)
}

/**
 * A level that λ_max should be below, so that the test passes, and well below t, so that it serves; 0 where there is no room for one.
 *
 * @param cost what rounding takes from a test
 */
function levelAbove(value: number, residual: number, { t, share }: Wanted, cost: number): number {
  const room = t - value
  if (room <= 0) return 0
  const doubt = (2 * residual * residual) / t
  return value + Math.max(Math.min(0.5 * room, Math.max(share * room, doubt || 0)), Math.min(room, 4 * cost))
}

/** A pair in double precision, from the vectors found so far. */
function inDouble(
  arena: Arena,
  g: number,
  n: number,
  lanes: number,
  wanted: Wanted,
  { margin }: Proof,
  found: Brackets,
  first: number,
): void {
  const { values, ceilings, vectors } = found
  const starts = Array.from({ length: lanes }, (_, lane) => vectors.subarray(2 * n * (first + lane), 2 * n * (first + lane + 1)))
  const ritz = climbPair(arena, g, n, wanted.steps, lanes, starts)
  const levels = new Float64Array(lanes)
  ritz.forEach(({ value, residual, vector }, lane) => {
    // a matrix of zeros gives −1e-16 or NaN
    values[first + lane] = Math.max(0, value || 0)
    vectors.set(vector, 2 * n * (first + lane))
    levels[lane] = levelAbove(values[first + lane], residual, wanted, margin(wanted.t))
  })
  if (levels.every(level => level === 0)) return
  const passed = passes(
    arena,
    g,
    n,
    levels.map(level => level - margin(level)),
  )
  levels.forEach((level, lane) => {
    if (passed[lane]) ceilings[first + lane] = Math.min(level, ceilings[first + lane])
  })
}

/** Up to four matrices in single precision, from the vectors found so far. */
function inSingle(
  arena: Arena,
  h: number,
  n: number,
  lanes: number,
  wanted: Wanted,
  proof: Proof,
  { values, ceilings, vectors }: Brackets,
  first: number,
): void {
  const { t, steps } = wanted
  const used = Math.max(1, Math.min(steps, n, 24))
  const highest = highestServed(n, proof, t)
  borrow(() => {
    const x = arena.alloc(n * 32)
    const out = arena.alloc(32)
    const work = arena.alloc(Math.max((used + 1) * n * 32 + used * 48, n * n * 32 + n * 16 + 48))
    const vector = arena.f32(x, 8 * n)
    const numbers = arena.f32(out, 8)
    const levels: number[] = []
    let tests = false
    for (let lane = 0; lane < 4; lane++) {
      const from = 2 * n * (first + Math.min(lane, lanes - 1))
      for (let i = 0, at = lane; i < 2 * n; i++, at += 4) vector[at] = vectors[from + i]
    }
    arena.routines.climbSingle(n, used, h, x, work, out)
    for (let lane = 0; lane < lanes; lane++) {
      const value = Math.max(0, numbers[lane] || 0) * (1 - BELIEF)
      values[first + lane] = value
      // a matrix of zeros has no vector
      const own = value > 0 ? undefined : coldStart(n)
      for (let i = 0, at = lane, to = 2 * n * (first + lane); i < 2 * n; i++, at += 4) vectors[to + i] = own ? own[i] : vector[at]
      levels.push(value < highest ? levelAbove(value, numbers[4 + lane], wanted, 0) : 0)
      tests ||= value < highest
    }
    if (!tests) return
    const tops = ceilingsSingle(arena, h, n, levels, proof, work)
    for (let lane = 0; lane < lanes; lane++)
      if (tops[lane] < 0.5 * (values[first + lane] + t)) ceilings[first + lane] = tops[lane]
  })
}

/** Below this value a test in single precision serves: what rounding costs it is a small part of the room up to t. */
function highestServed(n: number, proof: Proof, t: number): number {
  return t > 2 ** -40 ? t - singleCost(n, proof, t) / SERVES : 0
}
