import { gamma, UNIT } from '../rounding.ts'
import { type Frequencies, groupTaps, type Symbol } from '../symbol.ts'
import { indexOf, sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { PHASE_ERROR, putPhasesAt } from './phases.ts'

/**
 * G(θ) = F(θ)ᴴF(θ) of one group, resident in linear memory for as long as `work` runs: its taps are formed once, and every evaluation
 * is a sum of n(n+1)/2 entries over half of them. All statements about G are about the exact one; rounding is accounted for here.
 */
export interface GramSymbol {
  readonly n: number
  /** Differences q of tap positions with q > 0 (first nonzero coordinate positive): G(θ) = G₀ + Σ_q (G_q e^{iq·θ} + its adjoint). */
  readonly positions: readonly (readonly number[])[]
  /** Upper bounds of ‖G_q‖₂, in the order of `positions`. */
  readonly tapNorms: Float64Array
  /** Upper bounds of ‖G₀‖₂ and of tr G(θ) at every θ. */
  readonly centreNorm: number
  /** ‖fl(G(θ)) − G(θ)‖₂ at every θ is at most this. */
  readonly error: number
  /** For each frequency 1 where λ_max(G(θ)) ≤ level has been proven, rounding included. */
  below(frequencies: Frequencies, levels: Float64Array): Uint8Array
  /** fl(G(θ)) for `count` frequencies from `first`, lower triangles at an address of the caller's, in pair layout. */
  write(frequencies: Frequencies, first: number, count: number, g: number): void
  /** What `below` loses to rounding at a level: it can prove nothing within this distance of λ_max. */
  margin(level: number): number
}

/** Frequencies evaluated together: enough to stream the taps once for many, few enough that their matrices stay in the second-level cache. */
const CACHE = 2 ** 19

/** Opens the Gram symbol of a group. */
export function withGramSymbol<T>(symbol: Symbol, group: number, work: (gram: GramSymbol) => T): T {
  return borrow(arena => work(openGramSymbol(arena, symbol, group)))
}

function openGramSymbol(arena: Arena, symbol: Symbol, group: number): GramSymbol {
  const { rows: m, columns: n } = symbol
  const taps = groupTaps(symbol, group)
  const { positions, products } = differencesOf(symbol.offsets)
  const planes = arena.alloc(((n * (n + 1)) / 2) * (2 * positions.length + 1) * 8)
  const error = gramError(taps, m, n, positions[0]?.length ?? 0, positions.length, products)
  const { tapNorms, centreNorm } = borrow(inner => formTaps(inner, taps, m, n, positions.length, products, planes, error))
  const margin = (level: number) => 2 * error + choleskyError(n) * n * level + 1e-290
  const batch = 2 * Math.max(1, Math.floor(CACHE / (n * n * 32)))
  return {
    n,
    positions,
    tapNorms,
    centreNorm,
    error,
    margin,
    write: (frequencies, first, count, g) =>
      borrow(inner => {
        const phase = putPhasesAt(inner, positions, frequencies, first, count)
        inner.routines.hermitianSymbol((count + 1) >> 1, n, positions.length, planes, phase, g)
      }),
    below: (frequencies, levels) => test(n, positions, planes, frequencies, levels, margin, batch),
  }
}

/** Cholesky of t·I − fl(G) for blocks of frequencies, at levels lowered by what rounding may cost. */
function test(
  n: number,
  positions: GramSymbol['positions'],
  planes: number,
  frequencies: Frequencies,
  levels: Float64Array,
  margin: (level: number) => number,
  batch: number,
): Uint8Array {
  const passed = new Uint8Array(levels.length)
  for (let first = 0; first < levels.length; first += batch) {
    const count = Math.min(batch, levels.length - first)
    borrow(arena => {
      const pairs = (count + 1) >> 1
      const g = arena.alloc(pairs * n * n * 32)
      const work = arena.alloc(n * n * 32)
      const level = arena.alloc(pairs * 16)
      const out = arena.alloc(pairs * 16)
      const phase = putPhasesAt(arena, positions, frequencies, first, count)
      const { hermitianSymbol, cholesky } = arena.routines
      const at = arena.f64(level, 2 * pairs)
      for (let slot = 0; slot < 2 * pairs; slot++) {
        const t = levels[first + Math.min(slot, count - 1)]
        at[slot] = t - margin(t)
      }
      hermitianSymbol(pairs, n, positions.length, planes, phase, g)
      cholesky(pairs, n, g, level, work, out)
      const result = arena.f64(out, count)
      for (let i = 0; i < count; i++) passed[first + i] = result[i] === 1 ? 1 : 0
    })
  }
  return passed
}

interface Product {
  /** Indices of the taps p and p + q, and of q among the positions (0: q = 0). */
  readonly from: number
  readonly to: number
  readonly into: number
}

/** Every difference of two tap positions once up to sign, and which pairs of taps give it. */
function differencesOf(offsets: Symbol['offsets']): { positions: number[][]; products: Product[] } {
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
  return { positions, products }
}

/** Forms the taps of G, bounds their norms and reorders them for evaluation. */
function formTaps(
  arena: Arena,
  taps: Float64Array,
  m: number,
  n: number,
  half: number,
  products: readonly Product[],
  planes: number,
  error: number,
) {
  const { autocorrelate, halfPlanes } = arena.routines
  const plane = n * n * 8
  const a = arena.put(taps)
  const g = arena.alloc((half + 1) * plane)
  arena.f64(g, (half + 1) * n * n).fill(0)
  for (const { from, to, into } of products) autocorrelate(m, n, a + from * m * n * 8, a + to * m * n * 8, g + into * plane)
  halfPlanes(n, half, g, planes)
  const norms = new Float64Array(half + 1)
  for (let t = 0; t <= half; t++) norms[t] = normCeiling(arena.f64(g + t * plane, n * n), n) + error
  return { tapNorms: norms.slice(1), centreNorm: norms[0] }
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
function gramError(taps: Float64Array, m: number, n: number, axes: number, half: number, products: readonly Product[]): number {
  const counts = new Map<number, number>()
  let pairs = 0
  for (const { into } of products) {
    const count = (counts.get(into) ?? 0) + 1
    counts.set(into, count)
    pairs = Math.max(pairs, count)
  }
  let squares = 0
  const plane = m * n
  for (let e = 0; e < plane; e++) {
    let sum = 0
    for (let at = e; at < taps.length; at += plane) sum += Math.abs(taps[at])
    squares += sum * sum
  }
  const kappa = gamma(Math.ceil(m / 2) + 3 + pairs) + gamma(half + 3) + PHASE_ERROR * Math.max(1, axes)
  return kappa * squares * (1 + gamma(plane + (2 * taps.length) / plane + 8)) * 1.0001
}

/**
 * What a passed Cholesky test may hide, as a multiple of the trace: L·Lᴴ = A + E with |E| ≤ √2·γ_{n+8}|L||L|ᴴ (assembly/cholesky.ts), and
 * ‖|L||L|ᴴ‖₂ ≤ ‖L‖_F² ≤ tr A/(1 − √2·γ_{n+8}) (Rump 2006; Higham 2002, §10.1, for complex products).
 */
function choleskyError(n: number): number {
  const g = Math.SQRT2 * gamma(n + 8) * 1.0001
  return g / (1 - g)
}
