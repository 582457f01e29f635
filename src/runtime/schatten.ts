import { gamma, nextDown, nextUp, pow2 } from '../rounding.ts'
import type { Frequencies } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import type { GramSymbol } from './gram-symbol.ts'

/** For each frequency a proven enclosure of a Schatten norm of F(θ). */
export interface SchattenNorms {
  readonly lower: Float64Array
  readonly upper: Float64Array
}

const CACHE = 2 ** 19

/**
 * Schatten-2^(t+1) norms of F(θ) by t − 1 squarings of G(θ), two frequencies at a time (METHODS §4); t = 0 is the Frobenius norm.
 *
 * Between squarings each matrix is scaled by a power of two of its own, Ĝ_{j+1} = 2^−x · Ĝ_jᴴĜ_j, and the root is taken on the way back:
 * ‖Ĝ_j‖² = 2^x·‖Ĝ_{j+1}‖ in Schatten norms of half the order, ± √2·γ_{n+4}·‖Ĝ_j‖_F² for the rounding of the square (docs/rounding.md).
 */
export function schattenNorms(
  gram: GramSymbol,
  frequencies: Frequencies,
  first: number,
  count: number,
  steps: number,
): SchattenNorms {
  const norms = { lower: new Float64Array(count), upper: new Float64Array(count) }
  const batch = 2 * Math.max(1, Math.floor(CACHE / (gram.n * gram.n * 64)))
  for (let from = 0; from < count; from += batch) {
    const size = Math.min(batch, count - from)
    borrow(arena => square(arena, gram, frequencies, first + from, size, steps, norms, from))
  }
  return norms
}

/** Squared Frobenius norms f_j² of the scaled iterates, and the exponents x_j of their scaling, one row a step. */
interface Trail {
  readonly squares: Float64Array[]
  readonly exponents: Float64Array[]
}

function square(
  arena: Arena,
  gram: GramSymbol,
  frequencies: Frequencies,
  first: number,
  count: number,
  steps: number,
  norms: SchattenNorms,
  at: number,
): void {
  const { n } = gram
  const pairs = (count + 1) >> 1
  const bytes = pairs * n * n * 32
  let [g, next] = [arena.alloc(bytes), steps > 1 ? arena.alloc(bytes) : 0]
  const factors = arena.alloc(pairs * 16)
  gram.write(frequencies, first, count, g)
  if (steps === 0) {
    frobenius(arena, gram, g, count, norms, at)
    return
  }
  const trail: Trail = { squares: [], exponents: [] }
  for (let step = 1; ; step++) {
    measure(arena, pairs, n, g, factors, trail)
    if (step === steps) break
    arena.routines.fillHermitian(pairs, n, g, factors)
    arena.routines.gram(pairs, n, n, g, next)
    ;[g, next] = [next, g]
  }
  for (let i = 0; i < count; i++) [norms.lower[at + i], norms.upper[at + i]] = rootsOf(trail, i, n, gram.error)
}

/** Notes f² and the power of two that brings f into [½, 1), for every lane. */
function measure(arena: Arena, pairs: number, n: number, g: number, factors: number, trail: Trail): void {
  arena.routines.frobeniusSquared(pairs, n, g, factors)
  const view = arena.f64(factors, 2 * pairs)
  const squares = new Float64Array(2 * pairs)
  const exponents = new Float64Array(2 * pairs)
  for (let lane = 0; lane < 2 * pairs; lane++) {
    exponents[lane] = view[lane] === 0 ? 0 : exponentOfSquare(view[lane])
    const factor = pow2(-exponents[lane])
    squares[lane] = view[lane] * factor * factor
    view[lane] = factor
  }
  trail.squares.push(squares)
  trail.exponents.push(exponents)
}

/** The x with 2^(2x−2) ≤ square < 2^2x. */
function exponentOfSquare(square: number): number {
  let x = 0
  for (; square >= 1; square /= 4) x++
  for (; square < 0.25; square *= 4) x--
  return x
}

/** Back from ‖Ĝ_t‖_F to the Schatten norm of F, a square root a step, outwards. */
function rootsOf({ squares, exponents }: Trail, lane: number, n: number, error: number): [number, number] {
  // A computed G of exactly zero has nothing to scale; roots would only magnify the smallest double.
  if (squares[0][lane] === 0) return [0, nextUp(Math.sqrt(error))]
  const last = squares.length - 1
  const sums = gamma(2 * n + 8)
  let low = nextDown(Math.sqrt(squares[last][lane] * (1 - sums)))
  let high = nextUp(Math.sqrt(squares[last][lane] * (1 + sums)))
  for (let j = last - 1; j >= 0; j--) {
    const slack = nextUp(Math.SQRT2 * gamma(n + 4) * squares[j][lane] * (1 + sums))
    const factor = pow2(exponents[j + 1][lane])
    low = Math.max(0, nextDown(Math.sqrt(Math.max(0, nextDown(low * factor - slack)))))
    high = nextUp(Math.sqrt(nextUp(high * factor + slack)))
  }
  const factor = pow2(exponents[0][lane])
  low = Math.max(0, nextDown(Math.sqrt(Math.max(0, nextDown(low * factor - error)))))
  return [low, nextUp(Math.sqrt(nextUp(high * factor + error)))]
}

/** √tr G. */
function frobenius(arena: Arena, { n, error }: GramSymbol, g: number, count: number, norms: SchattenNorms, at: number): void {
  const view = arena.f64(g, ((count + 1) >> 1) * n * n * 4)
  for (let i = 0; i < count; i++) {
    const start = (i >> 1) * n * n * 4 + (i & 1)
    let trace = 0
    for (let j = 0; j < n; j++) trace += view[start + j * (n + 1) * 4]
    const slack = error + gamma(n) * Math.abs(trace)
    norms.lower[at + i] = Math.max(0, nextDown(Math.sqrt(Math.max(0, nextDown(trace - slack)))))
    norms.upper[at + i] = nextUp(Math.sqrt(Math.max(0, nextUp(trace + slack))))
  }
}
