import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import type { NetworkCertificate, NetworkOptions } from '../../src/audit/network-types.ts'
import type { Bound } from '../../src/bound.ts'
import { type GraphNode, type Model, readModel } from '../../src/formats/index.ts'
import { floats, type GraphSpec, ints, type NodeSpec, type TensorSpec, writeOnnx } from '../formats/writers/onnx.ts'
import { decompose, type Matrix, mulberry32, operatorMatrix, seeded } from '../oracle.ts'

function modelOf(graph: GraphSpec, opset = 13): Model {
  return readModel([{ name: 'net.onnx', bytes: writeOnnx(graph, opset) }])
}

const input = (shape: (number | null)[], name = 'x'): { name: string; shape: (number | null)[] } => ({ name, shape })
const node = (op: string, inputs: string[], outputs: string[], attributes: NodeSpec['attributes'] = {}): NodeSpec => ({
  op,
  name: `${op}:${outputs[0]}`,
  inputs,
  outputs,
  attributes,
})

function certify(
  nodes: NodeSpec[],
  initializers: TensorSpec[],
  shape: (number | null)[] = [1, 4],
  options: NetworkOptions = {},
): NetworkCertificate {
  const outputs = [{ name: 'y' }]
  return certifyNetwork(modelOf({ nodes, initializers, inputs: [input(shape)], outputs }), {
    lower: false,
    gap: 1e-9,
    ...options,
  })
}

/** A linear network as a matrix by unit vectors, row vectors times matrices. */
interface Wire {
  name: string
  matrix: Matrix
}

const identity = (n: number): Matrix => ({
  rows: n,
  columns: n,
  data: Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) ? 0 : 1)),
})

/** W·A for the row-vector convention: y = x·w has the matrix wᵀ. */
function after(a: Matrix, w: Float64Array, outputs: number): Matrix {
  const data = new Float64Array(outputs * a.columns)
  for (let o = 0; o < outputs; o++)
    for (let k = 0; k < a.rows; k++)
      for (let j = 0; j < a.columns; j++) data[o * a.columns + j] += w[k * outputs + o] * a.data[k * a.columns + j]
  return { rows: outputs, columns: a.columns, data }
}

test('random linear graphs: the norm of the whole matrix is below the bound, and not absurdly', () => {
  const next = mulberry32(41)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]
  for (let round = 0; round < 60; round++) {
    const wires: Wire[] = [{ name: 'x', matrix: identity(4) }]
    const nodes: NodeSpec[] = []
    const initializers: TensorSpec[] = []
    const grow = (op: string, inputs: string[], matrix: Matrix, attributes: NodeSpec['attributes'] = {}): void => {
      const name = `v${wires.length}`
      nodes.push(node(op, inputs, [name], attributes))
      wires.push({ name, matrix })
    }
    for (let step = 0; step < 9; step++) {
      const a = pick(wires)
      const kind = pick(['product', 'sum', 'concat', 'slice', 'relabel'])
      if (kind === 'product') {
        const outputs = 1 + Math.floor(next() * 4)
        const w = seeded(1000 * round + step, a.matrix.rows * outputs)
        initializers.push(floats(`w${step}`, [a.matrix.rows, outputs], w))
        grow('MatMul', [a.name, `w${step}`], after(a.matrix, w, outputs))
      } else if (kind === 'sum') {
        const b = pick(wires.filter(other => other.matrix.rows === a.matrix.rows))
        grow('Add', [a.name, b.name], { ...a.matrix, data: a.matrix.data.map((v, i) => v + b.matrix.data[i]) })
      } else if (kind === 'concat') {
        const b = pick(wires)
        grow('Concat', [a.name, b.name], stacked(a.matrix, b.matrix), { axis: 1 })
      } else if (kind === 'slice' && a.matrix.rows > 1) {
        const from = Math.floor(next() * (a.matrix.rows - 1))
        initializers.push(ints(`s${step}`, [from]), ints(`e${step}`, [a.matrix.rows]), ints(`a${step}`, [1]))
        const { columns, data } = a.matrix
        grow('Slice', [a.name, `s${step}`, `e${step}`, `a${step}`], {
          rows: a.matrix.rows - from,
          columns,
          data: data.slice(from * columns),
        })
      } else grow('Identity', [a.name], a.matrix)
    }
    const last = wires[wires.length - 1]
    const graph: GraphSpec = { nodes, initializers, inputs: [input([1, 4])], outputs: [{ name: last.name }] }
    const certificate = certifyNetwork(modelOf(graph), { lower: false })
    const exact = decompose(last.matrix).sigma[0]
    const bound = certificate.bound?.upper ?? stop(certificate)
    assert.ok(exact <= bound * (1 + 1e-12), `round ${round}: norm ${exact} of ${bound}`)
    assert.ok(bound <= 1e4 * exact, `round ${round}: ${bound} where ${exact} is the norm`)
  }
})

function stacked(a: Matrix, b: Matrix): Matrix {
  return { rows: a.rows + b.rows, columns: a.columns, data: Float64Array.from([...a.data, ...b.data]) }
}

const near = (got: number | undefined, want: number, what = ''): void =>
  assert.ok(got !== undefined && got >= want * (1 - 1e-14) && got <= want * (1 + 1e-9), `${what} ${got}, expected ${want}`)

const scale = (value: number, name = 'c'): TensorSpec => floats(name, [], [value])

test('a residual block: its prefix counts once, its branches add', () => {
  const nodes = [
    node('Mul', ['x', 'c'], ['p']),
    node('Relu', ['p'], ['q']),
    node('Mul', ['q', 'd'], ['r']),
    node('Add', ['q', 'r'], ['y']),
  ]
  near(certify(nodes, [scale(3), scale(2, 'd')]).bound?.upper, 3 * (1 + 2))
})

test('the halves of a split are disjoint: apart they take the larger, added the root of squares', () => {
  const halves = [node('Split', ['x'], ['a', 'b'], { axis: 1 }), node('Mul', ['a', 'c'], ['p']), node('Mul', ['b', 'd'], ['q'])]
  const constants = [scale(3), scale(4, 'd')]
  near(certify([...halves, node('Concat', ['q', 'p'], ['y'], { axis: 1 })], constants).bound?.upper, 4)
  near(certify([...halves, node('Add', ['q', 'p'], ['y'])], constants).bound?.upper, 5)
  // Overlapping slices are not disjoint: what they share counts twice.
  const slices = [ints('s', [0]), ints('t', [1]), ints('e', [3]), ints('f', [4]), ints('one', [1])]
  const overlapping = [
    node('Slice', ['x', 's', 'e', 'one'], ['a']),
    node('Slice', ['x', 't', 'f', 'one'], ['b']),
    node('Concat', ['a', 'b'], ['y'], { axis: 1 }),
  ]
  assert.ok(certify(overlapping, slices).bound!.upper >= Math.SQRT2)
})

test('several inputs count together, several outputs too', () => {
  const graph: GraphSpec = {
    nodes: [node('Mul', ['x', 'c'], ['a']), node('Mul', ['z', 'd'], ['b']), node('Add', ['a', 'b'], ['y'])],
    initializers: [scale(3), scale(4, 'd')],
    inputs: [input([1, 2]), input([1, 2], 'z')],
    outputs: [{ name: 'y' }],
  }
  near(certifyNetwork(modelOf(graph), { lower: false }).bound?.upper, 5, 'a sum of two inputs')
  const two = { ...graph, nodes: graph.nodes.slice(0, 2), outputs: [{ name: 'a' }, { name: 'b' }] }
  near(certifyNetwork(modelOf(two), { lower: false }).bound?.upper, 4, 'two disjoint functions')
  near(certify([node('Mul', ['x', 'c'], ['y'])], [scale(0)]).bound?.upper, 0, 'nothing')
})

const kernel = seeded(3, 6 * 2 * 9)
const convolution = (outputs: string[]): NodeSpec => node('Conv', ['x', 'k'], outputs, { pads: [1, 1, 1, 1] })
const bn = (from: string, to: string): NodeSpec => node('BatchNormalization', [from, 'g', 'b', 'm', 'v'], [to])
const gamma = [4, 0.1, 0.1, 0.1, 0.1, 0.1]
const constants = [
  floats('k', [6, 2, 3, 3], kernel),
  floats('g', [6], gamma),
  floats('b', [6], gamma),
  floats('m', [6], gamma),
  floats('v', [6], [1, 1, 1, 1, 1, 1]),
]

test('a batch norm is folded into the convolution before it, and never across an activation or a second use', () => {
  const shape = [1, 2, 5, 5]
  const matrix = operatorMatrix({
    kernel: kernel.map((x, i) => (x * Math.fround(gamma[Math.floor(i / 18)])) / Math.sqrt(1 + Math.fround(1e-5))),
    shape: [6, 2, 3, 3],
    inputSize: [5, 5],
    padding: 'zero',
    pads: [1, 1, 1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    groups: 1,
    transposed: false,
    outputPadding: [0, 0],
  })
  const exact = decompose(matrix).sigma[0]
  const folded = certify([convolution(['h']), bn('h', 'y')], constants, shape)
  assert.ok(exact <= folded.bound!.upper && folded.bound!.upper < 1.5 * exact, `${folded.bound!.upper} for ${exact}`)
  assert.match(folded.nodes[0].rule, /folded in/)
  assert.match(folded.nodes[1].rule, /folded into/)
  const biased = certify(
    [convolution(['c']), node('Add', ['c', 'bias'], ['h']), bn('h', 'y')],
    [...constants, floats('bias', [6, 1, 1], gamma)],
    shape,
  )
  near(biased.bound?.upper, folded.bound!.upper, 'a bias in between')
  const activated = certify([convolution(['h']), node('Relu', ['h'], ['r']), bn('r', 'y')], constants, shape)
  assert.ok(activated.bound!.upper > 1.5 * folded.bound!.upper)
  near(activated.bound!.upper, activated.nodes[0].gain * activated.nodes[2].gain, 'the product of the norms')
  const shared = certify([convolution(['h']), bn('h', 'n'), node('Add', ['n', 'h'], ['y'])], constants, shape)
  assert.not.match(shared.nodes[0].rule, /folded/)
})

test('max-pooling windows that overlap count', () => {
  const pool = (attributes: NodeSpec['attributes']): number | undefined =>
    certify([node('MaxPool', ['x'], ['y'], attributes)], [], [1, 1, 9, 9]).bound?.upper
  near(pool({ kernel_shape: [3, 3], strides: [2, 2] }), 2)
  near(pool({ kernel_shape: [3, 3] }), 3)
  near(pool({ kernel_shape: [2, 2], strides: [2, 2] }), 1)
})

test('the norm of a layer may come from the caller, and the work adds up', () => {
  let asked = 0
  const norm = (): Bound<'upper'> => {
    asked++
    return { value: 7, kind: 'upper', method: 'given', scope: 'this-size', lower: 0, upper: 7, work: 5 }
  }
  const certificate = certify([convolution(['y'])], constants, [1, 2, 5, 5], { norm })
  near(certificate.bound?.upper, 7)
  assert.is(certificate.bound?.work, 5)
  assert.is(asked, 1)
})

test('what has no bound is named, and there is no number', () => {
  const refused = (nodes: NodeSpec[], why: RegExp, shape: (number | null)[] = [1, 4], initializers: TensorSpec[] = []): void => {
    const certificate = certify(nodes, initializers, shape)
    assert.is(certificate.bound, undefined)
    assert.is(certificate.lower, undefined)
    assert.match(certificate.reason ?? '', why)
    assert.match(certificate.reason ?? '', /^no certificate: /)
  }
  refused([node('Mul', ['x', 'x'], ['y'])], /Mul 'Mul:y': two computed values are multiplied/)
  refused([node('Exp', ['x'], ['y'])], /Exp .* slope of an exponential is unbounded/)
  refused([node('NonMaxSuppression', ['x', 'x'], ['y'])], /NonMaxSuppression .* no bound that is known/)
  refused([{ ...node('Relu', ['x'], ['y']), domain: 'com.example' }], /'com.example' is not known/)
  refused([node('Relu', ['x'], ['y'])], /open sides \[\?, 3, \?, 5\]/, [null, 3, null, 5])
  refused([node('Relu', ['x'], ['y'])], /has the shape \[1000000, 1000000, 1000000\]/, [1e6, 1e6, 1e6])
  refused([node('Reshape', ['x', 's'], ['y'])], /\[1, 4\] does not fit into \[3, 5\]/, [1, 4], [ints('s', [3, 5])])
  refused([node('Expand', ['x', 's'], ['y'])], /an axis of 1099511627776 entries/, [1, 1], [ints('s', [2 ** 40, 2 ** 40])])
  refused(
    [node('ConstantOfShape', ['s'], ['k']), node('Add', ['x', 'k'], ['y'])],
    /a constant of shape/,
    [1, 1],
    [ints('s', [2 ** 20, 2 ** 20])],
  )
  refused([node('Conv', ['x', 'k'], ['y'])], /input of at least|output of at least 1/, [1, 2, 1, 1], constants)
  refused([node('Conv', ['x', 'k'], ['y'])], /3 channels where 2 are expected/, [1, 3, 8, 8], constants)
  refused([node('Div', ['x', 'c'], ['y'])], /a divisor is 0/, [1, 4], [scale(0)])
  refused([node('Mul', ['x', 'c'], ['y'])], /NaN/, [1, 4], [scale(NaN)])
  refused([node('Celu', ['x'], ['y'], { alpha: { float: -1 } })], /celu with alpha -1/)
  refused([node('LeakyRelu', ['x'], ['y'], { alpha: { float: NaN } })], /NaN/)
  refused([node('Slice', ['x', 'x'], ['y'], { starts: [0], ends: [2], axes: [1] })], /depends on the input/)
  refused([node('Transpose', ['x'], ['y'], { perm: [0, 0] })], /\[0, 0\] is no order of the axes/)
  refused([node('Gather', ['x', 'i'], ['y'], { axis: 1 })], /an index outside/, [1, 4], [ints('i', [9])])
  refused(
    [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], ['y'], { training_mode: 1 })],
    /batch statistics/,
    [1, 6, 2, 2],
    constants,
  )
  assert.match(certifyNetwork({ ...modelOf({ nodes: [] }), graph: undefined }).reason ?? '', /weights without a graph/)
})

test('nodes that nothing needs may be anything', () => {
  const nodes = [node('NonZero', ['x'], ['unused']), node('Relu', ['x'], ['y'])]
  near(certify(nodes, []).bound?.upper, 1)
})

test('a cycle or a missing value is refused at once, wherever it hides', () => {
  const model = modelOf({ nodes: [node('Relu', ['x'], ['y'])], inputs: [input([1, 4])], outputs: [{ name: 'y' }] })
  const cyclic = (nodes: GraphNode[]): NetworkCertificate => certifyNetwork({ ...model, graph: { ...model.graph!, nodes } })
  const base = model.graph!.nodes[0]
  const certificate = cyclic([
    { ...base, op: 'Add', inputs: ['x', 'b'], outputs: ['a'] },
    { ...base, inputs: ['a'], outputs: ['b'] },
    { ...base, inputs: ['b'], outputs: ['y'] },
  ])
  assert.match(certificate.reason ?? '', /operand 'b' is given by no earlier node \(a cycle/)
  assert.is(certificate.bound, undefined)
  assert.match(cyclic([{ ...base, inputs: ['nowhere'] }]).reason ?? '', /operand 'nowhere' is given by no earlier node/)
  assert.match(cyclic([{ ...base, outputs: ['h'] }]).reason ?? '', /output 'y' is given by no node/)
})

test('shapes that the graph computes are followed', () => {
  const nodes = [
    node('Shape', ['x'], ['s']),
    node('Gather', ['s', 'zero'], ['n'], { axis: 0 }),
    node('Unsqueeze', ['n', 'zero1'], ['u']),
    node('Concat', ['u', 'rest'], ['t'], { axis: 0 }),
    node('Reshape', ['x', 't'], ['y']),
  ]
  const initializers: TensorSpec[] = [{ name: 'zero', type: 7, dims: [], int64s: [0] }, ints('zero1', [0]), ints('rest', [-1, 2])]
  const certificate = certify(nodes, initializers, [3, 4])
  near(certificate.bound?.upper, 1)
  assert.equal(certificate.outputs[0].shape, [3, 2, 2])
  assert.is(certificate.nodes.length, 1)
})

test('open sides are filled in by the caller, who is told of mistakes', () => {
  const nodes = [node('GlobalAveragePool', ['x'], ['y'])]
  const open = [null, 3, null, null]
  near(certify(nodes, [], open, { inputShapes: { x: [1, 3, 4, 4] } }).bound?.upper, 0.25)
  assert.throws(
    () => certify(nodes, [], open, { inputShapes: { x: [1, 2, 4, 4] } }),
    /^inputShapes.x: expected a shape like \[\?, 3, \?, \?\]/,
  )
  assert.throws(() => certify(nodes, [], open, { inputShapes: { z: [1] } }), /^input: expected 'x', got 'z'/)
  const at = { x: new Float64Array(5) }
  assert.throws(() => certify(nodes, [], [1, 3, 4, 4], { at, lower: true }), /^at.x: expected 48 finite numbers, got 5/)
})

test('the proven gain lies below the bound, and reaches it where the bound is exact', () => {
  const weights = seeded(8, 12)
  const certificate = certify(
    [node('MatMul', ['x', 'w'], ['h']), node('Relu', ['h'], ['y'])],
    [floats('w', [4, 3], weights)],
    [1, 4],
    { lower: true },
  )
  const { bound, lower, estimate } = certificate
  assert.is(lower?.kind, 'lower')
  assert.ok(lower!.value <= bound!.upper && lower!.value > 0.3 * bound!.upper, `${lower!.value} of ${bound!.upper}`)
  assert.is(estimate?.kind, 'estimate')
  assert.is(bound!.lower, lower!.value)
  const given = certify([node('MatMul', ['x', 'w'], ['y'])], [floats('w', [4, 3], weights)], [1, 4], {
    lower: true,
    at: { x: [1, 2, 3, 4] },
  })
  assert.ok(given.lower!.value > given.bound!.upper * (1 - 1e-6))
})

const models = fileURLToPath(new URL('../../../shared/models/', import.meta.url))
if (!existsSync(models)) console.log('skip: ../shared/models is not beside this checkout')
else
  test('published networks: residual and sequential certificates, and the one that cannot have any', () => {
    const read = (file: string): Model => readModel([{ name: file, bytes: new Uint8Array(readFileSync(models + file)) }])
    const upper = (file: string): number => certifyNetwork(read(file), { gap: 1e-3, lower: false }).bound!.upper
    const residual = upper('resnet_2b.onnx')
    assert.ok(residual > 1700 && residual < 1740, String(residual))
    assert.ok(upper('cifar_base_kw.onnx') < 20.9)
    const silero = certifyNetwork(read('silero_vad_16k_op15.onnx'), {
      inputShapes: { input: [1, 576], state: [2, 1, 128], sr: [] },
    })
    assert.match(silero.reason ?? '', /^no certificate: /)
  })

function stop(certificate: NetworkCertificate): never {
  throw new Error(certificate.reason)
}

test.run()
