import type { Frequencies } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import type { GramSymbol } from './gram-symbol.ts'
import { putPhasesAt } from './phases.ts'

/** σ·v·vᴴ with ‖v‖ = 1 to rounding. */
export interface RankOne {
  readonly sigma: number
  readonly v: Float64Array
}

/** An approximate top eigenpair of G(θ); complex vectors are re, im, re, im, … */
export interface Ritz {
  readonly value: number
  readonly residual: number
  readonly vector: Float64Array
}

/** fl(G) ← fl(G) − σvvᴴ in the lower triangles; each entry within 8u·σ|v_i||v_j|. */
export function subtractRankOne(arena: Arena, g: number, n: number, pairs: number, { sigma, v }: RankOne): void {
  borrow(inner => {
    const twice = putTwice(inner, v, n)
    const factor = inner.put([sigma, sigma])
    for (let pair = 0; pair < pairs; pair++) arena.routines.deflate(n, g + pair * n * n * 32, twice, factor)
  })
}

/**
 * ∂^αG(θ)v: the evaluation of G with each phase e^{iq·θ} multiplied by (iq)^α. G₀, which evaluation always adds, is evaluated alone
 * (all phases zero) and taken off again.
 */
export function derivativesOf(
  arena: Arena,
  n: number,
  positions: GramSymbol['positions'],
  planes: number,
  frequencies: Frequencies,
  v: Float64Array,
  orders: readonly (readonly number[])[],
): Float64Array[] {
  const taps = positions.length
  const wanted = orders.length + 1
  const pairs = (wanted + 1) >> 1
  const x = putTwice(arena, v, n)
  const g = arena.alloc(pairs * n * n * 32)
  const y = arena.alloc(pairs * n * 32)
  const phase = arena.alloc(Math.max(1, pairs * taps) * 32)
  const base = putPhasesAt(arena, positions, frequencies, 0, 1)
  const once = arena.f64(base, 4 * taps)
  const all = arena.f64(phase, pairs * taps * 4).fill(0)
  orders.forEach((order, i) => {
    const to = (i >> 1) * taps * 4 + (i & 1)
    for (let t = 0; t < taps; t++) {
      const factor = order.reduce((product, d) => product * positions[t][d], 1)
      const [c, s] = [once[4 * t] * factor, once[4 * t + 2] * factor]
      const quarter = order.length & 3
      all[to + 4 * t] = quarter === 0 ? c : quarter === 1 ? -s : quarter === 2 ? -c : s
      all[to + 4 * t + 2] = quarter === 0 ? s : quarter === 1 ? c : quarter === 2 ? -s : -c
    }
  })
  arena.routines.hermitianSymbol(pairs, n, taps, planes, phase, g)
  arena.routines.hermitianTimes(pairs, n, g, x, y)
  const got = arena.f64(y, pairs * n * 4)
  const slot = (i: number) => (i >> 1) * n * 4 + (i & 1)
  const centre = slot(orders.length)
  return orders.map((order, i) => {
    const result = new Float64Array(2 * n)
    for (let k = 0; k < n; k++) {
      result[2 * k] = got[slot(i) + 4 * k] - (order.length > 0 ? got[centre + 4 * k] : 0)
      result[2 * k + 1] = got[slot(i) + 4 * k + 2] - (order.length > 0 ? got[centre + 4 * k + 2] : 0)
    }
    return result
  })
}

/** A complex vector in both lanes. */
function putTwice(arena: Arena, v: Float64Array, n: number): number {
  const at = arena.alloc(n * 32)
  const lanes = arena.f64(at, 4 * n)
  for (let i = 0; i < n; i++) {
    lanes[4 * i] = lanes[4 * i + 1] = v[2 * i]
    lanes[4 * i + 2] = lanes[4 * i + 3] = v[2 * i + 1]
  }
  return at
}

let cold = new Float64Array(0)

/** A vector with no symmetry that a matrix of side n is likely to share: fractions of multiples of irrational numbers. */
export function coldStart(n: number): Float64Array {
  if (cold.length < 2 * n) {
    cold = new Float64Array(2 * n)
    for (let i = 0; i < n; i++) {
      cold[2 * i] = 1 + ((i * 0.6180339887498949) % 1)
      cold[2 * i + 1] = ((i * 0.4142135623730951) % 1) - 0.5
    }
  }
  return cold
}

/** Lanczos in both lanes of a pair. */
export function climbPair(
  arena: Arena,
  g: number,
  n: number,
  steps: number,
  lanes: number,
  starts: readonly (Float64Array | undefined)[] | undefined,
): Ritz[] {
  return borrow(() => {
    const x = arena.alloc(n * 32)
    const used = Math.max(1, Math.min(steps, n, 24))
    const work = arena.alloc((used + 1) * n * 32 + used * 48)
    const out = arena.alloc(32)
    const start = arena.f64(x, 4 * n)
    for (let lane = 0; lane < 2; lane++) {
      const from = starts?.[Math.min(lane, lanes - 1)] ?? coldStart(n)
      for (let i = 0; i < n; i++) {
        start[4 * i + lane] = from[2 * i]
        start[4 * i + 2 + lane] = from[2 * i + 1]
      }
    }
    arena.routines.climb(n, used, g, x, work, out)
    const [value, residual] = [arena.f64(out, 2), arena.f64(out + 16, 2)]
    const got = arena.f64(x, 4 * n)
    return Array.from({ length: lanes }, (_, lane) => {
      const vector = new Float64Array(2 * n)
      for (let i = 0; i < n; i++) {
        vector[2 * i] = got[4 * i + lane]
        vector[2 * i + 1] = got[4 * i + 2 + lane]
      }
      return { value: value[lane], residual: residual[lane], vector }
    })
  })
}
