import { adjoint } from '../methods/apply.ts'
import type { Bound } from '../bound.ts'
import { type Conv, dense, isSized, type SizedConv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { exact } from '../methods/exact.ts'
import { spectralNorm } from '../methods/spectral-norm.ts'
import { gamma } from '../rounding.ts'
import { sizeOf, type TensorLike } from '../tensor.ts'
import { type Activation, slopesOf } from './activation.ts'
import { plusUp, timesUp } from './outward.ts'
import { peakOf } from '../summation.ts'

/** The curvature bound and what it is made of. */
export interface Curvature extends Bound<'upper'> {
  /** r_I, a ceiling of the Jacobian's norm from the input to the pre-activations of layer I, I = 1 … L−1 */
  readonly r: number[]
  /** S_I, ceilings of |∂f/∂a_I| for the units of layer I, entry by entry */
  readonly S: Float64Array[]
}

/** The two logits whose difference is the margin. */
export interface Margin {
  readonly y: number
  readonly t: number
}

/**
 * Bound of ‖∇²f‖₂ everywhere, for the margin f = z_y − z_t of a chain of L linear layers with one smooth activation between them:
 *
 *   κ = h Σ_{I<L} r_I² max_j (S_I)_j,   r₁ = ‖W₁‖, r_I = g‖W_I‖r_{I−1},   S_{L−1} = |w_y − w_t|, S_I = g·S_{I+1}|W_{I+1}|
 *
 * with |σ′| ≤ g, |σ″| ≤ h. Convolutions stand for their matrices: their proven norms, and |W| products through the adjoint of |K|.
 * Rounded up throughout. Loose like every product bound, and the more so the deeper. METHODS §9; Singla & Feizi 2020, arXiv:2006.00731.
 *
 * @param layers matrices `[out, in]` or sized convolutions, in order; the last one is the logits' matrix. Biases do not matter
 * @param activation one with a bounded second derivative: softplus, sigmoid, tanh, gelu, silu …
 * @throws OpnormError `option` (no second derivative, fewer than 2 layers, no such logit), `shape` (layers that do not fit one another),
 *   `geometry` (a convolution without inputSize)
 * @example curvature([first, logits], 'softplus', { y: 3, t: 5 }).value
 */
export function curvature(layers: readonly (TensorLike | Conv)[], activation: Activation, margin: Margin): Curvature {
  if (!Array.isArray(layers)) fail('option', 'layers', 'a list of layers', show(layers), 'Give them in order, the logits last')
  if (typeof margin !== 'object' || margin === null)
    fail('option', 'margin', '{ y, t }', show(margin), 'Name the two logits whose difference is the margin')
  const { first: g, second: h } = slopesOf(activation)
  if (h === undefined)
    fail(
      'option',
      'activation',
      'one with a bounded second derivative',
      show(activation),
      'Curvature needs softplus, sigmoid, tanh, gelu or silu',
    )
  const operands = layers.map(operandOf)
  checkChain(operands)
  const norms = operands.slice(0, -1).map(normOf)
  const r: number[] = []
  for (const norm of norms) r.push(r.length === 0 ? norm.upper : timesUp(timesUp(g, norm.upper), r[r.length - 1]))
  const S = slopesBackwards(operands, g, margin)
  const kappa = r.reduce((sum, rI, I) => plusUp(sum, timesUp(timesUp(rI, rI), peakOf(S[I]))), 0)
  const value = timesUp(h, kappa)
  const work = norms.reduce((sum, norm) => sum + norm.work, 0)
  return { value, kind: 'upper', method: 'curvature', scope: 'this-size', lower: 0, upper: value, work, r, S }
}

/** S_{L−1} = |w_y − w_t| and S_I = g·S_{I+1}|W_{I+1}|, each entry rounded up. */
function slopesBackwards(operands: readonly SizedConv[], g: number, { y, t }: Margin): Float64Array[] {
  const logits = operands[operands.length - 1]
  const { data } = logits.kernel
  for (const [name, index] of [
    ['y', y],
    ['t', t],
  ] as const) {
    if (!Number.isInteger(index) || index < 0 || index >= logits.outChannels)
      fail('option', name, `a logit from 0 to ${logits.outChannels - 1}`, show(index), 'The last layer has one row a logit')
  }
  const width = logits.inChannels
  const last = Float64Array.from({ length: width }, (_, j) => differenceUp(data[y * width + j], data[t * width + j]))
  const S = [last]
  for (const operand of operands.slice(1, -1).reverse()) {
    const passed = throughAbsolute(operand, S[0])
    S.unshift(passed.map(x => timesUp(g, x)))
  }
  return S
}

/** ≥ |a − b|. */
function differenceUp(a: number, b: number): number {
  return Math.max(plusUp(a, -b), plusUp(b, -a))
}

/** ≥ |W|ᵀ s for s ≥ 0: the adjoint of the layer with |K| in place of K. All terms are ≥ 0, so the
 * sum errs by a factor 1 + γ at most, and by half of the smallest double where a product underflows. */
function throughAbsolute(operand: SizedConv, s: Float64Array): Float64Array {
  const absolute = { ...operand, kernel: { data: operand.kernel.data.map(Math.abs), shape: operand.kernel.shape } }
  const shape = [operand.outChannels, ...operand.outputSize]
  const terms = operand.outChannels * sizeOf(operand.kernelSize)
  const up = 1 + 2 * gamma(terms + 2)
  return adjoint(absolute, { data: s, shape }).data.map(x => plusUp(timesUp(x, up), terms * 2 ** -1074))
}

/** Circular and dense layers have a norm to rounding; zero-padded ones an enclosure. */
function normOf(operand: SizedConv): Bound<'upper' | 'exact'> {
  return operand.padding === 'circular' ? exact(operand) : spectralNorm(operand)
}

function operandOf(layer: TensorLike | Conv, index: number): SizedConv {
  if (typeof layer !== 'object' || layer === null || !('kernelSize' in layer)) return dense(layer)
  if (!isSized(layer))
    fail(
      'geometry',
      `layer ${index}`,
      'a convolution with inputSize',
      'none',
      'Its matrix depends on the size: give it to conv()',
    )
  return layer
}

function checkChain(operands: readonly SizedConv[]): void {
  if (operands.length < 2)
    fail('option', 'layers', 'at least two', String(operands.length), 'Without an activation there is no curvature')
  const last = operands[operands.length - 1]
  if (last.kernelSize.length > 0)
    fail('shape', 'the last layer', "the logits' matrix", 'a convolution', 'End with a matrix [logits, features]')
  operands.slice(1).forEach((operand, i) => {
    const before = operands[i].outChannels * sizeOf(operands[i].outputSize)
    const after = operand.inChannels * sizeOf(operand.inputSize)
    if (before !== after)
      fail('shape', `layer ${i + 1}`, `${before} inputs`, String(after), 'Each layer takes what the one before gives')
  })
}
