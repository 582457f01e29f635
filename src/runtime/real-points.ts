import { gamma, UNIT } from '../rounding.ts'
import { circularFrequencies, type TrigonometricPolynomial } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { mirror, packedBytes, roundingsOf, tileSide } from './gram-taps.ts'

/**
 * Points of an axis of L taps, 2L − 1 of them, point −k modulo 2L − 1 being the inverse of point k: 1, or 1 ∞ 0, or 1 −2 ∞ 0 −½.
 *
 * `values` are the coefficients of each tap in F there (F(z)/z at −2 and −½, so that inverses mirror each other), `weights` those of the value at
 * each point in G_q, q ≥ 0, and `peaks` upper bounds of |w_k(θ)| = |Σ_q weights_q e^{iqθ}| for every θ.
 */
export interface Axis {
  readonly values: readonly (readonly number[])[]
  readonly weights: readonly (readonly number[])[]
  readonly peaks: readonly number[]
}

export const AXES: readonly Axis[] = [
  { values: [[1]], weights: [[1]], peaks: [1] },
  {
    values: [
      [1, 1],
      [0, 1],
      [1, 0],
    ],
    weights: [
      [1, -1, -1],
      [0, 1, 0],
    ],
    peaks: [1, 2, 2],
  },
  {
    values: [
      [1, 1, 1],
      [-1 / 2, 1, -2],
      [0, 0, 1],
      [1, 0, 0],
      [-2, 1, -1 / 2],
    ],
    weights: [
      [5 / 9, 2 / 9, -3 / 2, -3 / 2, 2 / 9],
      [2 / 9, -4 / 9, 3 / 2, -1, 2 / 9],
      [0, 0, 1, 0, 0],
    ],
    peaks: [1, 0.712, 3.68, 3.68, 0.712],
  },
]

/** Channels from which products at points cost less than products of taps; below, those are more accurate. */
const WIDE = 64

/** The axes of a symbol with at most three taps each, at equal distances, if they are worth it. */
export function pointAxes({ offsets, columns }: TrigonometricPolynomial): readonly Axis[] | undefined {
  const simple = offsets.every(q => q.length <= 3 && q.every((x, i) => x - q[0] === i * (q[1] - q[0] || 0)))
  return simple && columns >= WIDE && offsets.some(q => q.length > 1) ? offsets.map(q => AXES[q.length - 1]) : undefined
}

/** A point and its inverse: what the taps weigh in F at both (at one, where it is its own inverse), and what the product there weighs in errors. */
interface Point {
  readonly coefficients: readonly (readonly number[])[]
  /** Upper bound of |w(θ)|, and Σ_q |weights_q|. */
  readonly peak: number
  readonly sum: number
}

/** All that depends on the numbers of taps alone. */
interface Plan {
  readonly points: readonly Point[]
  /** Of `interpolate`. */
  readonly weights: Float64Array
}

/** The last one asked for: most layers of a network have the same. */
let latest: { readonly of: string; readonly plan: Plan } | undefined

function planOf(axes: readonly Axis[], orders: readonly (readonly number[])[]): Plan {
  const of = axes.map(({ values }) => values.length).join()
  if (latest?.of !== of) latest = { of, plan: newPlan(axes, orders) }
  return latest.plan
}

/** @param orders of the taps of G, q = 0 first, in steps of the taps of F */
function newPlan(axes: readonly Axis[], orders: readonly (readonly number[])[]): Plan {
  const sides = axes.map(({ values }) => values.length)
  const { points } = circularFrequencies(sides)
  const count = (sizeOf(sides) + 1) >> 1
  return {
    points: Array.from({ length: count }, (_, k) => {
      const point = Array.from(points.subarray(k * axes.length, (k + 1) * axes.length))
      const inverse = point.map((x, d) => (sides[d] - x) % sides[d])
      return {
        coefficients: (k > 0 ? [point, inverse] : [point]).map(at => coefficients(axes, at)),
        peak: point.reduce((product, x, d) => product * axes[d].peaks[x], 1),
        sum: point.reduce((product, x, d) => product * sumOf(axes[d], x), 1),
      }
    }),
    weights: weightsOf(axes, points, count, orders),
  }
}

/**
 * The taps of G, in the planes of `hermitianSymbol`, from V = F(1/z)ᵀF(z) at real points z (docs/rounding.md, "Real points"): a real product
 * tells G(z) and G(1/z) = G(z)ᵀ, so that a pair of points costs 2mn², where a pair of conjugate frequencies costs twice that.
 *
 * @param a address of the taps of F      @param planes where those of G go
 * @returns a bound of ‖G′(θ) − G(θ)‖_F, G′ the exact sum over the computed taps
 */
export function tapsFromPoints(
  arena: Arena,
  symbol: TrigonometricPolynomial,
  a: number,
  axes: readonly Axis[],
  positions: readonly (readonly number[])[],
  planes: number,
): number {
  const { rows: m, columns: n, offsets } = symbol
  const { norm, interpolate } = arena.routines
  const steps = offsets.map(q => (q.length > 1 ? q[1] - q[0] : 1))
  const { points, weights } = planOf(axes, [steps.map(() => 0), ...positions.map(q => q.map((x, d) => x / steps[d]))])
  const count = points.length
  const plane = tileSide(n) ** 2
  const v = arena.alloc(count * plane * 8)
  const work = arena.alloc(count * 64)
  arena.f64(v, count * plane).fill(0)
  const taps = sizeOf(offsets.map(q => q.length))
  const norms = Array.from({ length: taps }, (_, tap) => norm(m * n, a + tap * m * n * 8) * 1.0001)
  let error = 0
  for (const [k, { coefficients, peak, sum }] of points.entries()) {
    const own = product(m, n, a, coefficients, norms, v + k * plane * 8)
    if (k === 0) mirror(arena.f64(v, plane), tileSide(n))
    const value = norm(plane, v + k * plane * 8)
    error += (k === 0 ? 1 : 2) * peak * own + 4 * gamma(count + 2 * axes.length + 2) * sum * value
  }
  interpolate(count, n, positions.length, v, arena.put(weights), planes, work)
  return error * 1.0001
}

/** V at a point and a bound of what it is wrong by in the Frobenius norm. */
function product(
  m: number,
  n: number,
  a: number,
  coefficients: Point['coefficients'],
  norms: readonly number[],
  to: number,
): number {
  return borrow(inner => {
    const { packSum, autocorrelate, norm } = inner.routines
    const [right, left] = coefficients.map(values => {
      const panels = inner.alloc(packedBytes(m, n))
      packSum(norms.length, m, n, a, inner.put(values), panels)
      const size = norm(packedBytes(m, n) / 8, panels) * 1.0001
      return { panels, size, off: sumError(values, norms) }
    })
    const other = left ?? right
    autocorrelate(m, n, other.panels, right.panels, to)
    return gamma(roundingsOf(m, 1)) * other.size * right.size + other.off * (right.size + right.off) + other.size * right.off
  })
}

/** Bound of the rounding errors of Σ_p c_p·A_p, c_p powers of two: every partial sum is rounded once. */
function sumError(values: readonly number[], norms: readonly number[]): number {
  let [sum, error] = [0, 0]
  values.forEach((x, tap) => {
    sum += Math.abs(x) * norms[tap]
    if (x !== 0) error += UNIT * sum * 1.0001
  })
  return error
}

/** What each tap weighs in F at a point. */
function coefficients(axes: readonly Axis[], point: readonly number[]): number[] {
  return axes.reduce((all, { values }, d) => all.flatMap(x => values[point[d]].map(y => x * y)), [1])
}

/** Coefficient of G at a point in G_q of one axis: G_{−q} is G_q at the inverse points. */
function weightAt({ weights }: Axis, q: number, point: number): number {
  return q < 0 ? weights[-q][(weights[0].length - point) % weights[0].length] : weights[q][point]
}

/** Σ_q |weights_q| at a point of an axis. */
function sumOf(axis: Axis, point: number): number {
  let sum = 0
  for (let q = 1 - axis.weights.length; q < axis.weights.length; q++) sum += Math.abs(weightAt(axis, q, point))
  return sum
}

/** (c, s) of `interpolate`: V stands for a point, Vᵀ for its inverse; the first point is its own, and V + Vᵀ twice its value. */
function weightsOf(
  axes: readonly Axis[],
  points: Float64Array,
  count: number,
  orders: readonly (readonly number[])[],
): Float64Array {
  const weights = new Float64Array(orders.length * count * 2)
  orders.forEach((order, t) => {
    for (let k = 0; k < count; k++) {
      const at = (sign: number) =>
        order.reduce((w, q, d) => w * weightAt(axes[d], sign * q, points[k * order.length + d]), k === 0 ? 0.5 : 1)
      const [here, there] = [at(1), at(-1)]
      const to = 2 * (t * count + k)
      weights[to] = t === 0 ? here : here + there
      weights[to + 1] = here - there
    }
  })
  return weights
}
