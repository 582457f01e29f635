import type { Bound } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import { fail } from '../errors.ts'
import { gamma, nextDown, nextUp } from '../rounding.ts'
import { frequencyAt, tapGradient } from '../runtime/evaluate.ts'
import { type GramSymbol, withGramSymbol } from '../runtime/gram-symbol.ts'
import { PHASE_ERROR } from '../runtime/phases.ts'
import { type ComplexPair, normsAt, topPairAt } from '../runtime/norms.ts'
import {
  absoluteSquares,
  circularFrequencies,
  circularGrid,
  countOf,
  foldGradient,
  type Frequencies,
  groupTaps,
  isZero,
  type Symbol,
  symbolCircular,
} from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { exactBound } from './claim.ts'
import { asSized } from './operand.ts'

/**
 * The norm of a circular or dense layer to rounding: σ₁ = max over all its frequencies of ‖F(θ)‖₂, with a proven enclosure.
 *
 * Singular values at some of the frequencies give a level; a Cholesky factorisation of t·I − FᴴF at each frequency shows that none is
 * above it, and where that fails the frequency is evaluated and the level raised. The enclosure is about 10⁻¹² wide.
 * Costs about n³ flops a frequency, n the smaller channel side.
 *
 * Sedghi, Gupta, Long 2019, arXiv:1805.10408. METHODS §2.
 *
 * @param layer circular with an input size, or dense
 * @param options gradient: ∂σ₁/∂A_q = Re(conj(u) vᵀ e^{iq·θ}) at the first maximising frequency, one of its pairs at a tie
 * @returns work: singular value decompositions
 * @throws OpnormError `padding` for zero padding, `option` without an input size
 * @example exact(dense([[3, 0], [0, 4]])).value  // 4
 */
export function exact(layer: SizedConv, options: { gradient?: boolean } = {}): Bound<'exact'> {
  const sized = asSized(layer, 'exact')
  if (sized.padding !== 'circular')
    fail('padding', 'exact: padding', "'circular'", "'zero'", 'Use lanczos() for one input size or spectralNorm() for all')
  const symbol = symbolCircular(sized)
  const frequencies = circularFrequencies(circularGrid(sized))
  let best = { square: 0, group: 0, index: 0 }
  let [ceiling, work] = [0, 0]
  for (let group = 0; group < symbol.groups; group++) {
    if (isZero(symbol, group)) continue
    const top = withGramSymbol(symbol, group, gram => search(gram, symbol, group, frequencies, best.square))
    work += top.work
    ceiling = Math.max(ceiling, top.ceiling)
    if (top.square > best.square) best = { square: top.square, group, index: top.index }
  }
  const at = frequencyAt(frequencies, best.index)
  const pair = pairAt(symbol, best.group, at)
  const upper = nextUp(Math.sqrt(ceiling))
  const finding = { method: 'exact', scope: 'this-size', exponent: symbol.exponent, work } as const
  if (!options.gradient) return exactBound(pair.sigma, pair.lower, upper, finding)
  const gradient = foldGradient(sized, symbol, best.group, tapGradient(symbol, at, outer(pair, symbol.rows, symbol.columns)))
  return exactBound(pair.sigma, pair.lower, upper, { ...finding, gradient })
}

/** The largest σ² of a group, and a level that no frequency exceeds: at least `known`, which another group has reached. */
function search(gram: GramSymbol, symbol: Symbol, group: number, frequencies: Frequencies, known: number) {
  const count = countOf(frequencies)
  let [square, index, work] = [0, 0, 0]
  const evaluate = (indices: number[]) => {
    const norms = normsAt(symbol, group, select(frequencies, indices))
    work += indices.length
    indices.forEach((at, i) => {
      const next = norms[i] ** 2
      if (next > square) [square, index] = [next, at]
    })
  }
  // A few Lanczos steps on G tell where it is worth looking: they cost n² flops each, a norm costs n³.
  const promising = (indices: number[], most: number) => {
    const values = gram.climb(select(frequencies, indices), 12).map(ritz => ritz.value)
    const order = indices.map((_, i) => i).sort((i, j) => values[j] - values[i])
    return order.slice(0, most).map(i => indices[i])
  }
  const stride = Math.max(1, Math.floor(count / 64))
  evaluate(
    promising(
      Array.from({ length: Math.ceil(count / stride) }, (_, i) => i * stride),
      2,
    ),
  )
  let open = Array.from({ length: count }, (_, i) => i)
  let ceiling = 0
  for (let widen = 4; open.length > 0; widen *= 4) {
    const level = Math.max(square, known)
    // What has been evaluated itself passes with twice the margin of the test; ill-conditioned levels get more.
    const t = nextUp(level + widen * gram.margin(level) + level * 2 ** -50)
    const passed = gram.below(select(frequencies, open), new Float64Array(open.length).fill(t))
    ceiling = Math.max(ceiling, t)
    open = open.filter((_, i) => passed[i] === 0)
    if (open.length > 0) evaluate(promising(open, 4))
  }
  return { square, index, work, ceiling }
}

function select({ turns, points }: Frequencies, indices: number[]): Frequencies {
  const axes = turns.length
  const chosen = new Float64Array(indices.length * axes)
  indices.forEach((at, i) => {
    for (let d = 0; d < axes; d++) chosen[i * axes + d] = points[at * axes + d]
  })
  return { turns, points: chosen }
}

/** Top singular pair of F(θ), with a proven floor of ‖F(θ)‖: ‖F v‖/‖v‖ less its rounding. */
function pairAt(symbol: Symbol, group: number, at: Frequencies): ComplexPair & { lower: number } {
  const pair = topPairAt(symbol, group, at, 0)
  const sums = gamma(symbol.rows + symbol.columns + 8)
  return { ...pair, lower: Math.max(0, nextDown(nextDown(pair.sigma * (1 - sums)) - imageError(symbol, group))) }
}

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
function imageError(symbol: Symbol, group: number): number {
  const taps = groupTaps(symbol, group)
  const plane = symbol.rows * symbol.columns
  const count = sizeOf(symbol.offsets.map(q => q.length))
  const each = gamma(count + 2) + PHASE_ERROR * symbol.offsets.length + Math.SQRT2 * gamma(symbol.columns + 4)
  return each * Math.sqrt(absoluteSquares(taps, plane)) * 1.0001
}
