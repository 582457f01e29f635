import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { isSized } from '../conv.ts'
import { nextDown } from '../rounding.ts'
import { tapGradient } from '../runtime/evaluate.ts'
import { type GramSymbol, withGramSymbol } from '../runtime/gram-symbol.ts'
import { schattenDerivative } from '../runtime/schatten-gradient.ts'
import { schattenBelow } from '../runtime/schatten-proof.ts'
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
import { type GridMaximum, type GridNorm, gridMaximum } from './grid-search.ts'
import { asLayer, asOptions } from './operand.ts'

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
  asOptions(options, 'gram')
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

/** Channels from which a norm costs more than deciding whether to take it. */
const WIDE = 12

/** Squarings from which a factorisation, which says that there is no need of them, is cheaper. */
const MANY = 3

function maximumOf(gram: GramSymbol, symbol: Symbol, grid: readonly number[], steps: number, floor: number): GridMaximum {
  const tau = symbol.offsets.map(q => (q[q.length - 1] - q[0]) / 2)
  const at = (points: Float64Array) => ({ turns: grid, points })
  const evaluate = (points: Float64Array) => schattenNorms(gram, at(points), 0, countOf(at(points)), steps)
  if (symbol.columns < WIDE || steps < MANY) return largestOf(circularFrequencies(grid).points, grid.length, evaluate)
  const norm: GridNorm = {
    rough: points => Float64Array.from(gram.climb(at(points), ROUGH), ({ value }) => Math.sqrt(value)),
    evaluate,
    below: (points, level) => schattenBelow(gram, at(points), steps, level),
  }
  return gridMaximum(grid, tau, norm, floor)
}

/** Lanczos steps that tell where it is worth looking. */
const ROUGH = 12

/** All frequencies, one after the other. */
function largestOf(points: Float64Array, axes: number, evaluate: GridNorm['evaluate']): GridMaximum {
  const { upper, lower } = evaluate(points)
  let top = 0
  let floor = 0
  for (let i = 0; i < upper.length; i++) {
    if (upper[i] > upper[top]) top = i
    floor = Math.max(floor, lower[i])
  }
  return { upper: upper[top], lower: floor, point: points.slice(top * axes, (top + 1) * axes), work: upper.length }
}
