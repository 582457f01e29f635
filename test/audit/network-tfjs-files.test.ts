import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { networkReport } from '../../src/audit/whole-network.ts'
import { type Model, readModel } from '../../src/formats/index.ts'
import { decompose, type Matrix, multiply, seeded } from '../oracle.ts'

/** TensorFlow.js files written by hand: settings that change what a node computes are heeded, or the certificate ends there. */

type Stored = Record<string, { shape: number[]; data: ArrayLike<number>; dtype?: 'int32' }>
type Node = Record<string, unknown>

function fileOf(modelTopology: unknown, stored: Stored, more: object = {}): Model {
  const weights = Object.entries(stored).map(([name, { shape, dtype = 'float32' }]) => ({ name, shape, dtype }))
  const parts = Object.values(stored).map(
    ({ data, dtype }) => new Uint8Array((dtype ? Int32Array.from(data) : Float32Array.from(data)).buffer),
  )
  const text = JSON.stringify({ modelTopology, weightsManifest: [{ paths: ['w'], weights }], ...more })
  return readModel([
    { name: 'model.json', bytes: new TextEncoder().encode(text) },
    { name: 'w', bytes: Uint8Array.from(parts.flatMap(part => [...part])) },
  ])
}

const node = (name: string, op: string, input: string[], attr: object = {}): Node => ({ name, op, input, attr })
const text = (s: string) => ({ s: btoa(s) })

function graph(shape: number[], nodes: Node[], stored: Stored, more: object = {}): Model {
  const dim = shape.map(size => ({ size: String(size) }))
  const x = node('x', 'Placeholder', [], { shape: { shape: { dim } }, dtype: { type: 'DT_FLOAT' } })
  return fileOf({ node: [x, ...Object.keys(stored).map(name => node(name, 'Const', [])), ...nodes] }, stored, more)
}

const layer = (class_name: string, config: object): Node => ({ class_name, config })

function keras(shape: number[], layers: Node[], stored: Stored): Model {
  const input = layer('InputLayer', { name: 'in', batch_input_shape: [null, ...shape] })
  return fileOf({ model_config: { class_name: 'Sequential', config: { name: 'm', layers: [input, ...layers] } } }, stored)
}

const list = (shape: number[], data: ArrayLike<number>) => ({ shape, data })
const ints = (...data: number[]) => ({ shape: [data.length], data, dtype: 'int32' as const })
const random = (seed: number, ...shape: number[]) =>
  list(
    shape,
    Float32Array.from(
      seeded(
        seed,
        shape.reduce((a, b) => a * b, 1),
      ),
    ),
  )
const matrixOf = ({ shape, data }: { shape: number[]; data: ArrayLike<number> }): Matrix => ({
  rows: shape[0],
  columns: shape[1],
  data: Float64Array.from(data),
})
const normOf = (matrix: Matrix) => decompose(matrix).sigma[0]

function certificate(model: Model) {
  assert.ok(model.graph)
  return networkReport(model, {})!
}

/** The true gain lies between what is proven from below and from above, and the latter is close. */
function agrees(model: Model, truth: number, slack = 1e-3): void {
  const { upper, lower, refused } = certificate(model)
  assert.is(refused, undefined)
  assert.ok(upper! >= truth * (1 - 1e-6) && upper! <= truth * (1 + slack), `${upper} for ${truth}`)
  assert.ok((lower ?? 0) <= truth * (1 + 1e-6), `${lower} above ${truth}`)
}

function ends(model: Model, pattern: RegExp): void {
  const { upper, refused } = certificate(model)
  assert.ok(upper === null || upper === undefined, `certified ${upper}`)
  assert.match(String(refused), pattern)
}

const [a, b] = [random(1, 4, 4), random(2, 4, 4)]

test('graph models: outputs are those of the signature', () => {
  const nodes = [node('a', 'MatMul', ['x', 'A']), node('y', 'MatMul', ['a', 'B'])]
  const small = list(
    [4, 4],
    Array.from(b.data, x => x / 100),
  )
  const stored = { A: a, B: small }
  const product = multiply(matrixOf(a), matrixOf(small).data)
  assert.ok(product.length > 0)
  const signature = { outputs: { first: { name: 'a:0' }, last: { name: 'y:0' } } }
  const own = normOf(matrixOf(a))
  for (const more of [{ signature }, { userDefinedMetadata: { signature } }]) {
    const { upper, lower } = certificate(graph([1, 4], nodes, stored, more))
    assert.ok(upper! >= own && upper! < own * 1.01 && lower! > own * 0.99, `${upper} for ${own}`)
  }
  // Without one they are what no node reads.
  assert.ok(certificate(graph([1, 4], nodes, stored)).upper! < own / 2)
  ends(graph([1, 4], nodes, stored, { signature: { outputs: { z: { name: 'none' } } } }), /output 'none' is given by no node/)
})

test('graph models: operands and attributes that turn axes over', () => {
  const mean = node('y', 'Mean', ['t', 'axes'], { keep_dims: { b: false } })
  agrees(graph([1, 8, 2, 2], [node('t', 'Transpose', ['x', 'order']), mean], { order: ints(0, 2, 3, 1), axes: ints(1, 2) }), 0.5)
  const turned = [node('y', 'BatchMatMulV2', ['x', 'A'], { adj_y: { b: true } })]
  agrees(graph([1, 1, 4], turned, { A: a }), normOf(matrixOf(a)))
  agrees(graph([1, 1, 4], [node('y', 'BatchMatMulV2', ['x', 'A'])], { A: a }), normOf(matrixOf(a)))
})

test('graph models: padding by mirrors, with the border and without', () => {
  const pads = { shape: [4, 2], data: [0, 0, 1, 1, 0, 0, 0, 0], dtype: 'int32' as const }
  const mirrored = (mode: string) => graph([1, 3, 3, 2], [node('y', 'MirrorPad', ['x', 'p'], { mode: text(mode) })], { p: pads })
  agrees(mirrored('REFLECT'), Math.sqrt(3))
  agrees(mirrored('SYMMETRIC'), Math.sqrt(2))
})

test('graph models: batch norms of which TensorFlow and TensorFlow.js think differently', () => {
  const stored = { g: list([2], [1, 1]), b: random(3, 2), m: random(4, 2), v: list([2], [0, 0]) }
  const norm = (attr: object) => graph([1, 3, 3, 2], [node('y', 'FusedBatchNormV3', ['x', 'g', 'b', 'm', 'v'], attr)], stored)
  agrees(norm({ epsilon: { f: 1e-2 }, is_training: { b: false } }), 10)
  ends(norm({ is_training: { b: false } }), /FusedBatchNormV3/)
  ends(norm({ epsilon: { f: 1e-2 }, is_training: { b: true } }), /FusedBatchNormV3/)
})

test('graph models: channels that come first where TensorFlow.js reads them so, and files with both orders', () => {
  const kernel = random(5, 1, 1, 2, 3)
  const conv = (name: string, from: string, format: string) =>
    node(name, 'Conv2D', [from, 'k'], {
      strides: { list: { i: ['1', '1', '1', '1'] } },
      padding: text('VALID'),
      data_format: text(format),
    })
  const stored = { k: kernel, b: list([3], [1, 2, 3]) }
  const bias = node('y', 'BiasAdd', ['c', 'b'], { data_format: text('NCHW') })
  agrees(
    graph([1, 2, 4, 5], [conv('c', 'x', 'NCHW')], stored),
    normOf({ rows: 2, columns: 3, data: Float64Array.from(kernel.data) }),
  )
  ends(graph([1, 2, 4, 5], [conv('c', 'x', 'NCHW'), bias], stored), /Add 'y': channels that come before/)
  const square = { k: list([1, 1, 2, 2], [3, 0, 0, 1]) }
  ends(graph([1, 2, 2, 2], [conv('c', 'x', 'NCHW'), conv('y', 'c', 'NHWC')], square), /Conv 'y': channels come last here/)
})

test('graph models: the stated size of a transposed convolution is the one its padding makes', () => {
  const up = (...sides: number[]) =>
    graph(
      [1, 4, 4, 2],
      [
        node('y', 'Conv2DBackpropInput', ['size', 'k', 'x'], {
          strides: { list: { i: ['1', '2', '2', '1'] } },
          padding: text('SAME'),
        }),
      ],
      { size: ints(1, ...sides, 3), k: random(6, 3, 3, 3, 2) },
    )
  assert.ok(certificate(up(8, 8)).upper! > 0)
  assert.ok(certificate(up(7, 8)).upper! > 0)
  ends(up(0, 8), /a result of sides \[0, 8\] does not fit/)
})

test('Keras: activations that are written out', () => {
  const weights = random(7, 4, 1)
  const dense = (activation: unknown) =>
    keras([4], [layer('Dense', { name: 'd', units: 1, use_bias: false, activation })], { 'd/kernel': weights })
  const norm = Math.hypot(...Array.from(weights.data))
  agrees(dense({ class_name: 'ELU', config: { alpha: 3 } }), 3 * norm)
  agrees(dense({ class_name: 'function', config: 'relu', registered_name: 'relu' }), norm)
  agrees(dense('swish'), norm * 1.099839320129)
  ends(dense({ class_name: 'function', config: 'exponential' }), /exponential is unbounded/)
  ends(dense({ class_name: 'Custom>Steep', config: {} }), /the activation 'Custom>Steep' is not known/)
})

test('Keras: a batch norm along another axis than the channels is not folded into them', () => {
  const stored = {
    'c/kernel': list([1, 1, 3, 3], [100, 0, 0, 0, 10, 0, 0, 0, 1]),
    'b/gamma': list([3], [1, 10, 100]),
    'b/beta': list([3], [0, 0, 0]),
    'b/moving_mean': list([3], [0, 0, 0]),
    'b/moving_variance': list([3], [1, 1, 1]),
  }
  const conv = layer('Conv2D', { name: 'c', filters: 3, kernel_size: [1, 1], strides: [1, 1], padding: 'valid', use_bias: false })
  const normed = (axis: unknown) => keras([3, 2, 3], [conv, layer('BatchNormalization', { name: 'b', axis, epsilon: 0 })], stored)
  for (const axis of [-1, 3, [3]]) agrees(normed(axis), 100)
  for (const axis of [1, [1]]) agrees(normed(axis), 1e4)
  for (const axis of [[1, 3], 2]) ends(normed(axis), /BatchNormalization/)
})

test('Keras: weights of models inside models are their own', () => {
  const eye = (scale: number) => list([2, 2], [scale, 0, 0, scale])
  const dense = layer('Dense', { name: 'dense', units: 2, use_bias: false })
  const inner = layer('Sequential', { name: 'inner', layers: [dense] })
  agrees(keras([2], [dense, inner], { 'dense/kernel': eye(0.5), 'm/inner/dense/kernel': eye(50) }), 25)
  agrees(keras([2], [dense, inner], { 'm/dense/kernel': eye(0.5), 'm/inner/dense/kernel': eye(50) }), 25)
  // Names that say less serve where only one layer can be meant.
  agrees(keras([2], [inner], { 'dense/kernel': eye(50) }), 50)
  ends(keras([2], [dense, inner], { 'dense/kernel': eye(0.5) }), /Dense/)
})

test('Keras: causal padding, shapes, several operands, and what has no counterpart', () => {
  const causal = layer('Conv1D', {
    name: 'c',
    filters: 1,
    kernel_size: [2],
    strides: [1],
    dilation_rate: [1],
    padding: 'causal',
    use_bias: false,
  })
  const flat = layer('Flatten', { name: 'f' })
  const eight = layer('Dense', { name: 'd', units: 8, use_bias: false })
  const one = {
    'c/kernel': list([2, 1, 1], [0, 2]),
    'd/kernel': list(
      [8, 8],
      Array.from({ length: 64 }, (_, i) => (i % 9 ? 0 : 1)),
    ),
  }
  agrees(keras([8, 1], [causal, flat, eight], one), 2)
  agrees(keras([8], [layer('Reshape', { name: 'r', target_shape: [2, -1] }), flat, eight], { 'd/kernel': one['d/kernel'] }), 1)
  for (const interpolation of ['lanczos5', 'bicubic'])
    ends(keras([4, 4, 2], [layer('UpSampling2D', { name: 'u', size: [2, 2], interpolation })], {}), /UpSampling2D/)
  ends(keras([4, 4, 2], [layer('MaxPooling2D', { name: 'p', pool_size: [2, 2], padding: 'full' })], {}), /MaxPool/)
  ends(keras([4, 4, 2], [layer('Flatten', { name: 'p', data_format: 'channels_first' })], {}), /Flatten/)
})

test.run()
