import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { derivativesAt, RADIANS, type Ray, rayAt, realDot, TURN } from './ray.ts'
import { solvePositive } from './small.ts'

/** Where an ascent ended: a local maximum of λ_max(G(θ)) as far as `accuracy` asks, or the best point of a search that was cut short. */
export interface Peak {
  readonly ray: Ray
  /** ‖Gv − ρv‖ at the end. */
  readonly residual: number
  readonly evaluations: number
}

/** Steps of Lanczos from a vector nearby, enough that a second round is rare; and the most there are. */
const STEPS = (n: number) => (n > 100 ? 16 : 10)
const MOST_STEPS = 24

/**
 * Climbs from a point to a local maximum of λ_max(G(θ)).
 *
 * Quasi-Newton on the gradient of p_v (which is λ's own where v is the top eigenvector): the first Hessian is p_v's plus an estimate
 * of how v turns, 2·Re c_dᴴc_e/(λ − λ̄) with c_d = P∂_dGv; afterwards symmetric rank-one updates learn the rest. v is carried along and
 * refreshed by a few Lanczos steps at every point.
 *
 * @param accuracy relative to λ: stops when the gain that the quadratic model promises is below it
 * @param most points it may look at, one at least
 */
export function ascend(
  gram: GramSymbol,
  start: readonly number[],
  v: Float64Array | undefined,
  reach: readonly number[],
  accuracy: number,
  most = Infinity,
): Peak {
  const axes = start.length
  let evaluations = 0
  const visit = (point: readonly number[], from: Float64Array | undefined) => {
    evaluations++
    const turns = new Array<number>(axes).fill(TURN)
    let [ritz] = gram.climb({ turns, points: Float64Array.from(point) }, from ? STEPS(gram.n) : MOST_STEPS, from && [from])
    // The Ritz value is within residual²/(gap to the next eigenvalue) of λ; restart until that is negligible.
    for (let k = 0; k < 12 && ritz.residual > Math.max(2e-14, Math.sqrt(accuracy) * 0.3) * ritz.value; k++) {
      ;[ritz] = gram.climb({ turns, points: Float64Array.from(point) }, MOST_STEPS, [ritz.vector])
    }
    return { ray: rayAt(gram, turns, point, ritz.vector), residual: ritz.residual }
  }
  let here = visit(start, v)
  let hessian = firstHessian(gram, here.ray)
  for (let k = 0; k < 20 && evaluations < most; k++) {
    const step = newtonStep(hessian, here.ray.gradient, reach)
    const gain = 0.5 * step.reduce((sum, s, d) => sum + s * here.ray.gradient[d], 0)
    if (!(gain > accuracy * here.ray.value)) break
    let there = visit(move(here.ray.point, step), here.ray.v)
    for (let halving = 0; there.ray.value < here.ray.value && halving < 4 && evaluations < most; halving++) {
      for (let d = 0; d < axes; d++) step[d] *= 0.25
      there = visit(move(here.ray.point, step), here.ray.v)
    }
    hessian = learn(
      hessian,
      step,
      there.ray.gradient.map((g, d) => g - here.ray.gradient[d]),
    )
    if (there.ray.value <= here.ray.value) break
    here = there
  }
  return { ...here, evaluations }
}

/** Squared tolerance of `polish`: residuals and gradients down to their own rounding. */
const SHARP = 1e-28

/**
 * The same maximum to the last digits of its vector. Values are stationary there, so an ascent ends with θ* and v to half the digits;
 * their gradients with respect to the kernel are not. Newton steps go on while the slope falls; `still` keeps the point where it is.
 */
export function polish(gram: GramSymbol, ray: Ray, still: boolean): Ray {
  const refined = (point: readonly number[], v: Float64Array) => {
    const at = { turns: ray.turns, points: Float64Array.from(point) }
    let [ritz] = gram.climb(at, MOST_STEPS, [v])
    for (let k = 0; k < 6 && ritz.residual ** 2 > SHARP * ritz.value ** 2; k++) [ritz] = gram.climb(at, MOST_STEPS, [ritz.vector])
    return rayAt(gram, ray.turns, point, ritz.vector)
  }
  let here = refined(ray.point, ray.v)
  if (still) return here
  let hessian = firstHessian(gram, here)
  for (let k = 0; k < 8; k++) {
    const step = newtonStep(
      hessian,
      here.gradient,
      here.point.map(() => 1e-3),
    )
    const there = refined(move(here.point, step), here.v)
    const change = there.gradient.map((g, d) => g - here.gradient[d])
    if (!(slope(there) < slope(here))) break
    hessian = learn(hessian, step, change)
    here = there
  }
  return here
}

const slope = ({ gradient }: Ray) => gradient.reduce((sum, g) => sum + g * g, 0)

function firstHessian(gram: GramSymbol, ray: Ray): number[] {
  const axes = ray.point.length
  if (gram.n === 1) return [...ray.hessian]
  const slopes = derivativesAt(gram, ray, 1).slice(1)
  return ray.hessian.map(
    (h, at) => h + (2.5 * realDot(slopes[Math.floor(at / axes)].across, slopes[at % axes].across)) / ray.value,
  )
}

/** −H⁻¹g, with H pushed down until it is negative definite and the step held within reach. */
function newtonStep(hessian: readonly number[], gradient: readonly number[], reach: readonly number[]): number[] {
  const axes = gradient.length
  const size = hessian.reduce((sum, h) => Math.max(sum, Math.abs(h)), 0)
  let step: number[] | undefined
  for (let push = 0; !step && push <= 64 * size; push = push === 0 ? size * 0.05 : 2 * push) {
    step = solvePositive(
      hessian.map((h, at) => (at % (axes + 1) === 0 ? push - h : -h)),
      gradient,
    )
    if (size === 0) break
  }
  if (!step) return new Array(axes).fill(0)
  const stretch = step.reduce((far, s, d) => Math.max(far, reach[d] > 0 ? Math.abs(s) / reach[d] : 0), 1)
  return step.map((s, d) => (reach[d] > 0 ? s / stretch : 0))
}

/** Symmetric rank-one update: the new Hessian maps the step to the change of gradient (Nocedal & Wright 2006, §6.2). */
function learn(hessian: readonly number[], step: readonly number[], change: readonly number[]): number[] {
  const axes = step.length
  const miss = change.map((y, d) => y - step.reduce((sum, s, e) => sum + hessian[d * axes + e] * s, 0))
  const denominator = miss.reduce((sum, r, d) => sum + r * step[d], 0)
  const scale = Math.sqrt(miss.reduce((sum, r) => sum + r * r, 0) * step.reduce((sum, s) => sum + s * s, 0))
  if (!(Math.abs(denominator) > 1e-8 * scale)) return [...hessian]
  return hessian.map((h, at) => h + (miss[Math.floor(at / axes)] * miss[at % axes]) / denominator)
}

function move(point: readonly number[], step: readonly number[]): number[] {
  return point.map((x, d) => {
    const moved = (x + Math.round((step[d] / RADIANS) * TURN)) % TURN
    return moved < 0 ? moved + TURN : moved
  })
}
