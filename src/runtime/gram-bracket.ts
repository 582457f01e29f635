import { gamma } from '../rounding.ts'
import { type Arena, borrow } from './arena.ts'
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

/** What a proof about a computed G has to add (docs/rounding.md). */
export interface Proof {
  /** ‖fl(G(θ)) − G(θ)‖₂ */
  readonly error: number
  /** ‖Σ_p|A_p|‖_F² ≥ ‖|G(θ)|‖₂ */
  readonly weight: number
  /** What a Cholesky test in double precision loses at a level. */
  margin(level: number): number
}

/** Unit roundoff of single precision. */
const SINGLE_UNIT = 2 ** -24
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

/** Brackets `size` matrices at g, lower triangles in pair layout; where to start and the results are in `found`. */
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

/**
 * Brackets λ_max at `count` frequencies: all of them in single precision, those whose test failed once more from the vectors found, and what is then left or
 * too close to t for single precision in double.
 *
 * @param evaluate hands G at the frequencies of the given indices to its second argument, in batches
 */
export function bracketAll(
  n: number,
  count: number,
  t: number,
  steps: number,
  starts: Starts,
  proof: Proof,
  evaluate: (indices: readonly number[], work: (arena: Arena, g: number, first: number, size: number) => void) => void,
): Brackets {
  const found = {
    values: new Float64Array(count),
    ceilings: new Float64Array(count).fill(Infinity),
    vectors: new Float64Array(2 * n * count),
  }
  for (let i = 0; i < count; i++) found.vectors.set((starts[i] ?? coldStart(n)).subarray(0, 2 * n), 2 * n * i)
  const all = Array.from({ length: count }, (_, i) => i)
  const pass = (indices: readonly number[], batch: BracketBatch, wanted: Wanted) => {
    if (indices.length === 0) return
    const part = indices.length === count ? found : selected(found, indices, n)
    evaluate(indices, (arena, g, first, size) => batch(arena, g, n, size, wanted, proof, part, first))
    if (part !== found) putBack(part, indices, found, n)
  }
  pass(all, bracketSingle, { t, steps, share: SHARE })
  if (t === 0) return found
  const unsettled = () => all.filter(i => found.ceilings[i] === Infinity && found.values[i] < t)
  if (n >= WIDE) {
    const serves = unsettled().filter(i => servesSingle(n, proof, t, found.values[i]))
    pass(serves, bracketSingle, { t, steps: AGAIN, share: SHARE_AGAIN })
  }
  pass(unsettled(), bracketDouble, { t, steps, share: SHARE })
  return found
}

/** The part of brackets at some of the frequencies. */
function selected(found: Brackets, indices: readonly number[], n: number): Brackets {
  const vectors = new Float64Array(2 * n * indices.length)
  for (const [to, from] of indices.entries()) vectors.set(found.vectors.subarray(2 * n * from, 2 * n * (from + 1)), 2 * n * to)
  return {
    values: Float64Array.from(indices, i => found.values[i]),
    ceilings: Float64Array.from(indices, i => found.ceilings[i]),
    vectors,
  }
}

function putBack(part: Brackets, indices: readonly number[], found: Brackets, n: number): void {
  indices.forEach((to, from) => {
    found.values[to] = part.values[from]
    found.ceilings[to] = part.ceilings[from]
    found.vectors.set(part.vectors.subarray(2 * n * from, 2 * n * (from + 1)), 2 * n * to)
  })
}

/**
 * Brackets λ_max in single precision, four matrices to a vector, at twice the rate of double: a few steps of Lanczos from the vectors in `found`,
 * then one Cholesky test between the Rayleigh quotient and t, where its rounding costs little of the room.
 */
const bracketSingle: BracketBatch = (arena, g, n, size, wanted, proof, found, first) => {
  const matrix = n * n * 32
  const last = g + (((size + 1) >> 1) - 1) * matrix
  for (let i = 0; i < size; i += 4) {
    const pair = g + (i >> 1) * matrix
    const lanes = Math.min(4, size - i)
    inSingle(arena, [pair, Math.min(pair + matrix, last)], n, lanes, wanted, proof, found, first + i)
  }
}

/** The same in double precision, two to a vector. */
const bracketDouble: BracketBatch = (arena, g, n, size, wanted, proof, found, first) => {
  for (let i = 0; i < size; i += 2)
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

/** Cholesky of level·I − fl(G). */
export function passes(arena: Arena, g: number, n: number, levels: Float64Array): Uint8Array {
  return borrow(() => {
    const pairs = (levels.length + 1) >> 1
    const work = arena.alloc(n * n * 32)
    const level = arena.alloc(pairs * 16)
    const out = arena.alloc(pairs * 16)
    const at = arena.f64(level, 2 * pairs)
    for (let slot = 0; slot < 2 * pairs; slot++) at[slot] = levels[Math.min(slot, levels.length - 1)]
    arena.routines.cholesky(pairs, n, g, level, work, out)
    return Uint8Array.from(arena.f64(out, levels.length))
  })
}

/** Up to four matrices in single precision, from the vectors found so far. */
function inSingle(
  arena: Arena,
  pairs: readonly number[],
  n: number,
  lanes: number,
  wanted: Wanted,
  proof: Proof,
  { values, ceilings, vectors }: Brackets,
  first: number,
): void {
  borrow(() => {
    const { t, steps } = wanted
    const used = Math.max(1, Math.min(steps, n, 24))
    const h = arena.alloc(n * n * 32)
    const x = arena.alloc(n * 32)
    const out = arena.alloc(32)
    const vector = arena.f32(x, 8 * n)
    const numbers = arena.f32(out, 8)
    const levels = new Float64Array(lanes)
    for (let lane = 0; lane < 4; lane++) {
      const from = 2 * n * (first + Math.min(lane, lanes - 1))
      for (let i = 0, at = lane; i < 2 * n; i++, at += 4) vector[at] = vectors[from + i]
    }
    arena.routines.demote(n, pairs[0], pairs[1], h)
    borrow(inner => inner.routines.climbSingle(n, used, h, x, inner.alloc((used + 1) * n * 32 + used * 48), out))
    for (let lane = 0; lane < lanes; lane++) {
      const value = Math.max(0, numbers[lane] || 0) * (1 - BELIEF)
      values[first + lane] = value
      // a matrix of zeros has no vector
      const own = value > 0 ? undefined : coldStart(n)
      for (let i = 0, at = lane, to = 2 * n * (first + lane); i < 2 * n; i++, at += 4) vectors[to + i] = own ? own[i] : vector[at]
      if (servesSingle(n, proof, t, value)) levels[lane] = levelAbove(value, numbers[4 + lane], wanted, 0)
    }
    ceilingsSingle(arena, h, n, levels, proof).forEach((ceiling, lane) => {
      const value = values[first + lane]
      if (ceiling < value + 0.5 * (t - value)) ceilings[first + lane] = ceiling
    })
  })
}

/**
 * Cholesky tests of up to four matrices at h in quad layout, at levels of which 0 asks for none. Where the factorisation of fl(level)·I − G' runs to
 * its end, G' = G rounded once more,
 *
 *     λ_max(G) ≤ level + √2·γ_{n+8}·‖|L||L|ᴴ‖₂ + u·‖|G|‖₂ + 2·error,   u = 2⁻²⁴,
 *
 * with the largest row sum of |L||L|ᴴ taken from the factor itself (docs/rounding.md, "Tests in single precision").
 *
 * @returns that ceiling, Infinity where the test failed
 */
function ceilingsSingle(arena: Arena, h: number, n: number, levels: Float64Array, proof: Proof): Float64Array {
  const ceilings = new Float64Array(levels.length).fill(Infinity)
  if (levels.every(level => level === 0)) return ceilings
  return borrow(() => {
    const at = arena.alloc(48)
    const numbers = arena.f32(at, 12)
    const work = arena.alloc(n * n * 32)
    for (let lane = 0; lane < 4; lane++) numbers[lane] = levels[Math.min(lane, levels.length - 1)]
    arena.routines.choleskySingle(1, n, h, at, work, at + 16)
    arena.routines.spread(n, work, arena.alloc(n * 16), at + 32)
    const rounding = singleRounding(proof)
    const factor = singleFactor(n)
    for (let lane = 0; lane < levels.length; lane++) {
      const ceiling = numbers[lane] + factor * numbers[8 + lane] * (1 + 4 * n * SINGLE_UNIT) + rounding
      if (levels[lane] > 0 && numbers[4 + lane] === 1) ceilings[lane] = ceiling * (1 + gamma(16))
    }
    return ceilings
  })
}

/** By how much more than its likely cost a level is lowered: row sums of 512 channels have reached 1.85 times √n times the level. */
const AMPLE = 1.2

/** Cholesky tests in single precision: 1 where λ_max ≤ level is proven, for `size` matrices at g in pair layout. */
export function passesSingle(arena: Arena, g: number, n: number, levels: Float64Array, proof: Proof): Uint8Array {
  const matrix = n * n * 32
  const size = levels.length
  const last = g + (((size + 1) >> 1) - 1) * matrix
  const passed = new Uint8Array(size)
  for (let i = 0; i < size; i += 4) {
    borrow(() => {
      const h = arena.alloc(matrix)
      const pair = g + (i >> 1) * matrix
      arena.routines.demote(n, pair, Math.min(pair + matrix, last), h)
      const own = levels.subarray(i, i + 4)
      const lowered = own.map(level => Math.max(0, level - AMPLE * singleCost(n, proof, level)))
      ceilingsSingle(arena, h, n, lowered, proof).forEach((ceiling, lane) => {
        passed[i + lane] = ceiling <= own[lane] ? 1 : 0
      })
    })
  }
  return passed
}

/** Is what rounding costs a test in single precision a small part of the room between a value and t? */
function servesSingle(n: number, proof: Proof, t: number, value: number): boolean {
  return t > 2 ** -40 && SERVES * (t - value) > singleCost(n, proof, t)
}

/** What a matrix in single precision may differ by from the exact one. */
function singleRounding({ weight, error }: Proof): number {
  return SINGLE_UNIT * weight * 1.01 + 2 * error + 1e-25
}

/** √2·γ_{n+8} */
function singleFactor(n: number): number {
  return (Math.SQRT2 * 1.01 * (n + 8) * SINGLE_UNIT) / (1 - (n + 8) * SINGLE_UNIT)
}

/** About what a test at a level loses: the row sums of |L||L|ᴴ are 1 to 1.8 times √n times the level in layers of 16 to 512 channels. */
export function singleCost(n: number, proof: Proof, level: number): number {
  return singleRounding(proof) + singleFactor(n) * 1.7 * Math.sqrt(n) * level
}
