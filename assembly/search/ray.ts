/**
 * The scalar function p(θ) = ‖F(θ)v‖² of a fixed v, with derivatives at a point. It touches λ_max(G) from below where v is the top eigenvector, with the
 * same gradient (the envelope theorem).
 */
import { climb, hermitianTimes } from '../climb'
import { hermitianSymbol } from '../hermitian-symbol'
import { tapProducts, tapSums } from '../taps'
import { dot } from '../vector'
import { MOST_STEPS, stepsBytes } from './bracket'
import { AXES, evaluate, fromLane, Gram, matrixBytes, matrixSize, phaseBytes, phasesAt, toLane } from './gram-symbol'
import { item, setItem } from './numbers'

/** In doubles: four of its own, then for three axes the point, the gradient and the Hessian (axes × axes), one unused, then v and F(θ)v, re, im, re, im, … */
@unmanaged
export class Ray {
  value: f64
  /** ‖Gv − ρv‖ of the last steps of Lanczos. */
  residual: f64
  /** Frequencies looked at. */
  evaluations: f64
  /** 1 where its point is one of a lattice's, 0 where it is in 1/TURN turns. */
  onLattice: f64
}

@inline
export function pointOf(ray: Ray): usize {
  return changetype<usize>(ray) + 32
}

@inline
export function gradientOf(ray: Ray): usize {
  return changetype<usize>(ray) + 56
}

@inline
export function hessianOf(ray: Ray): usize {
  return changetype<usize>(ray) + 80
}

@inline
export function vectorOf(ray: Ray): usize {
  return changetype<usize>(ray) + 160
}

@inline
export function imageOf(gram: Gram, ray: Ray): usize {
  return vectorOf(ray) + ((<usize>gram.n) << 4)
}

export function rayBytes(gram: Gram): usize {
  return 160 + ((<usize>(gram.n + gram.m)) << 4)
}

/** Lists of phases in `rayAt`: the value's, along each axis the slope's, and the bends'. */
const LISTS: i32 = 1 + AXES + (AXES * (AXES + 1)) / 2

/** Of the scratch of `visit`. */
export function visitBytes(gram: Gram): f64 {
  const taps = <f64>gram.places.count
  const m = <f64>gram.m
  const own = <f64>phaseBytes(gram, 1) + matrixSize(gram.n) + stepsBytes(gram.n)
  return max(own, 16 * (2 * taps + LISTS * taps + taps * m + LISTS * m))
}

/**
 * The ray of an approximate top eigenvector at its point: steps of Lanczos, and more of them until the residual is below a part of the value. The Ritz value is
 * within residual²/(gap to the next eigenvalue) of λ.
 *
 *   ray   inout  the point and v are known
 *   from  in     the vector to start from, which may be the ray's own
 *   w            visitBytes
 */
export function visit(gram: Gram, turns: usize, ray: Ray, from: usize, steps: i32, enough: f64, restarts: i32, w: usize): void {
  const n = gram.n
  const g = w + phaseBytes(gram, 1)
  const x = g + matrixBytes(n)
  const out = x + ((<usize>n) << 5)
  evaluate(gram, turns, pointOf(ray), 1, w, g)
  toLane(n, from, x, 0)
  toLane(n, from, x, 1)
  climb(n, max(1, min(min(steps, n), MOST_STEPS)), g, x, out + 32, out)
  for (let k = 0; k < restarts && load<f64>(out + 16) > enough * load<f64>(out); k++) {
    // the other lane did the same
    climb(n, min(n, MOST_STEPS), g, x, out + 32, out)
  }
  ray.residual = load<f64>(out + 16)
  fromLane(n, x, 0, vectorOf(ray))
  rayAt(gram, turns, ray, w)
}

/**
 * Value and derivatives of p at the ray's point: with y_p = A_p v, F(θ)v and its derivatives are sums of y_p·(ip)^α·e^{ip·θ}, and those of p real inner
 * products of them.
 *
 *   ray  inout  the point and v are known
 *   w           visitBytes
 */
export function rayAt(gram: Gram, turns: usize, ray: Ray, w: usize): void {
  const m = gram.m
  const axes = gram.axes
  const places = gram.places
  const taps = places.count
  const row = (<usize>taps) << 4
  const weights = w + (<usize>taps << 5)
  const lists = 1 + axes + ((axes * (axes + 1)) >> 1)
  phasesAt(gram, places, turns, pointOf(ray), 1, w)
  for (let p: usize = 0; p < <usize>taps; p++) {
    store<f64>(weights + (p << 4), load<f64>(w + (p << 5)))
    store<f64>(weights + (p << 4), load<f64>(w + (p << 5), 16), 8)
  }
  let list = weights + row
  for (let d = 0; d < axes; d++, list += row) weigh(places.coordinates, axes, taps, d, weights, list)
  for (let d = 0; d < axes; d++)
    for (let e = 0; e <= d; e++, list += row) weigh(places.coordinates, axes, taps, e, weights + <usize>(1 + d) * row, list)
  const y = list
  const z = y + ((<usize>(taps * m)) << 4)
  const vector = (<usize>m) << 4
  tapProducts(taps, m, gram.n, gram.taps, vectorOf(ray), y)
  tapSums(lists, taps, m, weights, y, z)
  ray.value = dot(2 * m, z, z)
  memory.copy(imageOf(gram, ray), z, vector)
  const gradient = gradientOf(ray)
  const hessian = hessianOf(ray)
  let bend = z + <usize>(1 + axes) * vector
  for (let d = 0; d < axes; d++) {
    const slope = z + <usize>(1 + d) * vector
    setItem(gradient, d, 2 * dot(2 * m, z, slope))
    for (let e = 0; e <= d; e++, bend += vector) {
      const h = 2 * (dot(2 * m, z + <usize>(1 + e) * vector, slope) + dot(2 * m, z, bend))
      setItem(hessian, d * axes + e, h)
      setItem(hessian, e * axes + d, h)
    }
  }
}

/** Each weight times i·q_d. */
function weigh(coordinates: usize, axes: i32, taps: i32, d: i32, from: usize, to: usize): void {
  for (let p = 0; p < taps; p++, from += 16, to += 16) {
    const q = item(coordinates, p * axes + d)
    store<f64>(to, -q * load<f64>(from, 8))
    store<f64>(to, q * load<f64>(from), 8)
  }
}

/** Most derivatives: of four orders and three axes. */
export const DERIVATIVES: i32 = 35

/** Ascending lists of axes, 8 bytes each: how many, then the axes. Shorter ones first. */
const lists: usize = memory.data(280, 8)

@inline
export function orderOf(i: i32): i32 {
  return load<u8>(lists + ((<usize>i) << 3))
}

@inline
export function axisOf(i: i32, k: i32): i32 {
  return load<u8>(lists + ((<usize>i) << 3) + <usize>k, 1)
}

/** Writes all lists of at most so many axes; returns how many there are. */
function listOrders(axes: i32, order: i32): i32 {
  store<u64>(lists, 0)
  let count = 1
  for (let from = 0, k = 0; k < order; k++) {
    const end = count
    for (; from < end; from++) {
      for (let d = k > 0 ? axisOf(from, k - 1) : 0; d < axes; d++) {
        const to = lists + ((<usize>count) << 3)
        count++
        store<u64>(to, load<u64>(lists + ((<usize>from) << 3)))
        store<u8>(to, k + 1)
        store<u8>(to + <usize>k, d, 1)
      }
    }
  }
  return count
}

/** Of the scratch of `derivatives` up to an order. */
export function derivativesBytes(gram: Gram, order: i32): f64 {
  const pairs = (listOrders(gram.axes, order) + 2) >> 1
  const column = 32 * <f64>gram.n
  return column + <f64>pairs * (column + matrixSize(gram.n)) + <f64>(phaseBytes(gram, 1) + phaseBytes(gram, pairs))
}

/**
 * ∂^αG(θ)v for every list α of axes up to an order, split into Re vᴴ∂^αGv and what is orthogonal to v; each errs by at most 2·error·(1 + max|q|)^|α|.
 *
 * The evaluation of G with each phase e^{iq·θ} multiplied by (iq)^α. G₀, which evaluation always adds, is evaluated alone (all phases zero) and taken
 * off again.
 *
 *   along   out  count
 *   across  out  count × n × [re im]
 *   w            derivativesBytes
 *
 * Returns the count; `orderOf` and `axisOf` tell the lists.
 */
export function derivatives(gram: Gram, turns: usize, ray: Ray, order: i32, along: usize, across: usize, w: usize): i32 {
  const n = gram.n
  const taps = gram.positions.count
  const count = listOrders(gram.axes, order)
  const pairs = (count + 2) >> 1
  const x = w
  const y = x + ((<usize>n) << 5)
  const once = y + ((<usize>(pairs * n)) << 5)
  const phase = once + phaseBytes(gram, 1)
  const g = phase + phaseBytes(gram, pairs)
  const v = vectorOf(ray)
  toLane(n, v, x, 0)
  toLane(n, v, x, 1)
  phasesAt(gram, gram.positions, turns, pointOf(ray), 1, once)
  memory.fill(phase, 0, phaseBytes(gram, pairs))
  for (let i = 0; i < count; i++) {
    let from = once
    let to = phase + ((<usize>((i >> 1) * taps)) << 5) + ((<usize>(i & 1)) << 3)
    for (let t = 0; t < taps; t++, from += 32, to += 32) {
      let factor: f64 = 1
      for (let k = 0; k < orderOf(i); k++) factor *= item(gram.positions.coordinates, t * gram.axes + axisOf(i, k))
      const c = load<f64>(from) * factor
      const s = load<f64>(from, 16) * factor
      const quarter = orderOf(i) & 3
      store<f64>(to, quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s)
      store<f64>(to, quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c, 16)
    }
  }
  hermitianSymbol(pairs, n, taps, gram.planes, phase, g)
  hermitianTimes(pairs, n, g, x, y)
  const centre = y + ((<usize>((count >> 1) * n)) << 5) + ((<usize>(count & 1)) << 3)
  const size = (<usize>n) << 4
  for (let i = 0; i < count; i++, across += size) {
    fromLane(n, y + ((<usize>((i >> 1) * n)) << 5), i & 1, across)
    if (i > 0) for (let k = 0; k < 2 * n; k++) setItem(across, k, item(across, k) - load<f64>(centre + ((<usize>k) << 4)))
    setItem(along, i, realDot(2 * n, v, across))
    project(2 * n, across, v)
  }
  return count
}

/** Re xᴴy */
export function realDot(length: i32, x: usize, y: usize): f64 {
  let even: f64 = 0
  let odd: f64 = 0
  for (const end = x + ((<usize>length) << 3); x < end; x += 16, y += 16) {
    even += load<f64>(x) * load<f64>(y)
    odd += load<f64>(x, 8) * load<f64>(y, 8)
  }
  return even + odd
}

/** x − v·(vᴴx)/(vᴴv), in place. */
function project(length: i32, x: usize, v: usize): void {
  let re: f64 = 0
  let im: f64 = 0
  let square: f64 = 0
  for (let i = 0; i < length; i += 2) {
    const vr = item(v, i), vi = item(v, i + 1)
    const xr = item(x, i), xi = item(x, i + 1)
    re += vr * xr + vi * xi
    im += vr * xi - vi * xr
    square += vr * vr + vi * vi
  }
  re /= square
  im /= square
  for (let i = 0; i < length; i += 2) {
    const vr = item(v, i), vi = item(v, i + 1)
    setItem(x, i, item(x, i) - (vr * re - vi * im))
    setItem(x, i + 1, item(x, i + 1) - (vr * im + vi * re))
  }
}
