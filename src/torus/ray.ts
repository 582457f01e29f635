import { type Arena, borrow } from '../runtime/arena.ts'
import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { coldStart } from '../runtime/gram-vectors.ts'
import { gamma, nextDown, UNIT } from '../rounding.ts'

/** Points of the torus in whole numbers: θ_d = 2π·point[d]/turns[d], turns = TURN unless a lattice says otherwise. Fine enough that a maximum is hit to 1e-23 of its value. */
export const TURN = 2 ** 40

/** One whole turn in radians, and its inverse. */
export const RADIANS = 6.283185307179586

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

/** A ray in linear memory (assembly/search/ray.ts, class Ray), where the routines leave one. */
export interface RayAt {
  readonly at: number
  read(): Ray & { readonly residual: number; readonly evaluations: number }
}

/** Where the numbers of a ray are, in doubles. */
const [POINT, GRADIENT, HESSIAN, VECTOR] = [3, 6, 9, 18]

/** Room for a ray, its point and, where it is known, its vector. */
export function putRay(arena: Arena, gram: GramSymbol, turns: readonly number[], point: readonly number[], v?: Float64Array): RayAt {
  const { m, n, record } = gram
  const axes = point.length
  const at = arena.alloc(arena.routines.rayBytes(record))
  arena.f64(at + 8 * POINT, axes).set(point)
  if (v) arena.f64(at + 8 * VECTOR, 2 * n).set(v)
  return {
    at,
    read() {
      const all = arena.f64(at, VECTOR + 2 * n + 2 * m)
      const list = (from: number, length: number) => Array.from(all.subarray(from, from + length))
      return {
        point: list(POINT, axes),
        turns,
        v: all.slice(VECTOR, VECTOR + 2 * n),
        image: all.slice(VECTOR + 2 * n),
        value: all[0],
        residual: all[1],
        evaluations: all[2],
        gradient: list(GRADIENT, axes),
        hessian: list(HESSIAN, axes * axes),
      }
    },
  }
}

/** Value and derivatives of p at a point. */
export function rayAt(gram: GramSymbol, turns: readonly number[], point: readonly number[], v: Float64Array): Ray {
  return borrow(arena => {
    const ray = putRay(arena, gram, turns, point, v)
    arena.routines.rayAt(gram.record, arena.put(turns), ray.at, arena.alloc(arena.routines.visitBytes(gram.record)))
    return ray.read()
  })
}

/** Steps of Lanczos at first, with a vector to start from and without. */
const [KNOWN, COLD] = [12, 24]
/** Times that more of them may follow. */
const RESTARTS = 12

/**
 * The ray of the top eigenvector at a point, from a vector near it.
 *
 * @param enough how large the residual ‖Gv − ρv‖ may be, as a part of ρ
 */
export function topRay(gram: GramSymbol, turns: readonly number[], point: readonly number[], v: Float64Array | undefined, enough: number): Ray {
  return borrow(arena => {
    const { visit, visitBytes } = arena.routines
    const { record, n } = gram
    const ray = putRay(arena, gram, turns, point, v ?? coldStart(n).subarray(0, 2 * n))
    const [at, work] = [arena.put(turns), arena.alloc(visitBytes(record))]
    visit(record, at, ray.at, ray.at + 8 * VECTOR, v ? KNOWN : COLD, enough, RESTARTS, work)
    return ray.read()
  })
}

/** A proven lower bound of f(θ) = ‖F(θ)‖₂ at the ray's point: ‖F(θ)v‖/‖v‖, rounded down. */
export function floorOf(gram: GramSymbol, ray: Ray): number {
  const length = Math.sqrt(realDot(ray.v, ray.v)) * (1 + gamma(gram.n + 4))
  const image = Math.sqrt(ray.value) * (1 - gamma(gram.m + 4))
  return length > 0 ? Math.max(0, nextDown(nextDown((image / length) * (1 - 4 * UNIT) - gram.imageError))) : 0
}

/** Re xᴴy */
function realDot(x: Float64Array, y: Float64Array): number {
  let even = 0
  let odd = 0
  for (let i = 0; i < x.length; i += 2) {
    even += x[i] * y[i]
    odd += x[i + 1] * y[i + 1]
  }
  return even + odd
}
