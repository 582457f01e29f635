import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { phasesOf } from '../runtime/phases.ts'
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

/**
 * Value and derivatives of p at a point: with y_p = A_p v, F(θ)v and its derivatives are sums of y_p·(ip)^α·e^{ip·θ}, and those of p real inner products
 * of them.
 */
export function rayAt(gram: GramSymbol, turns: readonly number[], point: readonly number[], v: Float64Array): Ray {
  const { taps } = gram
  const axes = point.length
  const phases = phasesOf(taps, turns, point)
  // the value, then along each axis the slope, then the bends ∂_d∂_e with e ≤ d
  const weights = [phases]
  for (let d = 0; d < axes; d++) weights.push(weighted(phases, taps, d))
  for (let d = 0; d < axes; d++) for (let e = 0; e <= d; e++) weights.push(weighted(weights[1 + d], taps, e))
  const { first: image, dots } = gram.images(v, weights)
  const hessian = new Array<number>(axes * axes)
  for (let d = 0, bend = 1 + axes; d < axes; d++)
    for (let e = 0; e <= d; e++, bend++) hessian[d * axes + e] = hessian[e * axes + d] = 2 * (dots[1 + d][1 + e] + dots[bend][0])
  const gradient = Array.from({ length: axes }, (_, d) => 2 * dots[1 + d][0])
  return { point, turns, v, image, value: dots[0][0], gradient, hessian }
}

/** Each weight times i·q_d. */
function weighted(weights: Float64Array, taps: GramSymbol['taps'], d: number): Float64Array {
  const out = new Float64Array(weights.length)
  for (let p = 0; p < taps.length; p++) {
    out[2 * p] = -taps[p][d] * weights[2 * p + 1]
    out[2 * p + 1] = taps[p][d] * weights[2 * p]
  }
  return out
}

/**
 * ‖fl(F(θ)v) − F(θ)v‖ ≤ imageError·‖v‖: entrywise the error is at most ε·(Σ_p|A_p|)|v| with ε = √2·γ(n + taps + 6) for the sums and 8u an axis
 * for the phases, and ‖Σ_p|A_p|‖₂ ≤ ‖Σ_p|A_p|‖_F (docs/rounding.md, "The lower end").
 */
export function imageError({ n, taps, weight }: GramSymbol): number {
  return (Math.SQRT2 * gamma(n + taps.length + 6) + 8 * UNIT * Math.max(1, taps[0].length)) * Math.sqrt(weight) * 1.0001
}

/** A proven lower bound of f(θ) = ‖F(θ)‖₂ at the ray's point: ‖F(θ)v‖/‖v‖, rounded down. */
export function floorOf(gram: GramSymbol, ray: Ray): number {
  const length = Math.sqrt(realDot(ray.v, ray.v)) * (1 + gamma(gram.n + 4))
  const image = Math.sqrt(ray.value) * (1 - gamma(gram.m + 4))
  return length > 0 ? Math.max(0, nextDown(nextDown((image / length) * (1 - 4 * UNIT) - imageError(gram)))) : 0
}

/** ∂^αG(θ)v for every list α of axes up to an order, and its part orthogonal to v. */
export interface Derivative {
  readonly order: readonly number[]
  /** Re vᴴ∂^αG(θ)v */
  readonly along: number
  /** P ∂^αG(θ)v, P = I − vvᴴ */
  readonly across: Float64Array
}

export function derivativesAt(gram: GramSymbol, ray: Ray, order: number): Derivative[] {
  const orders = ordersOf(ray.point.length, order)
  const images = gram.derivatives(ray.turns, ray.point, ray.v, orders)
  return orders.map((list, i) => ({ order: list, along: realDot(ray.v, images[i]), across: project(images[i], ray.v) }))
}

const listsOfOrders = new Map<string, readonly (readonly number[])[]>()

/** All ascending lists of at most so many axes, shorter ones first. */
function ordersOf(axes: number, order: number): readonly (readonly number[])[] {
  const name = `${axes} ${order}`
  const known = listsOfOrders.get(name)
  if (known) return known
  let orders: number[][] = [[]]
  for (let from = 0, k = 0; k < order; k++) {
    const last = orders.slice(from)
    from = orders.length
    orders = orders.concat(
      last.flatMap(list =>
        Array.from({ length: axes }, (_, d) => [...list, d]).filter(
          next => next.length < 2 || next[next.length - 2] <= next[next.length - 1],
        ),
      ),
    )
  }
  listsOfOrders.set(name, orders)
  return orders
}

/** x − v·(vᴴx)/(vᴴv), in place. */
function project(x: Float64Array, v: Float64Array): Float64Array {
  let re = 0
  let im = 0
  let square = 0
  for (let i = 0; i < v.length; i += 2) {
    re += v[i] * x[i] + v[i + 1] * x[i + 1]
    im += v[i] * x[i + 1] - v[i + 1] * x[i]
    square += v[i] * v[i] + v[i + 1] * v[i + 1]
  }
  re /= square
  im /= square
  for (let i = 0; i < v.length; i += 2) {
    x[i] -= v[i] * re - v[i + 1] * im
    x[i + 1] -= v[i] * im + v[i + 1] * re
  }
  return x
}

/** Re xᴴy */
export function realDot(x: Float64Array, y: Float64Array): number {
  let even = 0
  let odd = 0
  for (let i = 0; i < x.length; i += 2) {
    even += x[i] * y[i]
    odd += x[i + 1] * y[i + 1]
  }
  return even + odd
}
