import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { audit } from '../../src/audit/audit.ts'
import { certifyNetwork } from '../../src/audit/network.ts'
import type { NetworkCertificate } from '../../src/audit/network-types.ts'
import { type Model, readModel } from '../../src/formats/index.ts'
import { floats, ints, type NodeSpec, type TensorSpec, writeOnnx } from '../formats/writers/onnx.ts'
import { seeded } from '../oracle.ts'

/** Operands that the graph computes, or that are inputs: they are not operands left out. */
interface Parts {
  shape?: number[]
  /** further inputs of the graph, by name */
  inputs?: Record<string, number[]>
  outputs?: string[]
  opset?: number
}

function modelOf(nodes: NodeSpec[], constants: TensorSpec[], parts: Parts = {}): Model {
  const { shape = [1, 2, 3, 3], inputs = {}, outputs = ['y'], opset = 13 } = parts
  const graph = {
    nodes,
    initializers: constants,
    inputs: Object.entries({ x: shape, ...inputs }).map(([name, shape]) => ({ name, shape })),
    outputs: outputs.map(name => ({ name })),
  }
  return readModel({ name: 'net.onnx', bytes: writeOnnx(graph, opset) })
}

const certify = (nodes: NodeSpec[], constants: TensorSpec[], parts: Parts = {}): NetworkCertificate =>
  certifyNetwork(modelOf(nodes, constants, parts), { gap: 1e-9 })

const node = (op: string, inputs: string[], outputs: string[], attributes: NodeSpec['attributes'] = {}): NodeSpec => ({
  op,
  inputs,
  outputs,
  attributes,
})

/** A number, between the ends that are proven. */
function encloses({ bound, lower, reason }: NetworkCertificate, truth: number, loose = 1): void {
  assert.ok(bound, reason)
  const { upper } = bound
  assert.ok(truth <= upper * (1 + 1e-12) && upper <= truth * loose * (1 + 1e-6), `${upper} for ${truth}`)
  assert.ok(!lower || lower.value <= truth, `${lower?.value} is proven of ${truth}`)
}

function refuses(certificate: NetworkCertificate, why: RegExp): void {
  assert.is(certificate.bound, undefined)
  assert.match(certificate.reason ?? '', why)
}

const number = (name: string, value: number): TensorSpec => floats(name, [], [value])
const pair = (name: string, a: number, b = a): TensorSpec => floats(name, [2], [a, b])
const norm = (gamma = 'g', beta = 'b', of = 'x', ...more: string[]): NodeSpec =>
  node('BatchNormalization', [of, gamma, beta, 'm', 'v'], ['y', ...more], { epsilon: { float: 0 } })
const stored = [pair('b', 1, -1), pair('m', 0.5), pair('v', 1), pair('ten', 10), pair('one', 1)]
/** (1/49)·49: one in exact arithmetic, below one in floating point. */
const nearlyOne = [node('Div', ['1', '49'], ['q']), node('Mul', ['q', '49'], ['k'])]
const nearly = [number('1', 1), number('49', 49)]

test('a batch norm whose scale other nodes compute has that scale, with its rounding', () => {
  encloses(certify([node('Mul', ['ten', 'ten'], ['g']), norm()], stored), 100)
  // 30/3 and 1/4 of rounded numbers: the scale is 10/√¼.
  const nodes = [node('Div', ['30', '3'], ['d']), node('Mul', ['ten', 'one'], ['g']), node('Div', ['one', '4'], ['w'])]
  const spelled = { ...norm('d'), inputs: ['x', 'd', 'b', 'm', 'w'] }
  const rounded = certify([...nodes, spelled], [...stored, pair('30', 30), pair('3', 3), pair('4', 4)])
  encloses(rounded, 20)
  assert.ok(rounded.bound!.upper > 20, 'rounding is added')
})

test('behind a convolution such a norm is no fold: neither of the network nor of its layer', () => {
  const kernel = seeded(3, 2 * 2 * 9)
  const layer = node('Conv', ['x', 'k'], ['h'], { pads: [1, 1, 1, 1] })
  const model = modelOf(
    [node('Mul', ['ten', 'ten'], ['g']), layer, norm('g', 'b', 'h')],
    [...stored, floats('k', [2, 2, 3, 3], kernel)],
  )
  const alone = certifyNetwork(modelOf([{ ...layer, outputs: ['y'] }], [floats('k', [2, 2, 3, 3], kernel)]), { gap: 1e-9 })
  encloses(certifyNetwork(model, { gap: 1e-9 }), 100 * alone.bound!.upper)
  assert.equal(model.batchNorms, [])
  assert.ok(model.skipped.some(({ name, why }) => name === 'y' && /a batch norm whose numbers are not all stored/.test(why)))
  const [{ folded, enclosure }] = audit(model, { fold: true }).models[0].layers
  assert.is(folded, undefined)
  assert.ok(Math.abs(enclosure!.upper! / alone.bound!.upper - 1) < 1e-4)
})

test('a batch norm whose scale or shift moves with the input has no bound', () => {
  const input = { inputs: { w: [2] } }
  refuses(certify([norm('w')], stored, input), /operand 1 \('w'\) depends on the input/)
  refuses(certify([norm('one', 'w')], stored, input), /operand 2 \('w'\) depends on the input/)
  const mean = node('ReduceMean', ['x'], ['w'], { axes: [0, 2, 3], keepdims: 0 })
  refuses(certify([mean, norm('w')], stored), /operand 1 \('w'\) depends on the input/)
  refuses(certify([mean, norm('one', 'w')], stored), /operand 2 \('w'\) depends on the input/)
})

test('in a TensorFlow graph as well', () => {
  const weights = { g: [10, 10], b: [1, -1], m: [0.5, 0.5], v: [1, 1] }
  const data = new Uint8Array(Float32Array.from(Object.values(weights).flat()).buffer)
  const placeholder = {
    name: 'x',
    op: 'Placeholder',
    attr: { shape: { shape: { dim: [1, 3, 3, 2].map(size => ({ size: `${size}` })) } } },
  }
  const topology = {
    node: [
      placeholder,
      ...Object.keys(weights).map(name => ({ name, op: 'Const', attr: {} })),
      { name: 'gg', op: 'Mul', input: ['g', 'g'], attr: {} },
      {
        name: 'y',
        op: 'FusedBatchNormV3',
        input: ['x', 'gg', 'b', 'm', 'v'],
        attr: { epsilon: { f: 0 }, is_training: { b: false } },
      },
    ],
  }
  const held = Object.keys(weights).map(name => ({ name, shape: [2], dtype: 'float32' }))
  const json = JSON.stringify({ modelTopology: topology, weightsManifest: [{ paths: ['a.bin'], weights: held }] })
  const files = [
    { name: 'model.json', bytes: new TextEncoder().encode(json) },
    { name: 'a.bin', bytes: data },
  ]
  encloses(certifyNetwork(readModel(files)), 100)
})

test('axes that a node computes are not axes left out', () => {
  const nodes = [node('Add', ['0', '0'], ['a']), node('Squeeze', ['k', 'a'], ['w']), node('MatMul', ['x', 'w'], ['y'])]
  const certificate = certify(nodes, [ints('0', [0]), floats('k', [1, 2, 1], [3, 4])], { shape: [1, 2] })
  encloses(certificate, 5)
  assert.equal(certificate.outputs[0].shape, [1, 1])
})

test('statistics among the outputs of a batch norm say that it is in training, needed or not', () => {
  refuses(certify([norm('one', 'b', 'x', 'mean', 'var')], stored, { opset: 9 }), /its statistics are outputs/)
})

test('operands that are read as constants: one that moves ends the certificate', () => {
  const image = [1, 2, 4, 4]
  const kernel = [floats('k', [3, 2, 3, 3], seeded(1, 54)), floats('a', [4, 3], seeded(2, 12)), pair('one', 1), number('0', 0)]
  const cases: [NodeSpec, number[], number[], number?][] = [
    [node('Conv', ['x', 'k', 'w'], ['y']), image, [3]],
    [node('Conv', ['x', 'w'], ['y']), image, [3, 2, 3, 3]],
    [node('Gemm', ['x', 'a', 'w'], ['y']), [2, 4], [3]],
    [node('Gemm', ['x', 'w'], ['y']), [2, 4], [4, 3]],
    [node('PRelu', ['x', 'w'], ['y']), image, [2, 1, 1]],
    [node('InstanceNormalization', ['x', 'w', 'one'], ['y']), image, [2]],
    [node('InstanceNormalization', ['x', 'one', 'w'], ['y']), image, [2]],
    [node('LayerNormalization', ['x', 'w'], ['y']), [3, 4], [4], 17],
    [node('LayerNormalization', ['x', '', 'w'], ['y']), [3, 4], [4], 17],
    [node('GroupNormalization', ['x', 'w', 'one'], ['y'], { num_groups: 2 }), image, [2], 21],
    [node('Clip', ['x', 'w'], ['y']), image, []],
    [node('Clip', ['x', '', 'w'], ['y']), image, []],
    [node('Pad', ['x', 'w'], ['y']), [2], [2]],
    [node('Resize', ['x', '', 'w'], ['y']), image, [4]],
    [node('Resize', ['x', '', '', 'w'], ['y']), image, [4]],
    [node('Expand', ['x', 'w'], ['y']), image, [4]],
    [node('Tile', ['x', 'w'], ['y']), image, [4]],
    [node('Gather', ['x', 'w'], ['y']), image, [2]],
    [node('Where', ['w', 'x', 'x'], ['y']), image, [1]],
    [node('Dropout', ['x', '0', 'w'], ['y']), image, []],
    [node('ReduceSum', ['x', 'w'], ['y']), image, [1]],
    [node('Squeeze', ['x', 'w'], ['y']), [1, 2], [1]],
  ]
  for (const [operator, shape, other, opset = 13] of cases)
    refuses(certify([operator], kernel, { shape, inputs: { w: other }, opset }), /depends on the input|two computed values/)
})

test('a kernel type that only an attribute states is that of the quantised numbers', () => {
  const kernel = Array.from(seeded(5, 2 * 2 * 4), v => -Math.abs(v))
  const constants = [floats('k', [2, 2, 2, 2], kernel), number('s', 2 ** -9)]
  const nodes = (dtype: number): NodeSpec[] => [
    node('QuantizeLinear', ['k', 's'], ['q'], { output_dtype: dtype }),
    node('DequantizeLinear', ['q', 's'], ['w']),
    node('Conv', ['x', 'w'], ['y']),
  ]
  const kernelOf = (dtype: number): number[] => Array.from(modelOf(nodes(dtype), constants, { opset: 21 }).layers[0].kernel.data)
  const clipped = (least: number, most: number): number[] =>
    kernel.map(v => Math.min(most, Math.max(least, Math.round(Math.fround(v) * 512))) / 512)
  assert.equal(kernelOf(3), clipped(-128, 127))
  assert.equal(kernelOf(5), clipped(-32768, 32767))
  assert.equal(kernelOf(2).map(Math.abs), clipped(0, 255).map(Math.abs))
  refuses(certify(nodes(21), constants, { opset: 21 }), /QuantizeLinear/)
})

test('a choice by numbers that are rounded is refused, one that rounding cannot turn is made', () => {
  const cast = (to: number): NodeSpec[] => [
    ...nearlyOne,
    node('Cast', ['k'], ['i'], { to }),
    node('Cast', ['i'], ['c'], { to: 1 }),
    node('Mul', ['x', 'c'], ['y']),
  ]
  refuses(certify(cast(7), nearly), /Cast .* rounding may move to another whole number/)
  encloses(certify(cast(9), nearly), 1)
  encloses(certify([node('Add', ['1', '49'], ['k']), ...cast(7).slice(2)], nearly), 50)
  refuses(
    certify([node('Add', ['1', '49'], ['k']), ...cast(3).slice(2)], [number('1', 100), number('49', 49)]),
    /does not hold it/,
  )
  const where = (compare: string): NodeSpec[] => [
    ...nearlyOne,
    node(compare, ['k', 'than'], ['p']),
    node('Where', ['p', '1', '49'], ['c']),
    node('Mul', ['x', 'c'], ['y']),
  ]
  for (const compare of ['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Equal'])
    refuses(certify(where(compare), [...nearly, number('than', 1)]), /a comparison that rounding may turn/)
  encloses(certify(where('Less'), [...nearly, number('than', 1.5)]), 1)
  encloses(certify(where('Equal'), [...nearly, number('than', 1.5)]), 49)
  const rounded = /computes it with rounding|jumps|not whole/
  for (const jump of ['Floor', 'Ceil', 'Not'])
    refuses(certify([...nearlyOne, node(jump, ['k'], ['c']), node('Mul', ['x', 'c'], ['y'])], nearly), rounded)
  const chosen: NodeSpec[] = [
    node('Gather', ['x', 'k'], ['y'], { axis: 1 }),
    node('Where', ['k', 'x', '1'], ['y']),
    node('Clip', ['x', 'k'], ['y']),
    node('PRelu', ['x', 'k'], ['y']),
    node('Pad', ['x', 'p', 'k'], ['y']),
  ]
  for (const each of chosen) refuses(certify([...nearlyOne, each], [...nearly, ints('p', [0, 0, 1, 1, 0, 0, 1, 1])]), rounded)
  const counted = [node('Range', ['1', '49', 'k'], ['r']), node('ReduceSum', ['r'], ['c']), node('Mul', ['x', 'c'], ['y'])]
  refuses(certify([...nearlyOne, ...counted], nearly), rounded)
  refuses(certify(counted, [...nearly, number('k', 0.1)]), rounded)
})

test('a proven gain of a computed matrix allows for its rounding', () => {
  // ε·(1/49·49 − 1) is 0 in exact arithmetic: no gain can be proven of it.
  const nodes = [...nearlyOne, node('Sub', ['k', '1'], ['z']), node('Mul', ['eye', 'z'], ['w'])]
  const eye = floats('eye', [2, 2], [1, 0, 0, 1])
  const product = certify([...nodes, node('MatMul', ['x', 'w'], ['y'])], [...nearly, eye], { shape: [1, 2] })
  assert.ok(product.bound!.upper > 0 && product.bound!.upper < 1e-15)
  assert.is(product.lower, undefined)
  const kernel = [...nodes, node('Reshape', ['w', 's'], ['k2']), node('Conv', ['x', 'k2'], ['y'])]
  const convolved = certify(kernel, [...nearly, eye, ints('s', [2, 2, 1, 1])])
  assert.ok(convolved.bound!.upper > 0 && convolved.bound!.upper < 1e-14)
  assert.is(convolved.lower, undefined)
})

test('sizes under a policy, and resampling of other kinds, are refused by name', () => {
  const resize = (attributes: NodeSpec['attributes'], size = [1, 2, 6, 24]): NetworkCertificate =>
    certify([node('Resize', ['x', '', '', 'n'], ['y'], { mode: 'nearest', ...attributes })], [ints('n', size)], {
      shape: [1, 2, 6, 6],
      opset: 18,
    })
  encloses(resize({}), 2)
  encloses(resize({ keep_aspect_ratio_policy: 'stretch' }), 2)
  for (const policy of ['not_smaller', 'not_larger'])
    refuses(resize({ keep_aspect_ratio_policy: policy }), new RegExp(`under the policy '${policy}'`))
  refuses(resize({ axes: [2, 3] }, [6, 24]), /a resize of some axes/)
  refuses(resize({ antialias: 1 }), /antialias is not known/)
  refuses(resize({ exclude_outside: 1 }), /exclude_outside is not known/)
  refuses(resize({ coordinate_transformation_mode: 'tf_crop_and_resize' }), /'tf_crop_and_resize' are not known/)
  refuses(resize({}, [6, 24]), /2 sizes for 4 axes/)
  // 0.7 in single precision is a little less, and ten times that rounds to 7.
  const scaled = certify([node('Resize', ['x', '', 's'], ['y'], { mode: 'nearest' })], [floats('s', [3], [1, 1, 0.7])], {
    shape: [1, 1, 10],
  })
  refuses(scaled, /single precision rounds to another/)
})

test('outputs that nothing needs may be anything', () => {
  const shape = [1, 2, 4, 4]
  encloses(certify([node('MaxPool', ['x'], ['y', 'places'], { kernel_shape: [2, 2], strides: [2, 2] })], [], { shape }), 1)
  encloses(certify([node('Dropout', ['x'], ['y', 'mask'])], [], { shape }), 1)
  const both = { shape, outputs: ['y', 'places'] }
  refuses(certify([node('MaxPool', ['x'], ['y', 'places'], { kernel_shape: [2, 2] })], [], both), /positions of maxima jump/)
  const parts = [node('Split', ['x'], ['a', 'y', 'c'], { axis: 1 })]
  encloses(certify(parts, [], { shape: [1, 6] }), 1)
})

test('a norm behind a constant that spreads one channel to several is not folded into that channel', () => {
  const nodes = [node('Conv', ['x', 'k'], ['h']), node('Add', ['h', 'c'], ['a']), norm('g', 'b', 'a')]
  const constants = [floats('k', [1, 2, 1, 1], [3, 4]), floats('c', [2, 1, 1], [1, 2]), pair('g', 2, -1), ...stored.slice(0, 3)]
  // ‖[3, 4]‖ times ‖[2, −1]‖, and what the largest scale of two costs more.
  encloses(certify(nodes, constants), 5 * Math.sqrt(5), Math.sqrt(8 / 5))
})

test('an attribute that is not what it should be is not one left out', () => {
  const typed = (attributes: NodeSpec['attributes'], op = 'LeakyRelu'): NetworkCertificate =>
    certify([node(op, ['x'], ['y'], attributes)], [])
  refuses(typed({ alpha: [3, 4] }), /the attribute alpha is of another type/)
  refuses(typed({ alpha: 'three' }), /the attribute alpha/)
  refuses(typed({ axes: 'all' }, 'ReduceMean'), /the attribute axes/)
  refuses(typed({ approximate: 1 }, 'Gelu'), /the attribute approximate/)
  // A type of numbers that is not read: float8.
  const value = { tensor: { type: 17, dims: [1], raw: Uint8Array.of(0x48) } }
  const filled = [node('ConstantOfShape', ['n'], ['k'], { value }), node('Mul', ['x', 'k'], ['y'])]
  refuses(certify(filled, [ints('n', [1])]), /ConstantOfShape .* a value that is not read/)
})

test('before version 7 batch norm and dropout are in training unless they say otherwise', () => {
  const numbers = [pair('g', 2), ...stored]
  refuses(certify([norm()], numbers, { opset: 6 }), /without is_test/)
  const inference = norm()
  encloses(certify([{ ...inference, attributes: { ...inference.attributes, is_test: 1 } }], numbers, { opset: 6 }), 2)
  refuses(certify([node('Dropout', ['x'], ['y'])], [], { opset: 6 }), /draws at random/)
  encloses(certify([node('Dropout', ['x'], ['y'], { is_test: 1 })], [], { opset: 6 }), 1)
})

test('x · hardsigmoid(x) with the shift left out is hard swish', () => {
  const nodes = [node('HardSigmoid', ['x'], ['s'], { alpha: { float: 1 / 6 } }), node('Mul', ['x', 's'], ['y'])]
  encloses(certify(nodes, []), 1.5)
})

test('padding that no memory holds costs neither time nor memory', () => {
  const kernel = floats('k', [3, 2, 3, 3], seeded(1, 54))
  const started = process.cpuUsage()
  for (const [dilations, pads] of [
    [
      [2 ** 30, 1],
      [2 ** 30, 1, 2 ** 30, 1],
    ],
    [
      [2 ** 14, 2 ** 14],
      [2 ** 14, 2 ** 14, 2 ** 14, 2 ** 14],
    ],
  ]) {
    const wide = certify([node('Conv', ['x', 'k'], ['y'], { dilations, pads })], [kernel], { shape: [1, 2, 6, 6] })
    assert.ok(wide.bound!.upper < 20)
    assert.match(wide.lowerReason ?? '', /entries with the padding are too many/)
  }
  const { user, system } = process.cpuUsage(started)
  assert.ok(user + system < 3e6, `${user + system} µs`)
})

test.run()
