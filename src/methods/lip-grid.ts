import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { gamma, nextUp } from '../rounding.ts'
import { PHASE_ERROR } from '../runtime/phases.ts'
import { frequencyAt, symbolAt, tapGradient } from '../runtime/evaluate.ts'
import { absoluteSquares } from '../runtime/weights.ts'
import {
  circularFrequencies,
  countOf,
  foldGradient,
  type Frequencies,
  groupTaps,
  type Symbol,
  symbolEverySize,
  type TrigonometricPolynomial,
} from '../symbol.ts'
import { indexOf, sizeOf } from '../tensor.ts'
import { everySize, productUp, upperBound } from './claim.ts'
import { gridOf, squaredGridFactor } from './grid.ts'
import { asLayer, asOptions } from './operand.ts'

/**
 * Upper bound on σ₁ from Frobenius norms on a grid: σ₁ ≤ max over N^D points of ‖F(θ)‖_F · Π_d (1 − (k_d−1)/N)^(−1/2).
 *
 * Holds for every input size, zero and circular padding. Up to √rank too large, 1.32–4.02 on trained layers with N = 20. The squared Frobenius norm is
 * one scalar trigonometric polynomial, so the cost is one pass over pairs of taps, whatever the number of points.
 *
 * Araujo et al. 2021, arXiv:2006.08391 (LipGrid), with N distinct points. METHODS §6.
 *
 * @param options gridSize N ≥ the kernel's side; gradient at the largest point (the first one at a tie)
 * @returns work: points of the grid, one of each conjugate pair
 * @throws OpnormError `option`
 * @example lipGrid(conv([[[1, 0, -1]]]), { gridSize: 3 }).value  // 3 to rounding: √3 at 2π/3 times √3, where the norm is 2
 */
export function lipGrid(layer: Conv, options: { gridSize?: number; gradient?: boolean } = {}): Bound<'upper'> {
  asOptions(options, 'lipGrid')
  const symbol = symbolEverySize(asLayer(layer, 'lipGrid'))
  const grid = gridOf(symbol, options.gridSize, k => Math.max(20, 2 * k))
  const frequencies = circularFrequencies(grid)
  let best = { square: 0, group: 0, index: 0 }
  for (let group = 0; group < symbol.groups; group++) {
    const trace = traceOf(symbol, group)
    if (trace.total === 0) continue
    const values = symbolAt(trace.polynomial, 0, frequencies)
    for (let index = 0; 2 * index < values.length; index++) {
      const square = nextUp(values[2 * index] + trace.error)
      if (square > best.square) best = { square, group, index }
    }
  }
  const factor = squaredGridFactor(symbol, grid)
  const work = symbol.groups * countOf(frequencies)
  const finding = { method: 'lipGrid', scope: everySize(layer), exponent: symbol.exponent, work }
  const upper = best.square === 0 ? 0 : productUp(nextUp(Math.sqrt(best.square)), factor)
  if (!options.gradient) return upperBound(upper, finding)
  const gradient = foldGradient(
    layer,
    symbol,
    best.group,
    frobeniusGradient(symbol, best.group, frequencyAt(frequencies, best.index), factor),
  )
  return upperBound(upper, { ...finding, gradient })
}

/** tr G(θ) = Σ_q t_q e^{iq·θ}, t_q = Σ_p ⟨A_p, A_{p+q}⟩. */
function traceOf(symbol: Symbol, group: number): { polynomial: TrigonometricPolynomial; error: number; total: number } {
  const taps = groupTaps(symbol, group)
  const plane = symbol.rows * symbol.columns
  const sides = symbol.offsets.map(q => q.length)
  const count = sizeOf(sides)
  const spread = symbol.offsets.map(q => q[q.length - 1] - q[0])
  const wide = spread.map(far => 2 * far + 1)
  const traces = new Float64Array(sizeOf(wide))
  const places = Array.from({ length: count }, (_, tap) => indexOf(tap, sides).map((i, d) => symbol.offsets[d][i]))
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      let inner = 0
      for (let e = 0; e < plane; e++) inner += taps[a * plane + e] * taps[b * plane + e]
      const there = places[a].reduce((flat, x, d) => flat * wide[d] + x - places[b][d] + spread[d], 0)
      traces[there] += inner
      if (a !== b) traces[traces.length - 1 - there] += inner
    }
  }
  const offsets = spread.map(far => Array.from({ length: 2 * far + 1 }, (_, i) => i - far))
  const polynomial = { groups: 1, rows: 1, columns: 1, offsets, taps: traces }
  const absolute = absoluteSquares(taps, plane)
  // |fl(tr G) − tr G| ≤ κ·Σ_e (Σ_p |A_p|_e)²: inner products, their sums over pairs of taps, the sum over q with its phases
  const kappa = gamma(plane) + gamma(count) + gamma(traces.length + 2) + PHASE_ERROR * Math.max(1, sides.length)
  return { polynomial, error: kappa * absolute * (1 + gamma(plane + 2 * count + 8)), total: absolute }
}

/** ∂‖F‖_F/∂A_q = Re(conj(F) e^{iq·θ})/‖F‖_F, times the factor. */
function frobeniusGradient(symbol: Symbol, group: number, frequency: Frequencies, factor: number): Float64Array {
  const value = symbolAt(symbol, group, frequency)
  let square = 0
  for (const x of value) square += x * x
  return tapGradient(symbol, frequency, value, square === 0 ? 0 : factor / Math.sqrt(square))
}
