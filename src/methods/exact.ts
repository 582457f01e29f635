import type { Bound } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import { fail } from '../errors.ts'
import { gamma, nextDown, nextUp } from '../rounding.ts'
import { frequencyAt, tapGradient } from '../runtime/evaluate.ts'
import { type GramSymbol, withGramSymbol } from '../runtime/gram-symbol.ts'
import type { Ritz } from '../runtime/gram-vectors.ts'
import { weightOf } from '../runtime/gram-taps.ts'
import { PHASE_ERROR } from '../runtime/phases.ts'
import { type ComplexPair, pairOf, topPairAt } from '../runtime/norms.ts'
import { circularGrid, countOf, foldGradient, type Frequencies, groupTaps, type Symbol, symbolCircular } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { exactBound } from './claim.ts'
import { type GridMaximum, type GridNorm, gridMaximum } from './grid-search.ts'
import { asOptions, asSized } from './operand.ts'

/**
 * The norm of a circular or dense layer to rounding: σ₁ = max over all its frequencies of ‖F(θ)‖₂, with a proven enclosure.
 *
 * Lanczos values at some of the frequencies give a level; that no other frequency is above it is proven by Cholesky factorisations of
 * t·I − FᴴF at the corners of cells, or at a frequency itself, and what fails raises the level. The enclosure is about 10⁻¹¹ wide (3·10⁻¹⁰ for
 * 512 channels). Costs (4/3)n³ flops a factorisation, n the smaller channel side, at a share of the frequencies that falls as the grid grows.
 *
 * Sedghi, Gupta, Long 2019, arXiv:1805.10408. METHODS §2, §7.
 *
 * @param layer circular with an input size, or dense
 * @param options gradient: ∂σ₁/∂A_q = Re(conj(u) vᵀ e^{iq·θ}) at the first maximising frequency found, one of its pairs at a tie
 * @returns work: frequencies visited
 * @throws OpnormError `padding` for zero padding, `option` without an input size
 * @example exact(dense([[3, 0], [0, 4]])).value  // 4
 */
export function exact(layer: SizedConv, options: { gradient?: boolean } = {}): Bound<'exact'> {
  asOptions(options, 'exact')
  const sized = asSized(layer, 'exact')
  if (sized.padding !== 'circular')
    fail('padding', 'exact: padding', "'circular'", "'zero'", 'Use lanczos() for one input size or spectralNorm() for all')
  const symbol = symbolCircular(sized)
  const grid = circularGrid(sized)
  let best: { point: Float64Array; group: number; vector?: Float64Array } = { point: new Float64Array(grid.length), group: 0 }
  let [upper, work, weight] = [0, 0, 0]
  for (let group = 0; group < symbol.groups; group++) {
    // Whether a group can exceed those before it.
    const own = upper > 0 ? weightOf(groupTaps(symbol, group), symbol.rows * symbol.columns) : Infinity
    if (Math.sqrt(own) <= upper) continue
    const found = withGramSymbol(symbol, group, gram => search(gram, symbol, group, grid, upper, options.gradient === true))
    work += found.work
    weight = Math.max(weight, found.weight)
    if (found.upper > upper) {
      upper = found.upper
      best = { ...found, group }
    }
  }
  const at = { turns: grid, points: best.point }
  const pair = best.vector ? pairOf(symbol, best.group, at, best.vector) : topPairAt(symbol, best.group, at, 0)
  const lower = Math.max(
    0,
    nextDown(nextDown(pair.sigma * (1 - gamma(symbol.rows + symbol.columns + 8))) - imageError(symbol, weight)),
  )
  const finding = { method: 'exact', scope: 'this-size', exponent: symbol.exponent, work } as const
  if (!options.gradient) return exactBound(pair.sigma, lower, upper, finding)
  const gradient = foldGradient(sized, symbol, best.group, tapGradient(symbol, at, outer(pair, symbol.rows, symbol.columns)))
  return exactBound(pair.sigma, lower, upper, { ...finding, gradient })
}

/** Lanczos steps that tell where it is worth looking: n² flops each, where a proof costs n³. */
const ROUGH = 12

/** The maximum over the frequencies of one group that exceeds `floor`, and the vector it was found with. */
function search(
  gram: GramSymbol,
  symbol: Symbol,
  group: number,
  grid: readonly number[],
  floor: number,
  sharp: boolean,
): GridMaximum & { vector?: Float64Array; weight: number } {
  const tau = symbol.offsets.map(q => (q[q.length - 1] - q[0]) / 2)
  const at = (points: Float64Array): Frequencies => ({ turns: grid, points })
  let top: Enclosed = { upper: 0, square: 0 }
  const norm: GridNorm = {
    rough: points => gram.bracket(at(points), 0, ROUGH, []).values.map(Math.sqrt),
    below: (points, level) => below(gram, at(points), nextDown(level * level)),
    evaluate(points) {
      const values = enclosed(gram, symbol, group, at(points))
      for (const value of values) if (value.upper > top.upper) top = value
      return { lower: values.map(({ square }) => Math.sqrt(square)), upper: values.map(value => value.upper) }
    },
  }
  const found = { ...gridMaximum(grid, tau, norm, floor), weight: gram.weight }
  if (found.upper !== top.upper || !top.vector) return found
  // A gradient is as wrong as the vector, an eigenvalue as its square.
  return { ...found, vector: sharp ? sharpened(gram, at(found.point), top.vector) : top.vector }
}

/** 1 where λ_max(G) ≤ level is proven: in single precision where that is far enough, in double where it is not. */
function below(gram: GramSymbol, at: Frequencies, level: number): Uint8Array {
  const levels = new Float64Array(countOf(at)).fill(level)
  const passed = gram.belowRoughly(at, levels)
  const open = Array.from(passed.keys()).filter(i => passed[i] === 0)
  if (open.length === 0) return passed
  const points = Float64Array.from(open.flatMap(i => Array.from(frequencyAt(at, i).points)))
  gram.below({ ...at, points }, levels.subarray(0, open.length)).forEach((ok, i) => {
    passed[open[i]] = ok
  })
  return passed
}

interface Enclosed {
  /** Proven: ‖F(θ)‖₂ ≤ upper. */
  readonly upper: number
  /** λ_max(G) to rounding, and its vector where an iteration has found it. */
  readonly square: number
  readonly vector?: Float64Array
}

/** Channels from which an iteration is cheaper than a tridiagonalisation. */
const LARGE = 48

/** Residual, relative to λ_max, at which its square is rounding even between close eigenvalues; and one that is rounding itself. */
const [SHARP, SHARPEST] = [1e-11, 2 ** -43]

/** ‖F(θ)‖₂ at some frequencies: eigenvalues, and proofs as close above them as the test's own rounding allows. */
function enclosed(gram: GramSymbol, symbol: Symbol, group: number, at: Frequencies): Enclosed[] {
  const found = gram.n < LARGE ? [] : iterated(gram, at)
  const proven = found.length === 0 ? [] : proofs(gram, at, found)
  return Array.from({ length: countOf(at) }, (_, i) => proven[i] ?? decomposed(gram, symbol, group, frequencyAt(at, i)))
}

/** Top pairs by iteration; none where it does not converge. */
function iterated(gram: GramSymbol, at: Frequencies): (Ritz | undefined)[] {
  const sharp = ({ residual, value }: Ritz) => residual <= SHARP * value
  let ritz = gram.climb(at, MOST)
  for (let round = 0; round < ROUNDS && !ritz.every(sharp); round++)
    ritz = gram.climb(
      at,
      MOST,
      ritz.map(({ vector }) => vector),
    )
  return ritz.map(pair => (sharp(pair) ? pair : undefined))
}

/** An iteration that has missed the top eigenvector cannot be proven; a decomposition misses nothing. */
function proofs(gram: GramSymbol, at: Frequencies, found: readonly (Ritz | undefined)[]): (Enclosed | undefined)[] {
  const levels = found.map(ritz => (ritz ? levelAbove(gram, ritz.value, 4) : 0))
  const passed = gram.below(at, Float64Array.from(levels))
  return found.map((ritz, i) =>
    ritz && passed[i] ? { upper: nextUp(Math.sqrt(levels[i])), square: ritz.value, vector: ritz.vector } : undefined,
  )
}

function decomposed(gram: GramSymbol, symbol: Symbol, group: number, at: Frequencies): Enclosed {
  const square = topPairAt(symbol, group, at, 0).sigma ** 2
  for (let widen = 4; ; widen *= 4) {
    const level = levelAbove(gram, square, widen)
    if (gram.below(at, Float64Array.of(level))[0]) return { upper: nextUp(Math.sqrt(level)), square }
  }
}

function levelAbove(gram: GramSymbol, square: number, margins: number): number {
  return nextUp(square + margins * gram.margin(square) + square * 2 ** -50)
}

/** A vector iterated until that gains nothing more; none where it is not sharp then. */
function sharpened(gram: GramSymbol, at: Frequencies, vector: Float64Array): Float64Array | undefined {
  let [ritz] = gram.climb(at, MOST, [vector])
  for (let before = Infinity; ritz.residual < before / 2; ) {
    before = ritz.residual
    ;[ritz] = gram.climb(at, MOST, [ritz.vector])
  }
  return ritz.residual <= SHARPEST * ritz.value ? ritz.vector : undefined
}

/** Lanczos steps between restarts, and restarts, before a decomposition is the surer way. */
const [MOST, ROUNDS] = [24, 40]

/** ∂σ₁/∂F = u vᴴ, (re, im) by columns; for F = 0 the generalised gradient 0 is taken. */
function outer({ sigma, u, v }: ComplexPair, m: number, n: number): Float64Array {
  const derivative = new Float64Array(2 * m * n)
  if (sigma === 0) return derivative
  for (let j = 0, to = 0; j < n; j++) {
    for (let i = 0; i < m; i++, to += 2) {
      derivative[to] = u[i] * v[j] + u[m + i] * v[n + j]
      derivative[to + 1] = u[m + i] * v[j] - u[i] * v[n + j]
    }
  }
  return derivative
}

/**
 * ‖fl(F(θ)v) − F(θ)v‖ ≤ this·‖v‖: (γ_{taps+2} + the error of a phase) for the symbol and √2·γ_{n+4} for the products, both times
 * ‖Σ_q |A_q|‖_F.
 */
function imageError(symbol: Symbol, weight: number): number {
  const count = sizeOf(symbol.offsets.map(q => q.length))
  const each = gamma(count + 2) + PHASE_ERROR * symbol.offsets.length + Math.SQRT2 * gamma(symbol.columns + 4)
  return each * Math.sqrt(weight) * 1.0001
}
