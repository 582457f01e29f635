/**
 * What a Cholesky factorisation of level·I − G proves about λ_max of the exact G, in double precision, in single and in fixed point (docs/rounding.md,
 * "The Cholesky test", "Tests in single precision", "Tests in fixed point").
 */
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

/** How a test is made, as assembly/search/cholesky-tests.ts numbers it. */
export const [IN_DOUBLE, IN_SINGLE] = [0, 1]

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
 * Cholesky tests in single precision (assembly/search/bracket.ts): 1 where λ_max ≤ level is proven, for as many matrices at h in quad layout.
 *
 * @param record of their Gram symbol
 * @param ample by how many times its likely cost a level is lowered
 */
export function passesSingle(
  arena: Arena,
  record: number,
  h: number,
  n: number,
  levels: Float64Array,
  ample: number,
): Uint8Array {
  return borrow(() => {
    const count = levels.length
    const [asked, out] = [arena.put(levels), arena.alloc(count)]
    arena.routines.belowQuads(record, IN_SINGLE, h, count, asked, ample, out, arena.alloc(n * n * 32 + n * 16 + 96))
    return arena.u8(out, count).slice()
  })
}

/** What a matrix in single precision may differ by from the exact one; what underflows is far below the last term. */
export function singleRounding({ errorSingle }: Proof): number {
  return errorSingle + 1e-25
}

/** √2·γ_c */
export function singleFactor(n: number): number {
  return roundingFactor(choleskyRoundings(n))
}

function roundingFactor(c: number): number {
  const part = c * SINGLE_UNIT
  return (Math.SQRT2 * 1.01 * part) / (1 - part)
}

/** About what a test at a level loses: the row sums of |L||L|ᴴ are 1 to 1.8 times √n times the level in layers of 16 to 512 channels. */
export function singleCost(n: number, proof: Proof, level: number): number {
  return singleRounding(proof) + hiddenSingle(n) * level
}

/** What it loses to the factorisation, as a multiple of the level. */
export function hiddenSingle(n: number): number {
  return singleFactor(n) * (1.7 * Math.sqrt(n) + 1)
}

/** The same in fixed point (assembly/cholesky-fixed.ts), which pays from 128 channels on. Rounding to 16 bits costs 2.7·10⁻⁵ of the level times √n in random layers. */
export function hiddenFixed(n: number): number {
  if (n < 128) return Number.POSITIVE_INFINITY
  return 2.7e-5 * Math.sqrt(n) + roundingFactor(n / 32 + 15) * (1.7 * Math.sqrt(n) + 1)
}
