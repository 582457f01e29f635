import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { isSized } from '../conv.ts'
import { nextDown } from '../rounding.ts'
import { tapGradient } from '../runtime/evaluate.ts'
import { type GramSymbol, withGramSymbol } from '../runtime/gram-symbol.ts'
import { schattenDerivative } from '../runtime/schatten-gradient.ts'
import { schattenNorms } from '../runtime/schatten.ts'
import {
  circularFrequencies,
  circularGrid,
  countOf,
  foldGradient,
  isZero,
  type Symbol,
  symbolCircular,
  symbolEverySize,
} from '../symbol.ts'
import { everySize, productUp, upperBound, wholeOption } from './claim.ts'
import { gridFactor, gridOf } from './grid.ts'
import { type GridMaximum, gridMaximum, worthSearching } from './grid-search.ts'
import { asLayer } from './operand.ts'
import { peakOf } from '../summation.ts'

/**
 * Upper bound on σ₁ by Gram iteration: the Schatten-2^(t+1) norm of F(θ), largest over the frequencies (and groups).
 *
 * For a circular layer with an input size: all its frequencies, and n^(−1/2^(t+1)) of the value is a proven floor (n the smaller channel
 * side). Otherwise (no input size, or zero padding) a grid of frequencies times METHODS §6's factor, which bounds every input size.
 * The error decays like μ^(1/2^(t+1)) for a top singular value of multiplicity μ: a 30×30 orthogonal matrix is still 2.7 % off at t = 6.
 * Costs t − 1 squarings at the frequencies that can hold the maximum: cells of the grid, or factorisations, rule the others out.
 *
 * Delattre et al. 2023, arXiv:2305.16173. METHODS §4.
 *
 * @param layer a layer, or a dense one
 * @param options iterations t, 0 (Frobenius) to 40; gridSize: points an axis of the grid; gradient: g^(1−p)·F(FᴴF)^(2^t−1), p = 2^(t+1), at
 *   the maximising frequency (the first one at a tie)
 * @returns work: frequencies visited
 * @throws OpnormError `option`
 * @example gram(dense([[3, 0], [0, 4]]), { iterations: 8 }).value  // 4.0000000000000…
 */
export function gram(layer: Conv, options: { iterations?: number; gridSize?: number; gradient?: boolean } = {}): Bound<'upper'> {
  asLayer(layer, 'gram')
  const steps = wholeOption('iterations', options.iterations ?? 6, 0, 40)
  const { symbol, grid, factor, scope } = samplesOf(layer, options.gridSize)
  const best = largest(symbol, grid, steps)
  // σ₁ ≥ r^(−1/2^(t+1)) times the Schatten norm of an r-columned matrix
  let spread = symbol.columns
  for (let i = 0; i <= steps; i++) spread = Math.sqrt(spread) * (1 + 2 ** -52)
  const lower = Math.max(0, nextDown(nextDown(best.lower / spread)))
  const finding = { method: 'gram', scope, exponent: symbol.exponent, work: best.work }
  const upper = productUp(best.upper, factor)
  if (!options.gradient) return upperBound(upper, finding, lower)
  const at = { turns: grid, points: best.point }
  const derivative = schattenDerivative(symbol, best.group, at, steps, best.upper)
  const gradient = foldGradient(layer, symbol, best.group, tapGradient(symbol, at, derivative, factor))
  return upperBound(upper, { ...finding, gradient }, lower)
}

interface Samples {
  symbol: Symbol
  /** Points an axis. */
  grid: readonly number[]
  /** What the largest value on the grid has to be multiplied by to bound the operators of `scope`. */
  factor: number
  scope: Bound['scope']
}

function samplesOf(layer: Conv, gridSize: number | undefined): Samples {
  if (layer.padding === 'circular' && isSized(layer) && gridSize === undefined) {
    return { symbol: symbolCircular(layer), grid: circularGrid(layer), factor: 1, scope: 'this-size' }
  }
  const symbol = symbolEverySize(layer)
  const grid = gridOf(symbol, gridSize, k => Math.max(symbol.offsets.length > 2 ? 12 : 24, 4 * k))
  return { symbol, grid, factor: gridFactor(symbol, grid), scope: everySize(layer) }
}

interface Largest {
  upper: number
  lower: number
  group: number
  point: Float64Array
  work: number
}

/** The largest Schatten norm over all groups and points of the grid, and where it is. */
function largest(symbol: Symbol, grid: readonly number[], steps: number): Largest {
  const best: Largest = { upper: 0, lower: 0, group: 0, point: new Float64Array(grid.length), work: 0 }
  for (let group = 0; group < symbol.groups; group++) {
    if (isZero(symbol, group)) continue
    const found = withGramSymbol(symbol, group, gram => maximumOf(gram, symbol, grid, steps, best.lower))
    best.work += found.work
    best.lower = Math.max(best.lower, found.lower)
    if (found.upper > best.upper) Object.assign(best, { upper: found.upper, point: found.point, group })
  }
  return best
}

/** Channels from which norms vary too little between frequencies for cells to be told apart, but a factorisation costs far less than squarings. */
const FLAT = 96

/**
 * Every frequency, but those first for which σ₁ ≤ c is not proven by a Cholesky test, c^(1−2^(1−t))·g₁^(2^(1−t)) = L the best value so far and
 * g₁ the Schatten-4 norm: Σσ^(2p) ≤ σ₁^(2p−4)·Σσ⁴ says that the others cannot exceed L.
 */
function screened(gram: GramSymbol, points: Float64Array, grid: readonly number[], steps: number, floor: number): GridMaximum {
  const axes = grid.length
  const at = (indices: readonly number[]) => ({
    turns: grid,
    points: Float64Array.from(indices.flatMap(i => Array.from(points.subarray(i * axes, (i + 1) * axes)))),
  })
  const count = countOf({ turns: grid, points })
  const quartic = schattenNorms(gram, { turns: grid, points }, 0, count, 1).upper
  let open = Array.from({ length: count }, (_, i) => i).sort((i, j) => quartic[j] - quartic[i] || i - j)
  let best = { upper: 0, lower: floor, index: 0, work: 0 }
  for (let size = Math.max(2, count >> 4); open.length > 0; size *= 2) {
    const [now, later] = [open.slice(0, size), open.slice(size)]
    const { upper, lower } = schattenNorms(gram, at(now), 0, now.length, steps)
    now.forEach((index, i) => {
      best.lower = Math.max(best.lower, lower[i])
      if (upper[i] > best.upper) best = { ...best, upper: upper[i], index }
    })
    best.work += now.length
    const levels = Float64Array.from(later, index => levelFor(best.lower, quartic[index], steps) ** 2)
    const passed = gram.below(at(later), levels)
    open = later.filter((_, i) => passed[i] === 0)
  }
  return { ...best, point: points.slice(best.index * axes, (best.index + 1) * axes) }
}

/** The largest c = L·y with y^(2^(t−1) − 1) ≤ L/g₁, from below. */
function levelFor(best: number, quartic: number, steps: number): number {
  const wanted = (best / quartic) * (1 - 1e-12)
  if (wanted >= 1) return best
  let [low, high] = [0, 1]
  for (let round = 0; round < 50; round++) {
    const y = (low + high) / 2
    let power = y
    for (let i = 1; i < steps; i++) power *= power
    if (power <= wanted * y) low = y
    else high = y
  }
  return best * low
}

/** Channels from which a norm costs more than deciding whether to take it. */
const WIDE = 12

function maximumOf(gram: GramSymbol, symbol: Symbol, grid: readonly number[], steps: number, floor: number): GridMaximum {
  const tau = symbol.offsets.map(q => (q[q.length - 1] - q[0]) / 2)
  const evaluate = (points: Float64Array) => {
    const frequencies = { turns: grid, points }
    return schattenNorms(gram, frequencies, 0, countOf(frequencies), steps)
  }
  if (symbol.columns >= FLAT && steps > 2) return screened(gram, circularFrequencies(grid).points, grid, steps, floor)
  if (symbol.columns >= WIDE && worthSearching(grid, tau)) return gridMaximum(grid, tau, evaluate, floor)
  const { points } = circularFrequencies(grid)
  const { upper, lower } = evaluate(points)
  const index = upper.indexOf(peakOf(upper))
  const point = points.slice(index * grid.length, (index + 1) * grid.length)
  return { upper: upper[index], lower: peakOf(lower), point, work: upper.length }
}
