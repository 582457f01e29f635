import { show } from '../../errors.ts'
import type { Attribute } from '../model.ts'
import { reshaped } from '../weights.ts'
import { type Activation, activation, type Builder, depthwiseShape } from './builder.ts'

export type Config = Record<string, unknown>

/** A layer of a Keras model: its class, its settings, and which layers' outputs it is called on. */
export interface KerasLayer {
  name: string
  kind: string
  config: Config
  /** one list of value names a call */
  calls: string[][]
  /** the calls with settings of their own, such as training = true */
  special: boolean[]
  /** no layer of Keras, whatever its class is called */
  foreign: boolean
}

export interface Context {
  build: Builder
  what: string
  /** name parts in front of this model's values, where it is nested */
  scope: string
  /** the names of the models it lies in, each with a slash behind */
  path: string
  /** the outermost model's name */
  root: string
  stored: StoredNames
  depth: number
  /** some layer of the model has its channels before the spatial axes */
  isFirst: boolean
}

interface Call extends KerasLayer, Context {
  inputs: readonly string[]
  output: string
}

/** Stored tensors by everything their names may end with, the layer that took each, and how many layers have a name. */
export interface StoredNames {
  readonly byEnd: ReadonlyMap<string, readonly string[]>
  readonly takenBy: Map<string, string>
  readonly layers: ReadonlyMap<string, number>
}

const MOST_PARTS = 32

export function storedNames(names: Iterable<string>, listed: readonly string[]): StoredNames {
  const byEnd = new Map<string, string[]>()
  for (const name of names) {
    const parts = bare(name).split('/').slice(-MOST_PARTS)
    for (let from = 0; from < parts.length; from++) {
      const end = parts.slice(from).join('/')
      const titles = byEnd.get(end)
      if (titles) titles.push(name)
      else byEnd.set(end, [name])
    }
  }
  const layers = new Map<string, number>()
  for (const name of listed) layers.set(name, (layers.get(name) ?? 0) + 1)
  return { byEnd, takenBy: new Map(), layers }
}

function bare(name: string): string {
  return name.replace(/:0$/, '')
}

/**
 * A weight of a layer: its full name is that of the models around it, the layer's and its own. Names that say less, or more, serve where no
 * other layer of the whole model has the name. No weight is taken twice.
 */
function weight({ name, path, root, stored }: Call, own: string): string | undefined {
  const layer = `${path}${name}`
  const ending = (end: string): readonly string[] => stored.byEnd.get(end) ?? []
  const named = ending(`${layer}/${own}`)
  const whole = named.filter(title => bare(title) === `${layer}/${own}` || bare(title) === `${root}/${layer}/${own}`)
  const looser = stored.layers.get(name) === 1 ? [named, ending(`${name}/${own}`)] : []
  const found = [whole, ...looser].find(titles => titles.length > 0) ?? []
  if (found.length !== 1 || (stored.takenBy.get(found[0]) ?? layer) !== layer) return undefined
  stored.takenBy.set(found[0], layer)
  return found[0]
}

/** Whether a weight that a layer may go without is there in the file, or called for, but is not surely this layer's. */
function isLost({ name, stored }: Call, own: string, wanted: unknown): boolean {
  return wanted === true || stored.byEnd.has(`${name}/${own}`)
}

/** A layer that is not read, and why. */
function unread({ build, kind, inputs, output }: Call, why: string): string {
  return build.refuse(build.add(kind, inputs, output, {}, 'keras'), why)
}

const NO_WEIGHT = 'the file does not store its weights under a name that is surely its own'

function numbers(value: unknown, axes: number): number[] | undefined {
  if (typeof value === 'number') return new Array<number>(axes).fill(value)
  return Array.isArray(value) && value.every(n => typeof n === 'number') ? value : undefined
}

/** Keras takes the word in either case; 'causal' is of use along one axis, where everything it adds comes before. */
function paddingOf(config: Config): unknown {
  return typeof config.padding === 'string' ? config.padding.toLowerCase() : (config.padding ?? 'valid')
}

function padding(config: Config, reach: readonly number[] = []): Record<string, Attribute> {
  const word = paddingOf(config)
  if (word === 'causal') return { auto_pad: 'NOTSET', pads: [...reach.map(side => side - 1), ...reach.map(() => 0)] }
  return { auto_pad: word === 'same' ? 'SAME_UPPER' : 'VALID' }
}

function isFirst(config: Config): boolean {
  return config.data_format === 'channels_first'
}

/** A bias lies along the channels, which are not the last axis everywhere. */
function alongChannels({ build, config }: Call, name: string, axes: number): string {
  const bias = build.constants.get(name)!
  if (!isFirst(config) || axes === 0 || bias.shape.length !== 1) return name
  const own = `${name} along channels`
  build.constants.set(own, reshaped(bias, [bias.shape[0], ...new Array<number>(axes).fill(1)]))
  build.origin.set(own, name)
  return own
}

/** Bias and activation behind a layer's linear part, which has so many spatial axes. */
function dressed(call: Call, value: string, axes = 0): string {
  const { build, config, output } = call
  const bias = config.use_bias === false ? undefined : weight(call, 'bias')
  const active = activationOf(config.activation)
  const plain = active.op === 'Identity'
  const biased = bias ? build.add('Add', [value, alongChannels(call, bias, axes)], plain ? output : `${output}/biased`) : value
  const result = plain ? biased : activate(build, biased, output, active)
  const lost = !bias && config.use_bias !== false && isLost(call, 'bias', config.use_bias)
  return lost ? build.refuse(result, NO_WEIGHT) : result
}

function activate(build: Builder, value: string, output: string, { op, attributes, domain, refused }: Activation): string {
  build.add(op, [value], output, attributes, domain)
  return refused === undefined ? output : build.refuse(output, refused)
}

/** What an activation setting stands for: a name, a function of Keras 3 by its name, or a layer with settings of its own. */
function activationOf(setting: unknown): Activation {
  if (typeof setting === 'string') return activation(setting)
  if (setting === undefined || setting === null) return activation('linear')
  const { class_name: kind, config } = setting as Config
  if (kind === 'function' && typeof config === 'string') return activation(config)
  const settings = (typeof config === 'object' ? config : undefined) ?? {}
  if (typeof kind === 'string' && Object.hasOwn(ACTIVATION_LAYERS, kind)) return ACTIVATION_LAYERS[kind](settings as Config)
  if (typeof kind === 'string' && Object.keys(settings).length === 0) return activation(kind)
  return unknownActivation(`the activation ${show(kind)} has settings that are not known here`)
}

function unknownActivation(refused: string): Activation {
  return { op: 'Activation', attributes: {}, domain: 'keras', refused }
}

function convolution(call: Call, kernel = 'kernel', part = 'linear', strides: unknown = call.config.strides): string {
  const { build, config, output, inputs } = call
  const name = weight(call, kernel)
  if (name === undefined) return build.refuse(build.add(call.kind, inputs, `${output}/${part}`, {}, 'keras'), NO_WEIGHT)
  const stored = build.constants.get(name)!
  const axes = stored.shape.length - 2
  const depthwise = kernel === 'depthwise_kernel'
  const spatial = stored.shape.slice(0, Math.max(0, axes))
  const dilations = numbers(config.dilation_rate, axes) ?? new Array<number>(Math.max(0, axes)).fill(1)
  const attributes: Record<string, Attribute> = {
    layout: 'HWIO',
    kernel_shape: spatial,
    strides: numbers(strides, axes) ?? new Array<number>(Math.max(0, axes)).fill(1),
    dilations,
    group: typeof config.groups === 'number' ? config.groups : 1,
    ...padding(
      config,
      spatial.map((k, d) => (dilations[d] ?? 1) * (k - 1) + 1),
    ),
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
  build.add(op, [inputs[0], constant], `${output}/${part}`, attributes)
  const known = paddingOf(config) === 'same' || paddingOf(config) === 'valid'
  if (!known && !(paddingOf(config) === 'causal' && axes === 1 && op === 'Conv'))
    build.refuse(`${output}/${part}`, `padding ${show(config.padding)} is not known here`)
  return `${output}/${part}`
}

/**
 * Keras 'same' means out = in·stride, 'valid' keeps all of the kernel; where the kernel is shorter than the stride, the rest is output
 * padding. With output padding p given, out = (in − 1)·stride + p + k, less 2⌊k/2⌋ for 'same', of which TensorFlow takes the smaller half off in
 * front.
 */
function transposedPadding(
  { strides, dilations, kernel_shape }: Record<string, Attribute>,
  config: Config,
): Record<string, Attribute> {
  const steps = strides as number[]
  const reach = (kernel_shape as number[]).map((k, d) => (dilations as number[])[d] * (k - 1) + 1)
  const given = numbers(config.output_padding, steps.length)
  if (!given) return { output_padding: steps.map((step, d) => Math.max(0, step - reach[d])) }
  if (paddingOf(config) !== 'same') return { output_padding: given }
  const totals = reach.map((side, d) => 2 * Math.floor(side / 2) - given[d])
  const before = totals.map(total => Math.floor(Math.max(0, total) / 2))
  const after = totals.map((total, d) => Math.max(0, total) - before[d])
  return { output_padding: totals.map(total => Math.max(0, -total)), auto_pad: 'NOTSET', pads: [...before, ...after] }
}

/** A depthwise convolution, then a 1×1 one, bias and activation after both. */
function separable(call: Call): string {
  const inner = convolution(call, 'depthwise_kernel', 'depthwise')
  const pointwise = { ...call, inputs: [inner], config: { ...call.config, dilation_rate: 1 } }
  return dressed(call, convolution(pointwise, 'pointwise_kernel', 'linear', 1), axesOf(call))
}

function dense(call: Call): string {
  const { build, inputs, output } = call
  const name = weight(call, 'kernel')
  if (name === undefined) return unread(call, NO_WEIGHT)
  return dressed(call, build.add('MatMul', [inputs[0], name], `${output}/linear`))
}

function batchNorm(call: Call): string {
  const { build, config, inputs, output } = call
  const mean = weight(call, 'moving_mean')
  const variance = weight(call, 'moving_variance')
  const gamma = config.scale === false ? '' : weight(call, 'gamma')
  const beta = config.center === false ? '' : (weight(call, 'beta') ?? '')
  if (!mean || !variance || gamma === undefined) return unread(call, NO_WEIGHT)
  const axes = Array.isArray(config.axis) ? config.axis : [config.axis ?? -1]
  if (axes.length !== 1 || !Number.isInteger(axes[0])) return unread(call, `the axis ${show(config.axis)} is not read`)
  const epsilon = typeof config.epsilon === 'number' ? config.epsilon : 1e-3
  build.add('BatchNormalization', [inputs[0], gamma, beta, mean, variance], output, {
    epsilon,
    ...((axes[0] !== -1 || call.isFirst) && { axis: axes[0] }),
  })
  if (beta === '' && config.center !== false && isLost(call, 'beta', config.center)) build.refuse(output, NO_WEIGHT)
  return output
}

function pool(op: string, axes: number) {
  return ({ build, config, inputs, output }: Call): string => {
    const size = numbers(config.pool_size, axes) ?? new Array<number>(axes).fill(2)
    const strides = numbers(config.strides, axes) ?? size
    build.add(op, inputs, output, { kernel_shape: size, strides, ...padding(config) })
    const known = paddingOf(config) === 'same' || paddingOf(config) === 'valid'
    return known ? output : build.refuse(output, `padding ${show(config.padding)} is not known here`)
  }
}

function globalPool(op: string) {
  return ({ build, inputs, output, config }: Call): string => {
    if (config.keepdims === true) return build.add(op, inputs, output)
    return build.add('Flatten', [build.add(op, inputs, `${output}/pooled`)], output)
  }
}

function named(op: string) {
  return ({ build, inputs, output }: Call): string => build.add(op, inputs, output)
}

/** A layer that is an activation and nothing else. */
function activating(of: (config: Config) => Activation) {
  return ({ build, config, inputs, output }: Call): string => activate(build, inputs[0], output, of(config))
}

function relu({ max_value, negative_slope, threshold }: Config): Activation {
  const [max, slope, from] = [max_value ?? Infinity, negative_slope ?? 0, threshold ?? 0]
  if (typeof max !== 'number' || typeof slope !== 'number' || from !== 0 || (max !== Infinity && slope !== 0))
    return unknownActivation(`a ReLU up to ${show(max)} with the slope ${show(slope)} below ${show(from)} is not known here`)
  if (max !== Infinity) return { op: 'Clip', attributes: { min: 0, max }, domain: '' }
  return slope === 0 ? activation('relu') : { op: 'LeakyRelu', attributes: { alpha: slope }, domain: '' }
}

function withAlpha(op: string, fallback: number) {
  return ({ alpha, negative_slope }: Config): Activation => {
    const value = alpha ?? negative_slope ?? fallback
    if (typeof value !== 'number') return unknownActivation(`the slope ${show(value)} is not a number`)
    return { op, attributes: { alpha: value }, domain: '' }
  }
}

function softmax({ axis = -1 }: Config): Activation {
  const axes = Array.isArray(axis) ? axis : [axis]
  if (axes.length !== 1 || !Number.isInteger(axes[0])) return unknownActivation(`a softmax over ${show(axis)} is not known here`)
  return { op: 'Softmax', attributes: { axis: axes[0] }, domain: '' }
}

const ACTIVATION_LAYERS: Readonly<Record<string, (config: Config) => Activation>> = {
  ReLU: relu,
  LeakyReLU: withAlpha('LeakyRelu', 0.3),
  ELU: withAlpha('Elu', 1),
  Softmax: softmax,
}

/** Keras writes padding as [[before, after], …]; ONNX as all the befores, then all the afters, batch and channels included. */
function zeroPadding(axes: number) {
  return (call: Call): string => {
    const { padding: given = 1 } = call.config
    // Along one axis the pair stands by itself.
    const listed = axes === 1 && Array.isArray(given) ? [given] : Array.isArray(given) ? given : new Array(axes).fill(given)
    const pairs = listed.map(value => (Array.isArray(value) ? value : [value, value]) as [number, number])
    const spread = (own: number[]): number[] => (isFirst(call.config) ? [0, 0, ...own] : [0, ...own, 0])
    const pads = [...spread(pairs.map(([before]) => before)), ...spread(pairs.map(([, after]) => after))]
    if (pairs.length !== axes || !pads.every(Number.isSafeInteger)) return unread(call, `padding ${show(given)} is not read`)
    return call.build.add('Pad', call.inputs, call.output, { mode: 'constant', pads })
  }
}

/** As TensorFlow.js resizes: between pixels that lie at their corners, not at their centres. */
function upsampling(call: Call): string {
  const { size, interpolation: word = 'nearest' } = call.config
  const sizes = numbers(size, 2) ?? [2, 2]
  const mode = word === 'bilinear' ? 'linear' : word === 'nearest' ? word : undefined
  if (!mode) return unread(call, `interpolation ${show(word)} is not known here`)
  const scales = isFirst(call.config) ? [1, 1, ...sizes] : [1, ...sizes, 1]
  return call.build.add('Upsample', call.inputs, call.output, { mode, scales })
}

function prelu(call: Call): string {
  const alpha = weight(call, 'alpha')
  return alpha ? call.build.add('PRelu', [call.inputs[0], alpha], call.output) : unread(call, NO_WEIGHT)
}

/** Channels that come first are flattened as if they came last. */
function flatten(call: Call): string {
  const { build, config, inputs, output } = call
  return isFirst(config)
    ? unread(call, 'it moves channels that come first behind the spatial axes')
    : build.add('Flatten', inputs, output)
}

/** The batch stays, what is negative or null is what remains. */
function reshape(call: Call): string {
  const { target_shape: target } = call.config
  const sides = Array.isArray(target) ? target.map(side => (side === null || side < 0 ? -1 : side)) : []
  if (!Array.isArray(target) || !sides.every(side => Number.isInteger(side) && side !== 0))
    return unread(call, `target_shape ${show(target)} is not read`)
  return call.build.add('Reshape', call.inputs, call.output, { shape: [0, ...sides] })
}

function permute(call: Call): string {
  const { dims } = call.config
  if (!Array.isArray(dims) || !dims.every(Number.isInteger)) return unread(call, `dims ${show(dims)} are not read`)
  return call.build.add('Transpose', call.inputs, call.output, { perm: [0, ...dims] })
}

function concatenate(call: Call): string {
  const { axis = -1 } = call.config
  if (!Number.isInteger(axis)) return unread(call, `the axis ${show(axis)} is not read`)
  return call.build.add('Concat', call.inputs, call.output, { axis: axis as number })
}

/** The largest or smallest of several: of the first two, then of that and the next. */
function extreme(op: string) {
  return ({ build, inputs, output }: Call): string => {
    const [first, ...others] = inputs
    if (others.length === 0) return build.add(op, inputs, output)
    return others.reduce(
      (value, other, i) => build.add(op, [value, other], i === others.length - 1 ? output : `${output}/of ${i + 2}`),
      first,
    )
  }
}

const identity = named('Identity')
const axesOf = ({ kind }: Call): number => Number(/([123])D/.exec(kind)?.[1] ?? 0)
const convolutional = (call: Call): string => dressed(call, convolution(call), axesOf(call))
const depthwise = (call: Call): string => dressed(call, convolution(call, 'depthwise_kernel'), axesOf(call))

export const MAKERS: Readonly<Record<string, (call: Call) => string>> = {
  Conv1D: convolutional,
  Conv2D: convolutional,
  Conv3D: convolutional,
  Conv1DTranspose: convolutional,
  Conv2DTranspose: convolutional,
  Conv3DTranspose: convolutional,
  DepthwiseConv1D: depthwise,
  DepthwiseConv2D: depthwise,
  SeparableConv1D: separable,
  SeparableConv2D: separable,
  Dense: dense,
  BatchNormalization: batchNorm,
  Activation: activating(({ activation: setting }) => activationOf(setting)),
  ReLU: activating(relu),
  LeakyReLU: activating(ACTIVATION_LAYERS.LeakyReLU),
  PReLU: prelu,
  ELU: activating(ACTIVATION_LAYERS.ELU),
  Softmax: activating(softmax),
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
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  ZeroPadding1D: zeroPadding(1),
  ZeroPadding2D: zeroPadding(2),
  ZeroPadding3D: zeroPadding(3),
  UpSampling2D: upsampling,
  Add: named('Sum'),
  Subtract: named('Sub'),
  Multiply: named('Mul'),
  Average: named('Mean'),
  Maximum: extreme('Max'),
  Minimum: extreme('Min'),
  Concatenate: concatenate,
  Dropout: identity,
  SpatialDropout1D: identity,
  SpatialDropout2D: identity,
  SpatialDropout3D: identity,
  AlphaDropout: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  ActivityRegularization: identity,
}
