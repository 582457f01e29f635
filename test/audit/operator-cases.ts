import type { Model } from '../../src/formats/index.ts'
import { readModel } from '../../src/formats/index.ts'
import { type AttributeSpec, floats, ints, type NodeSpec, type TensorSpec, writeOnnx } from '../formats/writers/onnx.ts'
import { seeded } from '../oracle.ts'

/** A graph of one operator (or a few), its inputs x0, x1 … and its outputs y0, y1 … */
export interface OperatorCase {
  readonly name: string
  readonly shapes: readonly (readonly number[])[]
  readonly nodes: readonly NodeSpec[]
  readonly constants: readonly TensorSpec[]
  readonly outputs: readonly string[]
  readonly opset: number
}

interface Parts {
  attributes?: Record<string, AttributeSpec>
  constants?: TensorSpec[]
  /** operands in order, where they are not x0 and then the constants */
  inputs?: string[]
  outputs?: string[]
  opset?: number
  label?: string
}

function single(op: string, shapes: number[][] | number[], parts: Parts = {}): OperatorCase {
  const { attributes = {}, constants = [], outputs = ['y0'], opset = 13, label } = parts
  const list = (typeof shapes[0] === 'object' ? shapes : [shapes]) as number[][]
  const inputs = parts.inputs ?? [...list.map((_, i) => `x${i}`), ...constants.map(({ name }) => name!)]
  return {
    name: label ? `${op}, ${label}` : op,
    shapes: list,
    nodes: [{ op, inputs, outputs, attributes }],
    constants,
    outputs: outputs.filter(name => name !== ''),
    opset,
  }
}

const random = (name: string, dims: number[], seed = 1): TensorSpec =>
  floats(
    name,
    dims,
    seeded(
      seed,
      dims.reduce((a, b) => a * b, 1),
    ),
  )
const f = (float: number): AttributeSpec => ({ float })

const image = [1, 4, 5, 4]

const linear: OperatorCase[] = [
  single('Conv', [2, 4, 5, 4], {
    constants: [random('w', [6, 2, 3, 3]), random('b', [6], 2)],
    attributes: { group: 2, pads: [1, 0, 2, 1], strides: [2, 1] },
  }),
  single('Conv', [1, 3, 9], {
    constants: [random('w', [2, 3, 4])],
    attributes: { auto_pad: 'SAME_LOWER', strides: [2] },
    label: 'same lower',
  }),
  single('Conv', [1, 2, 5, 4, 3], {
    constants: [random('w', [3, 2, 2, 2, 2])],
    attributes: { dilations: [2, 1, 1] },
    label: '3-D',
  }),
  single('ConvTranspose', [1, 4, 4, 3], {
    constants: [random('w', [4, 3, 3, 2]), random('b', [3], 2)],
    attributes: { strides: [2, 2], pads: [1, 0, 0, 1], output_padding: [1, 0] },
  }),
  single('MatMul', [2, 3, 5], { constants: [random('w', [5, 4])] }),
  single('MatMul', [2, 3, 5], { constants: [random('w', [2, 5, 4])], label: 'a stack' }),
  single('MatMul', [3, 5], { constants: [random('w', [2, 5, 4])], label: 'a stack on one' }),
  single('MatMul', [5, 2], { inputs: ['w', 'x0'], constants: [random('w', [3, 5])], label: 'from the left' }),
  single('MatMul', [3, 5], { constants: [random('w', [5])], label: 'a vector' }),
  single('Gemm', [2, 5], {
    constants: [random('w', [4, 5]), random('c', [4], 2)],
    attributes: { transB: 1, alpha: f(0.5), beta: f(2) },
  }),
  single('Gemm', [2, 5], { constants: [random('w', [5, 3])], label: 'plain' }),
]

const moved: OperatorCase[] = [
  single('Identity', [3, 2]),
  single('Reshape', image, { constants: [ints('s', [0, -1, 5])] }),
  single('Flatten', image, { attributes: { axis: 2 } }),
  single('Squeeze', [1, 3, 1], { constants: [ints('a', [0])] }),
  single('Unsqueeze', [2, 3], { constants: [ints('a', [1, -1])] }),
  single('Transpose', image, { attributes: { perm: [0, 2, 3, 1] } }),
  single('DepthToSpace', [1, 8, 2, 3], { attributes: { blocksize: 2 } }),
  single('DepthToSpace', [1, 8, 2, 3], { attributes: { blocksize: 2, mode: 'CRD' }, label: 'CRD' }),
  single('SpaceToDepth', [1, 2, 4, 6], { attributes: { blocksize: 2 } }),
  single('Slice', image, { constants: [ints('s', [1, -2]), ints('e', [4, -5]), ints('a', [1, 3]), ints('t', [2, -2])] }),
  single('Slice', image, {
    constants: [ints('s', [-100, 2]), ints('e', [2 ** 40, 100])],
    label: 'clamped',
    inputs: ['x0', 's', 'e'],
  }),
  single('Split', image, { attributes: { axis: 1 }, constants: [ints('s', [1, 3])], outputs: ['y0', 'y1'] }),
  single('Split', image, { attributes: { axis: -1, split: [3, 1] }, outputs: ['y0', 'y1'], opset: 11, label: 'old' }),
  single('Gather', image, {
    attributes: { axis: 1 },
    constants: [{ name: 'i', type: 7, dims: [2, 3], int64s: [0, 2, 2, -1, 2, 1] }],
  }),
  single('Expand', [3, 1], { constants: [ints('s', [2, 1, 4])] }),
  single('Tile', [2, 3], { constants: [ints('r', [2, 3])] }),
  single('Pad', [1, 2, 4], { constants: [ints('p', [0, 0, 1, 0, 0, 2])] }),
  single('Pad', [1, 2, 4], { constants: [ints('p', [0, 0, 2, 0, 0, 3])], attributes: { mode: 'reflect' }, label: 'reflect' }),
  single('Pad', [1, 2, 4], { constants: [ints('p', [0, 0, 2, 0, 0, 3])], attributes: { mode: 'edge' }, label: 'edge' }),
  single('Pad', [1, 2, 4], { constants: [ints('p', [0, 0, -1, 0, 0, 1])], label: 'crop' }),
  ...(['asymmetric', 'half_pixel', 'align_corners', 'pytorch_half_pixel'] as const).flatMap(word => [
    single('Resize', [1, 2, 4, 5], {
      constants: [floats('r', [0], []), floats('s', [4], [1, 1, 2, 1.6])],
      attributes: { mode: 'nearest', coordinate_transformation_mode: word, nearest_mode: 'floor' },
      label: `nearest ${word}`,
    }),
    single('Resize', [1, 2, 4, 5], {
      constants: [floats('r', [0], []), floats('s', [4], [1, 1, 2, 0.6])],
      attributes: { mode: 'linear', coordinate_transformation_mode: word },
      label: `linear ${word}`,
    }),
  ]),
  single('Resize', [1, 2, 4, 5], {
    inputs: ['x0', '', '', 'n'],
    constants: [ints('n', [1, 2, 9, 3])],
    attributes: { mode: 'nearest' },
    label: 'sizes',
  }),
  single('Resize', [1, 1, 1, 7], {
    inputs: ['x0', '', '', 'n'],
    constants: [ints('n', [1, 1, 1, 9])],
    attributes: { mode: 'nearest', nearest_mode: 'floor' },
    label: 'a place between two entries',
  }),
  single('Upsample', [1, 2, 3, 2], { constants: [floats('s', [4], [1, 1, 2, 3])], attributes: { mode: 'nearest' }, opset: 9 }),
]

const together: OperatorCase[] = [
  single('Add', [image, image]),
  single('Add', [image, [4, 1, 1]], { label: 'broadcast' }),
  single('Add', [4, 1, 1], { constants: [random('c', [2, 4, 3, 2])], label: 'a constant that broadcasts' }),
  single('Sub', [2, 3], { inputs: ['c', 'x0'], constants: [random('c', [3])], label: 'from a constant' }),
  single('Mul', image, { constants: [random('c', [4, 1, 1])] }),
  single('Mul', [1, 3], { constants: [random('c', [4, 1])], label: 'spread' }),
  single('Div', image, { constants: [random('c', [4, 1, 1])] }),
  single('Pow', [3], { constants: [floats('c', [], [1])] }),
  single('Sum', [
    [2, 3],
    [2, 3],
    [2, 3],
  ]),
  single('Mean', [
    [2, 3],
    [2, 3],
  ]),
  single('Max', [
    [2, 3],
    [2, 3],
  ]),
  single('Min', [2, 3], { constants: [floats('c', [], [0.2])], label: 'with a constant' }),
  single(
    'Concat',
    [
      [2, 3],
      [2, 1],
    ],
    { attributes: { axis: 1 } },
  ),
  single(
    'Where',
    [
      [2, 3],
      [2, 3],
    ],
    { inputs: ['m', 'x0', 'x1'], constants: [{ name: 'm', type: 9, dims: [1, 3], raw: Uint8Array.of(1, 0, 1) }] },
  ),
]

const pooled: OperatorCase[] = [
  single('MaxPool', image, { attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] } }),
  single('MaxPool', image, {
    attributes: { kernel_shape: [3, 3], dilations: [2, 1], ceil_mode: 1, strides: [2, 2] },
    label: 'dilated, ceil',
  }),
  single('MaxPool', image, {
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    outputs: ['y0', ''],
    label: 'its places left out',
  }),
  single('MaxPool', image, { attributes: { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER', strides: [2, 2] }, label: 'same' }),
  single('AveragePool', image, { attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] } }),
  single('AveragePool', image, {
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 },
    label: 'padding counted',
  }),
  single('GlobalAveragePool', image),
  single('GlobalMaxPool', image),
  single('ReduceMean', image, { attributes: { axes: [1, -1], keepdims: 0 } }),
  single('ReduceSum', image, { constants: [ints('a', [2])] }),
  single('ReduceMax', image, { attributes: { axes: [2, 3] } }),
  single('ReduceMin', image, { attributes: { keepdims: 0 } }),
]

const normalized: OperatorCase[] = [
  single('BatchNormalization', image, {
    constants: [random('g', [4]), random('b', [4], 2), random('m', [4], 3), floats('v', [4], [0.5, 1, 2, 3])],
    attributes: { epsilon: f(0.01) },
  }),
  single('InstanceNormalization', image, { constants: [random('g', [4]), random('b', [4], 2)], attributes: { epsilon: f(0.1) } }),
  single('LayerNormalization', [2, 3, 4], {
    constants: [random('g', [4]), random('b', [4], 2)],
    attributes: { epsilon: f(0.1) },
    opset: 17,
  }),
  single('Softmax', [2, 3, 4], { attributes: { axis: 1 } }),
  single('Softmax', [2, 3, 4], { attributes: { axis: 1 }, opset: 11, label: 'of everything after the axis' }),
  single('LogSoftmax', [3, 4]),
]

const activations: OperatorCase[] = [
  single('Relu', [40]),
  single('LeakyRelu', [40], { attributes: { alpha: f(0.3) } }),
  single('PRelu', [4, 10], { constants: [floats('s', [4, 1], [0.5, -2, 0, 1.5])] }),
  single('Elu', [40], { attributes: { alpha: f(1.5) } }),
  single('Selu', [40]),
  single('Celu', [40], { attributes: { alpha: f(0.7) } }),
  single('Tanh', [40]),
  single('Sigmoid', [40]),
  single('HardSigmoid', [40]),
  single('HardSwish', [40], { opset: 14 }),
  single('Softplus', [40]),
  single('Softsign', [40]),
  single('Erf', [40]),
  single('Gelu', [40], { opset: 20 }),
  single('Gelu', [40], { opset: 20, attributes: { approximate: 'tanh' }, label: 'tanh' }),
  single('Mish', [40], { opset: 18 }),
  single('Clip', [40], { constants: [floats('a', [], [-0.5]), floats('b', [], [0.7])] }),
  single('Clip', [40], { attributes: { min: f(-1) }, opset: 6, label: 'old' }),
  single('Abs', [40]),
  single('Neg', [40]),
]

/** Several nodes, where the whole is bounded better than its nodes one by one, or at all. */
const composed: OperatorCase[] = [
  {
    name: 'x·sigmoid(x)',
    shapes: [[30]],
    nodes: [
      { op: 'Sigmoid', inputs: ['x0'], outputs: ['s'] },
      { op: 'Mul', inputs: ['x0', 's'], outputs: ['y0'] },
    ],
    constants: [],
    outputs: ['y0'],
    opset: 13,
  },
  {
    name: 'shuffle: halves scaled apart, swapped and joined',
    shapes: [[1, 4, 3]],
    nodes: [
      { op: 'Split', inputs: ['x0'], outputs: ['a', 'b'], attributes: { axis: 1 } },
      { op: 'Mul', inputs: ['b', 'two'], outputs: ['c'] },
      { op: 'Concat', inputs: ['c', 'a'], outputs: ['y0'], attributes: { axis: 1 } },
    ],
    constants: [floats('two', [], [2])],
    outputs: ['y0'],
    opset: 13,
  },
  {
    name: 'batch norm with a scale and a shift that the graph computes',
    shapes: [[1, 3, 4, 4]],
    nodes: [
      { op: 'Mul', inputs: ['a', 'c'], outputs: ['g'] },
      { op: 'Sub', inputs: ['a', 'c'], outputs: ['b'] },
      { op: 'BatchNormalization', inputs: ['x0', 'g', 'b', 'm', 'v'], outputs: ['y0'] },
    ],
    constants: [floats('a', [3], [2, -3, 1]), floats('c', [3], [1, 2, 4]), random('m', [3]), floats('v', [3], [0.5, 1.5, 3])],
    outputs: ['y0'],
    opset: 13,
  },
  {
    name: 'x·hardsigmoid(x), the shift left out',
    shapes: [[30]],
    nodes: [
      { op: 'HardSigmoid', inputs: ['x0'], outputs: ['s'], attributes: { alpha: f(1 / 6) } },
      { op: 'Mul', inputs: ['x0', 's'], outputs: ['y0'] },
    ],
    constants: [],
    outputs: ['y0'],
    opset: 13,
  },
  {
    name: 'batch norm from a running variance, spelled out',
    shapes: [[1, 3, 4, 4]],
    nodes: [
      { op: 'Sub', inputs: ['x0', 'm'], outputs: ['a'] },
      { op: 'Add', inputs: ['v', 'e'], outputs: ['b'] },
      { op: 'Sqrt', inputs: ['b'], outputs: ['c'] },
      { op: 'Div', inputs: ['a', 'c'], outputs: ['d'] },
      { op: 'Mul', inputs: ['d', 'g'], outputs: ['y0'] },
    ],
    constants: [
      random('m', [3, 1, 1]),
      floats('v', [3, 1, 1], [0.5, 1.5, 3]),
      floats('e', [], [1e-3]),
      random('g', [3, 1, 1], 4),
    ],
    outputs: ['y0'],
    opset: 13,
  },
]

export const CASES: readonly OperatorCase[] = [
  ...linear,
  ...moved,
  ...together,
  ...pooled,
  ...normalized,
  ...activations,
  ...composed,
]

export function bytesOf({ shapes, nodes, constants, outputs, opset }: OperatorCase): Uint8Array {
  return writeOnnx(
    {
      nodes: [...nodes],
      initializers: [...constants],
      inputs: shapes.map((shape, i) => ({ name: `x${i}`, shape: [...shape] })),
      outputs: outputs.map(name => ({ name })),
    },
    opset,
  )
}

export function modelOf(each: OperatorCase): Model {
  return readModel([{ name: 'case.onnx', bytes: bytesOf(each) }])
}
