/**
 * The finish of METHODS §7: closes a whole neighbourhood of a maximiser θ* at a level t, whatever the gap.
 *
 * Split Cⁿ = v ⊕ v^⊥ with v the top eigenvector at θ*, a(θ) = vᴴGv, c(θ) = PGv. Let W ≻ 0 on v^⊥ and P(tI − G(θ))P ≽ W on the box. Then λ_max(G(θ)) ≤ t
 * wherever a + cᴴW⁻¹c ≤ t (Schur complement). Here W = κ·P(tI − G(θ*))P: the share κ of what there is at θ*, in every direction at once; 2^D Cholesky tests of
 * G(θ) − κG(θ*) at the corners and the vertex rule prove it. a and c are Taylor polynomials with proven remainders, whose quadratic form has to be
 * negative definite.
 */
import { RADIANS, TURN, turns } from './ascent'
import { belowShare, complement, complementBytes } from './complement'
import { Gram } from './gram-symbol'
import { item, setItem, UNIT } from './numbers'
import { axisOf, derivatives, DERIVATIVES, derivativesBytes, orderOf, pointOf, Ray, vectorOf } from './ray'
import { smallestEigenvalue } from './small'

/** Half-widths tried, as parts of a box of the first grid: unions of whole boxes once those have been halved a few times. */
const parts: usize = memory.data<f64>([
  0.5, 0.375, 0.25, 0.1875, 0.125, 0.09375, 0.0625, 0.046875, 0.03125, 0.015625, 0.0078125,
])
const PARTS: i32 = 11
/** Added to a half-width, in 1/TURN turns: the grid's corners lie on a coarser lattice than the maximum. */
const SLACK: f64 = 131072
/** G(θ) − G(θ*) grows by about that much of tI − G(θ*) and more for every radian: tests with less room have failed in all layers tried. */
const HOPELESS: f64 = 1
/** Part of the shares between the least that serves and all there is, by which the corner tests are asked for more. */
const SPARE: f64 = 0.02

// What the Taylor argument needs to know of a and c on the active axes (those with τ > 0), rounding included. Products are in B⁻¹, B = tI − G(θ*) on v^⊥.
/** The active axes. */
let axes: i32 = 0
const active: usize = memory.data(12, 4)
/** a(θ*) from above, |∂_d a(θ*)| from above, ∂_d∂_e a(θ*), ∂_d∂_e∂_f a(θ*) and √Σ(∂⁴a)². */
let value: f64 = 0
const gradient: usize = memory.data(24, 8)
const hessian: usize = memory.data(72, 8)
const third: usize = memory.data(216, 8)
let fourth: f64 = 0
/** ‖c‖², c_d·c_e, c_d·c_ef, and Σ‖∂²c‖², Σ‖∂³c‖², Σ‖∂⁴c‖² at θ*. */
let residual: f64 = 0
const slopes: usize = memory.data(72, 8)
const cross: usize = memory.data(216, 8)
const bends: usize = memory.data(24, 8)
/** λ_min(B) is at least this. */
let floor: f64 = 0
/** Στ_d² over the active axes. */
let tau2: f64 = 0

const along: usize = memory.data(280, 8)
const products: usize = memory.data(9800, 8)
const corners: usize = memory.data(192, 8)
const bowl: usize = memory.data(72, 8)
const shared: usize = memory.data(72, 8)

/** Of the scratch of `closeNeighbourhood`. */
export function neighbourhoodBytes(gram: Gram): f64 {
  return 16 * DERIVATIVES * <f64>gram.n + max(derivativesBytes(gram, 4), complementBytes(gram))
}

/**
 * The widest box around ±θ* that can be proven.
 *
 *   ray      in   at the maximum
 *   tau      in   axes
 *   cells    in   axes, boxes to a turn of the first grid
 *   ceiling       any proven upper bound of M²: the remainders are linear in M², and t may stand for it if they grow slowly up to there
 *   most          norm evaluations it may take
 *   half     out  axes half-widths in 1/TURN turns, Infinity along axes on which the symbol is constant
 *   out      out  norm evaluations it took
 *   w             neighbourhoodBytes
 *
 * @returns whether a box was proven
 */
export function closeNeighbourhood(
  gram: Gram, ray: Ray, t: f64, tau: usize, cells: usize, ceiling: f64, most: f64, half: usize, out: usize, w: usize,
): bool {
  store<f64>(out, 0)
  let evaluations: f64 = 0
  axes = 0
  tau2 = 0
  for (let d = 0; d < gram.axes; d++) {
    if (!(item(tau, d) > 0)) continue
    store<i32>(active + ((<usize>axes) << 2), d)
    axes++
    tau2 += item(tau, d) * item(tau, d)
  }
  if (!describe(gram, ray, t, w)) return false
  for (let k = 0; k < PARTS; k++) {
    let far: f64 = 0
    for (let d = 0; d < gram.axes; d++) {
      const width = item(tau, d) > 0 ? (item(parts, k) * TURN) / item(cells, d) + SLACK : Infinity
      setItem(half, d, width)
      if (item(tau, d) > 0) far = Math.max(far, (width / TURN) * RADIANS)
    }
    const r = far * (1 + 4 * UNIT)
    const least = shareNeeded(r, t, ceiling)
    if (least < 0) continue
    if (gram.n == 1) return true
    const share = least + SPARE * (1 - least)
    const level = (1 - share) * t - tau2 * r * r * t * (1 + 1e-12)
    if (1 - share < HOPELESS * Math.sqrt(tau2) * r) continue
    const count = writeCorners(gram.axes, pointOf(ray), half)
    if (evaluations + <f64>count > most) return false
    evaluations += <f64>count
    store<f64>(out, evaluations)
    if (belowShare(gram, turns, corners, count, level, share, turns, pointOf(ray), ray.value, vectorOf(ray), w)) return true
  }
  return false
}

@inline
function activeAxis(k: i32): i32 {
  return load<i32>(active + ((<usize>k) << 2))
}

/** Which derivative has these axes among those that are kept, by how often each occurs, four bits an axis. */
const names: usize = memory.data(140, 4)

function find(times: i32): i32 {
  let i = 0
  while (load<i32>(names + ((<usize>i) << 2)) != times) i++
  return i
}

/** One occurrence of the k-th active axis. */
@inline
function once(k: i32): i32 {
  return 1 << (4 * activeAxis(k))
}

/** How many axes a name has. */
function orderOfName(times: i32): i32 {
  return (times & 15) + ((times >> 4) & 15) + (times >> 8)
}

/** In how many orders its axes can be written. */
function permutations(times: i32): f64 {
  return factorial(orderOfName(times)) / (factorial(times & 15) * factorial((times >> 4) & 15) * factorial(times >> 8))
}

function factorial(k: i32): f64 {
  let product: f64 = 1
  for (; k > 1; k--) product *= k
  return product
}

/** Fills in what the argument needs; false where the next eigenvalue is too close. */
function describe(gram: Gram, ray: Ray, t: f64, w: usize): bool {
  const n = gram.n
  const vector = (<usize>n) << 4
  const scratch = w + <usize>DERIVATIVES * vector
  const all = derivatives(gram, turns, ray, 4, along, w, scratch)
  let count = 0
  for (let i = 0; i < all; i++) {
    let times = 0
    let kept = true
    for (let k = 0; k < orderOf(i); k++) {
      times += 1 << (4 * axisOf(i, k))
      kept = kept && isActive(axisOf(i, k))
    }
    if (!kept) continue
    store<i32>(names + ((<usize>count) << 2), times)
    setItem(along, count, item(along, i))
    if (count < i) memory.copy(w + <usize>count * vector, w + <usize>i * vector, vector)
    count++
  }
  if (n == 1) {
    floor = t
    memory.fill(products, 0, 9800)
  } else {
    floor = complement(gram, turns, pointOf(ray), t, ray.value, vectorOf(ray), count, w, products, scratch)
    if (floor == 0) return false
  }
  let reach: f64 = 1
  for (let k = 0; k < gram.positions.count * gram.axes; k++) reach = Math.max(reach, 1 + Math.abs(item(gram.positions.coordinates, k)))
  const once0 = slack(gram, reach, 0)
  const first = slack(gram, reach, 1) / Math.sqrt(floor)
  let steepest: f64 = 0
  for (let d = 0; d < axes; d++) steepest = Math.max(steepest, size(find(once(d)), count))
  const error = first * (first + 2 * steepest) * <f64>axes
  value = ray.value * (1 + 4 * <f64>(gram.m + n + 8) * UNIT) + 4 * gram.imageError * Math.sqrt(ray.value)
  residual = square(0, count, once0)
  fourth = 0
  for (let k = 0; k < 3; k++) setItem(bends, k, 0)
  for (let i = 0; i < count; i++) {
    const times = load<i32>(names + ((<usize>i) << 2))
    const order = orderOfName(times)
    if (order >= 2)
      setItem(bends, order - 2, item(bends, order - 2) + permutations(times) * square(i, count, slack(gram, reach, order)))
    if (order < 4) continue
    const most = Math.abs(item(along, i)) + slack(gram, reach, 4)
    fourth += permutations(times) * (most * most)
  }
  fourth = Math.sqrt(fourth)
  for (let d = 0; d < axes; d++) {
    setItem(gradient, d, Math.abs(item(along, find(once(d)))) + slack(gram, reach, 1))
    for (let e = 0; e < axes; e++) {
      const two = d * axes + e
      setItem(hessian, two, item(along, find(once(d) + once(e))) + (d == e ? slack(gram, reach, 2) * <f64>axes : 0))
      setItem(slopes, two, product(find(once(d)), find(once(e)), count) + (d == e ? error : 0))
      for (let f = 0; f < axes; f++) {
        setItem(third, two * axes + f, item(along, find(once(d) + once(e) + once(f))))
        setItem(cross, two * axes + f, product(find(once(d)), find(once(e) + once(f)), count))
      }
    }
  }
  return true
}

function isActive(d: i32): bool {
  for (let k = 0; k < axes; k++) if (activeAxis(k) == d) return true
  return false
}

/** What a derivative of some order may err by. */
function slack(gram: Gram, reach: f64, order: i32): f64 {
  let power: f64 = 1
  for (; order > 0; order--) power *= reach
  return 2 * gram.error * power
}

@inline
function product(i: i32, j: i32, count: i32): f64 {
  return item(products, i * count + j)
}

@inline
function size(i: i32, count: i32): f64 {
  return Math.sqrt(Math.max(0, product(i, i, count)))
}

/** ‖x‖² in B⁻¹, for an x that errs by so much. */
function square(i: i32, count: i32, error: f64): f64 {
  const most = size(i, count) + error / Math.sqrt(floor)
  return most * most * (1 + 1e-8)
}

/** The smallest share κ for which a + cᴴW⁻¹c ≤ t on the box of half-width r, by bisection; −1 where even κ = 1 is not enough. */
function shareNeeded(r: f64, t: f64, ceiling: f64): f64 {
  if (!holds(r, t, ceiling, 1)) return -1
  let low: f64 = 0
  let high: f64 = 1
  for (let k = 0; k < 10; k++) {
    const middle = 0.5 * (low + high)
    if (holds(r, t, ceiling, middle)) high = middle
    else low = middle
  }
  return high
}

/**
 * Is a₀ + g·δ + ½δᵀA₂δ + … + cᴴW⁻¹c ≤ t for all |δ_d| ≤ r?
 *
 * With ρ² = D·r² ≥ |δ|², norms and products of c in W⁻¹, and Bernstein's inequality on the fifth derivatives ((2Στ_d|δ_d|)⁵ ≤ 32·T⁵|δ|⁵, T² = Στ_d²; those of a
 * around the middle of [0, μ]) c = c₀ + L + Q + R with, w = κ·λ_min(B),
 *
 *   ‖L‖² = δᵀΓδ ≤ γ²|δ|²,   ‖Q‖ ≤ ½B₂|δ|²,   ‖R‖ ≤ e|δ|²,   e = ⅙B₃ρ + B₄ρ²/24 + (4/15)T⁵ρ³μ/√w
 *
 * and the sum is at most a₀ + ‖c₀‖² + h·δ + ½δᵀNδ with h = |g| + 2‖c₀‖(γ + ½B₂ρ + eρ) along each axis, S the symmetric cubic form of a₃/6 + L·Q,
 *
 *   N = A₂ + 2Γ + (2ρ‖S‖ + A₄ρ²/12 + (4/15)T⁵ρ³μ + 4eργ + 2(½B₂ + e)²ρ²)·I,
 *
 * whose maximum over δ is at most |h|²/(2λ_min(−N)).
 */
function holds(r: f64, t: f64, ceiling: f64, share: f64): bool {
  const least = Math.sqrt(share * floor)
  const far = Math.sqrt(<f64>axes) * r
  const quintic = (4.0 / 15.0) * tau2 * tau2 * Math.sqrt(tau2) * far * far * far
  for (let at = 0; at < axes * axes; at++) setItem(shared, at, -(item(slopes, at) / share))
  const steep = Math.sqrt(Math.max(0, -smallestEigenvalue(axes, shared)))
  const rest0 = Math.sqrt(residual / share)
  const bent = 0.5 * Math.sqrt(item(bends, 0) / share)
  const rest =
    (far / 6) * Math.sqrt(item(bends, 1) / share) + ((far * far) / 24) * Math.sqrt(item(bends, 2) / share) + (quintic * t) / least
  // For M² = μ > t the right side grows by μ − t, W by (μ − t)(1 − Στ²r²), the left side by less:
  const growth = (quintic * far * far) / least
  const largest = rest0 + steep * far + (bent + rest) * far * far + growth * (ceiling - t)
  if (2 * largest * growth + 0.5 * quintic * far * far >= 1 || tau2 * r * r >= 1) return false
  const extra =
    2 * far * cubicForm(share) +
    (far * far * fourth) / 12 +
    quintic * t +
    4 * rest * far * steep +
    2 * (bent + rest) * (bent + rest) * far * far
  for (let at = 0; at < axes * axes; at++)
    setItem(bowl, at, -(item(hessian, at) + 2 * (item(slopes, at) / share) + (at % (axes + 1) == 0 ? extra : 0)))
  const smallest = axes > 0 ? smallestEigenvalue(axes, bowl) : 1
  if (!(smallest > 1e-6 * t)) return false
  const tilt = 2 * rest0 * (steep + (bent + rest) * far)
  let squares: f64 = 0
  for (let d = 0; d < axes; d++) squares += (item(gradient, d) + tilt) * (item(gradient, d) + tilt)
  return (value + rest0 * rest0 + squares / (2 * smallest)) * (1 + 64 * UNIT) <= t
}

/** Frobenius norm of the symmetric part of ⅙∂³a + Re c_dᴴW⁻¹c_ef, a bound of the cubic form on unit vectors. */
function cubicForm(share: f64): f64 {
  let squares: f64 = 0
  for (let d = 0; d < axes; d++) {
    for (let e = 0; e < axes; e++) {
      for (let f = 0; f < axes; f++) {
        const mixed = crossAt(d, e, f, share) + crossAt(e, d, f, share) + crossAt(f, d, e, share)
        const entry = item(third, (d * axes + e) * axes + f) / 6 + mixed / 3
        squares += entry * entry
      }
    }
  }
  return Math.sqrt(squares) * (1 + 1e-9)
}

@inline
function crossAt(d: i32, e: i32, f: i32, share: f64): f64 {
  return item(cross, (d * axes + e) * axes + f) / share
}

/** The corners point ± half along the active axes; returns how many. */
function writeCorners(all: i32, point: usize, half: usize): i32 {
  const count = 1 << axes
  for (let c = 0; c < count; c++) {
    const to = corners + ((<usize>(c * all)) << 3)
    memory.copy(to, point, (<usize>all) << 3)
    for (let k = 0; k < axes; k++) {
      const d = activeAxis(k)
      const x = item(point, d) + (c & (1 << k) ? item(half, d) : -item(half, d))
      setItem(to, d, x - Math.floor(x / TURN) * TURN)
    }
  }
  return count
}
