import { show } from '../../errors.ts'
import type { Attribute } from '../model.ts'
import { permuted, reshaped } from '../weights.ts'
import { type Builder, depthwiseShape } from './builder.ts'
import { type NodeDef, spatial, text, texts, unreadOfWindow, whole, window } from './node-def.ts'

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
  let unread = unreadOfWindow(node, axes, true)
  if (transposed) {
    const sized = sizedTransposed(node, attributes, build)
    if (typeof sized === 'string') unread ??= sized
    else Object.assign(attributes, sized)
  }
  let constant = inputs[1] ?? ''
  if (depthwise && kernel && axes > 0) {
    const { shape, groups } = depthwiseShape(kernel.shape)
    build.constants.set(`${constant} as groups`, reshaped(kernel, shape))
    build.origin.set(`${constant} as groups`, constant)
    constant = `${constant} as groups`
    attributes.group = groups
  }
  const data = transposed ? inputs[2] : inputs[0]
  build.add(transposed ? 'ConvTranspose' : 'Conv', [data ?? '', constant], output, attributes)
  if (unread) build.refuse(output, unread)
}

/**
 * Conv2DBackpropInput is the adjoint of the convolution that takes sides of `wanted` entries to this input; what that one's padding comes to is
 * taken off, and what its stride passes over at the end is output padding. A sentence where the graph does not state the sides.
 */
function sizedTransposed(
  { attr, inputs }: NodeDef,
  { kernel_shape, strides, dilations, auto_pad, pads }: Record<string, Attribute>,
  build: Builder,
): Record<string, Attribute> | string {
  // TensorFlow.js passes strides and padding on, and nothing else.
  if ((dilations as number[]).some(d => d !== 1)) return 'the dilations of a transposed convolution are not read'
  const wanted = spatial(statedSides(inputs[0] ?? '', build), attr)
  const kernel = kernel_shape as number[] | undefined
  if (!wanted || wanted.length !== kernel?.length) return 'the graph computes the shape of its result'
  const axes = wanted.map((out, d) => {
    const [k, step] = [kernel[d], (strides as number[])[d]]
    const given = auto_pad === 'NOTSET' ? [(pads as number[])[d], (pads as number[])[d + kernel.length]] : [0, 0]
    const inside = auto_pad === 'SAME_UPPER' ? Math.ceil(out / step) : Math.floor((out + given[0] + given[1] - k) / step) + 1
    const reach = (inside - 1) * step + k
    const total = auto_pad === 'SAME_UPPER' ? Math.max(0, reach - out) : given[0] + given[1]
    const before = auto_pad === 'SAME_UPPER' ? Math.floor(total / 2) : given[0]
    return { before, after: total - before, beyond: out - (reach - total), inside }
  })
  if (axes.some(({ inside, beyond }) => inside < 1 || beyond < 0)) return `a result of sides ${show(wanted)} does not fit`
  return {
    auto_pad: 'NOTSET',
    pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
    output_padding: axes.map(({ beyond }) => beyond),
  }
}

/** A shape as the graph states it: stored, or packed from numbers of which those of the spatial axes are stored. */
function statedSides(name: string, build: Builder): number[] | undefined {
  const stored = build.constants.get(name)
  if (stored) return stored.shape.length === 1 && stored.shape[0] <= 8 ? Array.from(stored.data) : undefined
  const pack = build.nodes.find(({ op, outputs }) => op === 'Pack' && outputs[0] === name)
  const sides = pack?.inputs.map(input => build.constants.get(input)?.data[0])
  return sides?.slice(1, -1).every(side => side !== undefined) ? sides.map(side => side ?? 0) : undefined
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

/** A product of stacks of matrices; a stored factor that is meant transposed is stored transposed. */
function batchProduct({ name, attr, inputs }: NodeDef, build: Builder): void {
  const problems: string[] = []
  const factor = (input: string, which: string): string => {
    if (attr[which]?.b !== true) return input
    const stored = build.constants.get(input)
    const rank = stored?.shape.length ?? 0
    if (!stored || rank < 2) {
      problems.push(`${which} transposes a value that the graph computes`)
      return input
    }
    const turned = `${input} transposed`
    const order = stored.shape.map((_, d) => (d === rank - 1 ? rank - 2 : d === rank - 2 ? rank - 1 : d))
    build.constants.set(turned, permuted(stored, order))
    build.origin.set(turned, build.origin.get(input) ?? input)
    return turned
  }
  build.add('MatMul', [factor(inputs[0] ?? '', 'adj_x'), factor(inputs[1] ?? '', 'adj_y')], name)
  if (problems.length > 0) build.refuse(name, problems[0])
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
      if (step === 'BiasAdd') build.add('Add', [value, inputs[operand++] ?? ''], output)
      else if (step === 'FusedBatchNorm') {
        build.add('BatchNormalization', [value, ...inputs.slice(operand, operand + 4)], output, {
          epsilon: Number(attr.epsilon?.f ?? 1e-4),
        })
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

function pool(op: string): Maker {
  return (node, build) => {
    const { name, inputs, attr } = node
    const kernel_shape = spatial(whole(attr.ksize), attr) ?? []
    build.add(op, inputs.slice(0, 1), name, {
      kernel_shape,
      strides: spatial(whole(attr.strides), attr) ?? kernel_shape,
      ...window(attr),
    })
    const unread = unreadOfWindow(node, kernel_shape.length, false)
    if (unread) build.refuse(name, unread)
  }
}

function plain(op: string, attributes: (attr: NodeDef['attr']) => Record<string, Attribute> = () => ({}), count?: number): Maker {
  return ({ name, inputs, attr }, build) => {
    build.add(op, inputs.slice(0, count), name, attributes(attr))
  }
}

/** Concatenation's axis is its last input. */
function concat({ name, inputs }: NodeDef, build: Builder): void {
  const axis = build.constants.get(inputs[inputs.length - 1] ?? '')
  if (axis?.data.length === 1) build.add('Concat', inputs.slice(0, -1), name, { axis: axis.data[0] })
  else build.refuse(build.add('ConcatV2', inputs, name, {}, 'tensorflow'), 'its axis is not stored')
}

/** Padding comes as a constant matrix [[before, after], …]. */
function pad({ name, inputs, op, attr }: NodeDef, build: Builder): void {
  const pairs = build.constants.get(inputs[1] ?? '')
  const word = op === 'MirrorPad' ? (text(attr.mode) ?? '').toLowerCase() : 'constant'
  const known = word === 'constant' || word === 'reflect' || word === 'symmetric'
  if (pairs?.shape.length !== 2 || pairs.shape[0] > 8 || pairs.shape[1] !== 2 || !known) {
    const why = known ? 'its paddings are not stored' : `the mode ${show(text(attr.mode))} is not known here`
    build.refuse(build.add(op, inputs, name, {}, 'tensorflow'), why)
  } else {
    const numbers = Array.from(pairs.data)
    const pads = [...numbers.filter((_, i) => i % 2 === 0), ...numbers.filter((_, i) => i % 2 === 1)]
    build.add('Pad', op === 'PadV2' ? [inputs[0], '', inputs[2] ?? ''] : [inputs[0]], name, { mode: word, pads })
  }
}

/** The order of the axes is an operand. */
function transpose({ name, inputs }: NodeDef, build: Builder): void {
  const order = build.constants.get(inputs[1] ?? '')
  if (order && order.shape.length === 1 && order.shape[0] <= 8)
    build.add('Transpose', [inputs[0]], name, { perm: Array.from(order.data) })
  else build.refuse(build.add('Transpose', inputs, name, {}, 'tensorflow'), 'the order of its axes is not stored')
}

/** The mean over stored axes; over none of them it is the value itself. */
function mean({ name, inputs, attr }: NodeDef, build: Builder): void {
  const axes = build.constants.get(inputs[1] ?? '')
  if (!axes || axes.data.length > 8) build.refuse(build.add('Mean', inputs, name, {}, 'tensorflow'), 'its axes are not stored')
  else if (axes.data.length === 0) build.add('Identity', inputs.slice(0, 1), name)
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

/**
 * With stored statistics, as TensorFlow.js computes it always. Where the node says, or leaves TensorFlow to assume, something else, the two
 * compute different functions, and no certificate speaks of both.
 */
function batchNorm({ name, op, inputs, attr }: NodeDef, build: Builder): void {
  const unread = unreadOfNorm(attr)
  if (unread) build.refuse(build.add(op, inputs, name, {}, 'tensorflow'), unread)
  else build.add('BatchNormalization', inputs.slice(0, 5), name, { epsilon: Number(attr.epsilon.f) })
}

function unreadOfNorm({ is_training: training, epsilon }: NodeDef['attr']): string | undefined {
  if (training?.b !== false) {
    const said = training?.b === true ? 'is_training is true' : 'is_training is not given, which means true'
    return `${said}: TensorFlow normalises by the batch at hand, TensorFlow.js by the stored statistics. Export the model for inference`
  }
  if (typeof epsilon?.f === 'number') return undefined
  return 'no epsilon is given: TensorFlow takes 1e-4, TensorFlow.js 1e-3. Write the one that is meant into the node'
}

/** Without axes, every side of 1 goes. */
function squeezed(attr: NodeDef['attr']): Record<string, Attribute> {
  const axes = whole(attr.axis) ?? whole(attr.squeeze_dims) ?? []
  return axes.length > 0 ? { axes } : {}
}

export const MAKERS: Readonly<Record<string, Maker>> = {
  Conv2D: convolution,
  Conv3D: convolution,
  DepthwiseConv2dNative: convolution,
  Conv2DBackpropInput: convolution,
  _FusedConv2D: fused(convolution),
  FusedDepthwiseConv2dNative: fused(convolution),
  MatMul: (node, build) => product(node, build, node.name),
  BatchMatMul: batchProduct,
  BatchMatMulV2: batchProduct,
  _FusedMatMul: fused(product),
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  BiasAdd: plain('Add'),
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
  PadV2: pad,
  MirrorPad: pad,
  // A side of 0 is one without entries here, not one that stays.
  Reshape: plain('Reshape', () => ({ allowzero: 1 })),
  Transpose: transpose,
  Identity: identity,
  StopGradient: identity,
  Squeeze: plain('Squeeze', squeezed),
}
