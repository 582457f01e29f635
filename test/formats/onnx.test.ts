import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { companions, type GeometryEntry, type NamedBytes, readModel } from '../../src/formats/index.ts'
import { toTensor } from '../../src/tensor.ts'
import { floats, type GraphSpec, ints, type NodeSpec, type TensorSpec, writeOnnx } from './writers/onnx.ts'

const read = (graph: GraphSpec, files: NamedBytes[] = [], geometry?: Record<string, GeometryEntry>) =>
  readModel([{ name: 'm.onnx', bytes: writeOnnx(graph) }, ...files], { geometry })
const refuses = (graph: GraphSpec, pattern: RegExp) =>
  assert.throws(
    () => read(graph),
    (error: OpnormError) => {
      if (!pattern.test(error.message)) console.log(error.message)
      return error instanceof OpnormError && error.code === 'file' && pattern.test(error.message)
    },
  )
const ramp = (n: number) => Array.from({ length: n }, (_, i) => i - 3)
const numbers = (kernel: Parameters<typeof toTensor>[0]) => [...toTensor(kernel).data]

/** A chain of nodes x → … → y, each on the one before. */
function chain(initializers: TensorSpec[], ...steps: (Omit<NodeSpec, 'inputs' | 'outputs'> & { with?: string[] })[]): GraphSpec {
  const nodes = steps.map((step, i) => ({
    ...step,
    inputs: [i === 0 ? 'x' : `v${i}`, ...(step.with ?? [])],
    outputs: [i === steps.length - 1 ? 'y' : `v${i + 1}`],
  }))
  return { nodes, initializers, inputs: [{ name: 'x', shape: [1, 2, 8, 'w'] }], outputs: [{ name: 'y' }] }
}

test('numbers are found in every field exporters use', () => {
  const half = [0x3c00, 0xc000, 0x3555, 1]
  const brain = [0x3f80, 0xc000, 0x3eab, 1]
  const tensors: [TensorSpec, number[]][] = [
    [floats('w', [2, 2], [1, -2, 0.5, 3]), [1, -2, 0.5, 3]],
    [{ name: 'w', dims: [2, 2], floats: [1, -2, 0.5, 3] }, [1, -2, 0.5, 3]],
    [{ name: 'w', dims: [2, 2], floats: [1, -2, 0.5, 3], unpacked: true }, [1, -2, 0.5, 3]],
    [{ name: 'w', type: 11, dims: [2, 2], doubles: [0.1, 2, 3, 4] }, [0.1, 2, 3, 4]],
    [{ name: 'w', type: 10, dims: [2, 2], int32s: half }, [1, -2, 0x555 / 4096, 2 ** -24]],
    [{ name: 'w', type: 10, dims: [2, 2], raw: new Uint8Array(Uint16Array.from(half).buffer) }, [1, -2, 0x555 / 4096, 2 ** -24]],
    [{ name: 'w', type: 16, dims: [2, 2], int32s: brain }, [1, -2, 0.333984375, 2 ** -133]],
  ]
  for (const [tensor, expected] of tensors) {
    const [layer] = read(chain([tensor], { op: 'MatMul', with: ['w'] })).layers
    // Reported as [out, in]: the transpose of what MatMul holds.
    assert.equal(numbers(layer.kernel), [expected[0], expected[2], expected[1], expected[3]])
  }
  const constant = chain([], { op: 'Relu' }, { op: 'MatMul', with: ['k'] })
  constant.nodes.unshift({
    op: 'Constant',
    inputs: [],
    outputs: ['k'],
    attributes: { value: { tensor: floats('', [1, 2], [7, 8]) } },
  })
  assert.equal(
    read(constant).layers.map(({ name, kernel }) => [name, kernel.shape, numbers(kernel)]),
    [['k', [2, 1], [7, 8]]],
  )
})

test('external data is looked for beside the model, by its last path component', () => {
  const graph = chain([{ name: 'w', dims: [1, 2], external: { location: '../../etc/w.bin', offset: '4', length: '8' } }], {
    op: 'MatMul',
    with: ['w'],
  })
  const bytes = writeOnnx(graph)
  assert.equal(companions({ name: 'm.onnx', bytes }), ['w.bin'])
  const data = new Uint8Array(Float32Array.of(9, 1, 2).buffer)
  assert.equal(numbers(read(graph, [{ name: 'folder/w.bin', bytes: data }]).layers[0].kernel), [1, 2])
  assert.throws(() => read(graph), /w: expected its data file 'w\.bin', got none of that name/)
  assert.throws(() => read(graph, [{ name: 'w.bin', bytes: data.subarray(0, 8) }]), /expected 12 bytes in/)
})

test('geometry comes from the node', () => {
  const weight = (shape: number[]) => floats('w', shape, ramp(shape.reduce((a, b) => a * b)))
  const geometry = (shape: number[], attributes: NodeSpec['attributes'], op = 'Conv') =>
    read(chain([weight(shape)], { op, with: ['w'], attributes })).layers[0].geometry
  assert.equal(geometry([4, 2, 3, 3], {}), { stride: [1, 1], dilation: [1, 1], groups: 1, pad: [0, 0, 0, 0] })
  assert.equal(geometry([4, 1, 3, 3], { group: 2, strides: [2, 1], dilations: [1, 3], pads: [1, 2, 3, 4] }), {
    stride: [2, 1],
    dilation: [1, 3],
    groups: 2,
    pad: [1, 2, 3, 4],
  })
  assert.is(geometry([4, 2, 3, 3], { auto_pad: 'SAME_UPPER' }).pad, 'same')
  assert.is(geometry([4, 2, 3, 3], { auto_pad: 'VALID' }).pad, 'valid')
  assert.equal(geometry([4, 2, 4, 4], { auto_pad: 'SAME_LOWER', kernel_shape: [4, 4] }).pad, [2, 2, 1, 1])
  assert.equal(geometry([2, 3, 3, 3], { strides: [2, 2], output_padding: [1, 1], pads: [1, 1, 1, 1] }, 'ConvTranspose'), {
    stride: [2, 2],
    dilation: [1, 1],
    groups: 1,
    pad: [1, 1, 1, 1],
    transposed: true,
    outputPadding: [1, 1],
  })
  refuses(
    chain([weight([4, 2, 3, 3])], { op: 'Conv', with: ['w'], attributes: { strides: [1, 0] } }),
    /strides: expected 2 whole numbers from 1/,
  )
  refuses(chain([weight([4, 2, 3, 3])], { op: 'Conv', with: ['w'], attributes: { pads: [1] } }), /pads: expected 4 whole numbers/)
})

test('a geometry table wins over the graph', () => {
  const graph = chain([floats('w', [4, 2, 3, 3], ramp(72))], { op: 'Conv', with: ['w'], attributes: { strides: [2, 2] } })
  const [layer] = read(graph, [], { w: { padding: 'circular', pad: 'same' } }).layers
  assert.equal([layer.geometryFrom, layer.geometry.padding, layer.geometry.stride], ['table', 'circular', [2, 2]])
  assert.match(read(graph, [], { w: { op: 'skip' } }).skipped[0].why, /table/)
})

test('matrices: Gemm with its α and transposes, MatMul from either side, recurrent gates', () => {
  const w = floats('w', [2, 3], [1, 2, 3, 4, 5, 6])
  const kernelOf = (graph: GraphSpec) => read(graph).layers.map(({ kernel }) => [kernel.shape, numbers(kernel)])
  assert.equal(kernelOf(chain([w], { op: 'Gemm', with: ['w'] })), [
    [
      [3, 2],
      [1, 4, 2, 5, 3, 6],
    ],
  ])
  assert.equal(kernelOf(chain([w], { op: 'Gemm', with: ['w'], attributes: { transB: 1, alpha: { float: 0.5 } } })), [
    [
      [2, 3],
      [0.5, 1, 1.5, 2, 2.5, 3],
    ],
  ])
  const left = chain([w], { op: 'MatMul' })
  left.nodes[0].inputs = ['w', 'x']
  assert.equal(kernelOf(left), [
    [
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ],
  ])
  const gates = [floats('W', [2, 4, 3], ramp(24)), floats('R', [2, 4, 1], ramp(8))]
  const lstm = read(chain(gates, { op: 'LSTM', with: ['W', 'R'] }))
  assert.equal(
    lstm.layers.map(({ name, kind, kernel }) => [name, kind, ...kernel.shape]),
    [
      ['W[0]', 'LSTM', 4, 3],
      ['W[1]', 'LSTM', 4, 3],
      ['R[0]', 'LSTM', 4, 1],
      ['R[1]', 'LSTM', 4, 1],
    ],
  )
  assert.equal(numbers(lstm.layers[1].kernel), ramp(24).slice(12))
  const stack = read(chain([floats('w', [2, 2, 2], ramp(8))], { op: 'MatMul', with: ['w'] }))
  assert.match(stack.skipped[0].why, /stack of matrices/)
})

test('quantised kernels are read as the numbers they stand for', () => {
  const int8 = (values: number[], dims: number[]): TensorSpec => ({ name: 'q', type: 3, dims, int32s: values })
  const scale = floats('s', [2], [0.5, 0.25])
  const zero: TensorSpec = { name: 'z', type: 3, dims: [2], int32s: [0, 4] }
  const graph = chain([int8([2, 4, 8, 16], [2, 2, 1, 1]), scale, zero], { op: 'Conv', with: ['w'] })
  graph.nodes.unshift({ op: 'DequantizeLinear', inputs: ['q', 's', 'z'], outputs: ['w'], attributes: { axis: 0 } })
  const [layer] = read(graph).layers
  assert.is(layer.name, 'q')
  assert.equal(numbers(layer.kernel), [1, 2, 1, 3])

  // 2.5 and 3.5 steps round to even, 1000 saturates.
  const float = floats('f', [2, 2, 1, 1], [1.25, 1.75, -1.25, 500])
  const through = chain([float, floats('s', [], [0.5]), { name: 'z', type: 3, dims: [], int32s: [0] }], {
    op: 'Conv',
    with: ['w'],
  })
  through.nodes.unshift(
    { op: 'QuantizeLinear', inputs: ['f', 's', 'z'], outputs: ['q'] },
    { op: 'DequantizeLinear', inputs: ['q', 's', 'z'], outputs: ['w'] },
  )
  assert.equal(numbers(read(through).layers[0].kernel), [1, 2, -1, 63.5])

  const linear = chain([int8([2, 4, 8, 16], [2, 2, 1, 1]), scale, zero], { op: 'QLinearConv', with: ['', '', 'q', 's', 'z'] })
  assert.equal(numbers(read(linear).layers[0].kernel), [1, 2, 1, 3])
})

test('a quantised kernel whose zero point is computed is not read as if it were 0', () => {
  const kernel: TensorSpec = { name: 'w', type: 3, dims: [1, 1, 1, 2], raw: new Uint8Array(Int8Array.of(1, -2).buffer) }
  const zero: TensorSpec = { name: 'z', type: 3, dims: [], raw: new Uint8Array(Int8Array.of(1).buffer) }
  const spec = (with_: string) => ({
    nodes: [
      { op: 'Add', inputs: ['z', 'z'], outputs: ['zz'] },
      { op: 'QLinearConv', inputs: ['x', 's', 'z', 'w', 's', with_, 's', 'z'], outputs: ['y'] },
    ],
    initializers: [kernel, zero, floats('s', [], [0.5])],
    inputs: [{ name: 'x', shape: [1, 1, 4, 4] }],
    outputs: [{ name: 'y' }],
  })
  assert.equal(numbers(read(spec('z')).layers[0].kernel), [0, -1.5])
  const { layers, skipped } = read(spec('zz'))
  assert.equal(layers, [])
  assert.ok(skipped.some(({ name, why }) => name === 'w' && /is computed, not stored/.test(why)))
})

test('constants moved about before their layer are followed', () => {
  const w = floats('w', [2, 3], [1, 2, 3, 4, 5, 6])
  const after = (...before: NodeSpec[]) => {
    const graph = chain([w, ints('shape', [3, -1]), ints('a', [1]), ints('b', [3]), ints('axis', [1])], {
      op: 'MatMul',
      with: ['k'],
    })
    graph.nodes.unshift(...before)
    const [layer] = read(graph).layers
    return [layer.name, layer.kernel.shape, numbers(layer.kernel)]
  }
  assert.equal(after({ op: 'Transpose', inputs: ['w'], outputs: ['k'] }), ['w', [2, 3], [1, 2, 3, 4, 5, 6]])
  assert.equal(after({ op: 'Reshape', inputs: ['w', 'shape'], outputs: ['k'] }), ['w', [2, 3], [1, 3, 5, 2, 4, 6]])
  assert.equal(after({ op: 'Identity', inputs: ['w'], outputs: ['k'] })[1], [3, 2])
  assert.equal(after({ op: 'Slice', inputs: ['w', 'a', 'b', 'axis'], outputs: ['k'] }), ['w', [2, 2], [2, 5, 3, 6]])
  assert.equal(after({ op: 'Concat', inputs: ['w', 'w'], outputs: ['k'], attributes: { axis: 0 } })[1], [3, 4])
  assert.equal(
    after(
      { op: 'Unsqueeze', inputs: ['w', 'axis'], outputs: ['u'] },
      { op: 'Squeeze', inputs: ['u', 'axis'], outputs: ['k'] },
    )[1],
    [3, 2],
  )
})

test('a chain of constants that doubles at each step is not followed', () => {
  const graph = chain([floats('c0', [1, 2], [1, 2])], { op: 'MatMul', with: ['c60'] })
  for (let i = 60; i > 0; i--)
    graph.nodes.unshift({ op: 'Concat', inputs: [`c${i - 1}`, `c${i - 1}`], outputs: [`c${i}`], attributes: { axis: 0 } })
  const started = performance.now()
  assert.is(read(graph).layers.length, 0)
  assert.ok(performance.now() - started < 2000)
})

const NORM = ['g', 'b', 'm', 'v']
const norms = [
  floats('g', [4], [1, 2, 3, 4]),
  floats('b', [4], [0, 0, 0, 0]),
  floats('m', [4], [1, 1, 1, 1]),
  floats('v', [4], [3, 3, 3, 15]),
]
const kernel = floats('w', [4, 2, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8])
const normed = (...between: { op: string; with?: string[] }[]) =>
  chain([kernel, ...norms, floats('c', [4, 1, 1], [1, 2, 3, 4])], { op: 'Conv', with: ['w'] }, ...between, {
    op: 'BatchNormalization',
    name: 'bn',
    with: NORM,
    attributes: { epsilon: { float: 1 } },
  })

test('a batch norm follows the layer before it, through constant additions only', () => {
  const follows = (graph: GraphSpec) => read(graph).batchNorms.map(({ name, follows, followsBy }) => [name, follows, followsBy])
  assert.equal(follows(normed()), [['bn', 'w', 'graph']])
  assert.equal(follows(normed({ op: 'Add', with: ['c'] }, { op: 'Identity' })), [['bn', 'w', 'graph']])
  assert.equal(follows(normed({ op: 'Relu' })), [['bn', undefined, undefined]])
  const twice = normed()
  twice.nodes.push({ op: 'Relu', inputs: ['v1'], outputs: ['z'] })
  assert.equal(follows(twice), [['bn', undefined, undefined]])
  const shown = normed()
  shown.outputs!.push({ name: 'v1' })
  assert.equal(follows(shown), [['bn', undefined, undefined]])
  const shared = normed()
  shared.nodes.push({ op: 'Conv', inputs: ['x', 'w'], outputs: ['z'] })
  assert.equal(follows(shared), [['bn', undefined, undefined]])
  const training = normed()
  training.nodes[1].attributes!.training_mode = 1
  assert.equal(read(training).batchNorms, [])
})

test('subgraphs are read like the graph around them', () => {
  const branch = (name: string): GraphSpec => ({
    nodes: [{ op: 'Conv', inputs: ['x', name], outputs: ['o'], attributes: { strides: [2, 2] } }],
    initializers: [floats(name, [4, 2, 1, 1], ramp(8))],
    outputs: [{ name: 'o' }],
  })
  const graph: GraphSpec = {
    nodes: [
      {
        op: 'If',
        inputs: ['c'],
        outputs: ['y'],
        attributes: { then_branch: { graph: branch('a') }, else_branch: { graph: branch('b') } },
      },
    ],
    inputs: [{ name: 'x' }, { name: 'c' }],
    outputs: [{ name: 'y' }],
  }
  const model = read(graph)
  assert.equal(
    model.layers.map(({ name, geometry }) => [name, geometry.stride]),
    [
      ['a', [2, 2]],
      ['b', [2, 2]],
    ],
  )
  graph.inputs!.shift()
  refuses(graph, /something that makes 'x'/)
})

test('one weight used two ways is two layers, used one way twice is one', () => {
  const twice = (attributes: NodeSpec['attributes']): GraphSpec => ({
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['a'] },
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes },
    ],
    initializers: [kernel],
    inputs: [{ name: 'x' }],
    outputs: [{ name: 'y' }],
  })
  assert.equal(
    read(twice({})).layers.map(({ name }) => name),
    ['w'],
  )
  const { layers, graph } = read(twice({ strides: [2, 2] }))
  assert.equal(
    layers.map(({ name }) => name),
    ['w', 'w (2)'],
  )
  assert.equal(
    graph!.nodes.map(({ layer }) => layer),
    ['w', 'w (2)'],
  )
})

test('sizes are given where they are known, and left open where not', () => {
  const graph = chain([kernel], { op: 'Conv', with: ['w'] })
  const open = read(graph)
  assert.is(open.layers[0].inputSize, undefined)
  assert.equal(open.graph!.inputs, [{ name: 'x', shape: [1, 2, 8, null] }])
  graph.inputs = [
    { name: 'x', shape: [null, 2, 8, 9] },
    { name: 'w', shape: [4, 2, 1, 1] },
  ]
  const sized = read(graph)
  assert.equal(sized.layers[0].inputSize, [8, 9])
  assert.equal(
    sized.graph!.inputs.map(({ name }) => name),
    ['x'],
  )
})

test('damage in the graph is one clear sentence', () => {
  const node = (op: string, inputs: string[], outputs: string[]): NodeSpec => ({ op, inputs, outputs })
  const graph = (...nodes: NodeSpec[]): GraphSpec => ({ nodes, inputs: [{ name: 'x' }], outputs: [{ name: 'y' }] })
  refuses(graph(node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b'])), /a graph without cycles, got one through 'a'/)
  refuses(graph(node('Relu', ['nothing'], ['y'])), /something that makes 'nothing'/)
  refuses(graph(node('Relu', ['x'], ['y']), node('Relu', ['x'], ['y'])), /each value made once/)
  const once = writeOnnx(graph(node('Relu', ['x'], ['y'])))
  assert.throws(() => readModel({ name: 'm', bytes: new Uint8Array([...once, ...once]) }), /expected one graph, got two/)
  refuses(chain([{ name: 'w', dims: [1000, 1000] }], { op: 'MatMul', with: ['w'] }), /expected 1000000 numbers .* got 0/)
  refuses(chain([{ ...floats('w', [2, 2], [1, 2, 3]) }], { op: 'MatMul', with: ['w'] }), /expected 16 bytes .* got 12/)
  let deep: GraphSpec = graph(node('Relu', ['x'], ['y']))
  for (let i = 0; i < 30; i++)
    deep = graph({ ...node('If', ['x'], ['y']), attributes: { then_branch: { graph: { ...deep, inputs: [] } } } })
  refuses(deep, /nested at most 24 deep/)
})

test('nodes out of order are put in order', () => {
  const graph: GraphSpec = {
    nodes: [
      { op: 'Relu', inputs: ['a'], outputs: ['y'] },
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['a'] },
    ],
    initializers: [kernel],
    inputs: [{ name: 'x' }],
    outputs: [{ name: 'y' }],
  }
  assert.equal(
    read(graph).graph!.nodes.map(({ op }) => op),
    ['Conv', 'Relu'],
  )
  conv(read(graph).layers[0].kernel)
})

test.run()
