import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { readModel } from '../../src/formats/index.ts'
import { agrees, certified, input, kerasOf, layer, random, type Stored, tfjsModel } from './tfjs-models.ts'

console.warn = () => {}
const tf = await import('@tensorflow/tfjs')
await tf.setBackend('cpu')

type Weights = Record<string, Stored>

const vector = (...data: number[]): Stored => ({ shape: [data.length], data })
const scales = (name: string, gamma: Stored): Weights => ({
  [`${name}/gamma`]: gamma,
  [`${name}/beta`]: random(...gamma.shape),
  [`${name}/moving_mean`]: random(...gamma.shape),
  [`${name}/moving_variance`]: { ...gamma, data: gamma.data.map(x => x * x + 0.5) },
})
const square = { filters: 3, kernel_size: [3, 3], strides: [2, 2], padding: 'same', dilation_rate: [1, 1] }

/** What comes after the input, and what it stores. */
const CASES: [says: string, shape: number[], layers: object[], stored?: Weights][] = [
  ...[-1, 3].map((axis): [string, number[], object[], Weights] => [
    `BatchNormalization along axis ${axis}`,
    [3, 2, 3],
    [
      layer('Conv2D', { ...square, name: 'c', strides: [1, 1], use_bias: false }),
      layer('BatchNormalization', { name: 'b', axis, epsilon: 0.01 }),
    ],
    { 'c/kernel': random(3, 3, 3, 3), ...scales('b', random(3)) },
  ]),
  ...['swish', 'gelu', 'mish', 'elu', 'relu6', 'hard_sigmoid', 'softsign'].map(
    (activation): [string, number[], object[], Weights] => [
      `an activation by its name, ${activation}`,
      [4],
      [layer('Dense', { name: 'd', units: 3, activation })],
      { 'd/kernel': random(4, 3), 'd/bias': random(3) },
    ],
  ),
  ['ReLU up to 1.5', [4], [layer('ReLU', { name: 'r', max_value: 1.5 })]],
  ['LeakyReLU', [4], [layer('LeakyReLU', { name: 'r', alpha: 0.7 })]],
  ['PReLU, shared along an axis', [3, 2], [layer('PReLU', { name: 'p', shared_axes: [1] })], { 'p/alpha': random(1, 2) }],
  [
    'Reshape and Permute',
    [2, 6],
    [
      layer('Reshape', { name: 'r', target_shape: [3, -1, 2] }),
      layer('Permute', { name: 'p', dims: [3, 1, 2] }),
      layer('GlobalMaxPooling2D', { name: 'g' }),
    ],
  ],
  [
    'ZeroPadding2D',
    [3, 2, 2],
    [
      layer('ZeroPadding2D', {
        name: 'z',
        padding: [
          [1, 0],
          [0, 2],
        ],
      }),
    ],
  ],
  ...['nearest', 'bilinear'].map((interpolation): [string, number[], object[]] => [
    `UpSampling2D, ${interpolation}`,
    [3, 2, 2],
    [layer('UpSampling2D', { name: 'u', size: [2, 3], interpolation })],
  ]),
  ...['same', 'valid'].map((padding): [string, number[], object[], Weights] => [
    `Conv2DTranspose, ${padding}`,
    [4, 3, 2],
    [layer('Conv2DTranspose', { ...square, name: 'c', padding })],
    { 'c/kernel': random(3, 3, 3, 2), 'c/bias': random(3) },
  ]),
  [
    'SeparableConv2D',
    [5, 4, 2],
    [layer('SeparableConv2D', { ...square, name: 'c', depth_multiplier: 2, activation: 'relu' })],
    { 'c/depthwise_kernel': random(3, 3, 2, 2), 'c/pointwise_kernel': random(1, 1, 4, 3), 'c/bias': random(3) },
  ],
  ...['MaxPooling2D', 'AveragePooling2D'].map((kind): [string, number[], object[]] => [
    kind,
    [5, 6, 2],
    [layer(kind, { name: 'p', pool_size: [3, 2], strides: [2, 1], padding: 'same' })],
  ]),
]

for (const [says, shape, layers, stored = {}] of CASES)
  test(`${says}: what TensorFlow.js computes, and a bound on its gain`, async () => {
    const made = kerasOf([input(...shape), ...layers], stored)
    const theirs = await tf.loadLayersModel(tf.io.fromMemory(made.artifacts as Parameters<typeof tf.io.fromMemory>[0]))
    const whole = [1, ...shape]
    agrees(made, whole, x => theirs.predict(tf.tensor(Array.from(x), whole)) as ReturnType<typeof tf.tensor>)
  })

test('Conv1D with causal padding: every zero comes before', () => {
  for (const rate of [1, 2]) {
    const settings = { name: 'c', filters: 3, kernel_size: [3], strides: [1], dilation_rate: [rate], padding: 'causal' }
    const stored = { 'c/kernel': random(3, 2, 3), 'c/bias': random(3) }
    const made = kerasOf([input(8, 2), layer('Conv1D', settings)], stored)
    assert.equal(readModel(made.files).layers[0].geometry.pad, [2 * rate, 0])
    const [kernel, bias] = [tf.tensor3d([...stored['c/kernel'].data], [3, 2, 3]), tf.tensor1d([...stored['c/bias'].data])]
    agrees(made, [1, 8, 2], x => {
      const padded = tf.pad(tf.tensor3d(Array.from(x), [1, 8, 2]), [
        [0, 0],
        [2 * rate, 0],
        [0, 0],
      ])
      return tf.conv1d(padded, kernel, 1, 'valid', 'NWC', rate).add(bias)
    })
  }
})

const near = (made: Parameters<typeof certified>[0], expected: number): void => {
  const { upper, reason } = certified(made)
  assert.ok(Math.abs(upper - expected) < 1e-4 * expected, `${upper}, expected ${expected} ${reason}`)
}
const refuses = (made: Parameters<typeof certified>[0], pattern: RegExp): void => {
  const { upper, reason } = certified(made)
  assert.is(upper, Infinity)
  assert.match(reason, pattern)
}
const dense = (activation: unknown) =>
  kerasOf([input(2), layer('Dense', { name: 'd', units: 1, activation })], { 'd/kernel': { shape: [2, 1], data: [3, 4] } })

test('an activation with settings is that activation with these settings', () => {
  near(dense({ class_name: 'ELU', config: { alpha: 3 } }), 15)
  near(dense({ class_name: 'LeakyReLU', config: { negative_slope: -2 } }), 10)
  near(dense({ class_name: 'ReLU', config: { max_value: 6 } }), 5)
  near(dense({ class_name: 'function', config: 'sigmoid' }), 1.25)
  near(dense({ class_name: 'tanh', config: {} }), 5)
  near(dense(null), 5)
  refuses(dense({ class_name: 'function', config: 'exponential' }), /the slope of an exponential is unbounded/)
  refuses(dense({ class_name: 'Custom>Act', config: { rate: 7 } }), /the activation 'Custom>Act' has settings/)
  refuses(dense({ class_name: 'ELU', config: { alpha: [3] } }), /the slope \[3\] is not a number/)
  refuses(dense({ class_name: 'ReLU', config: { threshold: 1 } }), /a ReLU up to Infinity with the slope 0 below 1/)
  refuses(dense('unheard of'), /the activation 'unheard of' is not known/)
})

/** Rows of 100, 10 and 1, then scales of 1, 10 and 100: along channels they cancel. */
function normed(axis: unknown, more: object = {}, bias = false) {
  const kernel: Stored = { shape: [1, 1, 3, 3], data: [100, 0, 0, 0, 10, 0, 0, 0, 1] }
  const flat = { 'b/beta': vector(0, 0, 0), 'b/moving_mean': vector(0, 0, 0), 'b/moving_variance': vector(1, 1, 1) }
  const convolution = { name: 'c', filters: 3, kernel_size: [1, 1], strides: [1, 1], padding: 'valid', use_bias: bias }
  return kerasOf(
    [input(3, 2, 3), layer('Conv2D', convolution), layer('BatchNormalization', { name: 'b', axis, epsilon: 0, ...more })],
    { 'c/kernel': kernel, 'b/gamma': vector(1, 10, 100), ...flat, ...(bias && { 'c/bias': vector(1, 2, 3) }) },
  )
}

// The cpu backend of TensorFlow.js takes every axis for the last where the lengths fit, so these are not held against it.
test('a batch norm is folded along channels only, with a bias in between or without', () => {
  for (const bias of [false, true]) {
    for (const axis of [-1, 3, [3], undefined]) near(normed(axis, {}, bias), 100)
    for (const axis of [1, [1], -3]) {
      near(normed(axis, {}, bias), 1e4)
      assert.ok(certified(normed(axis, {}, bias)).lower > 9999)
    }
  }
  const follows = (axis: unknown) => readModel(normed(axis).files).batchNorms[0].follows
  assert.is(follows(3), 'c/kernel')
  assert.is(follows(1), undefined)
  refuses(normed([1, 2]), /the axis \[1, 2\] is not read/)
  near(normed(1, { scale: false }), 100)
})

test('a layer takes no weights but its own', () => {
  const diagonal = (x: number): Stored => ({ shape: [2, 2], data: [x, 0, 0, x] })
  const own = layer('Dense', { name: 'dense', units: 2, use_bias: false })
  const inner = { class_name: 'Sequential', config: { name: 'inner', layers: [own] } }
  const nested = (stored: Weights) => kerasOf([input(2), own, inner], stored)
  near(nested({ 'dense/kernel': diagonal(0.1), 'm/inner/dense/kernel': diagonal(50) }), 5)
  near(nested({ 'm/dense/kernel': diagonal(0.1), 'inner/dense/kernel:0': diagonal(50) }), 5)
  near(nested({ 'm/dense/kernel': diagonal(0.1), 'm/inner/dense/kernel': diagonal(50) }), 5)
  near(kerasOf([input(2), inner], { 'dense/kernel': diagonal(50) }), 50)
  const lost = /Dense '[a-z/]*': the file does not store its weights under a name that is surely its own/
  refuses(nested({ 'dense/kernel': diagonal(0.1) }), lost)
  refuses(nested({ 'a/dense/kernel': diagonal(0.1), 'b/dense/kernel': diagonal(50) }), lost)
  refuses(nested({ 'dense/kernel': diagonal(0.1), 'm/dense/kernel': diagonal(50) }), lost)
  refuses(normedWithout('b/gamma'), /BatchNormalization 'b': the file does not store/)
})

function normedWithout(name: string) {
  const { artifacts } = normed(-1)
  const { modelTopology } = artifacts
  const stored = { 'c/kernel': random(1, 1, 3, 3), ...scales('b', vector(1, 1, 1)) }
  return tfjsModel(modelTopology, Object.fromEntries(Object.entries(stored).filter(([key]) => key !== name)))
}

test('a shared layer and a shared model keep their weights from call to call', () => {
  const at = (inputs: string[]) => inputs.map(from => [[from, 0, 0, {}]])
  const called = (class_name: string, name: string, config: object, ...from: string[]) => ({
    class_name,
    name,
    config: { name, ...config },
    inbound_nodes: at(from),
  })
  const inner = { layers: [layer('Dense', { name: 'd', units: 2, use_bias: false })] }
  const layers = [
    called('InputLayer', 'in', { batch_input_shape: [null, 2] }),
    { ...called('Sequential', 'twice', inner), inbound_nodes: [[['in', 0, 0, {}]], [['twice', 0, 0, {}]]] },
  ]
  const config = { name: 'm', layers, input_layers: [['in', 0, 0]], output_layers: [['twice', 1, 0]] }
  near(
    tfjsModel({ model_config: { class_name: 'Functional', config } }, { 'd/kernel': { shape: [2, 2], data: [3, 0, 0, 2] } }),
    9,
  )
})

test('channels that come first', async () => {
  const format = { data_format: 'channels_first' }
  const layers = [
    layer('Conv2D', { ...square, ...format, name: 'c', strides: [1, 1] }),
    layer('MaxPooling2D', { ...format, name: 'p', pool_size: [2, 2], strides: [2, 1], padding: 'valid' }),
    layer('UpSampling2D', { ...format, name: 'u', size: [2, 1] }),
  ]
  const stored = { 'c/kernel': random(3, 3, 2, 3), 'c/bias': random(3) }
  const made = kerasOf([input(2, 5, 4), ...layers], stored)
  const theirs = await tf.loadLayersModel(tf.io.fromMemory(made.artifacts as Parameters<typeof tf.io.fromMemory>[0]))
  const whole = [1, 2, 5, 4]
  agrees(made, whole, x => theirs.predict(tf.tensor(Array.from(x), whole)) as ReturnType<typeof tf.tensor>)
  const mixed = [layers[0], layer('MaxPooling2D', { name: 'q', pool_size: [2, 2], padding: 'valid' })]
  refuses(kerasOf([input(2, 5, 4), ...mixed], stored), /its channels come last, and first elsewhere/)
})

test('the largest of three', () => {
  const dense = (name: string) => ({
    class_name: 'Dense',
    name,
    config: { name, units: 2, use_bias: false },
    inbound_nodes: [[['in', 0, 0, {}]]],
  })
  const layers = [
    { class_name: 'InputLayer', name: 'in', config: { name: 'in', batch_input_shape: [null, 2] }, inbound_nodes: [] },
    ...['a', 'b', 'c'].map(dense),
    { class_name: 'Maximum', name: 'y', config: { name: 'y' }, inbound_nodes: [['a', 'b', 'c'].map(name => [name, 0, 0, {}])] },
  ]
  const config = { name: 'm', layers, input_layers: [['in', 0, 0]], output_layers: [['y', 0, 0]] }
  const stored = Object.fromEntries(['a', 'b', 'c'].map(name => [`${name}/kernel`, random(2, 2)]))
  const made = tfjsModel({ model_config: { class_name: 'Functional', config } }, stored)
  const [a, b, c] = readModel(made.files).layers.map(({ kernel }) => kernel)
  agrees(made, [1, 2], x => {
    const rows = [a, b, c].map(({ data }) => [0, 1].map(j => x[0] * data[j] + x[1] * data[2 + j]))
    return { shape: [1, 2], dataSync: () => [0, 1].map(j => Math.max(...rows.map(row => row[j]))) }
  })
})

test('what changes the function and is not read ends the certificate, in words', () => {
  const one = (kind: string, config: object, shape: number[], stored: Weights = {}) =>
    kerasOf([input(...shape), layer(kind, { name: 'l', ...config })], stored)
  const image = [4, 4, 2]
  refuses(one('UpSampling2D', { size: [2, 2], interpolation: 'lanczos5' }, image), /interpolation 'lanczos5' is not known/)
  refuses(
    one('Conv2D', { ...square, padding: 'causal' }, image, { 'l/kernel': random(3, 3, 2, 3) }),
    /padding 'causal' is not known/,
  )
  refuses(one('MaxPooling2D', { padding: 'full' }, image), /padding 'full' is not known/)
  refuses(one('Flatten', { data_format: 'channels_first' }, image), /it moves channels that come first/)
  refuses(one('Softmax', { axis: [1, 2] }, image), /a softmax over \[1, 2\]/)
  refuses(one('Reshape', { target_shape: [0, 4] }, image), /target_shape \[0, 4\] is not read/)
  refuses(one('Permute', {}, image), /dims undefined are not read/)
  refuses(one('ZeroPadding2D', { padding: [[1, 1]] }, image), /padding .* is not read/)
  const called = (settings: object) => {
    const layers = [
      { class_name: 'InputLayer', name: 'in', config: { name: 'in', batch_input_shape: [null, 2] }, inbound_nodes: [] },
      { class_name: 'Dropout', name: 'y', config: { name: 'y', rate: 0.5 }, inbound_nodes: [[['in', 0, 0, settings]]] },
    ]
    const config = { name: 'm', layers, input_layers: [['in', 0, 0]], output_layers: [['y', 0, 0]] }
    return tfjsModel({ model_config: { class_name: 'Functional', config } }, {})
  }
  const named = (more: object) => kerasOf([input(2), { ...layer('ReLU', { name: 'l' }), ...more }], {})
  near(named({ module: 'keras.layers', registered_name: null }), 1)
  refuses(named({ module: 'keras.src.ops.nn' }), /ReLU 'l': this operator of 'keras' is not known/)
  refuses(named({ module: null, registered_name: 'mine>ReLU' }), /ReLU 'l': this operator of 'keras' is not known/)
  near(called({ training: false, mask: null }), 1)
  refuses(called({ training: true }), /it is called with settings of its own/)
})

test('output padding of a transposed convolution: the smaller half is taken off in front', () => {
  const made = (output_padding: number[]) =>
    kerasOf([input(4, 4, 1), layer('Conv2DTranspose', { ...square, name: 'c', filters: 1, output_padding })], {
      'c/kernel': random(3, 3, 1, 1),
    })
  const geometry = (output_padding: number[]) => readModel(made(output_padding).files).layers[0].geometry
  assert.equal(geometry([1, 0]).pad, [0, 1, 1, 1])
  assert.equal(geometry([1, 0]).outputPadding, [0, 0])
  assert.equal(certifyNetwork(readModel(made([1, 0]).files), { lower: false }).outputs[0].shape, [1, 8, 7, 1])
})

test.run()
