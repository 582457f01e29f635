import type { Attribute } from '../model.ts'
import { reshaped } from '../weights.ts'
import { type Builder, depthwiseShape } from './builder.ts'
import { channelsFirst, type NodeDef, scalars, spatial, text, texts, whole, window } from './node-def.ts'

type Maker = (node: NodeDef, build: Builder) => void

function convolution(node: NodeDef, build: Builder, output = node.name): void {
  const { op, attr, inputs } = node
  const kernel = build.constants.get(inputs[1] ?? '')
  const depthwise = /Depthwise/.test(op)
  const transposed = op === 'Conv2DBackpropInput'
  const axes = kernel ? kernel.shape.length - 2 : 2
  const ones = new Array<number>(Math.max(0, axes)).fill(1)
  const attributes: Record<string, Attribute> = {
    layout: 'HWIO',
    strides: spatial(whole(attr.strides), attr) ?? ones,
    dilations: spatial(whole(attr.dilations), attr) ?? ones,
    ...window(attr),
    ...(kernel && { kernel_shape: kernel.shape.slice(0, axes) }),
  }
  let constant = inputs[1] ?? ''
  if (depthwise && kernel && axes > 0) {
    const { shape, groups } = depthwiseShape(kernel.shape)
    build.constants.set(`${constant} as groups`, reshaped(kernel, shape))
    build.origin.set(`${constant} as groups`, constant)
    constant = `${constant} as groups`
    attributes.group = groups
  }
  const sides = transposed ? build.constants.get(inputs[0] ?? '') : undefined
  if (sides) attributes.made_sides = spatial(Array.from(sides.data), attr)!
  const data = transposed ? inputs[2] : inputs[0]
  build.add(transposed ? 'ConvTranspose' : 'Conv', [data ?? '', constant], output, attributes)
}

function product({ attr, inputs }: NodeDef, build: Builder, output: string): void {
  const turned = (which: string): number => (attr[which]?.b === true ? 1 : 0)
  // Gemm speaks of transposed factors, MatMul does not.
  if (turned('transpose_a') || turned('transpose_b'))
    build.add('Gemm', inputs.slice(0, 2), output, { transA: turned('transpose_a'), transB: turned('transpose_b') })
  else build.add('MatMul', inputs.slice(0, 2), output)
}

const FUSED: Readonly<Record<string, [string, Record<string, Attribute>?]>> = {
  Relu: ['Relu'],
  Relu6: ['Clip', { min: 0, max: 6 }],
  Elu: ['Elu', { alpha: 1 }],
  LeakyRelu: ['LeakyRelu'],
  Sigmoid: ['Sigmoid'],
  Tanh: ['Tanh'],
  Prelu: ['PRelu'],
}

/** _FusedConv2D and the like: the linear part, then bias, batch norm and activation in the order listed. */
function fused(linear: (node: NodeDef, build: Builder, output: string) => void): Maker {
  return (node, build) => {
    const { name, attr, inputs } = node
    const steps = texts(attr.fused_ops)
    let value = steps.length > 0 ? `${name}/linear` : name
    linear(node, build, value)
    let operand = 2
    steps.forEach((step, i) => {
      const output = i === steps.length - 1 ? name : `${name}/${step}`
      if (step === 'BiasAdd') build.add('Add', [value, biasOf(inputs[operand++] ?? '', attr, build)], output)
      else if (step === 'FusedBatchNorm') {
        normalized(step, [value, ...inputs.slice(operand, operand + 4)], output, attr, build)
        operand += 4
      } else if (Object.hasOwn(FUSED, step)) {
        const [op, attributes = {}] = FUSED[step]
        const slope = op === 'LeakyRelu' ? { alpha: Number(attr.leakyrelu_alpha?.f ?? 0.2) } : attributes
        build.add(op, op === 'PRelu' ? [value, inputs[operand++] ?? ''] : [value], output, slope)
      } else build.add(step, [value], output, {}, 'tensorflow')
      value = output
    })
  }
}

/** A bias lies along the channels, which are not the last axis everywhere. */
function biasOf(name: string, attr: NodeDef['attr'], build: Builder): string {
  const bias = build.constants.get(name)
  if (!channelsFirst(attr) || bias?.shape.length !== 1) return name
  const own = `${name} along channels`
  build.constants.set(own, reshaped(bias, [bias.shape[0], ...text(attr.data_format)!.slice(2).replace(/./g, '1')].map(Number)))
  build.origin.set(own, build.origin.get(name) ?? name)
  return own
}

function pool(op: string): Maker {
  return ({ name, inputs, attr }, build) => {
    const kernel_shape = spatial(whole(attr.ksize), attr) ?? []
    build.add(op, inputs.slice(0, 1), name, {
      kernel_shape,
      strides: spatial(whole(attr.strides), attr) ?? kernel_shape,
      ...window(attr),
    })
  }
}

function plain(op: string, attributes: (attr: NodeDef['attr']) => Record<string, Attribute> = () => ({}), count?: number): Maker {
  return ({ name, inputs, attr }, build) => {
    build.add(op, inputs.slice(0, count), name, attributes(attr))
  }
}

/** Concatenation's axis is its last input. */
function concat({ name, inputs }: NodeDef, build: Builder): void {
  const axis = build.constants.get(inputs[inputs.length - 1] ?? '')?.data[0]
  if (axis === undefined) build.add('ConcatV2', inputs, name, {}, 'tensorflow')
  else build.add('Concat', inputs.slice(0, -1), name, { axis })
}

/** The order of axes is a constant operand. */
function transpose({ name, inputs }: NodeDef, build: Builder): void {
  const order = build.constants.get(inputs[1] ?? '')
  if (order) build.add('Transpose', inputs.slice(0, 1), name, { perm: Array.from(order.data) })
  else build.add('Transpose', inputs, name, {}, 'tensorflow')
}

/** Factors that are turned over before they are multiplied have no ONNX counterpart but for matrices. */
function batchProduct({ name, op, inputs, attr }: NodeDef, build: Builder): void {
  const turned = attr.adj_x?.b === true || attr.adj_y?.b === true
  build.add(turned ? op : 'MatMul', inputs, name, {}, turned ? 'tensorflow' : '')
}

/** Padding comes as a constant matrix [[before, after], …]. */
function pad({ name, inputs, op, attr }: NodeDef, build: Builder): void {
  const pairs = build.constants.get(inputs[1] ?? '')
  if (pairs?.shape.length !== 2 || pairs.shape[0] > 8) build.add(op, inputs, name, {}, 'tensorflow')
  else {
    const numbers = Array.from(pairs.data)
    const pads = [...numbers.filter((_, i) => i % 2 === 0), ...numbers.filter((_, i) => i % 2 === 1)]
    build.add('Pad', [inputs[0]], name, {
      mode: op === 'MirrorPad' ? (text(attr.mode) ?? 'REFLECT').toLowerCase() : 'constant',
      pads,
    })
  }
}

/** The mean over the spatial axes is global average pooling; over others it keeps TensorFlow's name. */
function mean({ name, inputs, attr }: NodeDef, build: Builder): void {
  const axes = build.constants.get(inputs[1] ?? '')
  if (!axes || axes.data.length > 8) build.add('Mean', inputs, name, {}, 'tensorflow')
  else build.add('ReduceMean', [inputs[0]], name, { axes: Array.from(axes.data), keepdims: attr.keep_dims?.b === true ? 1 : 0 })
}

/** A stored variable passed on under another name stays stored. */
function identity({ name, inputs }: NodeDef, build: Builder): void {
  const constant = build.constants.get(inputs[0] ?? '')
  if (constant) {
    build.constants.set(name, constant)
    build.origin.set(name, build.origin.get(inputs[0]) ?? inputs[0])
  } else build.add('Identity', inputs.slice(0, 1), name)
}

/** Translated where all who run the file agree on it: without an ε TensorFlow takes 1e-4 and TensorFlow.js 1e-3, and in training the one has the batch's moments. */
function normalized(op: string, inputs: readonly string[], output: string, attr: NodeDef['attr'], build: Builder): void {
  const epsilon = attr.epsilon?.f
  if (typeof epsilon !== 'number' || attr.is_training?.b === true) build.add(op, inputs, output, scalars(attr), 'tensorflow')
  else build.add('BatchNormalization', inputs, output, { epsilon })
}

function batchNorm({ name, op, inputs, attr }: NodeDef, build: Builder): void {
  normalized(op, inputs.slice(0, 5), name, attr, build)
}

export const MAKERS: Readonly<Record<string, Maker>> = {
  Conv2D: convolution,
  Conv3D: convolution,
  DepthwiseConv2dNative: convolution,
  Conv2DBackpropInput: convolution,
  _FusedConv2D: fused(convolution),
  FusedDepthwiseConv2dNative: fused(convolution),
  MatMul: (node, build) => product(node, build, node.name),
  BatchMatMulV2: batchProduct,
  _FusedMatMul: fused(product),
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  BiasAdd: ({ name, inputs, attr }, build) => void build.add('Add', [inputs[0], biasOf(inputs[1] ?? '', attr, build)], name),
  Add: plain('Add'),
  AddV2: plain('Add'),
  AddN: plain('Sum'),
  Sub: plain('Sub'),
  Mul: plain('Mul'),
  RealDiv: plain('Div'),
  Maximum: plain('Max'),
  Minimum: plain('Min'),
  Relu: plain('Relu'),
  Relu6: plain('Clip', () => ({ min: 0, max: 6 })),
  LeakyRelu: plain('LeakyRelu', attr => ({ alpha: Number(attr.alpha?.f ?? 0.2) })),
  Elu: plain('Elu', () => ({ alpha: 1 })),
  Selu: plain('Selu'),
  Sigmoid: plain('Sigmoid'),
  Tanh: plain('Tanh'),
  Softplus: plain('Softplus'),
  Softsign: plain('Softsign'),
  Softmax: plain('Softmax', () => ({ axis: -1 })),
  Exp: plain('Exp'),
  Abs: plain('Abs'),
  Neg: plain('Neg'),
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AveragePool'),
  MaxPool3D: pool('MaxPool'),
  AvgPool3D: pool('AveragePool'),
  Mean: mean,
  ConcatV2: concat,
  Pad: pad,
  MirrorPad: pad,
  Reshape: plain('Reshape'),
  Transpose: transpose,
  Identity: identity,
  StopGradient: identity,
  // None are all of length 1.
  Squeeze: plain('Squeeze', ({ squeeze_dims }): Record<string, Attribute> => {
    const axes = whole(squeeze_dims) ?? []
    return axes.length > 0 ? { axes } : {}
  }),
}
