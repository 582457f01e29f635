import { UNIT } from '../rounding.ts'
import { countOf, type Frequencies } from '../symbol.ts'
import { tabulate } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { passes, passesSingle, SINGLE_UNIT, singleCost } from './cholesky-tests.ts'
import { pick } from './gram-evaluation.ts'
import type { GramSymbol } from './gram-symbol.ts'
import { atLeast, tridiagonalPairs } from './hermitian.ts'
import type { Routines } from './instance.ts'

/**
 * 1 for each frequency where the Schatten-2^(t+1) norm of F(θ) is proven to be at most `level`, by one or two factorisations instead of
 * t − 1 squarings (docs/rounding.md, "Schatten norms without squarings").
 *
 * First where λ_max(G) is so far below that Σλ^P ≤ λ_max^(P−2)·‖G‖_F² is enough, P = 2^t. Then, with many channels, with a few approximate top
 * eigenvectors v_i: where c·I + Σσ_i v_i v_iᴴ − G is positive definite, the i-th eigenvalue of G is at most c + σ_i, and those after them c. In single
 * precision, and what it fails to prove with vectors although there is hope, in double.
 */
export function schattenBelow(gram: GramSymbol, frequencies: Frequencies, steps: number, level: number): Uint8Array {
  const square = level * level
  const claim: Claim = { gram, frequencies, steps, square, proven: new Uint8Array(countOf(frequencies)) }
  const precision = singleCost(gram.n, gram, square) < SERVES * square ? SINGLE : DOUBLE
  let open = Array.from(claim.proven.keys())
  if (gram.n < CROWDED) open = withoutVectors(claim, precision, open)
  if (gram.n < LARGE) return claim.proven
  open = withVectors(claim, precision, open)
  if (precision === SINGLE) withVectors(claim, DOUBLE, open)
  return claim.proven
}

/** Lanczos steps: the more channels, the closer the highest eigenvalues lie together. */
const lanczosSteps = (n: number) => (n < 192 ? 16 : n < 384 ? 28 : 64)

/** Channels from which one more test, with the top eigenvectors taken out, is cheaper than squarings. */
const LARGE = 96

/** Channels from which a test without vectors is made only where Lanczos gives hope for it: so many eigenvalues lie together that it has failed at all frequencies. */
const CROWDED = 192

/** Eigenvectors taken out at most. */
const MOST = 16

/** The part of L² that rounding may take from a test in single precision. */
const SERVES = 2e-3

/** Close to λ_max row sums are larger: up to 2.4 times √n times the level at 512 channels, where a test is expected to cost 1.7. */
const AMPLE = 1.6

interface Claim {
  readonly gram: GramSymbol
  readonly frequencies: Frequencies
  readonly steps: number
  /** L² */
  readonly square: number
  readonly proven: Uint8Array
}

/** What the two precisions differ in: matrices to a vector, and the routines. Numbers of a vector lie as [re of each][im of each]. */
interface Precision {
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

const DOUBLE: Precision = {
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

const SINGLE: Precision = {
  lanes: 4,
  unit: SINGLE_UNIT,
  evaluate: 'inQuads',
  view: 'f32',
  climb: ({ routines }) => routines.climbSingle,
  deflate: ({ routines }) => routines.deflateSingle,
  frobenius: ({ routines }) => routines.frobeniusSquaredSingle,
  error: gram => gram.errorSingle,
  below: (arena, gram, g, levels) => passesSingle(arena, g, gram.n, levels, gram, AMPLE),
}

/** Vector after vector of matrices at the open frequencies; notes what `prove` proves and returns what it says is worth another look. */
function visit(
  claim: Claim,
  { lanes, evaluate }: Precision,
  open: readonly number[],
  prove: (arena: Arena, g: number, size: number) => ArrayLike<number>,
): number[] {
  const { gram, frequencies, proven } = claim
  const left: number[] = []
  if (open.length === 0) return left
  gram[evaluate](pick(frequencies, open), (arena, g, first, size) => {
    for (let i = 0; i < size; i += lanes) {
      const found = borrow(() => prove(arena, g + (i / lanes) * gram.n * gram.n * 32, Math.min(lanes, size - i)))
      for (let lane = 0; lane < found.length; lane++) {
        const at = open[first + i + lane]
        if (found[lane] === PROVEN) proven[at] = 1
        else if (found[lane] === HOPEFUL) left.push(at)
      }
    }
  })
  return left
}

const [HOPELESS, PROVEN, HOPEFUL] = [0, 1, 2]

/** λ_max(G) alone; everything it fails at is worth a look with vectors. */
function withoutVectors(claim: Claim, precision: Precision, open: readonly number[]): number[] {
  const { gram, steps, square } = claim
  return visit(claim, precision, open, (arena, g, size) => {
    const levels = restOf(arena, claim, precision, g, size).map(rest => tailLevel(rest, 1, steps) * square)
    return precision.below(arena, gram, g, levels).map(passed => (passed ? PROVEN : HOPEFUL))
  })
}

/** ‖G‖_F² over L⁴: what the small eigenvalues can add up to. */
function restOf(arena: Arena, { gram, square }: Claim, precision: Precision, g: number, size: number): Float64Array {
  const { unit, view, frobenius, error } = precision
  const out = arena.alloc(16)
  frobenius(arena)(1, gram.n, g, out)
  const sums = (2 * gram.n + 8) * unit
  // what underflows in single precision is below 2⁻¹²⁶ an entry
  const size2 = (x: number) => Math.sqrt((x + gram.n * gram.n * 2 ** -125) * (1 + (1.01 * sums) / (1 - sums))) + error(gram)
  return Float64Array.from(arena[view](out, size), x => (size2(x) / square) ** 2 * (1 + 1e-12))
}

function withVectors(claim: Claim, precision: Precision, open: readonly number[]): number[] {
  const { gram, steps, square } = claim
  const { n } = gram
  const start = startOf(n)
  return visit(claim, precision, open, (arena, g, size) => {
    const rest = restOf(arena, claim, precision, g, size)
    const krylov = krylovOf(arena, precision, g, n, size, start)
    const splits = krylov.map((t, lane) => splitOf(t, square, rest[lane], steps, n < CROWDED ? 1 : 0))
    if (splits.every(split => !split)) return splits.map(() => HOPELESS)
    const used = krylov.map((t, lane) => {
      const { vectors } = tridiagonalPairs(t.diagonal, t.side, splits[lane]?.sigmas.length ?? 0)
      return vectors.map(y => lift(arena, precision, t, y, n))
    })
    deflateAll(arena, precision, g, n, used, splits, square)
    const levels = splits.map((split, lane) => (split ? (split.level - lossOf(split, rest[lane], precision.unit)) * square : 0))
    const passed = precision.below(arena, gram, g, Float64Array.from(levels))
    return splits.map((split, lane) => {
      if (!split) return HOPELESS
      return passed[lane] && holds(split, skewOf(used[lane]), rest[lane], steps, precision.unit) ? PROVEN : HOPEFUL
    })
  })
}

/** Roundings of the rank-one terms: 8u·σ|v_i||v_j| for each, and u·|g_ij| for every difference. */
function lossOf({ sigmas }: Split, rest: number, unit: number): number {
  return sigmas.reduce((sum, sigma) => sum + 16 * unit * Math.abs(sigma), 4 * unit * sigmas.length * Math.sqrt(rest))
}

/** c and σ_i in units of L². */
interface Split {
  readonly level: number
  readonly sigmas: readonly number[]
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

/** Does the proof add up? Σ(c + σ_i·‖VᴴV‖)^P + c^(P−2)·‖G‖_F² ≤ L^2P, for σ_i as they were rounded when taken out. */
function holds({ level, sigmas }: Split, skew: number, rest: number, steps: number, unit: number): boolean {
  const top = sigmas.reduce((sum, sigma) => sum + powerOf(level + Math.max(0, sigma) * (1 + 2 * unit) * skew, steps), 0)
  return (top + (powerOf(level, steps) / (level * level)) * rest) * (1 + 1e-12) <= 1
}

/** What a few steps of Lanczos leave of one lane: the place of its basis Q, and T. */
interface Krylov {
  /** Of the first number of Q. */
  readonly at: number
  readonly lane: number
  readonly diagonal: Float64Array
  readonly side: Float64Array
}

function krylovOf(
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
function startOf(n: number): Float64Array {
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
function lift(arena: Arena, { lanes, view }: Precision, { at, lane }: Krylov, y: Float64Array, n: number): ArrayLike<number> {
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
function skewOf(vectors: readonly ArrayLike<number>[]): number {
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

/** Takes σ_i v_i v_iᴴ out of every lane, nothing where a lane has no such term. */
function deflateAll(
  arena: Arena,
  { lanes, view, deflate }: Precision,
  g: number,
  n: number,
  vectors: readonly (readonly ArrayLike<number>[])[],
  splits: readonly (Split | undefined)[],
  square: number,
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
      weights[lane] = splits[lane]!.sigmas[j] * square
      for (let i = 0, to = lane; i < 2 * n; i++, to += lanes) numbers[to] = v[i]
    }
    deflate(arena)(n, g, at, sigma)
  }
}
