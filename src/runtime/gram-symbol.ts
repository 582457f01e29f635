import { UNIT } from '../rounding.ts'
import { countOf, type Frequencies, groupTaps, type TrigonometricPolynomial } from '../symbol.ts'
import { tabulate } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import {
  choleskyError,
  differencesOf,
  evaluationError,
  formTaps,
  gramError,
  planesBytes,
  type Product,
  tapNorms,
  weightOf,
} from './gram-taps.ts'
import { interpolateTaps, tapFrequencies, worthInterpolating } from './interpolated-taps.ts'
import { pointAxes, tapsFromPoints } from './real-points.ts'
import { passes, passesSingle, type Proof, singleCost } from './cholesky-tests.ts'
import { bracketAll, type Brackets, type Evaluate, type Starts } from './gram-bracket.ts'
import { type Complement, complementOf } from './gram-complement.ts'
import { climbPair, derivativesOf, type RankOne, type Ritz, subtractRankOne } from './gram-vectors.ts'
import { type Batch, inPairs, inQuads, pick, singlePlanes } from './gram-evaluation.ts'
import { eigenpairsAt } from './hermitian.ts'
import { putPhasesAt } from './phases.ts'

/**
 * G(θ) = F(θ)ᴴF(θ) of one group, resident in linear memory for as long as `work` runs: its taps are formed once, and every evaluation
 * is a sum of n(n+1)/2 entries over half of them. All statements about G are about the exact one; rounding is accounted for here.
 */
export interface GramSymbol extends Proof {
  readonly m: number
  readonly n: number
  /** Positions p of the taps of F, in the order of `products`. */
  readonly taps: readonly (readonly number[])[]
  /** Differences q of tap positions with q > 0 (first nonzero coordinate positive): G(θ) = G₀ + Σ_q (G_q e^{iq·θ} + its adjoint). */
  readonly positions: readonly (readonly number[])[]
  /** The pairs of taps p, p + q whose products make up each tap of G. */
  readonly pairs: readonly Product[]
  /** Upper bounds of ‖G_q‖₂, in the order of `positions`, and of ‖G₀‖₂. */
  readonly tapNorms: Float64Array
  readonly centreNorm: number
  /** ‖Σ_p|A_p|‖_F², rounded up: what rounding errors are measured against. */
  readonly weight: number
  /** For each frequency 1 where λ_max(G(θ)) ≤ level has been proven, rounding included. */
  below(frequencies: Frequencies, levels: Float64Array): Uint8Array
  /** `below` in single precision: at half the price, for levels well above λ_max. */
  belowRoughly(frequencies: Frequencies, levels: Float64Array): Uint8Array
  /** What `belowRoughly` loses to rounding at a level, about. */
  roughMargin(level: number): number
  /** Is λ_max(G(θ) − share·Ĝ − σvvᴴ) ≤ level at all these frequencies, Ĝ = fl(G) at another one? */
  belowShare(frequencies: Frequencies, level: number, share: number, at: Frequencies, top: RankOne): boolean
  /** What is left of t·I − fl(G(θ)) beside a vector. */
  complement(at: Frequencies, t: number, top: RankOne, vectors: readonly Float64Array[]): Complement | undefined
  /** A few steps of Lanczos at each frequency, from the given vectors or a common one: Rayleigh quotients, residuals and vectors. */
  climb(frequencies: Frequencies, steps: number, starts?: Starts): Ritz[]
  /** The top eigenvector at one frequency by a complete decomposition, re, im, re, im, …: (16/3)n³ operations, and no neighbour is too close. */
  topVector(at: Frequencies): Float64Array
  /** λ_max(G(θ)) at each frequency, from below by a few steps of Lanczos and from above by one Cholesky test somewhere below t. */
  bracket(frequencies: Frequencies, t: number, steps: number, starts: Starts): Brackets
  /** Hands fl(G(θ)), lower triangles in pair layout, to `work` in batches. */
  inPairs(frequencies: Frequencies, work: Batch): void
  /** The same in single precision, in quad layout. */
  inQuads(frequencies: Frequencies, work: Batch): void
  /** fl(G(θ)) for `count` frequencies from `first`, lower triangles at an address of the caller's, in pair layout; `phases` of `putPhasesAt`. */
  write(frequencies: Frequencies, first: number, count: number, g: number, phases?: number): void
  /**
   * z_k = Σ_p w_kp·A_p v for lists of one complex weight a tap: the first of them, m complex numbers, and Re z_jᴴz_k for all j ≤ k, row by row of
   * a triangle.
   */
  images(v: Float64Array, weights: readonly Float64Array[]): { first: Float64Array; dots: number[][] }
  /** ∂^αG(θ)v for each list α of axes; each errs by at most 2·error·(1 + max|q|)^|α| for ‖v‖ = 1. */
  derivatives(
    turns: readonly number[],
    point: readonly number[],
    v: Float64Array,
    orders: readonly (readonly number[])[],
  ): Float64Array[]
}

/** Opens the Gram symbol of a group. */
export function withGramSymbol<T>(symbol: TrigonometricPolynomial, group: number, work: (gram: GramSymbol) => T): T {
  return borrow(arena => work(openGramSymbol(arena, symbol, group)))
}

function openGramSymbol(arena: Arena, symbol: TrigonometricPolynomial, group: number): GramSymbol {
  const { rows: m, columns: n } = symbol
  const own = groupTaps(symbol, group)
  const { places, positions, products } = differencesOf(symbol.offsets)
  const a = arena.put(own)
  const planes = arena.alloc(planesBytes(n, positions.length))
  const weight = weightOf(own, m * n)
  const error = openTaps(symbol, a, weight, positions, products, planes)
  let found: Float64Array | undefined
  const norms = () => (found ??= tapNorms(planes, n, positions.length, error))
  const margin = (level: number) => 2 * error + choleskyError(n) * n * level + 1e-290
  const { planes: single, error: rounding } = singlePlanes(arena, planes, n, positions.length)
  const proof: Proof = { error, errorSingle: rounding + 2 * error, margin }
  const evaluate = (frequencies: Frequencies, work: Batch) => inPairs(n, positions, planes, frequencies, work)
  const evaluateSingle = (frequencies: Frequencies, work: Batch) => inQuads(n, positions, single, frequencies, work)
  const writeAt: GramSymbol['write'] = (frequencies, first, count, g, phases) =>
    borrow(inner => {
      const phase = phases ?? putPhasesAt(inner, positions, frequencies, first, count)
      inner.routines.hermitianSymbol((count + 1) >> 1, n, positions.length, planes, phase, g)
    })
  return {
    m,
    n,
    taps: places,
    positions,
    pairs: products,
    get tapNorms() {
      return norms().subarray(1)
    },
    get centreNorm() {
      return norms()[0]
    },
    ...proof,
    weight,
    inPairs: evaluate,
    inQuads: evaluateSingle,
    write: writeAt,
    below(frequencies, levels) {
      const passed = new Uint8Array(levels.length)
      evaluate(frequencies, (inner, g, first, size) => {
        const lowered = levels.subarray(first, first + size).map(level => level - margin(level))
        passed.set(passes(inner, g, n, lowered), first)
      })
      return passed
    },
    belowRoughly(frequencies, levels) {
      const passed = new Uint8Array(levels.length)
      evaluateSingle(frequencies, (inner, h, first, size) =>
        passed.set(passesSingle(inner, h, n, levels.subarray(first, first + size), proof), first),
      )
      return passed
    },
    roughMargin: level => singleCost(n, proof, level),
    belowShare(frequencies, level, share, at, top) {
      const matrix = n * n * 32
      // |trace| of what is factorised is at most n(level + share·λ_max) + σ
      const lowered = level - margin(level + 2 * top.sigma) - 16 * UNIT * top.sigma
      let passed = true
      evaluate(frequencies, (inner, g, _, size) => {
        const centre = inner.alloc(matrix)
        writeAt(at, 0, 1, centre)
        const pairs = (size + 1) >> 1
        for (let pair = 0; pair < pairs; pair++) inner.routines.axpy(4 * n * n, -share, centre, g + pair * matrix)
        subtractRankOne(inner, g, n, pairs, top)
        passed &&= passes(inner, g, n, new Float64Array(size).fill(lowered)).every(ok => ok === 1)
      })
      return passed
    },
    complement: (at, t, top, vectors) =>
      borrow(inner => {
        const g = inner.alloc(n * n * 32)
        writeAt(at, 0, 1, g)
        return complementOf(inner, g, n, t, top, vectors)
      }),
    climb(frequencies, steps, starts) {
      const found: Ritz[] = []
      evaluate(frequencies, (inner, g, first, size) => {
        for (let i = 0; i < size; i += 2)
          found.push(...climbPair(inner, g + (i >> 1) * n * n * 32, n, steps, Math.min(2, size - i), starts?.slice(first + i)))
      })
      return found
    },
    topVector: at =>
      borrow(inner => {
        const g = inner.alloc(n * n * 32)
        writeAt(at, 0, 1, g)
        const [parts] = eigenpairsAt(inner, n, g, 0, 1).vectors
        return tabulate(2 * n, i => parts[(i & 1) * n + (i >> 1)])
      }),
    bracket(frequencies, t, steps, starts) {
      const at =
        (by: typeof evaluate): Evaluate =>
        (indices, work) =>
          by(indices ? pick(frequencies, indices) : frequencies, work)
      return bracketAll(n, countOf(frequencies), t, steps, starts, proof, at(evaluateSingle), at(evaluate))
    },
    images: (v, weights) =>
      borrow(inner => {
        const { tapProducts, tapSums, dot } = inner.routines
        const count = weights.length
        const vector = m * 16
        const x = inner.put(v)
        const w = inner.alloc(count * places.length * 16)
        const y = inner.alloc(places.length * vector)
        const z = inner.alloc(count * vector)
        for (const [k, list] of weights.entries()) inner.f64(w + k * places.length * 16, 2 * places.length).set(list)
        tapProducts(places.length, m, n, a, x, y)
        tapSums(count, places.length, m, w, y, z)
        const dots: number[][] = []
        for (let k = 0; k < count; k++) {
          const row: number[] = []
          for (let j = 0; j <= k; j++) row.push(dot(2 * m, z + j * vector, z + k * vector))
          dots.push(row)
        }
        return { first: inner.f64(z, 2 * m).slice(), dots }
      }),
    derivatives: (turns, point, v, orders) =>
      borrow(inner => derivativesOf(inner, n, positions, planes, { turns, points: Float64Array.from(point) }, v, orders)),
  }
}

/** Forms the taps of G in the cheaper way; returns the bound of ‖fl(G(θ)) − G(θ)‖₂. */
function openTaps(
  symbol: TrigonometricPolynomial,
  a: number,
  weight: number,
  positions: GramSymbol['positions'],
  products: readonly Product[],
  planes: number,
): number {
  const { rows: m, columns: n, offsets } = symbol
  const half = positions.length
  const axes = pointAxes(symbol)
  const frequencies = axes ? undefined : tapFrequencies(offsets)
  const values = frequencies && worthInterpolating(n, frequencies, 2 * products.length) ? frequencies : undefined
  return borrow(inner => {
    if (!axes && !values) {
      formTaps(inner, a, m, n, half, products, planes)
      return gramError(weight, m, offsets.length, half, products)
    }
    const formed = axes
      ? tapsFromPoints(inner, symbol, a, axes, positions, planes)
      : interpolateTaps(inner, symbol, a, values!, positions, weight, planes)
    return (formed + evaluationError(weight, offsets.length, half)) * 1.0001
  })
}
