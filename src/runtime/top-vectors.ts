/**
 * Approximate top eigenvectors of G at a vector of frequencies, and matrices with them taken out, in double precision and in single: what proofs about
 * more than the largest eigenvalue are made of.
 */
import { UNIT } from '../rounding.ts'
import { tabulate } from '../tensor.ts'
import type { Arena } from './arena.ts'
import { passes, passesSingle, SINGLE_UNIT } from './cholesky-tests.ts'
import type { GramSymbol } from './gram-symbol.ts'
import type { Routines } from './instance.ts'

/** Close to λ_max row sums are larger: up to 2.4 times √n times the level at 512 channels, where a test is expected to cost 1.7. */
const AMPLE = 1.6

/** What the two precisions differ in: matrices to a vector, and the routines. Numbers of a vector lie as [re of each][im of each]. */
export interface Precision {
  readonly lanes: number
  readonly unit: number
  readonly evaluate: 'inPairs' | 'inQuads'
  readonly view: 'f64' | 'f32'
  climb(arena: Arena): Routines['climb']
  deflate(arena: Arena): Routines['deflate']
  frobenius(arena: Arena): Routines['frobeniusSquared']
  /** ‖fl(G) − G‖_F */
  error(gram: GramSymbol): number
  /** 1 where λ_max ≤ level is proven for what matrices of non-negative trace at g became by taking positive terms out. */
  below(arena: Arena, gram: GramSymbol, g: number, levels: Float64Array): Uint8Array
}

export const DOUBLE: Precision = {
  lanes: 2,
  unit: UNIT,
  evaluate: 'inPairs',
  view: 'f64',
  climb: ({ routines }) => routines.climb,
  deflate: ({ routines }) => routines.deflate,
  frobenius: ({ routines }) => routines.frobeniusSquared,
  error: gram => gram.error,
  // the trace of what is factorised is at most n·level and what has been taken out, together below 2n·level
  below: (arena, gram, g, levels) =>
    passes(
      arena,
      g,
      gram.n,
      levels.map(level => level - gram.margin(2 * level)),
    ),
}

export const SINGLE: Precision = {
  lanes: 4,
  unit: SINGLE_UNIT,
  evaluate: 'inQuads',
  view: 'f32',
  climb: ({ routines }) => routines.climbSingle,
  deflate: ({ routines }) => routines.deflateSingle,
  frobenius: ({ routines }) => routines.frobeniusSquaredSingle,
  error: gram => gram.errorSingle,
  below: (arena, gram, g, levels) => passesSingle(arena, gram.record, g, gram.n, levels, AMPLE),
}

/** Lanczos steps: the more channels, the closer the highest eigenvalues lie together. */
const lanczosSteps = (n: number) => (n < 192 ? 16 : n < 384 ? 28 : 64)

/** What a few steps of Lanczos leave of one lane: the place of its basis Q, and T. */
export interface Krylov {
  /** Of the first number of Q. */
  readonly at: number
  readonly lane: number
  readonly diagonal: Float64Array
  readonly side: Float64Array
}

export function krylovOf(
  arena: Arena,
  { lanes, view, climb }: Precision,
  g: number,
  n: number,
  size: number,
  start: Float64Array,
): Krylov[] {
  const steps = Math.min(n, lanczosSteps(n))
  const column = n * 32
  const [x, work] = [arena.alloc(column), arena.alloc((steps + 1) * column + steps * 48)]
  const all = new Float64Array(2 * n * lanes)
  for (let i = 0; i < all.length; i++) all[i] = start[Math.floor(i / lanes)]
  arena[view](x, all.length).set(all)
  climb(arena)(n, steps, g, x, work, arena.alloc(32))
  // The routine leaves its result where the first vector was.
  arena[view](work, all.length).set(all)
  const t = arena[view](work + (steps + 1) * column, 2 * lanes * steps)
  return Array.from({ length: size }, (_, lane) => ({
    at: work,
    lane,
    diagonal: tabulate(steps, s => t[2 * lanes * s + lane]),
    side: tabulate(steps, s => (s + 1 < steps ? t[2 * lanes * s + lanes + lane] : 0)),
  }))
}

/** A unit vector with something of everything: re, im, re, im, … */
export function startOf(n: number): Float64Array {
  const start = new Float64Array(2 * n)
  for (let i = 0; i < n; i++) {
    start[2 * i] = 1 + ((i * 0.6180339887498949) % 1)
    start[2 * i + 1] = ((i * 0.4142135623730951) % 1) - 0.5
  }
  const length = Math.sqrt(start.reduce((sum, part) => sum + part * part, 0))
  for (let i = 0; i < 2 * n; i++) start[i] /= length
  return start
}

/** Q·y in the precision of what it is for: re, im, re, im, … */
export function lift(
  arena: Arena,
  { lanes, view }: Precision,
  { at, lane }: Krylov,
  y: Float64Array,
  n: number,
): ArrayLike<number> {
  const v = view === 'f32' ? new Float32Array(2 * n) : new Float64Array(2 * n)
  const sum = new Float64Array(2 * n)
  const q = arena[view](at, 2 * n * lanes * y.length)
  for (let s = 0; s < y.length; s++) {
    const weight = y[s]
    for (let i = 0, from = 2 * n * lanes * s + lane; i < 2 * n; i++, from += lanes) sum[i] += weight * q[from]
  }
  v.set(sum)
  return v
}

/** ‖VᴴV‖ from above: its largest row sum. */
export function skewOf(vectors: readonly ArrayLike<number>[]): number {
  let most = 1
  for (const v of vectors) {
    let sum = 0
    for (const w of vectors) {
      let [re, im] = [0, 0]
      for (let i = 0; i < v.length; i += 2) {
        re += v[i] * w[i] + v[i + 1] * w[i + 1]
        im += v[i] * w[i + 1] - v[i + 1] * w[i]
      }
      sum += Math.abs(re) + Math.abs(im)
    }
    most = Math.max(most, sum)
  }
  return most * (1 + 1e-9)
}

/** Takes Σσ_i v_i v_iᴴ out of every lane, each with its own list. */
export function takeOut(
  arena: Arena,
  { lanes, view, deflate }: Precision,
  g: number,
  n: number,
  vectors: readonly (readonly ArrayLike<number>[])[],
  sigmas: readonly (readonly number[])[],
): void {
  const at = arena.alloc(n * 32)
  const sigma = arena.alloc(16)
  const terms = vectors.reduce((most, list) => Math.max(most, list.length), 0)
  for (let j = 0; j < terms; j++) {
    const numbers = arena[view](at, 2 * n * lanes).fill(0)
    const weights = arena[view](sigma, lanes).fill(0)
    for (let lane = 0; lane < vectors.length; lane++) {
      const v = vectors[lane][j]
      if (!v) continue
      weights[lane] = sigmas[lane][j]
      for (let i = 0, to = lane; i < 2 * n; i++, to += lanes) numbers[to] = v[i]
    }
    deflate(arena)(n, g, at, sigma)
  }
}
