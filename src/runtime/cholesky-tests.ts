/**
 * What a Cholesky factorisation of level·I − G proves about λ_max of the exact G, in double precision and in single (docs/rounding.md, "The Cholesky
 * test" and "Tests in single precision").
 */
import { gamma } from '../rounding.ts'
import { type Arena, borrow } from './arena.ts'
import { choleskyRoundings } from './gram-taps.ts'

/** What a proof about a computed G has to add (docs/rounding.md). */
export interface Proof {
  /** ‖fl(G(θ)) − G(θ)‖₂ */
  readonly error: number
  /** ‖fl₁(G(θ)) − G(θ)‖₂ for G evaluated in single precision. */
  readonly errorSingle: number
  /** What a Cholesky test in double precision loses at a level. */
  margin(level: number): number
}

/** Unit roundoff of single precision. */
export const SINGLE_UNIT = 2 ** -24

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
    return new Uint8Array(arena.f64(out, levels.length))
  })
}

/**
 * Cholesky tests of up to four matrices at h in quad layout, at levels of which 0 asks for none. Where the factorisation of fl(level)·I − G' runs to
 * its end, G' = G in single precision,
 *
 *     λ_max(G) ≤ level + √2·γ_c·‖|L||L|ᴴ‖₂ + ‖G' − G‖₂,   u = 2⁻²⁴, c = choleskyRoundings(n),
 *
 * with the largest row sum of |L||L|ᴴ taken from the factor itself (docs/rounding.md, "Tests in single precision").
 *
 * @param work n·n·32 + n·16 + 48 bytes
 * @returns that ceiling, Infinity where the test failed
 */
export function ceilingsSingle(
  arena: Arena,
  h: number,
  n: number,
  levels: readonly number[],
  proof: Proof,
  work: number,
): number[] {
  const sums = work + n * n * 32
  const at = sums + n * 16
  const numbers = arena.f32(at, 12)
  for (let lane = 0; lane < 4; lane++) numbers[lane] = levels[Math.min(lane, levels.length - 1)]
  arena.routines.choleskySingle(1, n, h, at, work, at + 16)
  arena.routines.spread(n, work, sums, at + 32)
  const rounding = singleRounding(proof)
  const factor = singleFactor(n)
  return levels.map((level, lane) => {
    if (level === 0 || numbers[4 + lane] !== 1) return Infinity
    return (numbers[lane] + factor * numbers[8 + lane] * (1 + 4 * n * SINGLE_UNIT) + rounding) * (1 + gamma(16))
  })
}

/** Row sums of 512 channels have reached 1.85 times √n times the level, where `singleCost` has 1.7. */
const AMPLE = 1.2

/**
 * Cholesky tests in single precision: 1 where λ_max ≤ level is proven, for as many matrices at h in quad layout.
 *
 * @param ample by how many times its likely cost a level is lowered
 */
export function passesSingle(arena: Arena, h: number, n: number, levels: Float64Array, proof: Proof, ample = AMPLE): Uint8Array {
  const matrix = n * n * 32
  const size = levels.length
  const passed = new Uint8Array(size)
  for (let i = 0; i < size; i += 4) {
    borrow(() => {
      const lowered = Array.from(levels.subarray(i, i + 4), level => Math.max(0, level - ample * singleCost(n, proof, level)))
      if (lowered.every(level => level === 0)) return
      const tops = ceilingsSingle(arena, h + (i >> 2) * matrix, n, lowered, proof, arena.alloc(matrix + n * 16 + 48))
      for (let lane = 0; lane < lowered.length; lane++) passed[i + lane] = tops[lane] <= levels[i + lane] ? 1 : 0
    })
  }
  return passed
}

/** What a matrix in single precision may differ by from the exact one; what underflows is far below the last term. */
export function singleRounding({ errorSingle }: Proof): number {
  return errorSingle + 1e-25
}

/** √2·γ_c */
export function singleFactor(n: number): number {
  const part = choleskyRoundings(n) * SINGLE_UNIT
  return (Math.SQRT2 * 1.01 * part) / (1 - part)
}

/** About what a test at a level loses: the row sums of |L||L|ᴴ are 1 to 1.8 times √n times the level in layers of 16 to 512 channels. */
export function singleCost(n: number, proof: Proof, level: number): number {
  return singleRounding(proof) + hiddenSingle(n) * level
}

/** What it loses to the factorisation, as a multiple of the level. */
export function hiddenSingle(n: number): number {
  return singleFactor(n) * 1.7 * Math.sqrt(n)
}
