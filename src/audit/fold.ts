import { blockOf, type Conv, kernelStrides } from '../conv.ts'
import { fail } from '../errors.ts'
import { UNIT } from '../rounding.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

/** What a batch norm multiplies by, as plain data: γ/√(v + ε) per channel. */
export interface FoldedNorm {
  readonly name: string
  readonly epsilon: number
  readonly gamma?: TensorLike
  readonly variance: TensorLike
}

/**
 * The layer with a batch norm multiplied into its output channels: tighter than the product of the two norms (METHODS §9).
 *
 * @throws OpnormError `shape` when the batch norm has another number of channels, `nonfinite` when a factor is no number
 */
export function folded<L extends Conv>(layer: L, norm: FoldedNorm): L {
  const factors = channelFactors(norm)
  if (factors.length !== layer.outChannels)
    fail('shape', norm.name, `${layer.outChannels} channels`, String(factors.length), 'It belongs to another layer')
  return { ...layer, kernel: toTensor(scaleChannels(layer, factors), 'folded kernel') }
}

function channelFactors(norm: FoldedNorm): Float64Array {
  const variance = toTensor(norm.variance, `${norm.name}: variance`).data
  const gamma = norm.gamma === undefined ? undefined : toTensor(norm.gamma, `${norm.name}: weight`).data
  return variance.map((v, channel) => {
    if (!(v + norm.epsilon > 0))
      fail('nonfinite', `${norm.name}: variance`, 'v + ε above 0', `${v} at [${channel}]`, 'The running variance is damaged')
    return (gamma ? gamma[channel] : 1) / Math.sqrt(v + norm.epsilon)
  })
}

/**
 * How far rounding the folded entries can move the norm, relatively: each factor carries three roundings, common to its channel, and
 * each entry one more; a change of every entry by u moves the norm by at most u·√(Πk·min(m, n)) of itself, since
 * Σ_q‖A_q‖_F ≤ √Πk·‖K‖_F and the symbol's mean square over the torus is ‖K‖_F² ≤ min(m, n)·M².
 */
export function foldSlack(layer: Conv): number {
  const { rows, columns } = blockOf(layer)
  const taps = layer.kernelSize.reduce((product, k) => product * k, 1)
  return 8 * UNIT * Math.sqrt(taps * Math.min(rows, columns) + 1)
}

function scaleChannels(layer: Conv, factors: Float64Array): Tensor {
  const { data, shape } = layer.kernel
  const result = new Float64Array(data.length)
  const strides = kernelStrides(layer)
  const { rows, columns } = blockOf(layer)
  // Entry (o, i) of the convolution behind the layer: o counts all groups, i within one. A transposed layer's output is i.
  forEachTap(layer, strides.taps, tap => {
    for (let o = 0; o < rows * layer.groups; o++) {
      const group = Math.floor(o / rows)
      for (let i = 0; i < columns; i++) {
        const at = tap + o * strides.out + i * strides.in
        result[at] = data[at] * factors[layer.transposed ? group * columns + i : o]
      }
    }
  })
  return { data: result, shape }
}

function forEachTap(layer: Conv, strides: readonly number[], visit: (offset: number) => void): void {
  const { kernelSize } = layer
  const walk = (axis: number, offset: number): void => {
    if (axis === kernelSize.length) visit(offset)
    else for (let p = 0; p < kernelSize[axis]; p++) walk(axis + 1, offset + p * strides[axis])
  }
  walk(0, 0)
}
