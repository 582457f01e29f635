import { type Frequencies, groupTaps, type TrigonometricPolynomial } from '../symbol.ts'
import { tabulate } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import {
  choleskyError,
  differencesOf,
  evaluationError,
  formTaps,
  gramError,
  imageErrorOf,
  planesBytes,
  type Product,
  tapNorms,
  weightOf,
} from './gram-taps.ts'
import { interpolateTaps, tapFrequencies, worthInterpolating } from './interpolated-taps.ts'
import { pointAxes, tapsFromPoints } from './real-points.ts'
import { IN_DOUBLE, IN_SINGLE, type Proof } from './cholesky-tests.ts'
import { belowAt, bracketAt, type Brackets, type Starts } from './gram-bracket.ts'
import { putRecord } from './gram-record.ts'
import { climbPair, type Ritz } from './gram-vectors.ts'
import { type Batch, inPairs, inQuads, singlePlanes } from './gram-evaluation.ts'
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
  /** Where the routines of assembly/search find it. */
  readonly record: number
  /** For each frequency 1 where λ_max(G(θ)) ≤ level has been proven, rounding included. */
  below(frequencies: Frequencies, levels: Float64Array): Uint8Array
  /** `below` in single precision: at half the price, for levels well above λ_max. */
  belowRoughly(frequencies: Frequencies, levels: Float64Array): Uint8Array
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
  const record = putRecord(arena, {
    m,
    n,
    axes: symbol.offsets.length,
    taps: a,
    planes,
    planesSingle: single,
    places,
    positions,
    proof,
    imageError: imageErrorOf(n, symbol.offsets.length, places.length, weight),
  })
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
    record,
    inPairs: evaluate,
    inQuads: evaluateSingle,
    write: writeAt,
    below: (frequencies, levels) => belowAt(record, IN_DOUBLE, frequencies, levels),
    belowRoughly: (frequencies, levels) => belowAt(record, IN_SINGLE, frequencies, levels),
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
    bracket: (frequencies, t, steps, starts) => bracketAt(record, n, frequencies, t, steps, starts),
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
