import type { Bound } from '../bound.ts'
import { blockOf, type Conv, kernelStrides } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { gamma as errorOf, nextDown, nextUp } from '../rounding.ts'
import { sizeOf, type TensorLike, toTensor } from '../tensor.ts'
import { euclideanUp, overUp, plusUp, rootDown, rootUp, timesUp } from './outward.ts'

/** Batch normalisation at inference, `y = γ(x − μ)/√(v + ε) + β` per channel. Means and shifts do not change distances. */
export interface BatchNormalization {
  /** absent: 1 */
  readonly gamma?: TensorLike
  readonly variance: TensorLike
  /** default 1e-5 */
  readonly epsilon?: number
}

/**
 * Norm of a batch normalisation: `max |γ|/√(v + ε)`, to rounding, for every size.
 *
 * After a convolution, fold it into the kernel instead (`foldBatchNorm`): the norm of the product is never larger than the product of the
 * norms, and on trained layers mostly much smaller (METHODS §9).
 *
 * @throws OpnormError `nonfinite`, `shape`, `option`
 * @example batchNorm({ gamma: [2, -6], variance: [4, 9], epsilon: 0 }).value  // 2
 */
export function batchNorm(norm: BatchNormalization): Bound<'exact'> {
  let lower = 0
  let upper = 0
  let value = 0
  for (const { gamma, sum } of channelsOf(norm)) {
    const root = Math.sqrt(sum)
    value = Math.max(value, gamma / root)
    upper = Math.max(upper, overUp(gamma, rootDown(nextDown(sum))))
    lower = Math.max(lower, nextDown(gamma / rootUp(nextUp(sum))))
  }
  return { value, kind: 'exact', method: 'batch-norm', scope: 'every-size', lower: Math.max(0, lower), upper, work: 0 }
}

/** A convolution with a batch normalisation folded in, and how far rounding may have moved it. */
export interface Folded {
  /** the layer with kernel fl(γ/√(v + ε))·K */
  readonly conv: Conv
  /** ‖BN∘conv − folded‖ is at most this: add it to a bound of `conv` and the sum bounds the two layers in exact arithmetic */
  readonly rounding: number
}

/**
 * Folds the batch normalisation after a convolution into its kernel: `K'[o,i,p] = γ_o/√(v_o + ε)·K[o,i,p]`.
 *
 * The new kernel is rounded to float64, each entry by a relative error of at most γ₆, so the true product differs from it by an operator of
 * norm at most `√(Πk)·γ₆·‖K'‖_F` (the triangle inequality over taps): `rounding`, about 1e-15 of the norm. METHODS §9.
 *
 * @param conv any geometry, in its own layout; transposed and grouped too
 * @throws OpnormError `shape` when the channels do not fit, `nonfinite`, `option`
 * @example foldBatchNorm(conv(kernel), { gamma, variance, epsilon: 1e-5 }).conv
 */
export function foldBatchNorm<C extends Conv>(conv: C, norm: BatchNormalization): Folded & { readonly conv: C } {
  if (conv?.kernel === undefined)
    fail('option', 'foldBatchNorm', 'a layer from conv() or dense()', show(conv), 'Wrap the weights: conv(kernel, geometry)')
  const channels = channelsOf(norm)
  if (channels.length !== conv.outChannels)
    fail('shape', 'batch norm', `${conv.outChannels} channels`, String(channels.length), 'It must follow this very layer')
  const scales = Float64Array.from(channels, ({ gamma, negative, sum }) => ((negative ? -1 : 1) * gamma) / Math.sqrt(sum))
  return scaleOutputs(conv, scales, 6)
}

/** A layer with its output channels multiplied by `scales`, which are themselves within `roundings − 1` rounding errors of what they stand for. */
export function scaleOutputs<C extends Conv>(
  conv: C,
  scales: ArrayLike<number>,
  roundings: number,
): Folded & { readonly conv: C } {
  const data = Float64Array.from(conv.kernel.data)
  const { rows, columns } = blockOf(conv)
  const { out, in: inner, taps } = kernelStrides(conv)
  const tapCount = sizeOf(conv.kernelSize)
  for (let o = 0; o < rows * conv.groups; o++) {
    for (let i = 0; i < columns; i++) {
      const channel = conv.transposed ? Math.floor(o / rows) * columns + i : o
      for (let p = 0; p < tapCount; p++) data[o * out + i * inner + offsetOf(p, conv.kernelSize, taps)] *= scales[channel]
    }
  }
  const bad = data.findIndex(x => !Number.isFinite(x))
  if (bad >= 0)
    fail('nonfinite', 'folded kernel', 'finite numbers', `${data[bad]} at entry ${bad}`, 'The scales are too large for float64')
  const drift = plusUp(timesUp(errorOf(roundings), frobeniusUp(data)), timesUp(rootUp(data.length), 2 ** -1074))
  // A subnormal scale is not within a relative error of what it stands for.
  const subnormal = Array.from(scales).some(scale => Math.abs(scale) < 2 ** -1022)
  const lost = subnormal ? timesUp(2 ** -1074, frobeniusUp(conv.kernel.data)) : 0
  return {
    conv: { ...conv, kernel: { data, shape: conv.kernel.shape } },
    rounding: timesUp(rootUp(tapCount), plusUp(drift, lost)),
  }
}

function offsetOf(tap: number, sides: readonly number[], strides: readonly number[]): number {
  let offset = 0
  for (let d = sides.length - 1; d >= 0; d--) {
    offset += (tap % sides[d]) * strides[d]
    tap = Math.floor(tap / sides[d])
  }
  return offset
}

/** ≥ ‖x‖₂, by blocks so that no sum is long. */
function frobeniusUp(data: Float64Array): number {
  const blocks: number[] = []
  for (let at = 0; at < data.length; at += 256) blocks.push(euclideanUp(Array.from(data.subarray(at, at + 256), Math.abs)))
  return euclideanUp(blocks)
}

interface Channel {
  /** |γ| */
  readonly gamma: number
  readonly negative: boolean
  /** v + ε */
  readonly sum: number
}

function channelsOf(norm: BatchNormalization): Channel[] {
  if (typeof norm !== 'object' || norm === null)
    fail('option', 'batch norm', '{ gamma, variance, epsilon }', show(norm), 'Give what follows the layer')
  const { epsilon = 1e-5 } = norm
  const variance = toTensor(norm.variance, 'batch norm variance').data
  const gamma = norm.gamma === undefined ? undefined : toTensor(norm.gamma, 'batch norm gamma').data
  if (typeof epsilon !== 'number' || !Number.isFinite(epsilon))
    fail('option', 'batch norm epsilon', 'a finite number', show(epsilon), 'It is 1e-5 by default')
  if (variance.length === 0 || (gamma && gamma.length !== variance.length))
    fail(
      'shape',
      'batch norm',
      'as many scales as variances, at least one',
      `${gamma?.length ?? 'none'} and ${variance.length}`,
      'Check which layer they belong to',
    )
  return Array.from(variance, (v, c) => {
    const scale = gamma ? gamma[c] : 1
    const sum = v + epsilon
    if (sum === Infinity) fail('nonfinite', 'batch norm', 'finite variances', `${v} at [${c}]`, 'Check the weights')
    if (!(sum > 0))
      fail('option', 'batch norm', 'variance + epsilon above 0', `${show(v)} + ${show(epsilon)} at [${c}]`, 'Check the weights')
    return { gamma: Math.abs(scale), negative: scale < 0, sum }
  })
}
