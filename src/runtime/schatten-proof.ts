import { countOf, type Frequencies } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import { singleCost } from './cholesky-tests.ts'
import { pick } from './gram-evaluation.ts'
import type { GramSymbol } from './gram-symbol.ts'
import { atLeast, tridiagonalPairs } from './hermitian.ts'
import { DOUBLE, type Krylov, krylovOf, lift, type Precision, SINGLE, skewOf, startOf, takeOut } from './top-vectors.ts'

/**
 * 1 for each frequency where the Schatten-2^(t+1) norm of F(θ) is proven to be at most `level`, by one or two factorisations instead of
 * t − 1 squarings (docs/rounding.md, "Schatten norms without squarings").
 *
 * First where λ_max(G) is so far below that Σλ^P ≤ λ_max^(P−2)·‖G‖_F² is enough, P = 2^t. Then, with many channels, with a few approximate top
 * eigenvectors v_i: where c·I + Σσ_i v_i v_iᴴ − G is positive definite, the i-th eigenvalue of G is at most c + σ_i, and those after them c. In single
 * precision, and what it fails to prove with vectors although there is hope, in double.
 */
export function schattenBelow(gram: GramSymbol, frequencies: Frequencies, steps: number, level: number): Uint8Array {
  const square = level * level
  const claim: Claim = { gram, frequencies, steps, square, proven: new Uint8Array(countOf(frequencies)) }
  const precision = singleCost(gram.n, gram, square) < SERVES * square ? SINGLE : DOUBLE
  let open = Array.from(claim.proven.keys())
  if (gram.n < CROWDED) open = withoutVectors(claim, precision, open)
  if (gram.n < LARGE) return claim.proven
  open = withVectors(claim, precision, open)
  if (precision === SINGLE) withVectors(claim, DOUBLE, open)
  return claim.proven
}

/** Channels from which one more test, with the top eigenvectors taken out, is cheaper than squarings. */
const LARGE = 96

/** Channels from which a test without vectors is made only where Lanczos gives hope for it: so many eigenvalues lie together that it has failed at all frequencies. */
const CROWDED = 192

/** Eigenvectors taken out at most. */
const MOST = 16

/** The part of L² that rounding may take from a test in single precision. */
const SERVES = 2e-3

interface Claim {
  readonly gram: GramSymbol
  readonly frequencies: Frequencies
  readonly steps: number
  /** L² */
  readonly square: number
  readonly proven: Uint8Array
}

/** Vector after vector of matrices at the open frequencies; notes what `prove` proves and returns what it says is worth another look. */
function visit(
  claim: Claim,
  { lanes, evaluate }: Precision,
  open: readonly number[],
  prove: (arena: Arena, g: number, size: number) => ArrayLike<number>,
): number[] {
  const { gram, frequencies, proven } = claim
  const left: number[] = []
  if (open.length === 0) return left
  gram[evaluate](pick(frequencies, open), (arena, g, first, size) => {
    for (let i = 0; i < size; i += lanes) {
      const found = borrow(() => prove(arena, g + (i / lanes) * gram.n * gram.n * 32, Math.min(lanes, size - i)))
      for (let lane = 0; lane < found.length; lane++) {
        const at = open[first + i + lane]
        if (found[lane] === PROVEN) proven[at] = 1
        else if (found[lane] === HOPEFUL) left.push(at)
      }
    }
  })
  return left
}

const [HOPELESS, PROVEN, HOPEFUL] = [0, 1, 2]

/** λ_max(G) alone; everything it fails at is worth a look with vectors. */
function withoutVectors(claim: Claim, precision: Precision, open: readonly number[]): number[] {
  const { gram, steps, square } = claim
  return visit(claim, precision, open, (arena, g, size) => {
    const levels = restOf(arena, claim, precision, g, size).map(rest => tailLevel(rest, 1, steps) * square)
    return precision.below(arena, gram, g, levels).map(passed => (passed ? PROVEN : HOPEFUL))
  })
}

/** ‖G‖_F² over L⁴: what the small eigenvalues can add up to. */
function restOf(arena: Arena, { gram, square }: Claim, precision: Precision, g: number, size: number): Float64Array {
  const { unit, view, frobenius, error } = precision
  const out = arena.alloc(16)
  frobenius(arena)(1, gram.n, g, out)
  const sums = (2 * gram.n + 8) * unit
  // what underflows in single precision is below 2⁻¹²⁶ an entry
  const size2 = (x: number) => Math.sqrt((x + gram.n * gram.n * 2 ** -125) * (1 + (1.01 * sums) / (1 - sums))) + error(gram)
  return Float64Array.from(arena[view](out, size), x => (size2(x) / square) ** 2 * (1 + 1e-12))
}

function withVectors(claim: Claim, precision: Precision, open: readonly number[]): number[] {
  const { gram, steps, square } = claim
  const { n } = gram
  const start = startOf(n)
  return visit(claim, precision, open, (arena, g, size) => {
    const rest = restOf(arena, claim, precision, g, size)
    const krylov = krylovOf(arena, precision, g, n, size, start)
    const splits = krylov.map((t, lane) => splitOf(t, square, rest[lane], steps, n < CROWDED ? 1 : 0))
    if (splits.every(split => !split)) return splits.map(() => HOPELESS)
    const used = krylov.map((t, lane) => {
      const { vectors } = tridiagonalPairs(t.diagonal, t.side, splits[lane]?.sigmas.length ?? 0)
      return vectors.map(y => lift(arena, precision, t, y, n))
    })
    takeOut(
      arena,
      precision,
      g,
      n,
      used,
      splits.map(split => split?.sigmas.map(sigma => sigma * square) ?? []),
    )
    const levels = splits.map((split, lane) => (split ? (split.level - lossOf(split, rest[lane], precision.unit)) * square : 0))
    const passed = precision.below(arena, gram, g, Float64Array.from(levels))
    return splits.map((split, lane) => {
      if (!split) return HOPELESS
      return passed[lane] && holds(split, skewOf(used[lane]), rest[lane], steps, precision.unit) ? PROVEN : HOPEFUL
    })
  })
}

/** Roundings of the rank-one terms: 8u·σ‖v‖² for each, ‖v‖² ≤ 2, and u·|g_ij| for every difference. */
function lossOf({ sigmas }: Split, rest: number, unit: number): number {
  return sigmas.reduce((sum, sigma) => sum + 16 * unit * Math.abs(sigma), 4 * unit * sigmas.length * Math.sqrt(rest))
}

/** c and σ_i in units of L². */
interface Split {
  readonly level: number
  readonly sigmas: readonly number[]
}

/** The largest c with c^(P−2)·rest ≤ share, P = 2^t. */
function tailLevel(rest: number, share: number, steps: number): number {
  let [low, high] = [0, 1]
  for (let round = 0; round < 40; round++) {
    const c = (low + high) / 2
    if (powerOf(c, steps) * rest <= share * c * c * (1 - 1e-12)) low = c
    else high = c
  }
  return low
}

/** x^(2^t) */
function powerOf(x: number, steps: number): number {
  for (let i = 0; i < steps; i++) x *= x
  return x
}

/** How much of what the top eigenvalues leave of L^2P goes to the others; the rest makes up for what the vectors lack. */
const TAIL = 0.7

/** How many vectors to take out, `least` or more, and the level for the rest; none where the Ritz values alone reach L. */
function splitOf({ diagonal, side }: Krylov, square: number, rest: number, steps: number, least: number): Split | undefined {
  const values: number[] = []
  let total = 0
  for (let k = 0; k <= Math.min(MOST, diagonal.length - 2) && total < 0.99; k++) {
    const level = tailLevel(rest, k === 0 ? 1 : TAIL * (1 - total), steps)
    const value = ritzValue(diagonal, side, k, values[k - 1] ?? Infinity) / square
    if (k >= least && value < level * 0.996) {
      let stretch = k === 0 ? 1 : 1 + ((1 - TAIL) * 0.99 * (1 - total)) / total
      for (let i = 0; i < steps; i++) stretch = Math.sqrt(stretch)
      return { level, sigmas: values.map(x => (x / square) * stretch - level) }
    }
    values.push(value * square)
    total += powerOf(value, steps)
  }
  return undefined
}

/** The k-th largest eigenvalue of T, k = 0 first, to a few digits by counting signs of pivots. */
function ritzValue(diagonal: Float64Array, side: Float64Array, k: number, above: number): number {
  let [low, high] = [0, Math.min(above, radiusOf(diagonal, side))]
  for (let round = 0; round < 22; round++) {
    const x = 0.5 * (low + high)
    if (atLeast(diagonal, side, x) > k) low = x
    else high = x
  }
  return high
}

function radiusOf(diagonal: Float64Array, side: Float64Array): number {
  return diagonal.reduce((most, d, i) => Math.max(most, d + side[i] + (i > 0 ? side[i - 1] : 0)), 0)
}

/** Does the proof add up? Σ(c + σ_i·‖VᴴV‖)^P + c^(P−2)·‖G‖_F² ≤ L^2P, for σ_i as they were rounded when taken out; and ‖v‖² ≤ ‖VᴴV‖ ≤ 2. */
function holds({ level, sigmas }: Split, skew: number, rest: number, steps: number, unit: number): boolean {
  const top = sigmas.reduce((sum, sigma) => sum + powerOf(level + Math.max(0, sigma) * (1 + 2 * unit) * skew, steps), 0)
  return skew <= 2 && (top + (powerOf(level, steps) / (level * level)) * rest) * (1 + 1e-12) <= 1
}
