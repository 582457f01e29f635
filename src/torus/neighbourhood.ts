import type { GramSymbol, RankOne } from '../runtime/gram-symbol.ts'
import { UNIT } from '../rounding.ts'
import type { Peak } from './ascent.ts'
import { type Derivative, derivativesAt, imageError, orthogonalise, RADIANS, type Ray, realDot, TURN } from './ray.ts'
import { smallestEigenvalue } from './small.ts'

/** A box around ±point, half-width `half` (in 1/TURN turns, Infinity along axes on which the symbol is constant), in which λ_max(G) ≤ t. */
export interface Neighbourhood {
  readonly point: readonly number[]
  readonly half: readonly number[]
}

/** Half-widths tried, as parts of a box of the first grid: unions of whole boxes once those have been halved a few times. */
const PARTS = [1 / 2, 3 / 8, 1 / 4, 3 / 16, 1 / 8, 3 / 32, 1 / 16, 3 / 64, 1 / 32, 1 / 64]
/** Added to a half-width, in 1/TURN turns: the grid's corners lie on a coarser lattice than the maximum. */
const SLACK = 2 ** 17
/** Eigenvectors besides the top one that are treated one by one. */
const COMPANIONS = 12
/** Shares of the distance t − λ_j that a companion may be asked to keep over the whole box. */
const KEPT = [0.55, 0.75, 0.88, 0.95]

/**
 * The finish of METHODS §7: closes a whole neighbourhood of a maximiser θ* at a level t, whatever the gap.
 *
 * Split Cⁿ = v ⊕ v^⊥ with v the top eigenvector at θ*, a(θ) = vᴴGv, c(θ) = PGv. Let W ≻ 0 on v^⊥ with P(tI − G(θ))P ≽ W on the box. Then
 * λ_max(G(θ)) ≤ t wherever a + cᴴW⁻¹c ≤ t (Schur complement). Here W is s·I with the next eigenvectors q_j at a share d_j of t − λ_j instead,
 * because c lies mostly along them; it is proven by 2^D Cholesky tests of G − σvvᴴ − Σ(s − d_j)q_jq_jᴴ at the corners and the vertex rule.
 * a and c are Taylor polynomials with proven remainders, whose quadratic form has to be negative definite.
 *
 * @param cells boxes to a turn of each axis in the first grid
 * @param ceiling any proven upper bound of M²: the remainders are linear in M², and t may stand for it if they grow slowly up to there
 * @returns the widest box that could be proven, and the norm evaluations it took
 */
export function closeNeighbourhood(
  gram: GramSymbol,
  peak: Peak,
  t: number,
  tau: readonly number[],
  cells: readonly number[],
  ceiling: number,
): { box?: Neighbourhood; evaluations: number } {
  const { ray } = peak
  const active = tau.map((x, d) => (x > 0 ? d : -1)).filter(d => d >= 0)
  const turns = new Array<number>(tau.length).fill(TURN)
  const { companions, rest } = gram.n > 1 ? nextEigenvectors(gram, ray, t) : { companions: [], rest: 0 }
  const local = describe(gram, ray, active, tau, companions, ceiling)
  let evaluations = 0
  for (const part of PARTS) {
    const half = tau.map((x, d) => (x > 0 ? (part * TURN) / cells[d] + SLACK : Infinity))
    const r = active.reduce((most, d) => Math.max(most, (half[d] / TURN) * RADIANS), 0) * (1 + 4 * UNIT)
    for (const share of KEPT) {
      const kept = companions.map(({ sigma }) => share * (t - sigma))
      const room = roomNeeded(local, r, t, kept)
      if (room === undefined) continue
      if (gram.n === 1) return { box: { point: ray.point, half }, evaluations }
      const s = room * 1.02
      const level = t - s - local.tau2 * r * r * t * (1 + 1e-12)
      if (level <= rest) continue
      const without = [{ sigma: ray.value, v: ray.v }, ...companions.map(({ v }, j) => ({ sigma: Math.max(0, s - kept[j]), v }))]
      const corners = cornersOf(ray.point, half, active)
      const levels = new Float64Array(corners.length / turns.length).fill(level)
      evaluations += levels.length
      if (gram.below({ turns, points: corners }, levels, without).every(ok => ok === 1))
        return { box: { point: ray.point, half }, evaluations }
      break
    }
  }
  return { evaluations }
}

/** Approximate eigenvectors of G(θ*) after the top one, orthonormal to it and to each other, while they come near t; and what is left. */
function nextEigenvectors(gram: GramSymbol, ray: Ray, t: number): { companions: RankOne[]; rest: number } {
  const at = { turns: ray.turns, points: Float64Array.from(ray.point) }
  const companions: RankOne[] = []
  const without = [{ sigma: ray.value, v: ray.v }]
  for (;;) {
    const [ritz] = gram.climb(at, 16, undefined, without)
    if (companions.length >= Math.min(COMPANIONS, gram.n - 1) || ritz.value < 0.3 * t) return { companions, rest: ritz.value }
    const v = orthogonalise(
      ritz.vector,
      without.map(term => term.v),
    )
    companions.push({ sigma: Math.min(ritz.value, t * (1 - 1e-9)), v })
    without.push({ sigma: ritz.value, v })
  }
}

/** Re xᴴy, and the share of each companion in it. */
interface Inner {
  readonly whole: number
  readonly shares: readonly number[]
}

/** What the Taylor argument needs to know of a and c on the active axes, rounding included. */
interface Local {
  readonly axes: number
  /** a(θ*) from above, |∂_d a(θ*)| from above, ∂_d∂_e a(θ*), ∂_d∂_e∂_f a(θ*) and √Σ(∂⁴a)². */
  readonly value: number
  readonly gradient: readonly number[]
  readonly hessian: readonly number[]
  readonly third: readonly number[]
  readonly fourth: number
  /** ‖c‖², c_dᴴc_e, c_dᴴc_ef, and Σ‖∂²c‖², Σ‖∂³c‖², Σ‖∂⁴c‖² at θ*. */
  readonly residual: Inner
  readonly slopes: readonly Inner[]
  readonly cross: readonly Inner[]
  readonly bends: readonly [Inner, Inner, Inner]
  /** Στ_d² over the active axes. */
  readonly tau2: number
  /** An upper bound of M². */
  readonly ceiling: number
}

function describe(
  gram: GramSymbol,
  ray: Ray,
  active: readonly number[],
  tau: readonly number[],
  companions: readonly RankOne[],
  ceiling: number,
): Local {
  const derivatives = derivativesAt(gram, ray, 4).filter(({ order }) => order.every(d => active.includes(d)))
  const reach = 1 + gram.positions.reduce((far, q) => Math.max(far, ...q.map(Math.abs)), 0)
  const slack = (k: number) => 2 * gram.error * reach ** k
  const names = new Map(derivatives.map(derivative => [derivative.order.join(), derivative]))
  const at = (...axes: number[]) => names.get([...axes].sort((a, b) => a - b).join())!
  const ofOrder = (k: number) => derivatives.filter(({ order }) => order.length === k)
  const inner = (x: Float64Array, y: Float64Array, error: number): Inner => ({
    whole: realDot(x, y) + error,
    shares: companions.map(({ v }) => realShare(v, x, y) + error),
  })
  const size = ({ across }: Derivative) => Math.sqrt(realDot(across, across))
  const square = (x: Derivative, k: number): Inner => inner(x.across, x.across, slack(k) * (slack(k) + 2 * size(x)))
  const squares = (k: number) => sum(ofOrder(k).map(x => times(square(x, k), permutations(x.order))))
  const steepest = Math.max(0, ...ofOrder(1).map(size))
  return {
    axes: active.length,
    value: ray.value * (1 + 4 * (gram.m + gram.n + 8) * UNIT) + 4 * imageError(gram) * Math.sqrt(ray.value),
    gradient: active.map(d => Math.abs(at(d).along) + slack(1)),
    hessian: active.flatMap(d => active.map(e => at(d, e).along + (d === e ? slack(2) * active.length : 0))),
    third: active.flatMap(d => active.flatMap(e => active.map(f => at(d, e, f).along))),
    fourth: Math.sqrt(ofOrder(4).reduce((total, x) => total + permutations(x.order) * (Math.abs(x.along) + slack(4)) ** 2, 0)),
    residual: square(at(), 0),
    slopes: active.flatMap(d =>
      active.map(e => inner(at(d).across, at(e).across, d === e ? slack(1) * (slack(1) + 2 * steepest) * active.length : 0)),
    ),
    cross: active.flatMap(d => active.flatMap(e => active.map(f => inner(at(d).across, at(e, f).across, 0)))),
    bends: [squares(2), squares(3), squares(4)],
    tau2: active.reduce((total, d) => total + tau[d] * tau[d], 0),
    ceiling,
  }
}

/** In how many orders a sorted list of axes can be written. */
function permutations(order: readonly number[]): number {
  let count = 1
  let run = 0
  order.forEach((d, i) => {
    run = i > 0 && order[i - 1] === d ? run + 1 : 1
    count = (count * (i + 1)) / run
  })
  return count
}

function times({ whole, shares }: Inner, factor: number): Inner {
  return { whole: whole * factor, shares: shares.map(share => share * factor) }
}

function sum(parts: readonly Inner[]): Inner {
  return {
    whole: parts.reduce((total, part) => total + part.whole, 0),
    shares: (parts[0]?.shares ?? []).map((_, j) => parts.reduce((total, part) => total + part.shares[j], 0)),
  }
}

/** Re of (xᴴq)(qᴴy) */
function realShare(q: Float64Array, x: Float64Array, y: Float64Array): number {
  let [xr, xi, yr, yi] = [0, 0, 0, 0]
  for (let i = 0; i < q.length; i += 2) {
    xr += q[i] * x[i] + q[i + 1] * x[i + 1]
    xi += q[i] * x[i + 1] - q[i + 1] * x[i]
    yr += q[i] * y[i] + q[i + 1] * y[i + 1]
    yi += q[i] * y[i + 1] - q[i + 1] * y[i]
  }
  return xr * yr + xi * yi
}

/** The smallest s for which a + cᴴW⁻¹c ≤ t on the box of half-width r, by bisection; undefined where even s = t is not enough. */
function roomNeeded(local: Local, r: number, t: number, kept: readonly number[]): number | undefined {
  if (!holds(local, r, t, t, kept)) return undefined
  let low = 0
  let high = t
  for (let k = 0; k < 12; k++) {
    const middle = 0.5 * (low + high)
    if (holds(local, r, t, middle, kept)) high = middle
    else low = middle
  }
  return high
}

/**
 * Is a₀ + g·δ + ½δᵀA₂δ + … + cᴴW⁻¹c ≤ t for all |δ_d| ≤ r?
 *
 * With ρ² = D·r² ≥ |δ|², norms and products of c in W⁻¹, and Bernstein's inequality on the fifth derivatives ((2Στ_d|δ_d|)⁵ ≤ 32·T⁵|δ|⁵,
 * T² = Στ_d²; those of a around the middle of [0, μ]) c = c₀ + L + Q + R with
 *
 *   ‖L‖² = δᵀΓδ ≤ γ²|δ|²,   ‖Q‖ ≤ ½B₂|δ|²,   ‖R‖ ≤ e|δ|²,   e = ⅙B₃ρ + B₄ρ²/24 + (4/15)T⁵ρ³μ/√w
 *
 * and the sum is at most a₀ + ‖c₀‖² + h·δ + ½δᵀNδ with h = |g| + 2‖c₀‖(γ + ½B₂ρ + eρ) along each axis, S the symmetric cubic form of a₃/6 + L·Q,
 *
 *   N = A₂ + 2Γ + (2ρ‖S‖ + A₄ρ²/12 + (4/15)T⁵ρ³μ + 4eργ + 2(½B₂ + e)²ρ²)·I,
 *
 * whose maximum over δ is at most |h|²/(2λ_min(−N)).
 */
function holds(local: Local, r: number, t: number, s: number, kept: readonly number[]): boolean {
  const { axes, value, gradient, hessian, tau2, ceiling } = local
  const weights = kept.map(d => Math.min(d, s))
  const least = Math.sqrt(weights.reduce((smallest, d) => Math.min(smallest, d), s))
  const inner = ({ whole, shares }: Inner) =>
    shares.reduce((total, share, j) => total + share * (1 / weights[j] - 1 / s), whole / s)
  const size = (x: Inner) => Math.sqrt(Math.max(0, inner(x)))
  const far = Math.sqrt(axes) * r
  const quintic = (4 / 15) * tau2 * tau2 * Math.sqrt(tau2) * far * far * far
  const slopes = local.slopes.map(inner)
  const steep = Math.sqrt(Math.max(0, -smallestEigenvalue(slopes.map(negative), axes)))
  const residual = size(local.residual)
  const bent = 0.5 * size(local.bends[0])
  const rest = (far / 6) * size(local.bends[1]) + ((far * far) / 24) * size(local.bends[2]) + (quintic * t) / least
  // For M² = μ > t the right side grows by μ − t, W by (μ − t)(1 − Στ²r²), the left side by less:
  const growth = (quintic * far * far) / least
  const largest = residual + steep * far + (bent + rest) * far * far + growth * (ceiling - t)
  if (2 * largest * growth + 0.5 * quintic * far * far >= 1 || tau2 * r * r >= 1) return false
  const extra =
    2 * far * cubicForm(local, inner) +
    (far * far * local.fourth) / 12 +
    quintic * t +
    4 * rest * far * steep +
    2 * (bent + rest) * (bent + rest) * far * far
  const bowl = hessian.map((h, at) => -(h + 2 * slopes[at] + (at % (axes + 1) === 0 ? extra : 0)))
  const smallest = axes > 0 ? smallestEigenvalue(bowl, axes) : 1
  if (!(smallest > 1e-6 * t)) return false
  const tilt = 2 * residual * (steep + (bent + rest) * far)
  const rise = gradient.reduce((total, g) => total + (g + tilt) ** 2, 0) / (2 * smallest)
  return (value + residual * residual + rise) * (1 + 64 * UNIT) <= t
}

/** Frobenius norm of the symmetric part of ⅙∂³a + Re c_dᴴW⁻¹c_ef, a bound of the cubic form on unit vectors. */
function cubicForm({ axes, third, cross }: Local, inner: (x: Inner) => number): number {
  const products = cross.map(inner)
  const at = (d: number, e: number, f: number) => products[(d * axes + e) * axes + f]
  let squares = 0
  for (let d = 0; d < axes; d++) {
    for (let e = 0; e < axes; e++) {
      for (let f = 0; f < axes; f++)
        squares += (third[(d * axes + e) * axes + f] / 6 + (at(d, e, f) + at(e, d, f) + at(f, d, e)) / 3) ** 2
    }
  }
  return Math.sqrt(squares) * (1 + 1e-9)
}

function negative(x: number): number {
  return -x
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
