import type { Arena } from '../runtime/arena.ts'
import type { GramSymbol } from '../runtime/gram-symbol.ts'

/** Points of the torus in whole numbers: θ_d = 2π·point[d]/turns[d], turns = TURN unless a lattice says otherwise. Fine enough that a maximum is hit to 1e-23 of its value. */
export const TURN = 2 ** 40

/**
 * The scalar function p(θ) = ‖F(θ)v‖² of a fixed v, with derivatives at a point. It touches λ_max(G) from below where v is the top
 * eigenvector, with the same gradient (the envelope theorem).
 */
export interface Ray {
  readonly point: readonly number[]
  readonly turns: readonly number[]
  readonly v: Float64Array
  /** F(θ)v */
  readonly image: Float64Array
  readonly value: number
  readonly gradient: number[]
  /** ∂_d∂_e p, row-major. */
  readonly hessian: number[]
}

/** Where a norm is attained, and by which vectors. */
export type Maximiser = Pick<Ray, 'point' | 'turns' | 'v' | 'image' | 'value'>

/** Where the numbers of a ray in linear memory are, in doubles (assembly/search/ray.ts, class Ray). */
const [RESIDUAL, EVALUATIONS, ON_LATTICE, POINT, GRADIENT, HESSIAN, VECTOR] = [1, 2, 3, 4, 7, 10, 20]

/** Room for a ray, its point and, where it is known, its vector; returns its address. */
export function putRay(arena: Arena, { m, n }: GramSymbol, point: readonly number[], v?: Float64Array): number {
  const at = arena.alloc(8 * (VECTOR + 2 * n + 2 * m))
  arena
    .f64(at + 8 * POINT, 3)
    .fill(0)
    .set(point)
  if (v) arena.f64(at + 8 * VECTOR, 2 * n).set(v)
  return at
}

/** A ray that a routine has left, and what it tells beside it. */
export interface Found extends Ray {
  readonly residual: number
  readonly evaluations: number
  readonly onLattice: boolean
}

export function readRay(arena: Arena, { m, n }: GramSymbol, at: number, turns: readonly number[]): Found {
  const axes = turns.length
  const all = arena.f64(at, VECTOR + 2 * n + 2 * m)
  const list = (from: number, length: number) => Array.from(all.subarray(from, from + length))
  return {
    point: list(POINT, axes),
    turns,
    v: all.slice(VECTOR, VECTOR + 2 * n),
    image: all.slice(VECTOR + 2 * n),
    value: all[0],
    residual: all[RESIDUAL],
    evaluations: all[EVALUATIONS],
    onLattice: all[ON_LATTICE] === 1,
    gradient: list(GRADIENT, axes),
    hessian: list(HESSIAN, axes * axes),
  }
}
