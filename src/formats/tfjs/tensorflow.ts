import { fail, show } from '../../errors.ts'
import type { Attribute, Graph, Side, Weights } from '../model.ts'
import { ordered } from '../order.ts'
import { reshaped } from '../weights.ts'
import { type Builder, builder, depthwiseShape, finish } from './builder.ts'

/** A NodeDef of a TensorFlow GraphDef, as JSON spells it. */
interface NodeDef {
  name: string
  op: string
  inputs: string[]
  attr: Record<string, Record<string, unknown>>
}

/**
 * The graph of a TF.js graph model: TensorFlow operators as ONNX-style nodes, channels last. Fused operators are taken apart; what has
 * no ONNX counterpart keeps its name in domain 'tensorflow'.
 *
 * @param topology model.json's modelTopology, a GraphDef
 * @throws OpnormError `file` for cycles and missing inputs
 */
export function tensorflowGraph(
  topology: unknown,
  constants: Map<string, Weights>,
  what: string,
): { graph: Graph; origin: ReadonlyMap<string, string> } {
  const listed = (topology as { node?: unknown })?.node
  if (!Array.isArray(listed)) fail('file', what, 'a list of nodes', show(listed), 'The file is damaged')
  const nodes = listed.map(node => nodeDef(node, what))
  const names = new Set(nodes.map(({ name }) => name))
  if (names.size < nodes.length) fail('file', what, 'nodes with names of their own', 'one name twice', 'The graph is damaged')
  const order = ordered(
    nodes.map(({ name, inputs }) => ({ inputs: inputs.map(source), outputs: [name] })),
    () => false,
    what,
  )
  const build = builder(new Map(constants))
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map(source)))
  const formats = new Set<string>()
  for (const index of order) {
    const format = text(nodes[index].attr.data_format)
    if (format) formats.add(format)
    addNode(nodes[index], build)
  }
  const outputs = nodes.filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp').map(({ name }) => name)
  const graph = finish(build, '', outputs, formats.has('NCHW') || formats.has('NCDHW') ? 'first' : 'last')
  return { graph, origin: build.origin }
}

function nodeDef(value: unknown, what: string): NodeDef {
  const { name, op, input = [], attr = {} } = (value ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || typeof op !== 'string' || !Array.isArray(input) || typeof attr !== 'object' || attr === null)
    fail('file', what, 'a name, an operator and inputs for each node', show(value), 'The graph is damaged')
  // ^name only orders execution.
  const inputs = input.filter((ref): ref is string => typeof ref === 'string' && ref[0] !== '^')
  return { name, op, inputs, attr: attr as NodeDef['attr'] }
}

/** 'node:2' is an output of 'node'; the first goes without a number. */
function source(ref: string): string {
  return /:\d+$/.test(ref) ? ref.slice(0, ref.lastIndexOf(':')) : ref
}

/** Strings of a GraphDef are base64 in JSON. */
function text(value: Record<string, unknown> | undefined): string | undefined {
  return typeof value?.s === 'string' ? decode(value.s) : undefined
}

function decode(encoded: string): string {
  try {
    return atob(encoded)
  } catch {
    return encoded
  }
}

function texts(value: Record<string, unknown> | undefined): string[] {
  const { s } = (value?.list ?? {}) as { s?: unknown }
  return Array.isArray(s) ? s.map(encoded => decode(String(encoded))) : []
}

function whole(value: Record<string, unknown> | undefined): number[] | undefined {
  const { i } = (value?.list ?? {}) as { i?: unknown }
  return Array.isArray(i) ? i.map(Number) : undefined
}

function addNode(node: NodeDef, build: Builder): void {
  const { name, op, attr } = node
  const inputs = node.inputs.map(ref => (ref.endsWith(':0') ? source(ref) : ref))
  if (op === 'Const') return
  if (op === 'NoOp') return
  if (op === 'Placeholder') {
    const shape = placeholderShape(attr.shape)
    build.inputs.push({ name, ...(shape && { shape }) })
    if (shape) build.shapes.set(name, shape)
    return
  }
  const make = Object.hasOwn(MAKERS, op) ? MAKERS[op] : undefined
  if (make) make({ ...node, inputs }, build)
  else build.add(op, inputs, name, scalars(attr), 'tensorflow')
}

function placeholderShape(value: Record<string, unknown> | undefined): Side[] | undefined {
  const { dim, unknownRank } = (value?.shape ?? {}) as { dim?: unknown; unknownRank?: unknown }
  if (unknownRank || !Array.isArray(dim)) return undefined
  return dim.map(side => {
    const size = Number((side as { size?: unknown })?.size)
    return Number.isSafeInteger(size) && size > 0 ? size : null
  })
}

/** Plain settings of an operator nobody translates, for whoever meets it. */
function scalars(attr: NodeDef['attr']): Record<string, Attribute> {
  const found: [string, Attribute][] = []
  for (const [name, value] of Object.entries(attr)) {
    if (typeof value?.f === 'number') found.push([name, value.f])
    else if (typeof value?.i === 'string' || typeof value?.i === 'number') found.push([name, Number(value.i)])
    else if (typeof value?.s === 'string') found.push([name, decode(value.s)])
  }
  return Object.fromEntries(found)
}

function channelsFirst(attr: NodeDef['attr']): boolean {
  return (text(attr.data_format) ?? 'NHWC').startsWith('NC')
}

/** The spatial entries of a list that also counts batch and channels. */
function spatial(list: number[] | undefined, attr: NodeDef['attr']): number[] | undefined {
  return list && (channelsFirst(attr) ? list.slice(2) : list.slice(1, -1))
}

function window(attr: NodeDef['attr']): Record<string, Attribute> {
  const padding = text(attr.padding)
  const explicit = whole(attr.explicit_paddings)
  if (padding === 'SAME') return { auto_pad: 'SAME_UPPER' }
  if (padding !== 'EXPLICIT' || !explicit) return { auto_pad: 'VALID' }
  const before = spatial(
    explicit.filter((_, i) => i % 2 === 0),
    attr,
  )!
  const after = spatial(
    explicit.filter((_, i) => i % 2 === 1),
    attr,
  )!
  return { auto_pad: 'NOTSET', pads: [...before, ...after] }
}

type Maker = (node: NodeDef, build: Builder) => void

/** Names a constant behind Identity nodes, which converters put between a variable and its use. */
function kernelOf(name: string, build: Builder): Weights | undefined {
  return build.constants.get(name)
}

function convolution(node: NodeDef, build: Builder, output = node.name): void {
  const { op, attr, inputs } = node
  const kernel = kernelOf(inputs[1] ?? '', build)
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
      if (step === 'BiasAdd') build.add('Add', [value, inputs[operand++] ?? ''], output)
      else if (step === 'FusedBatchNorm') {
        build.add('BatchNormalization', [value, ...inputs.slice(operand, operand + 4)], output, {
          epsilon: Number(attr.epsilon?.f ?? 1e-3),
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

/** Padding comes as a constant matrix [[before, after], …]. */
function pad({ name, inputs, op }: NodeDef, build: Builder): void {
  const pairs = build.constants.get(inputs[1] ?? '')
  if (pairs?.shape.length !== 2 || pairs.shape[0] > 8) build.add(op, inputs, name, {}, 'tensorflow')
  else {
    const numbers = Array.from(pairs.data)
    const pads = [...numbers.filter((_, i) => i % 2 === 0), ...numbers.filter((_, i) => i % 2 === 1)]
    build.add('Pad', [inputs[0]], name, { mode: op === 'MirrorPad' ? 'reflect' : 'constant', pads })
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

const batchNorm = plain('BatchNormalization', attr => ({ epsilon: Number(attr.epsilon?.f ?? 1e-3) }), 5)

const MAKERS: Readonly<Record<string, Maker>> = {
  Conv2D: convolution,
  Conv3D: convolution,
  DepthwiseConv2dNative: convolution,
  Conv2DBackpropInput: convolution,
  _FusedConv2D: fused(convolution),
  FusedDepthwiseConv2dNative: fused(convolution),
  MatMul: (node, build) => product(node, build, node.name),
  BatchMatMulV2: plain('MatMul'),
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
  MirrorPad: pad,
  Reshape: plain('Reshape'),
  Transpose: plain('Transpose'),
  Identity: identity,
  StopGradient: identity,
  Squeeze: plain('Squeeze', attr => ({ axes: whole(attr.squeeze_dims) ?? [] })),
}
