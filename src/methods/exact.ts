import type { Bound } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import { fail } from '../errors.ts'
import { gamma, nextDown, nextUp } from '../rounding.ts'
import { countOf, frequencyAt, symbolAt, tapGradient } from '../runtime/evaluate.ts'
import { type GramSymbol, withGramSymbol } from '../runtime/gram-symbol.ts'
import { type TopPair, topPairOf } from '../runtime/matrix-norm.ts'
import { PHASE_ERROR } from '../runtime/phases.ts'
import { normsAt } from '../runtime/norms.ts'
import {
  circularFrequencies,
  circularGrid,
  foldGradient,
  type Frequencies,
  groupTaps,
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
    if (groupTaps(symbol, group).every(x => x === 0)) continue
    const top = withGramSymbol(symbol, group, gram => search(gram, symbol, group, frequencies, best.square))
    work += top.work
    ceiling = Math.max(ceiling, top.ceiling)
    if (top.square > best.square) best = { square: top.square, group, index: top.index }
  }
  const at = frequencyAt(frequencies, best.index)
  const pair = complexPair(symbol, best.group, at)
  const upper = nextUp(Math.sqrt(ceiling))
  const finding = { method: 'exact', scope: 'this-size', exponent: symbol.exponent, work } as const
  if (!options.gradient) return exactBound(pair.sigma, pair.lower, upper, finding)
  const gradient = foldGradient(sized, symbol, best.group, tapGradient(symbol, at, pair.derivative))
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

/** Top singular pair of F(θ), by way of the real matrix [[Re, −Im], [Im, Re]], whose singular values are F's, each twice. */
function complexPair(symbol: Symbol, group: number, at: Frequencies): TopPair & { derivative: Float64Array } {
  const { rows: m, columns: n } = symbol
  const value = symbolAt(symbol, group, at)
  const real = at.turns.every((turns, d) => (2 * at.points[d]) % turns === 0)
  const copies = real ? 1 : 2
  const data = new Float64Array(copies * m * copies * n)
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) {
      const [re, im] = [value[2 * (j * m + i)], value[2 * (j * m + i) + 1]]
      data[i * copies * n + j] = re
      if (real) continue
      data[i * 2 * n + n + j] = -im
      data[(m + i) * 2 * n + j] = im
      data[(m + i) * 2 * n + n + j] = re
    }
  }
  const pair = topPairOf({ rows: copies * m, columns: copies * n, data }, 1e-14)
  // u and v stand for u_re + i·u_im and v_re + i·v_im; the derivative is u vᴴ.
  const { u, v } = pair
  const derivative = new Float64Array(2 * m * n)
  for (let j = 0; j < n; j++) {
    const [c, s] = [v[j], real ? 0 : v[n + j]]
    for (let i = 0; i < m; i++) {
      const [a, b] = [u[i], real ? 0 : u[m + i]]
      derivative[2 * (j * m + i)] = a * c + b * s
      derivative[2 * (j * m + i) + 1] = b * c - a * s
    }
  }
  return { ...pair, lower: Math.max(0, nextDown(pair.lower - symbolError(symbol, group))), derivative }
}

/** ‖fl(F(θ)) − F(θ)‖₂ ≤ (γ_{taps+2} + the error of a phase)·‖Σ_q |A_q|‖_F. */
function symbolError(symbol: Symbol, group: number): number {
  const taps = groupTaps(symbol, group)
  const plane = symbol.rows * symbol.columns
  const count = sizeOf(symbol.offsets.map(q => q.length))
  let squares = 0
  for (let e = 0; e < plane; e++) {
    let sum = 0
    for (let tap = 0; tap < count; tap++) sum += Math.abs(taps[tap * plane + e])
    squares += sum * sum
  }
  return (gamma(count + 2) + PHASE_ERROR * symbol.offsets.length) * Math.sqrt(squares) * 1.0001
}
