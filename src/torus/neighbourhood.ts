import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { UNIT } from '../rounding.ts'
import type { Complement } from '../runtime/gram-complement.ts'
import type { Peak } from './ascent.ts'
import { derivativesAt, imageError, RADIANS, type Ray, TURN } from './ray.ts'
import { smallestEigenvalue } from './small.ts'

/** A box around ±point, half-width `half` (in 1/TURN turns, Infinity along axes on which the symbol is constant), in which λ_max(G) ≤ t. */
export interface Neighbourhood {
  readonly point: readonly number[]
  readonly half: readonly number[]
}

/** Half-widths tried, as parts of a box of the first grid: unions of whole boxes once those have been halved a few times. */
const PARTS = [1 / 2, 3 / 8, 1 / 4, 3 / 16, 1 / 8, 3 / 32, 1 / 16, 3 / 64, 1 / 32, 1 / 64, 1 / 128]
/** Added to a half-width, in 1/TURN turns: the grid's corners lie on a coarser lattice than the maximum. */
const SLACK = 2 ** 17
/** G(θ) − G(θ*) grows by about that much of tI − G(θ*) and more for every radian: tests with less room have failed in all layers tried. */
const HOPELESS = 1
/** Part of the shares between the least that serves and all there is, by which the corner tests are asked for more. */
const SPARE = 0.02

/**
 * The finish of METHODS §7: closes a whole neighbourhood of a maximiser θ* at a level t, whatever the gap.
 *
 * Split Cⁿ = v ⊕ v^⊥ with v the top eigenvector at θ*, a(θ) = vᴴGv, c(θ) = PGv. Let W ≻ 0 on v^⊥ and P(tI − G(θ))P ≽ W on the box. Then
 * λ_max(G(θ)) ≤ t wherever a + cᴴW⁻¹c ≤ t (Schur complement). Here W = κ·P(tI − G(θ*))P: the share κ of what there is at θ*, in every direction
 * at once; 2^D Cholesky tests of G(θ) − κG(θ*) at the corners and the vertex rule prove it. a and c are Taylor polynomials with proven
 * remainders, whose quadratic form has to be negative definite.
 *
 * @param cells boxes to a turn of each axis in the first grid
 * @param ceiling any proven upper bound of M²: the remainders are linear in M², and t may stand for it if they grow slowly up to there
 * @param most norm evaluations it may take
 * @returns the widest box that could be proven, and the norm evaluations it took
 */
export function closeNeighbourhood(
  gram: GramSymbol,
  peak: Peak,
  t: number,
  tau: readonly number[],
  cells: readonly number[],
  ceiling: number,
  most = Infinity,
): { box?: Neighbourhood; evaluations: number } {
  const { ray } = peak
  const active = tau.map((x, d) => (x > 0 ? d : -1)).filter(d => d >= 0)
  const turns = new Array<number>(tau.length).fill(TURN)
  const local = describe(gram, ray, active, tau, t, ceiling)
  let evaluations = 0
  if (!local) return { evaluations }
  for (const part of PARTS) {
    const half = tau.map((x, d) => (x > 0 ? (part * TURN) / cells[d] + SLACK : Infinity))
    const r = active.reduce((most, d) => Math.max(most, (half[d] / TURN) * RADIANS), 0) * (1 + 4 * UNIT)
    const least = shareNeeded(local, r, t)
    if (least === undefined) continue
    if (gram.n === 1) return { box: { point: ray.point, half }, evaluations }
    const share = least + SPARE * (1 - least)
    const level = (1 - share) * t - local.tau2 * r * r * t * (1 + 1e-12)
    if (1 - share < HOPELESS * Math.sqrt(local.tau2) * r) continue
    const corners = cornersOf(ray.point, half, active)
    const count = corners.length / turns.length
    if (evaluations + count > most) break
    evaluations += count
    const here = { turns: ray.turns, points: Float64Array.from(ray.point) }
    if (gram.belowShare({ turns, points: corners }, level, share, here, { sigma: ray.value, v: ray.v }))
      return { box: { point: ray.point, half }, evaluations }
  }
  return { evaluations }
}

/** What the Taylor argument needs to know of a and c on the active axes, rounding included. Products are in B⁻¹, B = tI − G(θ*) on v^⊥. */
interface Local {
  readonly axes: number
  /** a(θ*) from above, |∂_d a(θ*)| from above, ∂_d∂_e a(θ*), ∂_d∂_e∂_f a(θ*) and √Σ(∂⁴a)². */
  readonly value: number
  readonly gradient: readonly number[]
  readonly hessian: readonly number[]
  readonly third: readonly number[]
  readonly fourth: number
  /** ‖c‖², c_d·c_e, c_d·c_ef, and Σ‖∂²c‖², Σ‖∂³c‖², Σ‖∂⁴c‖² at θ*. */
  readonly residual: number
  readonly slopes: readonly number[]
  readonly cross: readonly number[]
  readonly bends: readonly [number, number, number]
  /** λ_min(B) is at least this. */
  readonly floor: number
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
  t: number,
  ceiling: number,
): Local | undefined {
  const derivatives = derivativesAt(gram, ray, 4).filter(({ order }) => order.every(d => active.includes(d)))
  const beside = besides(
    gram,
    ray,
    t,
    derivatives.map(({ across }) => across),
  )
  if (!beside) return undefined
  const { floor, products } = beside
  const reach = 1 + gram.positions.reduce((far, q) => Math.max(far, ...q.map(Math.abs)), 0)
  const slack = (k: number) => 2 * gram.error * reach ** k
  const index = new Map(derivatives.map(({ order }, i) => [timesOf(order), i]))
  const find = (...axes: number[]) => index.get(timesOf(axes))!
  const along = (...axes: number[]) => derivatives[find(...axes)].along
  const size = (i: number) => Math.sqrt(Math.max(0, products[i][i]))
  /** ‖x‖² in B⁻¹, for an x that errs by slack(k). */
  const square = (i: number, k: number) => (size(i) + slack(k) / Math.sqrt(floor)) ** 2 * (1 + 1e-8)
  const squares = (k: number) =>
    derivatives.reduce((sum, { order }, i) => (order.length === k ? sum + permutations(order) * square(i, k) : sum), 0)
  const steepest = active.reduce((most, d) => Math.max(most, size(find(d))), 0)
  const error = (slack(1) / Math.sqrt(floor)) * (slack(1) / Math.sqrt(floor) + 2 * steepest) * active.length
  return {
    axes: active.length,
    value: ray.value * (1 + 4 * (gram.m + gram.n + 8) * UNIT) + 4 * imageError(gram) * Math.sqrt(ray.value),
    gradient: active.map(d => Math.abs(along(d)) + slack(1)),
    hessian: active.flatMap(d => active.map(e => along(d, e) + (d === e ? slack(2) * active.length : 0))),
    third: active.flatMap(d => active.flatMap(e => active.map(f => along(d, e, f)))),
    fourth: Math.sqrt(
      derivatives.reduce(
        (sum, { order, along }) => (order.length === 4 ? sum + permutations(order) * (Math.abs(along) + slack(4)) ** 2 : sum),
        0,
      ),
    ),
    residual: square(find(), 0),
    slopes: active.flatMap(d => active.map(e => products[find(d)][find(e)] + (d === e ? error : 0))),
    cross: active.flatMap(d => active.flatMap(e => active.map(f => products[find(d)][find(e, f)]))),
    bends: [squares(2), squares(3), squares(4)],
    floor,
    tau2: active.reduce((total, d) => total + tau[d] * tau[d], 0),
    ceiling,
  }
}

/** Products in B⁻¹, which is nothing where v is all there is. */
function besides(gram: GramSymbol, ray: Ray, t: number, vectors: readonly Float64Array[]): Complement | undefined {
  if (gram.n === 1) return { floor: t, products: vectors.map(() => vectors.map(() => 0)) }
  return gram.complement({ turns: ray.turns, points: Float64Array.from(ray.point) }, t, { sigma: ray.value, v: ray.v }, vectors)
}

/** How often each axis is in a list, four bits an axis. */
function timesOf(axes: readonly number[]): number {
  let times = 0
  for (const d of axes) times += 1 << (4 * d)
  return times
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

/** The smallest share κ for which a + cᴴW⁻¹c ≤ t on the box of half-width r, by bisection; undefined where even κ = 1 is not enough. */
function shareNeeded(local: Local, r: number, t: number): number | undefined {
  if (!holds(local, r, t, 1)) return undefined
  let low = 0
  let high = 1
  for (let k = 0; k < 10; k++) {
    const middle = 0.5 * (low + high)
    if (holds(local, r, t, middle)) high = middle
    else low = middle
  }
  return high
}

/**
 * Is a₀ + g·δ + ½δᵀA₂δ + … + cᴴW⁻¹c ≤ t for all |δ_d| ≤ r?
 *
 * With ρ² = D·r² ≥ |δ|², norms and products of c in W⁻¹, and Bernstein's inequality on the fifth derivatives ((2Στ_d|δ_d|)⁵ ≤ 32·T⁵|δ|⁵,
 * T² = Στ_d²; those of a around the middle of [0, μ]) c = c₀ + L + Q + R with, w = κ·λ_min(B),
 *
 *   ‖L‖² = δᵀΓδ ≤ γ²|δ|²,   ‖Q‖ ≤ ½B₂|δ|²,   ‖R‖ ≤ e|δ|²,   e = ⅙B₃ρ + B₄ρ²/24 + (4/15)T⁵ρ³μ/√w
 *
 * and the sum is at most a₀ + ‖c₀‖² + h·δ + ½δᵀNδ with h = |g| + 2‖c₀‖(γ + ½B₂ρ + eρ) along each axis, S the symmetric cubic form of a₃/6 + L·Q,
 *
 *   N = A₂ + 2Γ + (2ρ‖S‖ + A₄ρ²/12 + (4/15)T⁵ρ³μ + 4eργ + 2(½B₂ + e)²ρ²)·I,
 *
 * whose maximum over δ is at most |h|²/(2λ_min(−N)).
 */
function holds(local: Local, r: number, t: number, share: number): boolean {
  const { axes, value, gradient, hessian, tau2, ceiling, floor } = local
  const least = Math.sqrt(share * floor)
  const size = (square: number) => Math.sqrt(square / share)
  const far = Math.sqrt(axes) * r
  const quintic = (4 / 15) * tau2 * tau2 * Math.sqrt(tau2) * far * far * far
  const slopes = local.slopes.map(product => product / share)
  const steep = Math.sqrt(Math.max(0, -smallestEigenvalue(slopes.map(negative), axes)))
  const residual = size(local.residual)
  const bent = 0.5 * size(local.bends[0])
  const rest = (far / 6) * size(local.bends[1]) + ((far * far) / 24) * size(local.bends[2]) + (quintic * t) / least
  // For M² = μ > t the right side grows by μ − t, W by (μ − t)(1 − Στ²r²), the left side by less:
  const growth = (quintic * far * far) / least
  const largest = residual + steep * far + (bent + rest) * far * far + growth * (ceiling - t)
  if (2 * largest * growth + 0.5 * quintic * far * far >= 1 || tau2 * r * r >= 1) return false
  const extra =
    2 * far * cubicForm(local, share) +
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
function cubicForm({ axes, third, cross }: Local, share: number): number {
  const at = (d: number, e: number, f: number) => cross[(d * axes + e) * axes + f] / share
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
