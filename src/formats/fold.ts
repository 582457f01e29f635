import { fail } from '../errors.ts'
import { sizeOf } from '../tensor.ts'
import { outChannels } from './channels.ts'
import type { BatchNorm, Layer, Weights } from './model.ts'
import { derived, numbersOf } from './weights.ts'

/**
 * The kernel of a layer and the batch norm behind it, as one: each output channel times γ/√(v + ε).
 *
 * In float64, so every entry is within 4 roundings (2⁻⁵¹ of itself) of the exact one. Biases do not enter: they move the output, not
 * its slope.
 *
 * @throws OpnormError `file` when the norm has other channels than the layer
 * @example readModel(file).batchNorms.filter(norm => norm.follows)  // those that can be folded
 */
export function foldBatchNorm(layer: Layer, norm: BatchNorm): Weights {
  const { kernel, geometry } = layer
  const channels = outChannels(layer.op, kernel.shape, geometry)
  if (channels !== norm.channels)
    fail('file', norm.name, `${channels} channels, as ${layer.name} has`, String(norm.channels), 'Leave this batch norm unfolded')
  const scale = gains(norm)
  const channelOf = outputChannel(layer)
  return derived(kernel, kernel.shape, values => Float64Array.from(values, (value, i) => value * scale[channelOf(i)]), 'float64')
}

/** γ/√(v + ε) of each channel: what a batch norm multiplies with. A negative variance gives NaN, which `conv()` refuses by name. */
export function gains({ gamma, variance, epsilon }: BatchNorm): Float64Array {
  const factor = gamma && numbersOf(gamma)
  return Float64Array.from(numbersOf(variance), (value, channel) => (factor ? factor[channel] : 1) / Math.sqrt(value + epsilon))
}

/** The output channel that entry i of a layer's kernel, in row-major order, belongs to. */
function outputChannel({ op, kernel: { shape }, geometry }: Layer): (i: number) => number {
  const rank = shape.length
  const { layout, transposed, groups = 1 } = geometry
  if (op === 'dense') return i => Math.floor(i / shape[1])
  const outer = layout === 'HWIO' ? rank - 1 : 0
  const inner = layout === 'HWIO' ? rank - 2 : 1
  const along = (axis: number): ((i: number) => number) => {
    const step = sizeOf(shape.slice(axis + 1))
    return i => Math.floor(i / step) % shape[axis]
  }
  if (!transposed) return along(outer)
  // Transposed: the inner axis counts within a group, and the group is told by the outer one.
  const within = along(inner)
  const outermost = along(outer)
  const perGroup = shape[outer] / groups
  return i => Math.floor(outermost(i) / perGroup) * shape[inner] + within(i)
}
