import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { UNIT } from '../rounding.ts'
import type { Peak } from './ascent.ts'
import { drift, imageError, RADIANS, type Ray, realDot, TURN } from './ray.ts'
import { smallestEigenvalue } from './small.ts'

/** A box around ±point, half-width `half` (in 1/TURN turns, Infinity along axes on which the symbol is constant), in which λ_max(G) ≤ t. */
export interface Neighbourhood {
  readonly point: readonly number[]
  readonly half: readonly number[]
}

/** Half-widths tried, in units of 1/τ. */
const WIDTHS = [0.45, 0.32, 0.22, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01]

/**
 * The finish of METHODS §7: closes a whole neighbourhood of a maximiser θ* at a level t, whatever the gap.
 *
 * Split Cⁿ = v ⊕ v^⊥ with v the top eigenvector at θ*, a(θ) = vᴴGv, c(θ) = PGv. If λ_max(PG(θ)P) ≤ η < t on the box, then
 * λ_max(G(θ)) ≤ t wherever a + ‖c‖²/(t − η) ≤ t (Schur complement). a and c are Taylor polynomials with proven remainders, whose
 * quadratic form is negative definite; η comes from 2^D Cholesky tests of G − σvvᴴ at the corners and the vertex rule.
 *
 * Every remainder is linear in μ = M², and the inequality that contradicts λ_max = μ > t is convex and increasing in μ (docs/enclosure.md).
 *
 * @returns the widest box that could be proven, and the norm evaluations it took
 */
export function closeNeighbourhood(
  gram: GramSymbol,
  peak: Peak,
  t: number,
  tau: readonly number[],
): { box?: Neighbourhood; evaluations: number } {
  const { ray } = peak
  const active = tau.map((x, d) => (x > 0 ? d : -1)).filter(d => d >= 0)
  const local = gram.n > 1 ? describe(gram, ray, active, tau) : describeScalar(gram, ray, active, tau)
  const turns = new Array<number>(tau.length).fill(TURN)
  const without = { sigma: ray.value, v: ray.v }
  let evaluations = 0
  let second = 0
  if (gram.n > 1) {
    evaluations++
    second = gram.climb({ turns, points: Float64Array.from(ray.point) }, 8, undefined, without)[0].value
  }
  const steepest = active.reduce((most, d) => Math.max(most, tau[d]), 0)
  for (const width of WIDTHS) {
    const r = width / steepest
    const room = roomNeeded(local, r, t)
    if (room === undefined) continue
    const bend = active.reduce((sum, d) => sum + (tau[d] * r) ** 2, 0) * t * (1 + 1e-12)
    const level = t - room * 1.02 - bend
    const half = tau.map(x => (x > 0 ? Math.floor((r / RADIANS) * TURN) : Infinity))
    if (gram.n === 1) return { box: { point: ray.point, half }, evaluations }
    if (level <= second) continue
    const corners = cornersOf(ray.point, half, active)
    evaluations += corners.length / turns.length
    const passed = gram.below({ turns, points: corners }, new Float64Array(corners.length / turns.length).fill(level), without)
    if (passed.every(ok => ok === 1)) return { box: { point: ray.point, half }, evaluations }
  }
  return { evaluations }
}

/** What the Taylor argument needs to know of a and c on the active axes, rounding included. */
interface Local {
  readonly axes: number
  /** a(θ*) from above, ‖c(θ*)‖ from above, |∇a| components. */
  readonly value: number
  readonly residual: number
  readonly gradient: readonly number[]
  readonly hessian: readonly number[]
  /** Third derivative of a along δ ≤ 6·third·max|δ_d|·|δ|². */
  readonly third: number
  /** Re c_dᴴc_e, and √Σ‖c_de‖². */
  readonly gram: readonly number[]
  readonly bend: number
  /** Στ_d and Στ_d² over active axes. */
  readonly tau1: number
  readonly tau2: number
}

function describe(gram: GramSymbol, ray: Ray, active: readonly number[], tau: readonly number[]): Local {
  const scalar = describeScalar(gram, ray, active, tau)
  const { residual, slopes, bends } = drift(gram, ray, true)
  const error = imageError(gram) * Math.sqrt(gram.weight) * 4
  const reach = 1 + gram.taps.reduce((far, p) => Math.max(far, ...p.map(Math.abs)), 0)
  const axes = tau.length
  const bendError = 4 * error * reach * reach * active.length
  return {
    ...scalar,
    residual: Math.sqrt(realDot(residual, residual)) + error,
    gram: active.flatMap(d =>
      active.map(e => realDot(slopes[d], slopes[e]) + (d === e ? 4 * error * reach * Math.sqrt(gram.weight) : 0)),
    ),
    bend:
      Math.sqrt(
        active.reduce(
          (sum, d) => sum + active.reduce((inner, e) => inner + realDot(bends[d * axes + e], bends[d * axes + e]), 0),
          0,
        ),
      ) + bendError,
  }
}

function describeScalar(gram: GramSymbol, ray: Ray, active: readonly number[], tau: readonly number[]): Local {
  const axes = tau.length
  const reach = 1 + gram.taps.reduce((far, p) => Math.max(far, ...p.map(Math.abs)), 0)
  const error = imageError(gram) * Math.sqrt(gram.weight) * 4
  return {
    axes: active.length,
    value: ray.value * (1 + 4 * (gram.m + gram.n + 8) * UNIT) + error,
    residual: 0,
    gradient: active.map(d => Math.abs(ray.gradient[d]) + error * reach),
    hessian: active.flatMap(d =>
      active.map(e => ray.hessian[d * axes + e] + (d === e ? error * reach * reach * active.length : 0)),
    ),
    third: thirdDerivative(gram, ray),
    gram: active.flatMap(() => active.map(() => 0)),
    bend: 0,
    tau1: active.reduce((sum, d) => sum + tau[d], 0),
    tau2: active.reduce((sum, d) => sum + tau[d] * tau[d], 0),
  }
}

/** Σ_{q>0} 2|q|₁|q|₂²|a_q|/6 with a_q = Σ_p y_pᴴy_{p+q}: bounds |third derivative of a along δ|/6 by third·max|δ_d|·|δ|². */
function thirdDerivative(gram: GramSymbol, ray: Ray): number {
  const { m, taps } = gram
  const sums = new Map<string, { weight: number; re: number; im: number }>()
  const y = ray.parts
  for (let from = 0; from < taps.length; from++) {
    for (let to = from + 1; to < taps.length; to++) {
      const q = taps[to].map((x, d) => x - taps[from][d])
      const key = q.join()
      let sum = sums.get(key)
      if (!sum) {
        const one = q.reduce((s, x) => s + Math.abs(x), 0)
        sums.set(key, (sum = { weight: one * q.reduce((s, x) => s + x * x, 0), re: 0, im: 0 }))
      }
      for (let i = 0, a = 2 * m * from, b = 2 * m * to; i < m; i++, a += 2, b += 2) {
        sum.re += y[a] * y[b] + y[a + 1] * y[b + 1]
        sum.im += y[a] * y[b + 1] - y[a + 1] * y[b]
      }
    }
  }
  let total = 0
  for (const { weight, re, im } of sums.values()) total += weight * Math.sqrt(re * re + im * im)
  return (total / 3) * (1 + 1e-9) + gram.weight * 1e-12
}

/**
 * The smallest s = t − η for which a + ‖c‖²/s ≤ t on the box of half-width r, by bisection; undefined where even s = t is not enough.
 */
function roomNeeded(local: Local, r: number, t: number): number | undefined {
  if (!holds(local, r, t, t)) return undefined
  let low = 0
  let high = t
  for (let k = 0; k < 16; k++) {
    const middle = 0.5 * (low + high)
    if (holds(local, r, t, middle)) high = middle
    else low = middle
  }
  return high
}

/** Splits (x + y)² ≤ (1 + ω)x² + (1 + 1/ω)y² tried. */
const SPLITS = [0.1, 0.3, 1]

/**
 * Is a₀ + g·δ + ½δᵀNδ + constants ≤ t for all |δ_d| ≤ r? With ‖c‖ ≤ ‖c₀‖ + √(δᵀΓδ) + (½B + K)|δ|² and |δ|² ≤ D·r²,
 *
 *   N = A₂ + 2r·T·I + (2/s)[(1 + ω)Γ + (1 + 1/ω)·2·(½B + K)²·D·r²·I],   constants = (1 + 1/ω)·2‖c₀‖²/s,
 *
 * and the maximum over δ is at most |g|²/(2λ_min(−N)). The first test keeps the contradiction convex and increasing in μ.
 */
function holds(local: Local, r: number, t: number, s: number): boolean {
  const { axes, value, residual, gradient, hessian, third, gram, bend, tau1, tau2 } = local
  const far = Math.sqrt(axes) * r
  // the remainder of c: (1/6)(2Στ_d|δ_d|)³μ ≤ (4/3)·(Στ_d·r)·(Στ_d²·|δ|²)·μ (Bernstein)
  const cubic = (4 / 3) * tau1 * r * tau2 * t
  const curved = 0.5 * bend + cubic
  const largest = residual + Math.sqrt(trace(gram, axes)) * far + curved * far * far
  const growth = (cubic * far * far) / t
  if (s < 2 * largest * growth || tau2 * r * r + growth * growth >= 1) return false
  for (const omega of SPLITS) {
    const extra = 2 * r * third + (4 / s) * (1 + 1 / omega) * curved * curved * far * far
    const bowl = hessian.map((h, at) => -(h + ((2 * (1 + omega)) / s) * gram[at] + (at % (axes + 1) === 0 ? extra : 0)))
    if (axes > 0 && !(smallestEigenvalue(bowl, axes) > 1e-6 * t)) continue
    const rise = axes > 0 ? (gradient.reduce((sum, g) => sum + g * g, 0) / (2 * smallestEigenvalue(bowl, axes))) * (1 + 1e-12) : 0
    if (value + ((1 + 1 / omega) * 2 * residual * residual) / s + rise <= t * (1 - 8 * UNIT)) return true
  }
  return false
}

function trace(a: readonly number[], d: number): number {
  let sum = 0
  for (let i = 0; i < d; i++) sum += a[i * (d + 1)]
  return sum
}

/** The corners point ± half along the active axes. */
function cornersOf(point: readonly number[], half: readonly number[], active: readonly number[]): Float64Array {
  const axes = point.length
  const count = 1 << active.length
  const corners = new Float64Array(count * axes)
  for (let c = 0; c < count; c++) {
    corners.set(point, c * axes)
    active.forEach((d, bit) => {
      const x = point[d] + (c & (1 << bit) ? half[d] : -half[d])
      corners[c * axes + d] = ((x % TURN) + TURN) % TURN
    })
  }
  return corners
}
