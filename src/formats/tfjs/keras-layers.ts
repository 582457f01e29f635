import type { Attribute } from '../model.ts'
import { reshaped } from '../weights.ts'
import { activation, type Builder, depthwiseShape } from './builder.ts'

export type Config = Record<string, unknown>

/** A layer of a Keras model: its class, its settings, and which layers' outputs it is called on. */
export interface KerasLayer {
  name: string
  kind: string
  config: Config
  /** one list of value names a call */
  calls: string[][]
}

export interface Context {
  build: Builder
  what: string
  /** name parts in front of this model's layers, where it is nested */
  scope: string
  depth: number
  dataFormats: Set<string>
}

interface Call extends KerasLayer, Context {
  inputs: readonly string[]
  output: string
}

/** A weight of a layer: its full name ends with the layer's and its own. */
function weight(call: Call, own: string): string | undefined {
  const { build, name, scope } = call
  for (const title of [`${scope}${name}/${own}`, `${name}/${own}`, `${scope}${name}/${own}:0`, `${name}/${own}:0`])
    if (build.constants.has(title)) return title
  for (const title of build.constants.keys())
    if (title.endsWith(`/${name}/${own}`) || title.endsWith(`/${name}/${own}:0`)) return title
  return undefined
}

function numbers(value: unknown, axes: number): number[] | undefined {
  if (typeof value === 'number') return new Array<number>(axes).fill(value)
  return Array.isArray(value) && value.every(n => typeof n === 'number') ? value : undefined
}

function padding(config: Config): Record<string, Attribute> {
  return { auto_pad: config.padding === 'same' ? 'SAME_UPPER' : 'VALID' }
}

/** Bias and activation behind a layer's linear part. */
function dressed(call: Call, value: string): string {
  const { build, config, output } = call
  const bias = config.use_bias === false ? undefined : weight(call, 'bias')
  const name = typeof config.activation === 'string' ? config.activation : 'linear'
  const active = activation(name)
  const plain = active.op === 'Identity'
  const biased = bias ? build.add('Add', [value, bias], plain ? output : `${output}/biased`) : value
  if (!plain) return build.add(active.op, [biased], output, active.attributes, active.domain)
  return bias ? biased : build.add('Identity', [biased], output)
}

function convolution(call: Call, kernel = 'kernel', part = 'linear', strides: unknown = call.config.strides): string {
  const { build, config, output, inputs } = call
  const name = weight(call, kernel)
  if (name === undefined) return build.add(call.kind, inputs, `${output}/${part}`, {}, 'keras')
  const stored = build.constants.get(name)!
  const axes = stored.shape.length - 2
  const depthwise = kernel === 'depthwise_kernel'
  const spatial = stored.shape.slice(0, Math.max(0, axes))
  const attributes: Record<string, Attribute> = {
    layout: 'HWIO',
    kernel_shape: spatial,
    strides: numbers(strides, axes) ?? new Array<number>(Math.max(0, axes)).fill(1),
    dilations: numbers(config.dilation_rate, axes) ?? new Array<number>(Math.max(0, axes)).fill(1),
    group: typeof config.groups === 'number' ? config.groups : 1,
    ...padding(config),
  }
  let constant = name
  if (depthwise && axes >= 1) {
    const { shape, groups } = depthwiseShape(stored.shape)
    constant = `${name} as groups`
    build.constants.set(constant, reshaped(stored, shape))
    build.origin.set(constant, name)
    attributes.group = groups
  }
  const op = /Transpose/.test(call.kind) ? 'ConvTranspose' : 'Conv'
  if (op === 'ConvTranspose') {
    Object.assign(attributes, transposedPadding(attributes, config))
  }
  return build.add(op, [inputs[0], constant], `${output}/${part}`, attributes)
}

/**
 * Keras 'same' means out = in·stride, 'valid' keeps all of the kernel; where the kernel is shorter than the stride, the rest is output
 * padding. With output padding given, 'same' takes half the kernel off each side.
 */
function transposedPadding(
  { strides, dilations, kernel_shape }: Record<string, Attribute>,
  config: Config,
): Record<string, Attribute> {
  const steps = strides as number[]
  const reach = (kernel_shape as number[]).map((k, d) => (dilations as number[])[d] * (k - 1) + 1)
  const given = numbers(config.output_padding, steps.length)
  if (!given) return { output_padding: steps.map((step, d) => Math.max(0, step - reach[d])) }
  if (config.padding !== 'same') return { output_padding: given }
  const half = reach.map(side => Math.floor(side / 2))
  return { output_padding: given, auto_pad: 'NOTSET', pads: [...half, ...half] }
}

/** A depthwise convolution, then a 1×1 one, bias and activation after both. */
function separable(call: Call): string {
  const inner = convolution(call, 'depthwise_kernel', 'depthwise')
  const { config } = call
  const axes = numbers(config.kernel_size, 1)?.length ?? 1
  const pointwise = { ...call, inputs: [inner], config: { ...config, dilation_rate: new Array<number>(axes).fill(1) } }
  return dressed(call, convolution(pointwise, 'pointwise_kernel', 'linear', new Array<number>(axes).fill(1)))
}

function dense(call: Call): string {
  const { build, inputs, output } = call
  const name = weight(call, 'kernel')
  if (name === undefined) return build.add('Dense', inputs, output, {}, 'keras')
  return dressed(call, build.add('MatMul', [inputs[0], name], `${output}/linear`))
}

function batchNorm(call: Call): string {
  const { build, config, inputs, output } = call
  const mean = weight(call, 'moving_mean')
  const variance = weight(call, 'moving_variance')
  if (!mean || !variance) return build.add('BatchNormalization', inputs, output, {}, 'keras')
  const epsilon = typeof config.epsilon === 'number' ? config.epsilon : 1e-3
  const operands = [inputs[0], weight(call, 'gamma') ?? '', weight(call, 'beta') ?? '', mean, variance]
  return build.add('BatchNormalization', operands, output, { epsilon })
}

function pool(op: string, axes: number) {
  return ({ build, config, inputs, output }: Call): string => {
    const size = numbers(config.pool_size, axes) ?? new Array<number>(axes).fill(2)
    const strides = numbers(config.strides, axes) ?? size
    return build.add(op, inputs, output, { kernel_shape: size, strides, ...padding(config) })
  }
}

function globalPool(op: string) {
  return ({ build, inputs, output, config }: Call): string => {
    if (config.keepdims === true) return build.add(op, inputs, output)
    return build.add('Flatten', [build.add(op, inputs, `${output}/pooled`)], output)
  }
}

function named(op: string, attributes: (config: Config) => Record<string, Attribute> = () => ({})) {
  return ({ build, config, inputs, output }: Call): string => build.add(op, inputs, output, attributes(config))
}

function activated({ build, config, inputs, output }: Call): string {
  const { op, attributes, domain } = activation(String(config.activation ?? 'linear'))
  return build.add(op, inputs, output, attributes, domain)
}

function relu({ build, config, inputs, output }: Call): string {
  const { max_value: max, negative_slope: slope = 0, threshold = 0 } = config
  if (Number(threshold) !== 0 || (typeof max === 'number' && Number(slope) !== 0))
    return build.add('ReLU', inputs, output, {}, 'keras')
  if (typeof max === 'number') return build.add('Clip', inputs, output, { min: 0, max })
  return Number(slope) === 0
    ? build.add('Relu', inputs, output)
    : build.add('LeakyRelu', inputs, output, { alpha: Number(slope) })
}

/** Keras writes padding as [[before, after], …]; ONNX as all the befores, then all the afters, batch and channels included. */
function zeroPadding({ build, config, inputs, output }: Call): string {
  const listed = Array.isArray(config.padding) ? config.padding : [config.padding]
  const pairs = listed.map(value => (Array.isArray(value) ? value : [value, value]) as [number, number])
  const pads = [0, ...pairs.map(([before]) => before), 0, 0, ...pairs.map(([, after]) => after), 0]
  if (!pads.every(Number.isSafeInteger)) return build.add('ZeroPadding', inputs, output, {}, 'keras')
  return build.add('Pad', inputs, output, { mode: 'constant', pads })
}

function upsampling({ build, config, inputs, output }: Call): string {
  const sizes = numbers(config.size, 2) ?? [2, 2]
  const mode = config.interpolation === 'bilinear' ? 'linear' : 'nearest'
  return build.add('Upsample', inputs, output, { mode, scales: [1, ...sizes, 1] })
}

function prelu(call: Call): string {
  const alpha = weight(call, 'alpha')
  if (!alpha) return call.build.add('PReLU', call.inputs, call.output, {}, 'keras')
  return call.build.add('PRelu', [call.inputs[0], alpha], call.output)
}

const identity = named('Identity')
const convolutional = (call: Call): string => dressed(call, convolution(call))
const alphaOf = (fallback: number) => (config: Config) => ({
  alpha: typeof (config.alpha ?? config.negative_slope) === 'number' ? Number(config.alpha ?? config.negative_slope) : fallback,
})

export const MAKERS: Readonly<Record<string, (call: Call) => string>> = {
  Conv1D: convolutional,
  Conv2D: convolutional,
  Conv3D: convolutional,
  Conv1DTranspose: convolutional,
  Conv2DTranspose: convolutional,
  Conv3DTranspose: convolutional,
  DepthwiseConv1D: call => dressed(call, convolution(call, 'depthwise_kernel')),
  DepthwiseConv2D: call => dressed(call, convolution(call, 'depthwise_kernel')),
  SeparableConv1D: separable,
  SeparableConv2D: separable,
  Dense: dense,
  BatchNormalization: batchNorm,
  Activation: activated,
  ReLU: relu,
  LeakyReLU: named('LeakyRelu', alphaOf(0.3)),
  PReLU: prelu,
  ELU: named('Elu', alphaOf(1)),
  Softmax: named('Softmax', config => ({ axis: typeof config.axis === 'number' ? config.axis : -1 })),
  MaxPooling1D: pool('MaxPool', 1),
  MaxPooling2D: pool('MaxPool', 2),
  MaxPooling3D: pool('MaxPool', 3),
  AveragePooling1D: pool('AveragePool', 1),
  AveragePooling2D: pool('AveragePool', 2),
  AveragePooling3D: pool('AveragePool', 3),
  GlobalAveragePooling1D: globalPool('GlobalAveragePool'),
  GlobalAveragePooling2D: globalPool('GlobalAveragePool'),
  GlobalAveragePooling3D: globalPool('GlobalAveragePool'),
  GlobalMaxPooling1D: globalPool('GlobalMaxPool'),
  GlobalMaxPooling2D: globalPool('GlobalMaxPool'),
  GlobalMaxPooling3D: globalPool('GlobalMaxPool'),
  Flatten: named('Flatten'),
  Reshape: named('Reshape'),
  Permute: named(
    'Transpose',
    ({ dims }): Record<string, Attribute> => (Array.isArray(dims) ? { perm: [0, ...dims.map(Number)] } : {}),
  ),
  ZeroPadding1D: zeroPadding,
  ZeroPadding2D: zeroPadding,
  ZeroPadding3D: zeroPadding,
  UpSampling2D: upsampling,
  Add: named('Sum'),
  Subtract: named('Sub'),
  Multiply: named('Mul'),
  Average: named('Mean'),
  Maximum: named('Max'),
  Minimum: named('Min'),
  Concatenate: named('Concat', config => ({ axis: typeof config.axis === 'number' ? config.axis : -1 })),
  Dropout: identity,
  SpatialDropout1D: identity,
  SpatialDropout2D: identity,
  SpatialDropout3D: identity,
  AlphaDropout: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  ActivityRegularization: identity,
}
