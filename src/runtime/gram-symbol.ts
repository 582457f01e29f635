import { gamma, UNIT } from '../rounding.ts'
import { countOf, type Frequencies, groupTaps, type Symbol } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import {
  choleskyError,
  differencesOf,
  evaluationError,
  formTaps,
  gramError,
  planesBytes,
  type Product,
  weightOf,
} from './gram-taps.ts'
import { climbPair, derivativesOf, subtractRankOne } from './gram-vectors.ts'
import { interpolateTaps, planeNorms, tapFrequencies, worthInterpolating } from './interpolated-taps.ts'
import { putPhasesAt } from './phases.ts'

/**
 * G(θ) = F(θ)ᴴF(θ) of one group, resident in linear memory for as long as `work` runs: its taps are formed once, and every evaluation
 * is a sum of n(n+1)/2 entries over half of them. All statements about G are about the exact one; rounding is accounted for here.
 */
export interface GramSymbol {
  readonly m: number
  readonly n: number
  /** Positions p of the taps of F, in the order of `products`. */
  readonly taps: readonly (readonly number[])[]
  /** Differences q of tap positions with q > 0 (first nonzero coordinate positive): G(θ) = G₀ + Σ_q (G_q e^{iq·θ} + its adjoint). */
  readonly positions: readonly (readonly number[])[]
  /** Upper bounds of ‖G_q‖₂, in the order of `positions`, and of ‖G₀‖₂. */
  readonly tapNorms: Float64Array
  readonly centreNorm: number
  /** ‖fl(G(θ)) − G(θ)‖₂ at every θ is at most this. */
  readonly error: number
  /** ‖Σ_p|A_p|‖_F², rounded up: what rounding errors are measured against. */
  readonly weight: number
  /**
   * For each frequency 1 where λ_max(G(θ)) ≤ level has been proven, rounding included; with `without` where it is for G − Σσvvᴴ. Levels may be a
   * function of an upper bound of ‖F(θ)‖_{S4} = √‖G(θ)‖_F.
   */
  below(frequencies: Frequencies, levels: Float64Array | ((quartic: number) => number), without?: readonly RankOne[]): Uint8Array
  /** What `below` loses to rounding at a level: it can prove nothing within this distance of λ_max. */
  margin(level: number): number
  /** A few steps of Lanczos at each frequency, from the given vectors or a common one: Rayleigh quotients, residuals and vectors. */
  climb(
    frequencies: Frequencies,
    steps: number,
    starts?: readonly (Float64Array | undefined)[],
    without?: readonly RankOne[],
  ): Ritz[]
  /** λ_max(G(θ)) at each frequency, from below by a few steps of Lanczos and from above by one Cholesky test somewhere below t. */
  bracket(frequencies: Frequencies, t: number, steps: number, starts?: readonly (Float64Array | undefined)[]): Bracket[]
  /** fl(G(θ)) for `count` frequencies from `first`, lower triangles at an address of the caller's, in pair layout. */
  write(frequencies: Frequencies, first: number, count: number, g: number): void
  /** y_p = A_p v for every tap: taps × m complex numbers. */
  products(v: Float64Array): Float64Array
  /** ∂^αG(θ)v for each list α of axes; each errs by at most 2·error·(1 + max|q|)^|α| for ‖v‖ = 1. */
  derivatives(
    turns: readonly number[],
    point: readonly number[],
    v: Float64Array,
    orders: readonly (readonly number[])[],
  ): Float64Array[]
}

/** σ·v·vᴴ with ‖v‖ = 1 to rounding. */
export interface RankOne {
  readonly sigma: number
  readonly v: Float64Array
}

/** An approximate top eigenpair of G(θ); complex vectors are re, im, re, im, … */
export interface Ritz {
  readonly value: number
  readonly residual: number
  readonly vector: Float64Array
}

/** What `bracket` knows about one frequency. */
export interface Bracket extends Ritz {
  /** λ_max(G(θ)) ≤ ceiling is proven; Infinity where no test passed. */
  readonly ceiling: number
}

/** Bytes of matrices evaluated together: enough to stream the taps once for many, few enough that they stay in the second-level cache. */
const CACHE = 2 ** 19

/** Opens the Gram symbol of a group. */
export function withGramSymbol<T>(symbol: Symbol, group: number, work: (gram: GramSymbol) => T): T {
  return borrow(arena => work(openGramSymbol(arena, symbol, group)))
}

function openGramSymbol(arena: Arena, symbol: Symbol, group: number): GramSymbol {
  const { rows: m, columns: n } = symbol
  const own = groupTaps(symbol, group)
  const { places, positions, products } = differencesOf(symbol.offsets)
  const a = arena.put(own)
  const planes = arena.alloc(planesBytes(n, positions.length))
  const weight = weightOf(own, m * n)
  const { error, norms } = openTaps(arena, symbol, a, weight, positions, products, planes)
  const margin = (level: number) => 2 * error + choleskyError(n) * n * level + 1e-290
  const evaluate = (
    frequencies: Frequencies,
    count: number,
    work: (inner: Arena, g: number, first: number, size: number) => void,
  ) => inBatches(n, positions, planes, frequencies, count, work)
  return {
    m,
    n,
    taps: places,
    positions,
    get tapNorms() {
      return norms().subarray(1)
    },
    get centreNorm() {
      return norms()[0]
    },
    error,
    weight,
    margin,
    write: (frequencies, first, count, g) =>
      borrow(inner => {
        const phase = putPhasesAt(inner, positions, frequencies, first, count)
        inner.routines.hermitianSymbol((count + 1) >> 1, n, positions.length, planes, phase, g)
      }),
    below(frequencies, levels, without) {
      const count = typeof levels === 'function' ? countOf(frequencies) : levels.length
      const passed = new Uint8Array(count)
      evaluate(frequencies, count, (inner, g, first, size) => {
        const own =
          typeof levels === 'function' ? quarticNorms(inner, g, n, size, error).map(levels) : levels.subarray(first, first + size)
        for (const term of without ?? []) subtractRankOne(inner, g, n, (size + 1) >> 1, term)
        const lowered = own.map(
          level => level - margin(level) - (without ? without.reduce((sum, { sigma }) => sum + 16 * UNIT * sigma, 0) : 0),
        )
        passed.set(passes(inner, g, n, lowered), first)
      })
      return passed
    },
    climb(frequencies, steps, starts, without) {
      const found: Ritz[] = []
      const count = countOf(frequencies)
      evaluate(frequencies, count, (inner, g, first, size) => {
        for (const term of without ?? []) subtractRankOne(inner, g, n, (size + 1) >> 1, term)
        for (let i = 0; i < size; i += 2)
          found.push(...climbPair(inner, g + (i >> 1) * n * n * 32, n, steps, Math.min(2, size - i), starts?.slice(first + i)))
      })
      return found
    },
    bracket(frequencies, t, steps, starts) {
      const found: Bracket[] = []
      evaluate(frequencies, countOf(frequencies), (inner, g, first, size) => {
        const rough: Ritz[] = []
        for (let i = 0; i < size; i += 2)
          rough.push(...climbPair(inner, g + (i >> 1) * n * n * 32, n, steps, Math.min(2, size - i), starts?.slice(first + i)))
        // a matrix of zeros gives −1e-16 or NaN
        const values = rough.map(({ value }) => (value > 0 ? value : 0))
        const levels = Float64Array.from(rough, ({ residual }, i) => levelAbove(values[i], residual, t))
        const passed = passes(
          inner,
          g,
          n,
          levels.map(level => level - margin(level)),
        )
        for (let i = 0; i < rough.length; i++)
          found.push({ ...rough[i], value: values[i], ceiling: passed[i] ? levels[i] : Infinity })
      })
      return found
    },
    products: v =>
      borrow(inner => {
        const x = inner.put(v)
        const y = inner.alloc((own.length / n) * 16)
        inner.routines.tapProducts(places.length, m, n, a, x, y)
        return inner.f64(y, (own.length / n) * 2).slice()
      }),
    derivatives: (turns, point, v, orders) =>
      borrow(inner => derivativesOf(inner, n, positions, planes, { turns, points: Float64Array.from(point) }, v, orders)),
  }
}

/** Share of the room between a Rayleigh quotient and t that a test leaves below itself. */
const SHARE = 0.08

/** A level that λ_max should be below, so that the test passes, and well below t, so that it serves; 0 where there is no room for one. */
function levelAbove(value: number, residual: number, t: number): number {
  const room = t - value
  if (room <= 0) return 0
  const doubt = (2 * residual * residual) / t
  return value + Math.min(0.5 * room, doubt > SHARE * room ? doubt : SHARE * room)
}

/** Forms the taps of G in the cheaper way; bounds of their norms are computed when asked for. */
function openTaps(
  arena: Arena,
  symbol: Symbol,
  a: number,
  weight: number,
  positions: GramSymbol['positions'],
  products: readonly Product[],
  planes: number,
): { error: number; norms: () => Float64Array } {
  const { rows: m, columns: n, offsets } = symbol
  const half = positions.length
  const frequencies = tapFrequencies(offsets)
  if (!frequencies || !worthInterpolating(n, frequencies, 2 * products.length)) {
    const error = gramError(weight, m, offsets.length, half, products)
    const found = borrow(inner => formTaps(inner, a, m, n, half, products, planes, error))
    return { error, norms: () => found }
  }
  const length = planesBytes(n, half) / 8
  arena.f64(planes, length).fill(0)
  const formed = borrow(inner => interpolateTaps(inner, symbol, a, frequencies, positions, weight, planes))
  const error = (formed + evaluationError(weight, offsets.length, half)) * 1.0001
  let found: Float64Array | undefined
  return { error, norms: () => (found ??= planeNorms(arena.f64(planes, length), n, half, error)) }
}

/** fl(G(θ)) for blocks of frequencies in turn, handed to `work` at address g. */
function inBatches(
  n: number,
  positions: GramSymbol['positions'],
  planes: number,
  frequencies: Frequencies,
  count: number,
  work: (arena: Arena, g: number, first: number, size: number) => void,
): void {
  // Two pairs at least, however large: evaluation takes them at once, at 1.4 times the rate of one.
  const batch = 2 * Math.max(2, Math.floor(CACHE / (n * n * 32)))
  for (let first = 0; first < count; first += batch) {
    const size = Math.min(batch, count - first)
    const pairs = (size + 1) >> 1
    borrow(arena => {
      const g = arena.alloc(pairs * n * n * 32)
      const phase = putPhasesAt(arena, positions, frequencies, first, size)
      arena.routines.hermitianSymbol(pairs, n, positions.length, planes, phase, g)
      work(arena, g, first, size)
    })
  }
}

/** √‖G‖_F from above. */
function quarticNorms(arena: Arena, g: number, n: number, count: number, error: number): Float64Array {
  const pairs = (count + 1) >> 1
  const out = arena.alloc(pairs * 16)
  arena.routines.frobeniusSquared(pairs, n, g, out)
  return arena.f64(out, count).map(square => Math.sqrt(Math.sqrt(square * (1 + gamma(2 * n + 8))) + error) * (1 + 2 ** -50))
}

/** Cholesky of level·I − fl(G). */
function passes(arena: Arena, g: number, n: number, levels: Float64Array): Uint8Array {
  const pairs = (levels.length + 1) >> 1
  const work = arena.alloc(n * n * 32)
  const level = arena.alloc(pairs * 16)
  const out = arena.alloc(pairs * 16)
  const at = arena.f64(level, 2 * pairs)
  for (let slot = 0; slot < 2 * pairs; slot++) at[slot] = levels[Math.min(slot, levels.length - 1)]
  arena.routines.cholesky(pairs, n, g, level, work, out)
  return Uint8Array.from(arena.f64(out, levels.length))
}
