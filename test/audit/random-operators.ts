import type { AttributeSpec } from '../formats/writers/onnx.ts'
import type { Growing, Value } from './random-graph.ts'

type Unary = (graph: Growing, x: Value) => void
type Attributes = Record<string, AttributeSpec>
type Binary = (graph: Growing, x: Value, y: Value) => void

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)
const f = (float: number) => ({ float })

/** Entry by entry, without parameters. */
const ACTIVATIONS = [
  'Relu Abs Neg Tanh Sigmoid HardSwish Softplus Softsign Erf Mish Gelu Selu Identity Elu HardSigmoid Celu LeakyRelu',
].flatMap(names => names.split(' '))

const activation: Unary = (graph, x) => {
  const op = graph.pick(ACTIVATIONS)
  const parameter = ['Elu', 'Celu', 'LeakyRelu', 'HardSigmoid'].includes(op)
  const attributes: Attributes = op === 'Gelu' ? { approximate: graph.pick(['none', 'tanh']) } : {}
  graph.node(op, [x.name], [x.shape], parameter ? { alpha: f(graph.uniform(0.1, 1.8)) } : attributes)
}

const clip: Unary = (graph, x) => {
  const [low, high] = [graph.numbers([], -1, 0), graph.numbers([], 0, 1)]
  graph.node('Clip', [x.name, low, high], [x.shape])
}

const prelu: Unary = (graph, x) => graph.node('PRelu', [x.name, graph.numbers(last(x), -1.5, 1.5)], [x.shape])

/** x·sigmoid(x): two computed values multiplied, and bounded all the same. */
const swish: Unary = (graph, x) => {
  graph.node('Sigmoid', [x.name], [x.shape])
  graph.node('Mul', [x.name, graph.values[graph.values.length - 1].name], [x.shape])
}

const last = ({ shape }: Value): number[] => (shape.length === 0 ? [] : [shape[shape.length - 1]])

const withConstant: Unary = (graph, x) => {
  const op = graph.pick(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'])
  const side = graph.pick([last(x), [...x.shape], []])
  const constant = op === 'Div' ? graph.numbers(side, 0.5, 2) : graph.numbers(side)
  const first = op !== 'Div' && graph.whole(0, 1) === 0
  graph.node(op, first ? [constant, x.name] : [x.name, constant], [x.shape])
}

/** A constant that is larger than the value: the value is broadcast. */
const broadcast: Unary = (graph, x) => {
  const shape = [graph.whole(2, 3), ...x.shape]
  graph.node(graph.pick(['Add', 'Mul']), [x.name, graph.numbers(shape)], [shape])
}

const convolution: Unary = (graph, x) => {
  if (x.shape.length !== 4) return
  const [n, c, h, w] = x.shape
  const groups = graph.pick([1, 1, c])
  const m = groups * graph.whole(1, 3)
  const [kernel, stride, dilation] = [[0, 1].map(() => graph.whole(1, 3)), graph.whole(1, 2), graph.whole(1, 2)]
  const attributes = { group: groups, strides: [stride, stride], dilations: [dilation, dilation] }
  const inputs = [x.name, graph.numbers([m, c / groups, ...kernel]), graph.numbers([m])]
  if (graph.whole(0, 2) === 0 && dilation === 1) {
    const out = [h, w].map(side => Math.ceil(side / stride))
    return graph.node('Conv', inputs, [[n, m, ...out]], { ...attributes, auto_pad: graph.pick(['SAME_UPPER', 'SAME_LOWER']) })
  }
  const pads = [0, 0, 0, 0].map(() => graph.whole(0, 2))
  const out = [h, w].map((side, d) => Math.floor((side + pads[d] + pads[d + 2] - dilation * (kernel[d] - 1) - 1) / stride + 1))
  if (out.every(side => side >= 1)) graph.node('Conv', inputs, [[n, m, ...out]], { ...attributes, pads })
}

const transposedConvolution: Unary = (graph, x) => {
  if (x.shape.length !== 4) return
  const [n, c, h, w] = x.shape
  const groups = graph.pick([1, c])
  const [perGroup, stride, extra] = [graph.whole(1, 2), graph.whole(1, 2), graph.whole(0, 1)]
  const kernel = [0, 1].map(() => graph.whole(1, 3))
  const output = extra < stride ? extra : 0
  const pads = [0, 0, 0, 0].map(() => graph.whole(0, 1))
  const out = [h, w].map((side, d) => stride * (side - 1) + output + kernel[d] - pads[d] - pads[d + 2])
  if (out.some(side => side < 1)) return
  const inputs = [x.name, graph.numbers([c, perGroup, ...kernel])]
  const attributes = { group: groups, strides: [stride, stride], pads, output_padding: [output, output] }
  graph.node('ConvTranspose', inputs, [[n, groups * perGroup, ...out]], attributes)
}

const batchNorm: Unary = (graph, x) => {
  if (x.shape.length < 3) return
  const side = [x.shape[1]]
  const inputs = [x.name, graph.numbers(side, -2, 2), graph.numbers(side), graph.numbers(side), graph.numbers(side, 0.2, 3)]
  graph.node('BatchNormalization', inputs, [x.shape], { epsilon: f(1e-3) })
}

const standardization: Unary = (graph, x) => {
  if (x.shape.length < 3) return
  const epsilon = { epsilon: f(graph.uniform(0.05, 1)) }
  if (graph.whole(0, 1) === 0) {
    const side = [x.shape[1]]
    return graph.node('InstanceNormalization', [x.name, graph.numbers(side), graph.numbers(side)], [x.shape], epsilon)
  }
  graph.node('LayerNormalization', [x.name, graph.numbers(last(x)), graph.numbers(last(x))], [x.shape], { axis: -1, ...epsilon })
}

const softmax: Unary = (graph, x) => {
  if (x.shape.length > 0)
    graph.node(graph.pick(['Softmax', 'LogSoftmax']), [x.name], [x.shape], { axis: graph.whole(0, x.shape.length - 1) })
}

const pooling: Unary = (graph, x) => {
  if (x.shape.length !== 4) return
  const [n, c, h, w] = x.shape
  const op = graph.pick(['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'])
  if (op.startsWith('Global')) return graph.node(op, [x.name], [[n, c, 1, 1]])
  const [kernel, strides] = [[0, 1].map(() => graph.whole(1, 3)), [0, 1].map(() => graph.whole(1, 3))]
  const pads = [0, 1, 0, 1].map(d => graph.whole(0, kernel[d] - 1))
  const out = [h, w].map((side, d) => Math.floor((side + pads[d] + pads[d + 2] - kernel[d]) / strides[d] + 1))
  const counted: Attributes = op === 'AveragePool' ? { count_include_pad: graph.whole(0, 1) } : {}
  if (out.every(side => side >= 1))
    graph.node(op, [x.name], [[n, c, ...out]], { kernel_shape: kernel, strides, pads, ...counted })
}

const reduction: Unary = (graph, x) => {
  if (x.shape.length < 2) return
  const axis = graph.whole(0, x.shape.length - 1)
  const keepdims = graph.whole(0, 1)
  const shape = keepdims ? x.shape.map((side, d) => (d === axis ? 1 : side)) : x.shape.filter((_, d) => d !== axis)
  const op = graph.pick(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin'])
  graph.node(op, [x.name, graph.wholes([axis])], [shape], { keepdims })
}

const reshaping: Unary = (graph, x) => {
  const { shape } = x
  const flat = [1, sizeOf(shape)]
  const turned = [...shape].reverse()
  const choice = graph.whole(0, 4)
  if (choice === 0) graph.node('Reshape', [x.name, graph.wholes(flat)], [flat])
  else if (choice === 1) graph.node('Transpose', [x.name], [turned], { perm: turned.map((_, d) => shape.length - 1 - d) })
  else if (choice === 2) graph.node('Unsqueeze', [x.name, graph.wholes([0])], [[1, ...shape]])
  else if (choice === 3 && shape.length > 1 && shape[0] === 1)
    graph.node('Squeeze', [x.name, graph.wholes([0])], [shape.slice(1)])
  else if (shape.length === 4) {
    const [n, c, h, w] = shape
    if (c % 4 === 0)
      graph.node('DepthToSpace', [x.name], [[n, c / 4, 2 * h, 2 * w]], { blocksize: 2, mode: graph.pick(['DCR', 'CRD']) })
    else if (h % 2 === 0 && w % 2 === 0) graph.node('SpaceToDepth', [x.name], [[n, 4 * c, h / 2, w / 2]], { blocksize: 2 })
  }
}

const choosing: Unary = (graph, x) => {
  const { shape } = x
  if (shape.length === 0) return
  const axis = graph.whole(0, shape.length - 1)
  const side = shape[axis]
  const along = (length: number): number[] => shape.map((s, d) => (d === axis ? length : s))
  const choice = graph.whole(0, 4)
  if (choice === 0 && side > 1) {
    const [start, step] = [graph.whole(0, side - 1), graph.whole(1, 2)]
    const inputs = [x.name, ...[[start], [side], [axis], [step]].map(list => graph.wholes(list))]
    graph.node('Slice', inputs, [along(Math.ceil((side - start) / step))])
  } else if (choice === 1 && side > 1) {
    const first = graph.whole(1, side - 1)
    graph.node('Split', [x.name, graph.wholes([first, side - first])], [along(first), along(side - first)], { axis })
  } else if (choice === 2) {
    const list = Array.from({ length: graph.whole(1, 4) }, () => graph.whole(0, side - 1))
    graph.node('Gather', [x.name, graph.wholes(list)], [along(list.length)], { axis })
  } else if (choice === 3)
    graph.node('Tile', [x.name, graph.wholes(shape.map((_, d) => (d === axis ? 2 : 1)))], [along(2 * side)])
  else graph.node('Expand', [x.name, graph.wholes([2, ...shape])], [[2, ...shape]])
}

const padding: Unary = (graph, x) => {
  const { shape } = x
  if (shape.length === 0) return
  const mode = graph.pick(['constant', 'reflect', 'edge', 'wrap'])
  const pads = [...shape, ...shape].map(side => graph.whole(0, Math.min(1, side - 1)))
  const out = shape.map((side, d) => side + pads[d] + pads[d + shape.length])
  graph.node('Pad', [x.name, graph.wholes(pads)], [out], { mode })
}

const resizing: Unary = (graph, x) => {
  if (x.shape.length !== 4) return
  const out = [...x.shape.slice(0, 2), ...x.shape.slice(2).map(side => graph.whole(Math.ceil(side / 2), 2 * side))]
  const mode = graph.pick(['nearest', 'linear'])
  const coordinates = graph.pick(['half_pixel', 'asymmetric', 'align_corners'])
  const rounding: Attributes = mode === 'nearest' ? { nearest_mode: graph.pick(['floor', 'ceil', 'round_prefer_floor']) } : {}
  graph.node('Resize', [x.name, '', '', graph.wholes(out)], [out], {
    mode,
    coordinate_transformation_mode: coordinates,
    ...rounding,
  })
}

const matrix: Unary = (graph, x) => {
  const { shape } = x
  if (shape.length < 2) return
  const [rows, columns] = [shape[shape.length - 2], shape[shape.length - 1]]
  const wanted = graph.whole(1, 6)
  const choice = graph.whole(0, 2)
  if (choice === 0 && shape.length === 2) {
    const inputs = [x.name, graph.numbers([wanted, columns]), graph.numbers([wanted])]
    graph.node('Gemm', inputs, [[rows, wanted]], { transB: 1, alpha: f(graph.uniform(0.5, 1.5)), beta: f(0.7) })
  } else if (choice === 1)
    graph.node('MatMul', [graph.numbers([wanted, rows]), x.name], [[...shape.slice(0, -2), wanted, columns]])
  else graph.node('MatMul', [x.name, graph.numbers([columns, wanted])], [[...shape.slice(0, -1), wanted]])
}

/** Operators of one computed value. */
export const OPERATORS: readonly Unary[] = [
  ...[activation, activation, clip, prelu, swish, withConstant, broadcast],
  ...[convolution, convolution, convolution, transposedConvolution, matrix, matrix],
  ...[batchNorm, batchNorm, standardization, softmax, pooling, pooling, reduction],
  ...[reshaping, choosing, choosing, padding, resizing],
]

const concatenation: Binary = (graph, x, y) => {
  if (x.shape.length === 0) return
  const axis = graph.whole(0, x.shape.length - 1)
  graph.node('Concat', [x.name, y.name], [x.shape.map((side, d) => (d === axis ? 2 * side : side))], { axis })
}

const mask: Binary = (graph, x, y) => {
  const bits = Uint8Array.from({ length: sizeOf(last(x)) }, () => graph.whole(0, 1))
  graph.node('Where', [graph.constant({ type: 9, dims: last(x), raw: bits }), x.name, y.name], [x.shape])
}

const entrywise: Binary = (graph, x, y) =>
  graph.node(graph.pick(['Add', 'Add', 'Sub', 'Max', 'Min', 'Sum', 'Mean']), [x.name, y.name], [x.shape])

/** Operators of two computed values of one shape. */
export const JOINS: readonly Binary[] = [entrywise, entrywise, concatenation, mask]
