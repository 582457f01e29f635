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
  /** A_p v for every tap. */
  readonly parts: Float64Array
  /** ∂_d F(θ)v, and ∂_d∂_e F(θ)v for e ≤ d. */
  readonly slopes: readonly Float64Array[]
  readonly bends: readonly Float64Array[]
  readonly value: number
  readonly gradient: number[]
  /** ∂_d∂_e p, row-major. */
  readonly hessian: number[]
}

/** Value and derivatives of p at a point, from y_p = A_p v: p(θ) = ‖Σ_p y_p e^{ip·θ}‖². */
export function rayAt(gram: GramSymbol, turns: readonly number[], point: readonly number[], v: Float64Array): Ray {
  const { m, taps } = gram
  const axes = point.length
  const y = gram.products(v)
  const phases = phasesOf(taps, turns, point)
  const image = new Float64Array(2 * m)
  const slopes = Array.from({ length: axes }, () => new Float64Array(2 * m))
  const bends = Array.from({ length: (axes * (axes + 1)) / 2 }, () => new Float64Array(2 * m))
  for (let p = 0; p < taps.length; p++) {
    const c = phases[2 * p]
    const s = phases[2 * p + 1]
    const q = taps[p]
    const from = 2 * m * p
    for (let i = 0; i < 2 * m; i += 2) {
      const re = y[from + i] * c - y[from + i + 1] * s
      const im = y[from + i] * s + y[from + i + 1] * c
      image[i] += re
      image[i + 1] += im
      for (let d = 0, b = 0; d < axes; d++) {
        if (q[d] === 0) {
          b += d + 1
          continue
        }
        slopes[d][i] -= q[d] * im
        slopes[d][i + 1] += q[d] * re
        for (let e = 0; e <= d; e++, b++) {
          bends[b][i] -= q[d] * q[e] * re
          bends[b][i + 1] -= q[d] * q[e] * im
        }
      }
    }
  }
  const gradient = slopes.map(slope => 2 * realDot(image, slope))
  const hessian = new Array<number>(axes * axes)
  for (let d = 0, b = 0; d < axes; d++) {
    for (let e = 0; e <= d; e++, b++) {
      hessian[d * axes + e] = hessian[e * axes + d] = 2 * (realDot(slopes[d], slopes[e]) + realDot(image, bends[b]))
    }
  }
  return { point, turns, v, image, parts: y, slopes, bends, value: realDot(image, image), gradient, hessian }
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

/** How fast v stops being an eigenvector, P = I − vvᴴ: P G(θ)v, P ∂_dG(θ)v, and P ∂_d∂_eG(θ)v row-major. */
export interface Drift {
  readonly residual: Float64Array
  readonly slopes: readonly Float64Array[]
  readonly bends: readonly Float64Array[]
}

/** With `curved` the second derivatives too; otherwise none. */
export function drift(gram: GramSymbol, ray: Ray, curved: boolean): Drift {
  const { m, taps } = gram
  const axes = ray.point.length
  const { image, slopes, bends } = ray
  const phases = phasesOf(taps, ray.turns, ray.point)
  const z = new Float64Array(2 * m * taps.length)
  /** P Σ_p A_pᵀ e^{−ip·θ} Σ_k (factor_k(p)·i^turn_k)·x_k */
  const back = (
    terms: readonly [x: Float64Array, factor: (q: readonly number[]) => number, quarter: 0 | 1 | 2][],
  ): Float64Array => {
    z.fill(0)
    for (let p = 0; p < taps.length; p++) {
      const c = phases[2 * p]
      const s = -phases[2 * p + 1]
      for (const [x, factor, quarter] of terms) {
        const f = factor(taps[p])
        if (f === 0) continue
        // f·i^−quarter·e^{−ip·θ}
        const re = f * (quarter === 0 ? c : quarter === 1 ? s : -c)
        const im = f * (quarter === 0 ? s : quarter === 1 ? -c : -s)
        for (let i = 0, to = 2 * m * p; i < 2 * m; i += 2, to += 2) {
          z[to] += x[i] * re - x[i + 1] * im
          z[to + 1] += x[i] * im + x[i + 1] * re
        }
      }
    }
    return project(gram.adjoint(z), ray.v)
  }
  // (∂F)ᴴ = Σ_p A_pᵀ(−ip_d)e^{−ip·θ}, so ∂_d(FᴴF)v = Σ_p A_pᵀe^{−ip·θ}(∂_dF v − ip_d F v), and the product rule once more.
  return {
    residual: back([[image, () => 1, 0]]),
    slopes: slopes.map((slope, d) =>
      back([
        [slope, () => 1, 0],
        [image, q => q[d], 1],
      ]),
    ),
    bends: !curved
      ? []
      : Array.from({ length: axes * axes }, (_, at) => {
          const [d, e] = [Math.floor(at / axes), at % axes]
          const bend = bends[d >= e ? (d * (d + 1)) / 2 + e : (e * (e + 1)) / 2 + d]
          return back([
            [bend, () => 1, 0],
            [slopes[e], q => q[d], 1],
            [slopes[d], q => q[e], 1],
            [image, q => q[d] * q[e], 2],
          ])
        }),
  }
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
