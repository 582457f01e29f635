/** B = t·I − (G − σvvᴴ) for a computed G = fl(G(θ)) and a unit vector v near its top eigenvector: what is left beside v. */
import { cholesky } from '../cholesky'
import { choleskySolve } from '../cholesky-solve'
import { climb, deflate } from '../climb'
import { axpy, dot } from '../vector'
import { stepsBytes } from './bracket'
import { evaluate, fromLane, Gram, margin, matrixBytes, matrixSize, phaseBytes, toLane } from './gram-symbol'
import { UNIT } from './numbers'

/** Part of the distance from t to the next eigenvalue that is tried as a floor, at first and then. */
const FLOOR: f64 = 0.8
const FLOOR_AGAIN: f64 = 0.5
/** Below this part of t a floor leaves too few digits to the solutions. */
const LEAST: f64 = 1e-4

/** Steps of Lanczos towards the next eigenvalue. */
const STEPS: i32 = 16

/** Pairs of corners that are evaluated together. */
const PAIRS: i32 = 2

/** Of the scratch of `complement` and `belowShare`. */
export function complementBytes(gram: Gram): f64 {
  return <f64>phaseBytes(gram, PAIRS) + (2 + PAIRS) * matrixSize(gram.n) + stepsBytes(gram.n) + 64 * <f64>gram.n + 64
}

/**
 * Factorises B, proves a floor of its spectrum by another test, and solves with it. Solutions come from a backward stable factorisation, so that they err by
 * some n·2⁻⁵³·t/floor ≤ n·10⁻¹², relatively.
 *
 *   vectors   in   count × n × [re im]
 *   products  out  count × count, Re xᵢᴴB⁻¹xⱼ within 1e-9 of √(xᵢᴴB⁻¹xᵢ · xⱼᴴB⁻¹xⱼ)
 *   w              complementBytes
 *
 * @returns a lower bound of λ_min(B), or 0 where the next eigenvalue is too close to t
 */
export function complement(
  gram: Gram, turns: usize, point: usize, t: f64, sigma: f64, v: usize, count: i32, vectors: usize, products: usize, w: usize,
): f64 {
  const n = gram.n
  const g = w + phaseBytes(gram, 1)
  const factor = g + matrixBytes(n)
  const x = factor + matrixBytes(n)
  const out = x + ((<usize>n) << 5)
  evaluate(gram, turns, point, 1, w, g)
  takeOut(n, 1, g, sigma, v, x, out)
  toLane(n, gram.cold, x, 0)
  toLane(n, gram.cold, x, 1)
  climb(n, min(n, STEPS), g, x, out + 32, out)
  const next = load<f64>(out)
  const distance = t - (next > 0 ? next : 0)
  let share = FLOOR
  if (!passes(n, g, t - share * distance, factor, out)) {
    share = FLOOR_AGAIN
    if (!passes(n, g, t - share * distance, factor, out)) return 0
  }
  if (!passes(n, g, t, factor, out)) return 0
  const floor = share * distance - gram.hidden * (t + sigma)
  if (!(floor > LEAST * t)) return 0
  multiply(n, factor, count, vectors, products, x)
  return floor
}

/** Solutions two at a time, and their products with all vectors. */
function multiply(n: i32, factor: usize, count: i32, vectors: usize, products: usize, pair: usize): void {
  const size = (<usize>n) << 4
  const solution = pair + 2 * size
  for (let first = 0; first < count; first += 2) {
    for (let lane = 0; lane < 2; lane++) toLane(n, vectors + <usize>min(first + lane, count - 1) * size, pair, lane)
    choleskySolve(n, factor, pair)
    for (let lane = 0; lane < min(2, count - first); lane++) {
      fromLane(n, pair, lane, solution)
      let to = products + ((<usize>(first + lane)) << 3)
      for (let i = 0; i < count; i++, to += (<usize>count) << 3) store<f64>(to, dot(2 * n, vectors + <usize>i * size, solution))
    }
  }
}

function passes(n: i32, g: usize, level: f64, factor: usize, at: usize): bool {
  v128.store(at, f64x2.splat(level))
  cholesky(1, n, g, at, factor, at + 16)
  return load<f64>(at + 16) == 1
}

/** fl(G) ← fl(G) − σvvᴴ in the lower triangles; each entry within 8u·σ|v_i||v_j|. */
function takeOut(n: i32, pairs: i32, g: usize, sigma: f64, v: usize, twice: usize, factor: usize): void {
  toLane(n, v, twice, 0)
  toLane(n, v, twice, 1)
  v128.store(factor, f64x2.splat(sigma))
  for (; pairs > 0; pairs--, g += matrixBytes(n)) deflate(n, g, twice, factor)
}

/**
 * Is λ_max(G(θ) − share·Ĝ − σvvᴴ) ≤ level proven at all these points, Ĝ = fl(G) at another one?
 *
 *   points  in  count × axes, in `turns`      centre  in  axes, in `own`      w  complementBytes
 */
export function belowShare(
  gram: Gram, turns: usize, points: usize, count: i32, level: f64, share: f64, own: usize, centre: usize, sigma: f64, v: usize, w: usize,
): bool {
  const n = gram.n
  const matrix = matrixBytes(n)
  const base = w + phaseBytes(gram, PAIRS)
  const g = base + matrix
  const work = g + <usize>PAIRS * matrix
  const x = work + matrix
  const levels = x + ((<usize>n) << 5)
  // |trace| of what is factorised is at most n(level + share·λ_max) + σ
  const lowered = level - margin(gram, level + 2 * sigma) - 16 * UNIT * sigma
  evaluate(gram, own, centre, 1, w, base)
  for (; count > 0; count -= 2 * PAIRS, points += (<usize>(2 * PAIRS * gram.axes)) << 3) {
    const pairs = (min(count, 2 * PAIRS) + 1) >> 1
    evaluate(gram, turns, points, min(count, 2 * PAIRS), w, g)
    for (let pair = 0; pair < pairs; pair++) axpy(4 * n * n, -share, base, g + <usize>pair * matrix)
    takeOut(n, pairs, g, sigma, v, x, levels)
    for (let pair = 0; pair < pairs; pair++) {
      v128.store(levels, f64x2.splat(lowered))
      cholesky(1, n, g + <usize>pair * matrix, levels, work, levels + 16)
      if (load<f64>(levels + 16) != 1 || load<f64>(levels + 16, 8) != 1) return false
    }
  }
  return true
}
