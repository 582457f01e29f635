import { type Arena, borrow } from './arena.ts'

/** An approximate top eigenpair of G(θ); complex vectors are re, im, re, im, … */
export interface Ritz {
  readonly value: number
  readonly residual: number
  readonly vector: Float64Array
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
