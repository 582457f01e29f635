import type { Arena } from './arena.ts'
import { choleskyError } from './gram-taps.ts'
import { climbPair, type RankOne, subtractRankOne } from './gram-vectors.ts'

/** B = t·I − (G − σvvᴴ) for a computed G = fl(G(θ)) and a unit vector v near its top eigenvector: what is left beside v. */
export interface Complement {
  /** λ_min(B) is at least this. */
  readonly floor: number
  /** Re xᵢᴴB⁻¹xⱼ for the vectors asked about, within 1e-9 of √(xᵢᴴB⁻¹xᵢ · xⱼᴴB⁻¹xⱼ). */
  readonly products: readonly (readonly number[])[]
}

/** Shares of the distance from t to the next eigenvalue that are tried as a floor. */
const FLOORS = [0.8, 0.5]
/** Below this part of t a floor leaves too few digits to the solutions. */
const LEAST = 1e-4

/**
 * Factorises B, proves a floor of its spectrum by another test, and solves with it. Solutions come from a backward stable factorisation, so that
 * they err by some n·2⁻⁵³·t/floor ≤ n·10⁻¹², relatively.
 *
 * @param g one pair with G in both lanes, lower triangle; destroyed
 * @returns undefined where the next eigenvalue is too close to t
 */
export function complementOf(
  arena: Arena,
  g: number,
  n: number,
  t: number,
  top: RankOne,
  vectors: readonly Float64Array[],
): Complement | undefined {
  subtractRankOne(arena, g, n, 1, top)
  const [next] = climbPair(arena, g, n, 16, 1, undefined)
  const factor = arena.alloc(n * n * 32)
  const passes = (level: number): boolean => {
    const at = arena.alloc(32)
    arena.f64(at, 2).fill(level)
    arena.routines.cholesky(1, n, g, at, factor, at + 16)
    return arena.f64(at + 16, 1)[0] === 1
  }
  const distance = t - Math.max(0, next.value || 0)
  const share = FLOORS.find(part => passes(t - part * distance))
  if (share === undefined || !passes(t)) return undefined
  const floor = share * distance - choleskyError(n) * n * (t + top.sigma)
  if (!(floor > LEAST * t)) return undefined
  return { floor, products: productsOf(arena, factor, n, vectors) }
}

/** Re xᵢᴴB⁻¹xⱼ: solutions two at a time, and their products with all vectors. */
function productsOf(arena: Arena, factor: number, n: number, vectors: readonly Float64Array[]): number[][] {
  const all = arena.alloc(vectors.length * n * 16)
  const solution = arena.alloc(n * 16)
  const pair = arena.alloc(n * 32)
  const [lanes, one] = [arena.f64(pair, 4 * n), arena.f64(solution, 2 * n)]
  for (const [i, x] of vectors.entries()) arena.f64(all + i * n * 16, 2 * n).set(x)
  const products: number[][] = vectors.map(() => [])
  for (let first = 0; first < vectors.length; first += 2) {
    const two = [vectors[first], vectors[Math.min(first + 1, vectors.length - 1)]]
    for (let lane = 0; lane < 2; lane++) for (let i = 0; i < 2 * n; i++) lanes[2 * i + lane] = two[lane][i]
    arena.routines.choleskySolve(n, factor, pair)
    for (let lane = 0; lane < Math.min(2, vectors.length - first); lane++) {
      for (let i = 0; i < 2 * n; i++) one[i] = lanes[2 * i + lane]
      for (const [i, row] of products.entries()) row.push(arena.routines.dot(2 * n, all + i * n * 16, solution))
    }
  }
  return products
}
