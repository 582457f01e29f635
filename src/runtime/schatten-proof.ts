import { gamma, UNIT } from '../rounding.ts'
import { countOf, type Frequencies } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import type { GramSymbol } from './gram-symbol.ts'
import { atLeast, tridiagonalPairs } from './hermitian.ts'

/**
 * 1 for each frequency where the Schatten-2^(t+1) norm of F(θ) is proven to be at most `level`, by one or two factorisations instead of
 * t − 1 squarings (docs/rounding.md, "Schatten norms without squarings").
 *
 * First where λ_max(G) is so far below that Σλ^P ≤ λ_max^(P−2)·‖G‖_F² is enough, P = 2^t. Then with a few approximate top eigenvectors v_i:
 * where c·I + Σσ_i v_i v_iᴴ − G is positive definite, the i-th eigenvalue of G is at most c + σ_i, and those after them c.
 */
export function schattenBelow(gram: GramSymbol, frequencies: Frequencies, steps: number, level: number): Uint8Array {
  const count = countOf(frequencies)
  const proven = new Uint8Array(count)
  const start = startOf(gram.n)
  for (let first = 0; first < count; first += 2) {
    const size = Math.min(2, count - first)
    borrow(arena => proven.set(proofOf(arena, gram, frequencies, first, size, steps, level * level, start), first))
  }
  return proven
}

/** Lanczos steps: the more channels, the closer the highest eigenvalues lie together. */
const lanczosSteps = (n: number) => (n < 192 ? 16 : n < 384 ? 28 : 64)

/** Channels from which a test without vectors is made only where Lanczos gives hope for it: so many eigenvalues lie together that it has failed at all frequencies. */
const CROWDED = 192

/** Eigenvectors taken out at most. */
const MOST = 16

function proofOf(
  arena: Arena,
  gram: GramSymbol,
  frequencies: Frequencies,
  first: number,
  size: number,
  steps: number,
  square: number,
  start: Float64Array,
): Uint8Array {
  const { n } = gram
  const g = arena.alloc(n * n * 32)
  gram.write(frequencies, first, size, g)
  const out = arena.alloc(16)
  arena.routines.frobeniusSquared(1, n, g, out)
  // ‖G‖_F² over L⁴, L² = `square`: what the small eigenvalues can add up to
  const rest = Array.from(
    arena.f64(out, size),
    x => ((Math.sqrt(x * (1 + gamma(2 * n + 8))) + gram.error) / square) ** 2 * (1 + 1e-12),
  )
  const plain = rest.map(f => ({ level: tailLevel(f, 1, steps), lost: 0 }))
  const proven = n < CROWDED ? factor(gram, g, plain, square) : new Uint8Array(size)
  if (proven.every(x => x === 1)) return proven
  const krylov = krylovOf(arena, g, n, size, start)
  const splits = krylov.map((t, lane) => (proven[lane] ? undefined : splitOf(t, square, rest[lane], steps, n < CROWDED ? 1 : 0)))
  if (splits.every((split, lane) => proven[lane] || !split)) return proven
  const used = krylov.map((t, lane) => {
    const { vectors } = tridiagonalPairs(t.diagonal, t.side, splits[lane]?.sigmas.length ?? 0)
    return vectors.map(y => lift(arena, t, y, n))
  })
  deflateAll(arena, g, n, used, splits, square)
  const again = factor(
    gram,
    g,
    splits.map((split, lane) => ({ level: split?.level ?? 0, lost: lossOf(split, rest[lane]) })),
    square,
  )
  return proven.map((was, lane) => {
    const split = splits[lane]
    return was || (again[lane] && split && holds(split, skewOf(used[lane]), rest[lane], steps)) ? 1 : 0
  })
}

/** Roundings of the rank-one terms: 8u·σ|v_i||v_j| for each, and u·|g_ij| for every difference. */
function lossOf(split: Split | undefined, rest: number): number {
  if (!split) return 0
  return split.sigmas.reduce((sum, sigma) => sum + 16 * UNIT * Math.abs(sigma), 4 * UNIT * split.sigmas.length * Math.sqrt(rest))
}

/** c and σ_i in units of L². */
interface Split {
  readonly level: number
  readonly sigmas: readonly number[]
}

/** Cholesky of c·I − (what G has become), with the margin of `below`. */
function factor(gram: GramSymbol, g: number, levels: readonly { level: number; lost: number }[], square: number): Uint8Array {
  return borrow(inner => {
    const level = inner.alloc(16)
    const out = inner.alloc(16)
    const lowered = levels.map(({ level: c, lost }) => c * square - gram.margin(c * square) - lost * square)
    inner.f64(level, 2).set([lowered[0], lowered.at(-1)!])
    inner.routines.cholesky(1, gram.n, g, level, inner.alloc(gram.n * gram.n * 32), out)
    return Uint8Array.from(inner.f64(out, levels.length))
  })
}

/** The largest c with c^(P−2)·rest ≤ share, P = 2^t. */
function tailLevel(rest: number, share: number, steps: number): number {
  let [low, high] = [0, 1]
  for (let round = 0; round < 40; round++) {
    const c = (low + high) / 2
    if (powerOf(c, steps) * rest <= share * c * c * (1 - 1e-12)) low = c
    else high = c
  }
  return low
}

/** x^(2^t) */
function powerOf(x: number, steps: number): number {
  for (let i = 0; i < steps; i++) x *= x
  return x
}

/** How much of what the top eigenvalues leave of L^2P goes to the others; the rest makes up for what the vectors lack. */
const TAIL = 0.7

/** How many vectors to take out, `least` or more, and the level for the rest; none where the Ritz values alone reach L. */
function splitOf({ diagonal, side }: Krylov, square: number, rest: number, steps: number, least: number): Split | undefined {
  const values: number[] = []
  let total = 0
  for (let k = 0; k <= Math.min(MOST, diagonal.length - 2) && total < 0.99; k++) {
    const level = tailLevel(rest, k === 0 ? 1 : TAIL * (1 - total), steps)
    const value = ritzValue(diagonal, side, k, values[k - 1] ?? Infinity) / square
    if (k >= least && value < level * 0.996) {
      let stretch = k === 0 ? 1 : 1 + ((1 - TAIL) * 0.99 * (1 - total)) / total
      for (let i = 0; i < steps; i++) stretch = Math.sqrt(stretch)
      return { level, sigmas: values.map(x => (x / square) * stretch - level) }
    }
    values.push(value * square)
    total += powerOf(value, steps)
  }
  return undefined
}

/** The k-th largest eigenvalue of T, k = 0 first, to a few digits by counting signs of pivots. */
function ritzValue(diagonal: Float64Array, side: Float64Array, k: number, above: number): number {
  let [low, high] = [0, Math.min(above, radiusOf(diagonal, side))]
  for (let round = 0; round < 22; round++) {
    const x = 0.5 * (low + high)
    if (atLeast(diagonal, side, x) > k) low = x
    else high = x
  }
  return high
}

function radiusOf(diagonal: Float64Array, side: Float64Array): number {
  return diagonal.reduce((most, d, i) => Math.max(most, d + side[i] + (i > 0 ? side[i - 1] : 0)), 0)
}

/** Does the proof add up? Σ(c + σ_i·‖VᴴV‖)^P + c^(P−2)·‖G‖_F² ≤ L^2P. */
function holds({ level, sigmas }: Split, skew: number, rest: number, steps: number): boolean {
  const top = sigmas.reduce((sum, sigma) => sum + powerOf(level + Math.max(0, sigma) * skew, steps), 0)
  return (top + (powerOf(level, steps) / (level * level)) * rest) * (1 + 1e-12) <= 1
}

/** What a few steps of Lanczos leave of one lane: the basis Q in memory, and T. */
interface Krylov {
  readonly basis: number
  readonly diagonal: Float64Array
  readonly side: Float64Array
}

function krylovOf(arena: Arena, g: number, n: number, lanes: number, start: Float64Array): Krylov[] {
  const steps = Math.min(n, lanczosSteps(n))
  const column = n * 32
  const x = arena.put(start)
  const work = arena.alloc((steps + 1) * column + steps * 48)
  arena.routines.climb(n, steps, g, x, work, arena.alloc(32))
  // The routine leaves its result where the first vector was.
  arena.f64(work, 4 * n).set(start)
  const t = arena.f64(work + (steps + 1) * column, 4 * steps)
  return Array.from({ length: lanes }, (_, lane) => ({
    basis: work + 8 * lane,
    diagonal: Float64Array.from({ length: steps }, (_, s) => t[4 * s + lane]),
    side: Float64Array.from({ length: steps }, (_, s) => (s + 1 < steps ? t[4 * s + 2 + lane] : 0)),
  }))
}

/** A unit vector with something of everything, the same in both lanes. */
function startOf(n: number): Float64Array {
  const start = new Float64Array(4 * n)
  for (let i = 0; i < n; i++) {
    start.fill(1 + ((i * 0.6180339887498949) % 1), 4 * i, 4 * i + 2)
    start.fill(((i * 0.4142135623730951) % 1) - 0.5, 4 * i + 2, 4 * i + 4)
  }
  const length = Math.sqrt(start.reduce((sum, part) => sum + part * part, 0) / 2)
  for (let i = 0; i < 4 * n; i++) start[i] /= length
  return start
}

/** Q·y, re, im, re, im, … */
function lift(arena: Arena, { basis }: Krylov, y: Float64Array, n: number): Float64Array {
  const v = new Float64Array(2 * n)
  const q = arena.f64(basis, 4 * n * y.length - 1)
  for (let s = 0; s < y.length; s++) {
    const weight = y[s]
    for (let i = 0, at = 4 * n * s; i < 2 * n; i++, at += 2) v[i] += weight * q[at]
  }
  return v
}

/** ‖VᴴV‖ from above: its largest row sum. */
function skewOf(vectors: readonly Float64Array[]): number {
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

/** Takes σ_i v_i v_iᴴ out of both lanes, nothing where a lane has no such term. */
function deflateAll(
  arena: Arena,
  g: number,
  n: number,
  vectors: readonly (readonly Float64Array[])[],
  splits: readonly (Split | undefined)[],
  square: number,
): void {
  const at = arena.alloc(n * 32)
  const sigma = arena.alloc(16)
  const terms = vectors.reduce((most, list) => Math.max(most, list.length), 0)
  for (let j = 0; j < terms; j++) {
    const pair = arena.f64(at, 4 * n)
    const weights = arena.f64(sigma, 2)
    for (let lane = 0; lane < 2; lane++) {
      const v = vectors[lane]?.[j]
      weights[lane] = v ? splits[lane]!.sigmas[j] * square : 0
      for (let i = 0; i < 2 * n; i++) pair[2 * i + lane] = v ? v[i] : 0
    }
    arena.routines.deflate(n, g, at, sigma)
  }
}

/** The level that λ_max(G) has to keep below for the norm to stay below L, from ‖F‖_{S4} alone. */
export function plainLevel(quartic: number, level: number, steps: number): number {
  return tailLevel((quartic / level) ** 4 * (1 + 1e-12), 1, steps) * level * level * (1 - 1e-14)
}
