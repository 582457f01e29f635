import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { asLayer, asOptions } from '../methods/operand.ts'
import { spectralNorm } from '../methods/spectral-norm.ts'
import { scaled } from '../rounding.ts'
import { frequencyAt, tapGradient } from '../runtime/evaluate.ts'
import { excessAt } from '../runtime/excess.ts'
import {
  circularFrequencies,
  foldGradient,
  type Frequencies,
  normalised,
  scaleInPlace,
  type Symbol,
  symbolEverySize,
} from '../symbol.ts'
import { sizeOf, type Tensor } from '../tensor.ts'

export interface Clipped {
  /** In the kernel's own shape and layout. */
  readonly kernel: Tensor
  /** Proven about that kernel by `spectralNorm`, for every input size; at most the ceiling unless `converged` is false. */
  readonly bound: Bound<'upper'>
  /** Rounds of clipping and cropping. */
  readonly rounds: number
  readonly converged: boolean
}

/**
 * Singular value clipping: a kernel of the same support near the given one, with norm at most `ceiling` for every input size.
 *
 * On a grid of frequencies the singular values of F(θ) above the ceiling are cut down to it, and the inverse transform is cropped to the
 * kernel's support. The crop may raise the norm again, so the two alternate (both sets are convex, so this converges); what remains
 * at the end, mostly a few per mille, is taken off by scaling. A layer that fits already comes back unchanged.
 * Costs a Gram matrix and a Cholesky test per frequency and round, and the singular vectors above the ceiling where there are any: (4k)^D/2
 * frequencies, 3–30 rounds. About a second for 64 channels of 3×3.
 *
 * Sedghi, Gupta, Long 2019, arXiv:1805.10408 (without the alternation); METHODS §9.
 *
 * @param layer any geometry, also dense; only the kernel and what stride and dilation make of it matter
 * @param ceiling positive
 * @param options rounds: most rounds before scaling does the rest, default 40
 * @throws OpnormError `option`
 * @example clip(dense([[3, 0], [0, 1]]), 2).kernel.data.map(Math.round)  // [2, 0, 0, 1]
 */
export function clip(layer: Conv, ceiling: number, options: { readonly rounds?: number } = {}): Clipped {
  asOptions(options, 'clip')
  const { rounds = 40 } = options
  asLayer(layer, 'clip')
  if (!(typeof ceiling === 'number' && ceiling > 0 && ceiling < Infinity))
    fail('option', 'ceiling', 'a positive number', show(ceiling), 'It is the largest norm the layer may have')
  if (!Number.isInteger(rounds) || rounds < 0)
    fail('option', 'rounds', 'a whole number from 0', show(rounds), 'With 0 the kernel is only scaled')
  const before = prove(layer, layer.kernel.data)
  if (before.upper <= ceiling) return { ...unchanged(layer), bound: before, rounds: 0, converged: true }
  const { data, exponent } = normalised(layer.kernel.data)
  const done = alternate(layer, data, scaled(ceiling, -exponent), rounds)
  scaleInPlace(data, exponent)
  return { ...scaledUnder(layer, data, ceiling), rounds: done }
}

/** A copy: who writes into it must not reach the layer. */
function unchanged({ kernel: { data, shape } }: Conv): { kernel: Tensor } {
  return { kernel: { data: data.slice(), shape } }
}

/**
 * The norm for every size. Where a clipped symbol touches the ceiling it is flat, the worst case for an enclosure: a gap of 10⁻⁴ takes a
 * tenth of the evaluations of 10⁻⁶, and costs the layer at most as much of its norm. A matrix has one frequency, and nothing to save.
 */
function prove(layer: Conv, data: Float64Array): Bound<'upper'> {
  const constant = layer.kernelSize.every(k => k === 1)
  return spectralNorm(endless(layer, data), { gap: constant ? 1e-11 : 1e-4, maxEvaluations: 4000 })
}

/** The layer with another kernel, speaking of every size. */
function endless(layer: Conv, data: Float64Array): Conv {
  const { inputSize: _, outputSize: __, ...rest } = layer
  const kernel = { data, shape: layer.kernel.shape }
  return layer.kernelSize.length === 0 ? { ...layer, kernel } : { ...rest, kernel, padding: 'zero' }
}

/** Clips and crops in place until no frequency of the grid exceeds the ceiling by more than two per mille. */
function alternate(layer: Conv, data: Float64Array, ceiling: number, rounds: number): number {
  for (let round = 1; round <= rounds; round++) {
    const symbol = symbolEverySize(endless(layer, data))
    const level = scaled(ceiling, -symbol.exponent)
    // Going nearly twice as far halves the rounds; from the first ones on it would overshoot, and end further from the kernel given.
    const relaxation = round < 4 ? 1 : 1.9
    let sigma = 0
    for (let g = 0; g < symbol.groups; g++) {
      const found = clipGroup(symbol, g, level)
      sigma = Math.max(sigma, found.sigma)
      const step = foldGradient(layer, symbol, g, found.step).data
      scaleInPlace(step, symbol.exponent)
      for (let i = 0; i < data.length; i++) data[i] -= relaxation * step[i]
    }
    if (sigma <= level * 1.002) return round
  }
  return rounds
}

/** The mean over the grid of what exceeds the level, at the taps: `Σ_θ E(θ) e^{−iq·θ}/N`; and the largest singular value above it. */
function clipGroup(symbol: Symbol, group: number, level: number): { step: Float64Array; sigma: number } {
  const grid = gridOf(symbol.offsets.map(q => q.length))
  const frequencies = circularFrequencies(grid)
  const total = sizeOf(grid)
  const step = new Float64Array(symbol.taps.length / symbol.groups)
  const sigma = excessAt(symbol, group, frequencies, level, (i, part) => {
    const at = frequencyAt(frequencies, i)
    tapGradient(symbol, at, part, (isItsMirror(at) ? 1 : 2) / total, step)
  })
  return { step, sigma }
}

/** Four points a tap in one or two dimensions; a coarser grid in three, where they are many. */
function gridOf(sides: number[]): number[] {
  return sides.map(k => (k === 1 ? 1 : sides.length < 3 ? 4 * k : 2 * k + 2))
}

/** θ and −θ are one frequency: only such stand for themselves alone in half the torus. */
function isItsMirror({ turns, points }: Frequencies): boolean {
  return turns.every((n, d) => (2 * points[d]) % n === 0)
}

/** Divides by what is proven until the proof says at most the ceiling: once, or twice where the second proof is a little weaker. */
function scaledUnder(layer: Conv, data: Float64Array, ceiling: number): Omit<Clipped, 'rounds'> {
  let bound = prove(layer, data)
  for (let attempt = 0; attempt < 3 && bound.upper > ceiling; attempt++) {
    const factor = (ceiling / bound.upper) * (1 - 2 ** -48)
    for (let i = 0; i < data.length; i++) data[i] *= factor
    bound = prove(layer, data)
  }
  return { kernel: { data, shape: layer.kernel.shape }, bound, converged: bound.upper <= ceiling * (1 + 1e-6) }
}
