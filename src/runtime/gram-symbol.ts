import { gamma, UNIT } from '../rounding.ts'
import { type Frequencies, groupTaps, type Symbol } from '../symbol.ts'
import { indexOf, sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { countOf } from './evaluate.ts'
import { PHASE_ERROR, putPhasesAt } from './phases.ts'

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
  /** For each frequency 1 where λ_max(G(θ)) ≤ level has been proven, rounding included; with `without` where it is for G − Σσvvᴴ. */
  below(frequencies: Frequencies, levels: Float64Array, without?: readonly RankOne[]): Uint8Array
  /** What `below` loses to rounding at a level: it can prove nothing within this distance of λ_max. */
  margin(level: number): number
  /** A few steps of Lanczos at each frequency, from the given vectors or a common one: Rayleigh quotients, residuals and vectors. */
  climb(frequencies: Frequencies, steps: number, starts?: readonly Float64Array[], without?: readonly RankOne[]): Ritz[]
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

/** Frequencies evaluated together: enough to stream the taps once for many, few enough that their matrices stay in the second-level cache. */
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
  const planes = arena.alloc(((n * (n + 1)) / 2) * (2 * positions.length + 1) * 8)
  const weight = weightOf(own, m * n)
  const error = gramError(weight, m, symbol.offsets.length, positions.length, products)
  const norms = borrow(inner => formTaps(inner, a, m, n, positions.length, products, planes, error))
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
    tapNorms: norms.slice(1),
    centreNorm: norms[0],
    error,
    weight,
    margin,
    write: (frequencies, first, count, g) =>
      borrow(inner => {
        const phase = putPhasesAt(inner, positions, frequencies, first, count)
        inner.routines.hermitianSymbol((count + 1) >> 1, n, positions.length, planes, phase, g)
      }),
    below(frequencies, levels, without) {
      const passed = new Uint8Array(levels.length)
      evaluate(frequencies, levels.length, (inner, g, first, size) => {
        for (const term of without ?? []) subtractRankOne(inner, g, n, (size + 1) >> 1, term)
        const lowered = levels
          .subarray(first, first + size)
          .map(level => level - margin(level) - (without ? without.reduce((sum, { sigma }) => sum + 16 * UNIT * sigma, 0) : 0))
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

/** fl(G(θ)) for blocks of frequencies in turn, handed to `work` at address g. */
function inBatches(
  n: number,
  positions: GramSymbol['positions'],
  planes: number,
  frequencies: Frequencies,
  count: number,
  work: (arena: Arena, g: number, first: number, size: number) => void,
): void {
  const batch = 2 * Math.max(1, Math.floor(CACHE / (n * n * 32)))
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

/** fl(G) ← fl(G) − σvvᴴ in the lower triangles; each entry within 8u·σ|v_i||v_j|. */
function subtractRankOne(arena: Arena, g: number, n: number, pairs: number, { sigma, v }: RankOne): void {
  for (let pair = 0; pair < pairs; pair++) {
    const matrix = arena.f64(g + pair * n * n * 32, n * n * 4)
    for (let j = 0; j < n; j++) {
      const re = sigma * v[2 * j]
      const im = -sigma * v[2 * j + 1]
      for (let i = j; i < n; i++) {
        const at = 4 * (j * n + i)
        const x = v[2 * i] * re - v[2 * i + 1] * im
        const y = v[2 * i] * im + v[2 * i + 1] * re
        matrix[at] -= x
        matrix[at + 1] -= x
        matrix[at + 2] -= y
        matrix[at + 3] -= y
      }
    }
  }
}

/**
 * ∂^αG(θ)v: the evaluation of G with each phase e^{iq·θ} multiplied by (iq)^α. G₀, which evaluation always adds, is evaluated alone
 * (all phases zero) and taken off again.
 */
function derivativesOf(
  arena: Arena,
  n: number,
  positions: GramSymbol['positions'],
  planes: number,
  frequencies: Frequencies,
  v: Float64Array,
  orders: readonly (readonly number[])[],
): Float64Array[] {
  const taps = positions.length
  const wanted = orders.length + 1
  const pairs = (wanted + 1) >> 1
  const x = putTwice(arena, v, n)
  const g = arena.alloc(pairs * n * n * 32)
  const y = arena.alloc(pairs * n * 32)
  const phase = arena.alloc(Math.max(1, pairs * taps) * 32)
  const base = putPhasesAt(arena, positions, frequencies, 0, 1)
  const once = arena.f64(base, 4 * taps)
  const all = arena.f64(phase, pairs * taps * 4).fill(0)
  orders.forEach((order, i) => {
    const to = (i >> 1) * taps * 4 + (i & 1)
    for (let t = 0; t < taps; t++) {
      const factor = order.reduce((product, d) => product * positions[t][d], 1)
      const [c, s] = [once[4 * t] * factor, once[4 * t + 2] * factor]
      const quarter = order.length & 3
      all[to + 4 * t] = quarter === 0 ? c : quarter === 1 ? -s : quarter === 2 ? -c : s
      all[to + 4 * t + 2] = quarter === 0 ? s : quarter === 1 ? c : quarter === 2 ? -s : -c
    }
  })
  arena.routines.hermitianSymbol(pairs, n, taps, planes, phase, g)
  arena.routines.hermitianTimes(pairs, n, g, x, y)
  const got = arena.f64(y, pairs * n * 4)
  const slot = (i: number) => (i >> 1) * n * 4 + (i & 1)
  const centre = slot(orders.length)
  return orders.map((order, i) => {
    const result = new Float64Array(2 * n)
    for (let k = 0; k < n; k++) {
      result[2 * k] = got[slot(i) + 4 * k] - (order.length > 0 ? got[centre + 4 * k] : 0)
      result[2 * k + 1] = got[slot(i) + 4 * k + 2] - (order.length > 0 ? got[centre + 4 * k + 2] : 0)
    }
    return result
  })
}

/** A complex vector in both lanes. */
function putTwice(arena: Arena, v: Float64Array, n: number): number {
  const at = arena.alloc(n * 32)
  const lanes = arena.f64(at, 4 * n)
  for (let i = 0; i < n; i++) {
    lanes[4 * i] = lanes[4 * i + 1] = v[2 * i]
    lanes[4 * i + 2] = lanes[4 * i + 3] = v[2 * i + 1]
  }
  return at
}

/** Lanczos in both lanes of a pair. */
function climbPair(
  arena: Arena,
  g: number,
  n: number,
  steps: number,
  lanes: number,
  starts: readonly Float64Array[] | undefined,
): Ritz[] {
  return borrow(() => {
    const x = arena.alloc(n * 32)
    const used = Math.max(1, Math.min(steps, n, 24))
    const work = arena.alloc((used + 1) * n * 32 + used * 48)
    const out = arena.alloc(32)
    const start = arena.f64(x, 4 * n)
    for (let i = 0; i < n; i++) {
      for (let lane = 0; lane < 2; lane++) {
        const from = starts?.[Math.min(lane, lanes - 1)]
        start[4 * i + lane] = from ? from[2 * i] : 1 + ((i * 0.6180339887498949) % 1)
        start[4 * i + 2 + lane] = from ? from[2 * i + 1] : ((i * 0.4142135623730951) % 1) - 0.5
      }
    }
    arena.routines.climb(n, used, g, x, work, out)
    const [value, residual] = [arena.f64(out, 2), arena.f64(out + 16, 2)]
    const got = arena.f64(x, 4 * n)
    return Array.from({ length: lanes }, (_, lane) => {
      const vector = new Float64Array(2 * n)
      for (let i = 0; i < n; i++) {
        vector[2 * i] = got[4 * i + lane]
        vector[2 * i + 1] = got[4 * i + 2 + lane]
      }
      return { value: value[lane], residual: residual[lane], vector }
    })
  })
}

interface Product {
  /** Indices of the taps p and p + q, and of q among the positions (0: q = 0). */
  readonly from: number
  readonly to: number
  readonly into: number
}

/** Every difference of two tap positions once up to sign, and which pairs of taps give it. */
function differencesOf(offsets: Symbol['offsets']): { places: number[][]; positions: number[][]; products: Product[] } {
  const sides = offsets.map(q => q.length)
  const count = sizeOf(sides)
  const places = Array.from({ length: count }, (_, tap) => indexOf(tap, sides).map((i, d) => offsets[d][i]))
  const positions: number[][] = []
  const known = new Map<string, number>()
  const products: Product[] = []
  for (let from = 0; from < count; from++) {
    for (let to = 0; to < count; to++) {
      const q = places[to].map((x, d) => x - places[from][d])
      const leading = q.find(x => x !== 0) ?? 0
      if (leading < 0) continue
      if (leading === 0) {
        products.push({ from, to, into: 0 })
        continue
      }
      const key = q.join()
      if (!known.has(key)) known.set(key, positions.push(q))
      products.push({ from, to, into: known.get(key)! })
    }
  }
  return { places, positions, products }
}

/** Forms the taps of G, reorders them for evaluation, and bounds the norm of each from above (q = 0 first). */
function formTaps(
  arena: Arena,
  a: number,
  m: number,
  n: number,
  half: number,
  products: readonly Product[],
  planes: number,
  error: number,
) {
  const { autocorrelate, halfPlanes } = arena.routines
  const plane = n * n * 8
  const g = arena.alloc((half + 1) * plane)
  arena.f64(g, (half + 1) * n * n).fill(0)
  for (const { from, to, into } of products) autocorrelate(m, n, a + from * m * n * 8, a + to * m * n * 8, g + into * plane)
  halfPlanes(n, half, g, planes)
  return Float64Array.from({ length: half + 1 }, (_, t) => normCeiling(arena.f64(g + t * plane, n * n), n) + error)
}

/** min(‖X‖_F, √(‖X‖₁‖X‖_∞)) rounded up. */
function normCeiling(x: Float64Array, n: number): number {
  const rows = new Float64Array(n)
  let squares = 0
  let widest = 0
  for (let j = 0; j < n; j++) {
    let column = 0
    for (let i = 0; i < n; i++) {
      const entry = Math.abs(x[j * n + i])
      squares += entry * entry
      column += entry
      rows[i] += entry
    }
    widest = Math.max(widest, column)
  }
  let tallest = 0
  for (let i = 0; i < n; i++) tallest = Math.max(tallest, rows[i])
  const inflate = 1 + (n * n + 8) * 2 * UNIT
  return Math.min(Math.sqrt(squares), Math.sqrt(widest * tallest)) * inflate
}

/**
 * Bound of ‖fl(G(θ)) − G(θ)‖₂ for every θ (docs/rounding.md, "The Gram symbol").
 *
 * Entrywise it is at most κ·B with B = (Σ_p|A_p|)ᵀ(Σ_p|A_p|) and κ = γ(⌈m/2⌉ + 3 + pairs) for the taps + γ(H + 3) for the sum over them
 * + the error of a phase; and ‖B‖₂ ≤ ‖Σ_p|A_p|‖_F².
 */
function gramError(weight: number, m: number, axes: number, half: number, products: readonly Product[]): number {
  const counts = new Int32Array(half + 1)
  for (const { into } of products) counts[into]++
  const kappa = gamma(Math.ceil(m / 2) + 3 + Math.max(...counts)) + gamma(half + 3) + PHASE_ERROR * Math.max(1, axes)
  return kappa * weight * 1.0001
}

/** ‖Σ_p|A_p|‖_F², rounded up. */
function weightOf(taps: Float64Array, plane: number): number {
  let squares = 0
  for (let e = 0; e < plane; e++) {
    let sum = 0
    for (let at = e; at < taps.length; at += plane) sum += Math.abs(taps[at])
    squares += sum * sum
  }
  return squares * (1 + gamma(plane + (2 * taps.length) / plane + 8))
}

/**
 * What a passed Cholesky test may hide, as a multiple of the trace: L·Lᴴ = A + E with |E| ≤ √2·γ_{n+8}|L||L|ᴴ (assembly/cholesky.ts), and
 * ‖|L||L|ᴴ‖₂ ≤ ‖L‖_F² ≤ tr A/(1 − √2·γ_{n+8}) (Rump 2006; Higham 2002, §10.1, for complex products).
 */
function choleskyError(n: number): number {
  const g = Math.SQRT2 * gamma(n + 8) * 1.0001
  return g / (1 - g)
}
