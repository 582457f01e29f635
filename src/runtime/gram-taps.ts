import { gamma, UNIT } from '../rounding.ts'
import { type Symbol, tapPositions } from '../symbol.ts'
import { tabulate } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { PHASE_ERROR } from './phases.ts'
import { absoluteSquares } from './weights.ts'

/** A product of two taps of F that goes into a tap of G. */
export interface Product {
  /** Indices of the taps p and p + q, and of q among the positions (0: q = 0). */
  readonly from: number
  readonly to: number
  readonly into: number
}

/** Positions of the taps of F, those of G up to sign, and which pairs of the former give the latter. */
export interface Differences {
  readonly places: readonly (readonly number[])[]
  readonly positions: readonly (readonly number[])[]
  readonly products: readonly Product[]
}

/** The last ones asked for: groups of a layer, and most layers of a network, have the same, and plans of phases with them. */
let latest: { readonly of: string; readonly differences: Differences } | undefined

/** Every difference of two tap positions once up to sign, and which pairs of taps give it. */
export function differencesOf(offsets: Symbol['offsets']): Differences {
  const of = offsets.map(axis => axis.join()).join(' ')
  if (latest?.of !== of) latest = { of, differences: allDifferences(offsets) }
  return latest.differences
}

function allDifferences(offsets: Symbol['offsets']): Differences {
  const places = tapPositions(offsets)
  const reach = offsets.map(q => (q.length > 0 ? q[q.length - 1] - q[0] : 0))
  const positions: number[][] = []
  const known = new Map<number, number>()
  const products: Product[] = []
  for (const [from, p] of places.entries()) {
    for (const [to, other] of places.entries()) {
      // a number for each difference, positive where its first nonzero coordinate is
      let name = 0
      for (let d = 0; d < reach.length; d++) name = name * (2 * reach[d] + 1) + other[d] - p[d]
      if (name < 0) continue
      let into = name === 0 ? 0 : known.get(name)
      if (into === undefined) known.set(name, (into = positions.push(other.map((x, d) => x - p[d]))))
      products.push({ from, to, into })
    }
  }
  return { places, positions, products }
}

/** Forms the taps of G from products of those of F, and reorders them for evaluation. */
export function formTaps(
  arena: Arena,
  a: number,
  m: number,
  n: number,
  half: number,
  products: readonly Product[],
  planes: number,
): void {
  const { autocorrelate, halfPlanes, pack } = arena.routines
  const side = tileSide(n)
  const plane = side * side
  const g = arena.alloc((half + 1) * plane * 8)
  arena.f64(g, (half + 1) * plane).fill(0)
  const size = packedBytes(m, n)
  const packed = Array.from({ length: 1 + products.reduce((last, { from }) => Math.max(last, from), 0) }, (_, tap) => {
    const panels = arena.alloc(size)
    pack(m, n, a + tap * m * n * 8, panels)
    return panels
  })
  for (const { from, to, into } of products) autocorrelate(m, n, packed[from], packed[to], g + into * plane * 8)
  mirror(arena.f64(g, plane), side)
  halfPlanes(n, half, g, planes)
}

/** Roundings that a term of `autocorrelate` meets at most, `times` products of m terms added up: sums of 64, their lanes, their total. */
export const roundingsOf = (m: number, times: number) => Math.min(Math.ceil(m / 2), 64) + 1 + times * Math.ceil(m / 128)

/** Side of the planes `autocorrelate` adds to. */
export const tileSide = (n: number) => 4 * Math.ceil(n / 4)

/** What `pack` writes for m × n. */
export const packedBytes = (m: number, n: number) => 64 * Math.ceil(n / 4) * Math.ceil(m / 2)

/** What `halfPlanes` writes: blocks of 2×2 entries of the lower triangle, each with G₀ and two numbers a tap. */
export const planesBytes = (n: number, half: number) => 16 * Math.ceil(n / 2) * (Math.ceil(n / 2) + 1) * (2 * half + 1)

/** The upper triangle of a symmetric matrix from the lower. */
export function mirror(x: Float64Array, side: number): void {
  for (let j = 1; j < side; j++) for (let i = 0; i < j; i++) x[j * side + i] = x[i * side + j]
}

/** Upper bounds of ‖G_q‖₂ for computed taps, q = 0 first: min(‖·‖_F, √(‖·‖₁‖·‖_∞)) and what they may be wrong by. */
export function tapNorms(planes: number, n: number, half: number, error: number): Float64Array {
  return borrow(inner => {
    const out = inner.alloc((half + 1) * 24)
    inner.routines.planeNorms(n, half, planes, inner.alloc((n + 1) * 16), out)
    const found = inner.f64(out, 3 * half + 3)
    const inflate = 1 + gamma(n * n + 16) * 4
    return tabulate(half + 1, t => Math.sqrt(Math.min(found[3 * t], found[3 * t + 1] * found[3 * t + 2])) * inflate + error)
  })
}

/**
 * Bound of ‖fl(G(θ)) − G(θ)‖₂ for every θ (docs/rounding.md, "The Gram symbol").
 *
 * Entrywise it is at most κ·B with B = (Σ_p|A_p|)ᵀ(Σ_p|A_p|) and κ = γ(roundings + 2) for the taps + γ(H + 3) for the sum over them
 * + the error of a phase; and ‖B‖₂ ≤ ‖Σ_p|A_p|‖_F².
 */
export function gramError(weight: number, m: number, axes: number, half: number, products: readonly Product[]): number {
  const counts = new Int32Array(half + 1)
  for (const { into } of products) counts[into]++
  const kappa = gamma(roundingsOf(m, Math.max(...counts)) + 2) + gamma(half + 3) + PHASE_ERROR * Math.max(1, axes)
  return kappa * weight * 1.0001
}

/** What the sum over the taps adds to that at one frequency. */
export function evaluationError(weight: number, axes: number, half: number): number {
  return (gamma(half + 3) + PHASE_ERROR * Math.max(1, axes)) * weight
}

/** ‖Σ_p|A_p|‖_F², rounded up. */
export function weightOf(taps: Float64Array, plane: number): number {
  return absoluteSquares(taps, plane) * (1 + gamma(plane + (2 * taps.length) / plane + 8))
}

/**
 * ‖fl(F(θ)v) − F(θ)v‖ ≤ imageError·‖v‖: entrywise the error is at most ε·(Σ_p|A_p|)|v| with ε = √2·γ(n + taps + 6) for the sums and 8u an axis
 * for the phases, and ‖Σ_p|A_p|‖₂ ≤ ‖Σ_p|A_p|‖_F (docs/rounding.md, "The lower end").
 */
export function imageErrorOf(n: number, axes: number, taps: number, weight: number): number {
  return (Math.SQRT2 * gamma(n + taps + 6) + 8 * UNIT * Math.max(1, axes)) * Math.sqrt(weight) * 1.0001
}

/** Most roundings of a term of an entry of L, with a little more: beyond 256 columns sums are cut (assembly/cholesky.ts). */
export function choleskyRoundings(n: number): number {
  return n <= 256 || n % 2 === 1 ? n + 8 : 48 + Math.ceil(n / 32)
}

/**
 * What a passed Cholesky test of A = t·I − H may hide, as a multiple of tr A + max H_jj, which is at most n·t for H = G and n·t and what has been taken off G otherwise: L·Lᴴ = A + E with
 * |E| ≤ √2·γ_c|L||L|ᴴ + γ_c·diag(max(H_jj, 0)), c = `choleskyRoundings`, and ‖|L||L|ᴴ‖₂ ≤ ‖L‖_F² ≤ tr A/(1 − √2·γ_c) (Rump 2006; Higham 2002, §10.1, for complex products).
 */
export function choleskyError(n: number): number {
  const g = Math.SQRT2 * gamma(choleskyRoundings(n)) * 1.0001
  return g / (1 - g)
}
