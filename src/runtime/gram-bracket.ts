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

export function emptyBrackets(count: number, n: number): Brackets {
  return {
    values: new Float64Array(count),
    ceilings: new Float64Array(count).fill(Infinity),
    vectors: new Float64Array(2 * n * count),
  }
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
/** Share of the room between a Rayleigh quotient and t that a test leaves below itself. */
const SHARE = 0.08
/** Where single precision serves: what its rounding costs is to be a small part of the room. */
const SERVES = 0.25

/**
 * Brackets λ_max at the matrices of a batch: a few steps of Lanczos from below, then one Cholesky test between the Rayleigh quotient and t.
 *
 * In single precision first, four matrices to a vector, at twice the rate; what fails there or is too close to t for it, again in double.
 *
 * @param g `size` matrices in pair layout, lower triangles
 * @param t no test is made where it is 0
 * @param first where the results go in `found`, and the starts come from
 */
export function bracketBatch(
  arena: Arena,
  g: number,
  n: number,
  size: number,
  t: number,
  steps: number,
  starts: Starts,
  proof: Proof,
  found: Brackets,
  first: number,
): void {
  const matrix = n * n * 32
  const last = g + (((size + 1) >> 1) - 1) * matrix
  for (let i = 0; i < size; i += 4) {
    const pair = g + (i >> 1) * matrix
    const lanes = Math.min(4, size - i)
    inSingle(arena, [pair, Math.min(pair + matrix, last)], n, lanes, t, steps, starts, proof, found, first + i)
    if (t === 0) continue
    for (let j = i; j < i + lanes; j += 2) {
      const two = Math.min(2, size - j)
      const settled = found.ceilings[first + j] < Infinity && found.ceilings[first + j + two - 1] < Infinity
      if (!settled) inDouble(arena, g + (j >> 1) * matrix, n, two, t, steps, proof, found, first + j)
    }
  }
}

/**
 * A level that λ_max should be below, so that the test passes, and well below t, so that it serves; 0 where there is no room for one.
 *
 * @param cost what rounding takes from a test
 */
function levelAbove(value: number, residual: number, t: number, cost: number): number {
  const room = t - value
  if (room <= 0) return 0
  const doubt = (2 * residual * residual) / t
  return value + Math.max(Math.min(0.5 * room, Math.max(SHARE * room, doubt || 0)), Math.min(room, 4 * cost))
}

/** A pair in double precision, from the vectors found so far. */
function inDouble(
  arena: Arena,
  g: number,
  n: number,
  lanes: number,
  t: number,
  steps: number,
  { margin }: Proof,
  found: Brackets,
  first: number,
): void {
  const { values, ceilings, vectors } = found
  const starts = Array.from({ length: lanes }, (_, lane) => vectors.subarray(2 * n * (first + lane), 2 * n * (first + lane + 1)))
  const ritz = climbPair(arena, g, n, steps, lanes, starts)
  const levels = new Float64Array(lanes)
  ritz.forEach(({ value, residual, vector }, lane) => {
    // a matrix of zeros gives −1e-16 or NaN
    values[first + lane] = Math.max(0, value || 0)
    vectors.set(vector, 2 * n * (first + lane))
    levels[lane] = levelAbove(values[first + lane], residual, t, margin(t))
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

/**
 * Up to four matrices in single precision. Where the factorisation of fl(level)·I − G' runs to its end, G' = G rounded once more,
 *
 *     λ_max(G) ≤ level + √2·γ_{n+8}·‖|L||L|ᴴ‖₂ + u·‖|G|‖₂ + 2·error,   u = 2⁻²⁴,
 *
 * with the largest row sum of |L||L|ᴴ taken from the factor itself (docs/rounding.md, "Tests in single precision").
 */
function inSingle(
  arena: Arena,
  pairs: readonly number[],
  n: number,
  lanes: number,
  t: number,
  steps: number,
  starts: Starts,
  { error, weight }: Proof,
  { values, ceilings, vectors }: Brackets,
  first: number,
): void {
  borrow(() => {
    const used = Math.max(1, Math.min(steps, n, 24))
    const h = arena.alloc(n * n * 32)
    const x = arena.alloc(n * 32)
    const level = arena.alloc(64)
    const work = arena.alloc(Math.max((used + 1) * n * 32 + used * 48, n * n * 32))
    const sums = arena.alloc(n * 16)
    const vector = arena.f32(x, 8 * n)
    const numbers = arena.f32(level, 16)
    for (let lane = 0; lane < 4; lane++) {
      const from = starts[first + Math.min(lane, lanes - 1)] ?? coldStart(n)
      for (let i = 0, at = lane; i < 2 * n; i++, at += 4) vector[at] = from[i]
    }
    arena.routines.demote(n, pairs[0], pairs[1], h)
    arena.routines.climbSingle(n, used, h, x, work, level + 32)
    const rounding = SINGLE_UNIT * weight * 1.01 + 2 * error + 1e-25
    const factor = (Math.SQRT2 * 1.01 * (n + 8) * SINGLE_UNIT) / (1 - (n + 8) * SINGLE_UNIT)
    const guess = rounding + factor * Math.sqrt(n) * t
    let wanted = false
    for (let lane = 0; lane < lanes; lane++) {
      const value = Math.max(0, numbers[8 + lane] || 0) * (1 - BELIEF)
      values[first + lane] = value
      // a matrix of zeros has no vector
      const own = value > 0 ? undefined : coldStart(n)
      for (let i = 0, at = lane, to = 2 * n * (first + lane); i < 2 * n; i++, at += 4) vectors[to + i] = own ? own[i] : vector[at]
      const room = t > 2 ** -40 && SERVES * (t - value) > guess
      numbers[lane] = room ? levelAbove(value, numbers[12 + lane], t, 0) : 0
      wanted ||= room
    }
    if (!wanted) return
    for (let lane = lanes; lane < 4; lane++) numbers[lane] = numbers[lanes - 1]
    arena.routines.choleskySingle(1, n, h, level, work, level + 32)
    arena.routines.spread(n, work, sums, level + 48)
    for (let lane = 0; lane < lanes; lane++) {
      const ceiling = (numbers[lane] + factor * numbers[12 + lane] * (1 + 4 * n * SINGLE_UNIT) + rounding) * (1 + gamma(16))
      const value = values[first + lane]
      if (numbers[8 + lane] === 1 && ceiling < value + 0.5 * (t - value)) ceilings[first + lane] = ceiling
    }
  })
}
