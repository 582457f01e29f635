import { adjoint, apply } from '../../methods/apply.ts'
import { type Conv, conv, dense, type Geometry, type SizedConv } from '../../conv.ts'
import { scaleOutputs } from '../../network/batch-norm.ts'
import { plusUp, rootUp, timesUp } from '../../network/outward.ts'
import { sizeOf } from '../../tensor.ts'
import { errorNormOf, type Numbers } from './numbers.ts'
import { cannotBound, constantAt, layoutOf, numberAt, operand, type Rule, type View, wholesAt, wordAt } from './step.ts'
import { linearStep } from './steps.ts'

/** Padding of so many entries is always computed with, and 32 times as many as the values have. */
const FEW_BORDERS = 2 ** 20

/** How many rounding errors the scales of a folded batch norm and their product with an entry amount to. */
const FOLD_ROUNDINGS = 12

/** Convolutions and transposed ones, with what follows folded in where the graph allows. */
export const convolution: Rule = view => {
  const { shape } = operand(view, 0)
  if (shape.length < 3 || shape.length > 5) cannotBound(`an input of rank ${shape.length}`)
  if (wholesAt(view, 'output_shape')) cannotBound('padding that follows from a wanted output shape')
  const { channel, spatial } = layoutOf(view, shape.length)
  const { layer, error, radius } = layerOf(
    view,
    spatial.map(d => shape[d]),
  )
  if (layer.inChannels !== shape[channel]) cannotBound(`${shape[channel]} channels where ${layer.inChannels} are expected`)
  const { gain, rule } = gainOf(view, layer, error)
  const batch = shape[0]
  const move = view.graph.channels === 'last'
  const sizes = { inside: sizeOf(layer.inputSize), outside: sizeOf(layer.outputSize) }
  const absolute = withKernel(layer, layer.kernel.data.map(Math.abs))
  const uncertain = radius && withKernel(layer, radius)
  const through = (operator: SizedConv, x: Float64Array): Float64Array => {
    checkBorder(layer)
    return perSample(x, batch, one => {
      const y = apply(operator, move ? turned(one, sizes.inside) : one).data
      return move ? turned(y, operator.outChannels) : y
    })
  }
  const back = (y: Float64Array): Float64Array =>
    perSample(y, batch, one => {
      const x = adjoint(layer, move ? turned(one, sizes.outside) : one).data
      return move ? turned(x, layer.inChannels) : x
    })
  const output = move ? [batch, ...layer.outputSize, layer.outChannels] : [batch, layer.outChannels, ...layer.outputSize]
  const bias = constantAt(view, 2)
  const step = linearStep({
    shape: output,
    rule,
    gain,
    terms: layer.inChannels * sizeOf(layer.kernelSize),
    apply: x => through(layer, x),
    adjoint: back,
    absolute: x => through(absolute, x),
    uncertain: uncertain && (x => through(uncertain, x)),
    ...(bias && { offset: () => spreadBias(bias, output, move ? output.length - 1 : 1) }),
  })
  return [step]
}

/** A layer with the input size of its place; where the graph computes the kernel, how far that and its entries may be off. */
interface Placed {
  readonly layer: SizedConv
  readonly error: number
  readonly radius?: Float64Array | undefined
}

function layerOf(view: View, inputSize: number[]): Placed {
  const held = view.layer
  if (held && held.op === 'conv') {
    const layer = conv(held.kernel, { ...held.geometry, inputSize })
    return { layer: wordAt(view, 'auto_pad', '') === 'SAME_LOWER' ? withPadsSwapped(layer) : layer, error: 0 }
  }
  const kernel = constantAt(view, 1) ?? cannotBound('no kernel is given')
  if (view.graph.channels === 'last') cannotBound('a kernel that the file does not store')
  const geometry: Geometry = {
    ...(wholesAt(view, 'strides') && { stride: wholesAt(view, 'strides') }),
    ...(wholesAt(view, 'dilations') && { dilation: wholesAt(view, 'dilations') }),
    groups: numberAt(view, 'group', 1),
    transposed: view.node.op === 'ConvTranspose',
    ...(wholesAt(view, 'output_padding') && { outputPadding: wholesAt(view, 'output_padding') }),
    pad: padOf(view, inputSize.length),
    inputSize,
  }
  const layer = conv(kernel, geometry) as SizedConv
  return { layer, error: timesUp(rootUp(sizeOf(layer.kernelSize)), errorNormOf(kernel)), radius: kernel.radius }
}

/**
 * Padding is entries around the input that are written out when values are computed: a few bytes of a file can ask for any number. The norm
 * does not depend on them.
 */
function checkBorder({
  inChannels,
  outChannels,
  inputSize,
  outputSize,
  kernelSize,
  dilation,
  stride,
  transposed,
}: SizedConv): void {
  const [channels, outputs] = transposed ? [outChannels, inputSize] : [inChannels, outputSize]
  const reached = kernelSize.map((k, d) => dilation[d] * (k - 1) + stride[d] * (outputs[d] - 1) + 1)
  const entries = channels * sizeOf(reached)
  if (entries > FEW_BORDERS + 32 * (inChannels * sizeOf(inputSize) + outChannels * sizeOf(outputSize)))
    cannotBound(`${entries} entries with the padding are too many to compute values with`)
}

/** SAME_LOWER: the odd zero in front instead of behind. */
function withPadsSwapped(layer: SizedConv): SizedConv {
  const axes = layer.kernelSize.length
  const pad = layer.pad ?? []
  const [less, more] = [pad.slice(0, axes), pad.slice(axes)]
  const before = less.map((n, d) => Math.max(n, more[d]))
  return { ...layer, pad: [...before, ...less.map((n, d) => n + more[d] - before[d])] }
}

function padOf(view: View, axes: number): 'same' | 'valid' | number[] {
  const auto = wordAt(view, 'auto_pad', 'NOTSET')
  if (auto === 'SAME_UPPER') return 'same'
  if (auto === 'VALID') return 'valid'
  if (auto !== 'NOTSET') cannotBound(`auto_pad ${auto} on a kernel that the graph computes`)
  return wholesAt(view, 'pads') ?? new Array<number>(2 * axes).fill(0)
}

function gainOf(view: View, layer: SizedConv, error: number): { gain: number; rule: string } {
  const size = `${layer.inputSize.join('×')} inputs`
  if (!view.fold) return { gain: plusUp(view.norm(layer), error), rule: `norm of the layer at ${size}` }
  if (error > 0) cannotBound('a fold of a kernel that the graph computes')
  if (view.fold.scales.length !== layer.outChannels)
    cannotBound(`${view.fold.scales.length} scales to fold into ${layer.outChannels} channels`)
  const { conv: folded, rounding } = scaleOutputs(layer, view.fold.scales, FOLD_ROUNDINGS)
  return { gain: plusUp(view.norm(folded), rounding), rule: `norm of the layer with '${view.fold.by}' folded in, at ${size}` }
}

function withKernel<C extends Conv>(layer: C, data: Float64Array): C {
  return { ...layer, kernel: { data, shape: layer.kernel.shape } }
}

function perSample(x: Float64Array, batch: number, one: (sample: Float64Array) => Float64Array): Float64Array {
  const length = x.length / batch
  const parts = Array.from({ length: batch }, (_, b) => one(x.subarray(b * length, (b + 1) * length)))
  if (batch === 1) return parts[0]
  const whole = new Float64Array(parts.length * parts[0].length)
  for (const [b, part] of parts.entries()) whole.set(part, b * part.length)
  return whole
}

/** The transpose of a row-major matrix with `rows` rows. */
function turned(x: Float64Array, rows: number): Float64Array {
  const columns = x.length / rows
  const y = new Float64Array(x.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j]
  return y
}

/** A number a channel, at every entry of the output. */
function spreadBias(bias: Numbers, shape: readonly number[], axis: number): Numbers {
  const inner = sizeOf(shape.slice(axis + 1))
  if (bias.data.length !== shape[axis]) cannotBound(`a bias of ${bias.data.length} numbers for ${shape[axis]} channels`)
  const spread = (numbers: Float64Array): Float64Array =>
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => numbers[Math.floor(i / inner) % shape[axis]])
  return { shape, data: spread(bias.data), ...(bias.radius && { radius: spread(bias.radius) }) }
}

/** The norm of a matrix of constants, its own rounding included. */
export function matrixNorm(view: View, matrix: Numbers): number {
  return plusUp(view.norm(dense(matrix)), errorNormOf(matrix))
}
