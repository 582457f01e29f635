/**
 * Climbs from a point to a local maximum of λ_max(G(θ)).
 *
 * Quasi-Newton on the gradient of p_v (which is λ's own where v is the top eigenvector): the first Hessian is p_v's plus an estimate of how v turns,
 * 2·Re c_dᴴc_e/(λ − λ̄) with c_d = P∂_dGv; afterwards symmetric rank-one updates learn the rest. v is carried along and refreshed by a few Lanczos steps
 * at every point.
 */
import { MOST_STEPS } from './bracket'
import { AXES, Gram } from './gram-symbol'
import { item, setItem } from './numbers'
import { derivatives, derivativesBytes, gradientOf, hessianOf, pointOf, Ray, rayBytes, realDot, vectorOf, visit, visitBytes } from './ray'
import { solvePositive } from './small'

/** θ_d = 2π·point[d]/TURN: fine enough that a maximum is hit to 1e-23 of its value. */
export const TURN: f64 = 1099511627776
export const RADIANS: f64 = 6.283185307179586
export const turns: usize = memory.data<f64>([1099511627776, 1099511627776, 1099511627776])

/** Squared tolerance of `polish`: residuals and gradients down to their own rounding. */
const SHARP: f64 = 1e-14

const hessian: usize = memory.data(72, 8)
const pushed: usize = memory.data(72, 8)
const step: usize = memory.data(24, 8)
/** How far a step of `polish` may go. */
const close: usize = memory.data<f64>([1e-3, 1e-3, 1e-3])
const miss: usize = memory.data(24, 8)
const along: usize = memory.data(280, 8)

/** Of the scratch of `ascend` and `polish`. */
export function ascentBytes(gram: Gram): f64 {
  return <f64>rayBytes(gram) + 16 * (1 + AXES) * <f64>gram.n + max(visitBytes(gram), derivativesBytes(gram, 1))
}

/** Steps of Lanczos from a vector nearby, enough that a second round is rare. */
@inline
function stepsFor(n: i32): i32 {
  return n > 100 ? 16 : 10
}

/**
 * Where it ends: a local maximum as far as `accuracy` asks, or the best point of a climb that was cut short.
 *
 *   ray       inout  the point, and v where there is one to start from
 *   known            is there one?
 *   reach     in     how far a step may go along each axis, in radians; 0 along those it must not move on
 *   accuracy         relative to λ: stops when the gain that the quadratic model promises is below it
 *   most             points it may look at, one at least
 *   w                ascentBytes
 */
export function ascend(gram: Gram, ray: Ray, known: bool, reach: usize, accuracy: f64, most: f64, w: usize): void {
  const axes = gram.axes
  const there = changetype<Ray>(w)
  there.onLattice = ray.onLattice
  w += rayBytes(gram)
  const enough = Math.max(2e-14, Math.sqrt(accuracy) * 0.3)
  visit(gram, turns, ray, known ? vectorOf(ray) : gram.cold, known ? stepsFor(gram.n) : MOST_STEPS, enough, 12, w)
  let evaluations: f64 = 1
  firstHessian(gram, ray, w)
  for (let k = 0; k < 20 && evaluations < most; k++) {
    newtonStep(axes, gradientOf(ray), reach)
    let gain: f64 = 0
    for (let d = 0; d < axes; d++) gain += item(step, d) * item(gradientOf(ray), d)
    if (!(0.5 * gain > accuracy * ray.value)) break
    look(gram, ray, there, enough, w)
    evaluations++
    for (let halving = 0; there.value < ray.value && halving < 4 && evaluations < most; halving++) {
      for (let d = 0; d < axes; d++) setItem(step, d, item(step, d) * 0.25)
      look(gram, ray, there, enough, w)
      evaluations++
    }
    learn(axes, ray, there)
    if (there.value <= ray.value) break
    memory.copy(changetype<usize>(ray), changetype<usize>(there), rayBytes(gram))
  }
  ray.evaluations = evaluations
}

/**
 * The same maximum to the last digits of its vector. Values are stationary there, so an ascent ends with θ* and v to half the digits; their gradients with
 * respect to the kernel are not. Newton steps go on while the slope falls; `still` keeps the point where it is, on a lattice of any number of turns; else it is in 1/TURN turns.
 */
export function polish(gram: Gram, lattice: usize, ray: Ray, still: bool, w: usize): void {
  const axes = gram.axes
  const there = changetype<Ray>(w)
  there.onLattice = ray.onLattice
  w += rayBytes(gram)
  visit(gram, lattice, ray, vectorOf(ray), MOST_STEPS, SHARP, 6, w)
  if (still) return
  firstHessian(gram, ray, w)
  for (let k = 0; k < 8; k++) {
    newtonStep(axes, gradientOf(ray), close)
    move(axes, ray, there)
    visit(gram, turns, there, vectorOf(ray), MOST_STEPS, SHARP, 6, w)
    if (!(slope(axes, there) < slope(axes, ray))) break
    learn(axes, ray, there)
    memory.copy(changetype<usize>(ray), changetype<usize>(there), rayBytes(gram))
  }
}

/** The ray a step further. */
function look(gram: Gram, here: Ray, there: Ray, enough: f64, w: usize): void {
  move(gram.axes, here, there)
  visit(gram, turns, there, vectorOf(here), stepsFor(gram.n), enough, 12, w)
}

function slope(axes: i32, ray: Ray): f64 {
  let sum: f64 = 0
  for (let d = 0; d < axes; d++) sum += item(gradientOf(ray), d) * item(gradientOf(ray), d)
  return sum
}

function firstHessian(gram: Gram, ray: Ray, w: usize): void {
  const axes = gram.axes
  const n = gram.n
  const across = w
  const vector = (<usize>n) << 4
  memory.copy(hessian, hessianOf(ray), (<usize>(axes * axes)) << 3)
  if (n == 1) return
  derivatives(gram, turns, ray, 1, along, across, w + <usize>(1 + AXES) * vector)
  for (let d = 0; d < axes; d++) {
    for (let e = 0; e < axes; e++) {
      const turned = 2.5 * realDot(2 * n, across + <usize>(1 + d) * vector, across + <usize>(1 + e) * vector)
      setItem(hessian, d * axes + e, item(hessian, d * axes + e) + turned / ray.value)
    }
  }
}

/** step ← −H⁻¹g, with H pushed down until it is negative definite and the step held within reach. */
function newtonStep(axes: i32, gradient: usize, reach: usize): void {
  let size: f64 = 0
  for (let at = 0; at < axes * axes; at++) size = Math.max(size, Math.abs(item(hessian, at)))
  let solved = false
  for (let push: f64 = 0; !solved && push <= 64 * size; push = push == 0 ? size * 0.05 : 2 * push) {
    for (let at = 0; at < axes * axes; at++) setItem(pushed, at, at % (axes + 1) == 0 ? push - item(hessian, at) : -item(hessian, at))
    memory.copy(step, gradient, (<usize>axes) << 3)
    solved = solvePositive(axes, pushed, step)
    if (size == 0) break
  }
  let stretch: f64 = 1
  for (let d = 0; d < axes; d++) if (item(reach, d) > 0) stretch = Math.max(stretch, Math.abs(item(step, d)) / item(reach, d))
  for (let d = 0; d < axes; d++) setItem(step, d, solved && item(reach, d) > 0 ? item(step, d) / stretch : 0)
}

/** Symmetric rank-one update: the new Hessian maps the step to the change of gradient (Nocedal & Wright 2006, §6.2). */
function learn(axes: i32, here: Ray, there: Ray): void {
  let denominator: f64 = 0
  let misses: f64 = 0
  let steps: f64 = 0
  for (let d = 0; d < axes; d++) {
    let expected: f64 = 0
    for (let e = 0; e < axes; e++) expected += item(hessian, d * axes + e) * item(step, e)
    const r = item(gradientOf(there), d) - item(gradientOf(here), d) - expected
    setItem(miss, d, r)
    denominator += r * item(step, d)
    misses += r * r
    steps += item(step, d) * item(step, d)
  }
  if (!(Math.abs(denominator) > 1e-8 * Math.sqrt(misses * steps))) return
  for (let d = 0; d < axes; d++)
    for (let e = 0; e < axes; e++)
      setItem(hessian, d * axes + e, item(hessian, d * axes + e) + (item(miss, d) * item(miss, e)) / denominator)
}

/** The point of `there`: a step from here. */
function move(axes: i32, here: Ray, there: Ray): void {
  for (let d = 0; d < axes; d++) {
    const x = item(pointOf(here), d) + Math.round((item(step, d) / RADIANS) * TURN)
    setItem(pointOf(there), d, x - Math.floor(x / TURN) * TURN)
  }
}
