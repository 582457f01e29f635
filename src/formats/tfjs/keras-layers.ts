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
  /** name parts in front of this model's values, where it is nested */
  scope: string
  /** the same of its weights: however often a model is called, they are stored once */
  path: string
  /** how many layers of the whole model have a name */
  names: ReadonlyMap<string, number>
  /** axes of values, where they are known */
  ranks: Map<string, number>
  depth: number
  channelsFirst: boolean
  /** both orders of axes are in the model */
  mixed: boolean
}

interface Call extends KerasLayer, Context {
  inputs: readonly string[]
  output: string
}

/**
 * A weight of a layer: its full name is that of the layer, behind those of the models it lies in, and its own. Files that leave the models out are read where only one
 * layer has that name; what could be another layer's weight is none.
 */
function weight({ build, name, path, names }: Call, own: string): string | undefined {
  const titled = (end: string) => [...build.constants.keys()].filter(title => `/${title}`.replace(/:0$/, '').endsWith(`/${end}`))
  const full = `${path}${name}/${own}`
  const exact = [full, `${full}:0`].find(title => build.constants.has(title))
  if (exact) return exact
  const alone = names.get(name) === 1
  const found = titled(full)
  const loose = found.length === 0 && alone ? titled(`${name}/${own}`) : found
  if (loose.length === 1 && (alone || path !== '')) return loose[0]
  // Other layers of the name lie deeper, in models of their own.
  const depth = (title: string) => title.split('/').length
  const [least, next] = loose.sort((a, b) => depth(a) - depth(b))
  return next && depth(least) < depth(next) && loose.length === names.get(name) ? least : undefined
}

function numbers(value: unknown, axes: number): number[] | undefined {
  if (typeof value === 'number') return new Array<number>(axes).fill(value)
  return Array.isArray(value) && value.every(n => typeof n === 'number') ? value : undefined
}

/** 'causal' looks back only; undefined where it is none we know. */
function padding({ padding: kind = 'valid' }: Config, reach: readonly number[] = []): Record<string, Attribute> | undefined {
  if (kind === 'same') return { auto_pad: 'SAME_UPPER' }
  if (kind === 'causal' && reach.length === 1) return { auto_pad: 'NOTSET', pads: [reach[0] - 1, 0] }
  return kind === 'valid' ? { auto_pad: 'VALID' } : undefined
}

/** Bias and activation behind a layer's linear part. */
function dressed(call: Call, value: string): string {
  const { build, config, output } = call
  const active = config.activation
  const plain = isLinear(active)
  let biased = value
  if (config.use_bias !== false) {
    const bias = weight(call, 'bias')
    if (!bias && config.use_bias === true) return build.add(call.kind, [value], output, {}, 'keras')
    if (bias) biased = build.add('Add', [value, alongChannels(call, bias)], plain ? output : `${output}/biased`)
  }
  return plain ? biased : activate(call, active, biased)
}

/** A bias lies along the channels, which are not the last axis everywhere. */
function alongChannels({ build, config }: Call, name: string): string {
  const bias = build.constants.get(name)!
  const axes = numbers(config.kernel_size, 1)?.length ?? 0
  if (config.data_format !== 'channels_first' || axes === 0 || bias.shape.length !== 1) return name
  const own = `${name} along channels`
  build.constants.set(own, reshaped(bias, [bias.shape[0], ...new Array<number>(axes).fill(1)]))
  build.origin.set(own, name)
  return own
}

function isLinear(given: unknown): boolean {
  return given === undefined || given === null || nameOf(given) === 'linear'
}

/** 'relu', or the same as a function written out. */
function nameOf(given: unknown): string | undefined {
  if (typeof given === 'string') return given
  const { class_name: kind, config } = (given ?? {}) as Config
  return kind === 'function' && typeof config === 'string' ? config : undefined
}

/** An activation by name, or a layer that is one, with settings of its own. */
function activate(call: Call, given: unknown, value: string): string {
  const { build, output } = call
  const name = nameOf(given)
  if (name !== undefined) {
    const { op, attributes, domain } = activation(name)
    return build.add(op, [value], output, attributes, domain)
  }
  const { class_name: kind, config } = (given ?? {}) as Config
  const known = typeof kind === 'string' && ACTIVATIONS.includes(kind)
  if (!known) return build.add('Activation', [value], output, {}, 'keras')
  return MAKERS[kind]({ ...call, kind, config: (config ?? {}) as Config, inputs: [value] })
}

/** Layers without weights that may stand where an activation's name does. */
const ACTIVATIONS = ['ReLU', 'LeakyReLU', 'ELU', 'Softmax']

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
  }
  const padded = padding(config, reachOf(attributes))
  if (!padded) return build.add(call.kind, inputs, `${output}/${part}`, {}, 'keras')
  Object.assign(attributes, padded)
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

/** Pixels from the first tap to the last, both included. */
function reachOf({ kernel_shape, dilations }: Record<string, Attribute>): number[] {
  return (kernel_shape as number[]).map((k, d) => (dilations as number[])[d] * (k - 1) + 1)
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
  const reach = reachOf({ kernel_shape, dilations })
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
  const gamma = config.scale === false ? '' : weight(call, 'gamma')
  const beta = config.center === false ? '' : weight(call, 'beta')
  const unknown = mean === undefined || variance === undefined || gamma === undefined || beta === undefined
  if (unknown || !alongTheChannels(call)) return build.add('BatchNormalization', inputs, output, {}, 'keras')
  const epsilon = typeof config.epsilon === 'number' ? config.epsilon : 1e-3
  return build.add('BatchNormalization', [inputs[0], gamma, beta, mean, variance], output, { epsilon })
}

/** Keras normalises along any axis; ONNX knows the channels only. */
function alongTheChannels({ config, inputs, ranks, channelsFirst }: Call): boolean {
  const { axis = -1 } = config
  const own = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis
  const rank = ranks.get(inputs[0])
  if (typeof own !== 'number') return false
  if (channelsFirst && rank !== 2) return own === 1
  return own === -1 || (rank !== undefined && own === rank - 1)
}

function pool(op: string, axes: number) {
  return ({ build, config, inputs, output }: Call): string => {
    const size = numbers(config.pool_size, axes) ?? new Array<number>(axes).fill(2)
    const strides = numbers(config.strides, axes) ?? size
    const padded = padding(config)
    return padded
      ? build.add(op, inputs, output, { kernel_shape: size, strides, ...padded })
      : build.add(op, inputs, output, {}, 'keras')
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

function activated(call: Call): string {
  const { build, config, inputs, output } = call
  return isLinear(config.activation) ? build.add('Identity', inputs, output) : activate(call, config.activation, inputs[0])
}

/** An operator of two operands, from the first to the last. */
function chained(op: string) {
  return ({ build, inputs, output }: Call): string =>
    inputs
      .slice(1)
      .reduce((value, next, i) => build.add(op, [value, next], i === inputs.length - 2 ? output : `${output}/${i}`), inputs[0])
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
  const spread = (own: number[]) => (config.data_format === 'channels_first' ? [0, 0, ...own] : [0, ...own, 0])
  const pads = [...spread(pairs.map(([before]) => before)), ...spread(pairs.map(([, after]) => after))]
  if (!pads.every(Number.isSafeInteger)) return build.add('ZeroPadding', inputs, output, {}, 'keras')
  return build.add('Pad', inputs, output, { mode: 'constant', pads })
}

function upsampling({ build, config, inputs, output }: Call): string {
  const sizes = numbers(config.size, 2) ?? [2, 2]
  const { interpolation = 'nearest' } = config
  if (interpolation !== 'nearest' && interpolation !== 'bilinear') return build.add('UpSampling2D', inputs, output, {}, 'keras')
  const mode = interpolation === 'bilinear' ? 'linear' : 'nearest'
  return build.add('Upsample', inputs, output, {
    mode,
    scales: config.data_format === 'channels_first' ? [1, 1, ...sizes] : [1, ...sizes, 1],
  })
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
  Softmax: ({ build, config, inputs, output }) => {
    const { axis = -1 } = config
    return typeof axis === 'number'
      ? build.add('Softmax', inputs, output, { axis })
      : build.add('Softmax', inputs, output, {}, 'keras')
  },
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
  // Keras flattens channels first as if they were last.
  Flatten: ({ build, config, inputs, output }) =>
    build.add('Flatten', inputs, output, {}, config.data_format === 'channels_first' ? 'keras' : ''),
  Reshape: named(
    'Reshape',
    ({ target_shape: shape }): Record<string, Attribute> => (Array.isArray(shape) ? { shape: [0, ...shape.map(Number)] } : {}),
  ),
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
  Multiply: chained('Mul'),
  Average: named('Mean'),
  Maximum: chained('Max'),
  Minimum: chained('Min'),
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
