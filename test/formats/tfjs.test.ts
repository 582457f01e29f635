import * as tf from '@tensorflow/tfjs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { apply } from '../../src/methods/apply.ts'
import { conv } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { type NamedBytes, readModel } from '../../src/formats/index.ts'
import { toTensor } from '../../src/tensor.ts'

const json = (name: string, value: unknown): NamedBytes => ({ name, bytes: new TextEncoder().encode(JSON.stringify(value)) })
const bytes = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)
const numbers = (kernel: Parameters<typeof toTensor>[0]) => [...toTensor(kernel).data]

/** A model as TensorFlow.js itself writes it, in two shards cut across a tensor. */
async function save(model: tf.LayersModel): Promise<NamedBytes[]> {
  let files: NamedBytes[] = []
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const data = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData))
      const cut = Math.floor(data.length / 2) - 1
      const manifest = [{ paths: ['./a.bin', './b.bin'], weights: weightSpecs }]
      files = [
        json('model.json', { format: 'layers-model', modelTopology, weightsManifest: manifest }),
        { name: 'a.bin', bytes: data.slice(0, cut) },
        { name: 'b.bin', bytes: data.slice(cut) },
      ]
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  return files
}

test('a model TensorFlow.js wrote: every layer and the graph between them', async () => {
  const input = tf.input({ shape: [8, 8, 2] })
  let x = tf.layers
    .conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu', name: 'c1' })
    .apply(input)
  x = tf.layers.batchNormalization({ name: 'bn1' }).apply(x)
  const side = tf.layers
    .conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same', useBias: false, name: 'c2' })
    .apply(x)
  x = tf.layers.batchNormalization({ name: 'bn2', epsilon: 0.25 }).apply(side)
  x = tf.layers.add({ name: 'sum' }).apply([x as tf.SymbolicTensor, side as tf.SymbolicTensor])
  x = tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'valid', name: 'dw' }).apply(x)
  x = tf.layers.separableConv2d({ filters: 3, kernelSize: 1, name: 'sep' }).apply(x)
  x = tf.layers.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', name: 'up' }).apply(x)
  x = tf.layers.globalAveragePooling2d({ name: 'pool' } as never).apply(x)
  x = tf.layers.dense({ units: 3, activation: 'softmax', name: 'out' }).apply(x)
  const model = tf.model({ inputs: input, outputs: x as tf.SymbolicTensor })
  const read = readModel(await save(model))
  assert.is(read.format, 'tfjs-layers')
  const seen = read.layers.map(({ name, op, kind, geometry, geometryFrom }) => [name, op, kind, geometry, geometryFrom])
  const plain = { stride: [1, 1], dilation: [1, 1], groups: 1, layout: 'HWIO' }
  assert.equal(seen, [
    ['c1/kernel', 'conv', 'Conv', { ...plain, stride: [2, 2], pad: 'same' }, 'graph'],
    ['c2/kernel', 'conv', 'Conv', { ...plain, dilation: [2, 2], pad: 'same' }, 'graph'],
    ['dw/depthwise_kernel', 'conv', 'Conv (depthwise)', { ...plain, groups: 4, pad: 'valid' }, 'graph'],
    ['sep/depthwise_kernel', 'conv', 'Conv (depthwise)', { ...plain, groups: 8, pad: 'valid' }, 'graph'],
    ['sep/pointwise_kernel', 'conv', 'Conv', { ...plain, pad: 'valid' }, 'graph'],
    [
      'up/kernel',
      'conv',
      'ConvTranspose',
      { ...plain, stride: [2, 2], pad: 'same', transposed: true, outputPadding: [0, 0] },
      'graph',
    ],
    ['out/kernel', 'dense', 'MatMul', {}, 'graph'],
  ])
  // bn1 stands behind an activation; c2's output is read twice.
  assert.equal(
    read.batchNorms.map(({ name, epsilon, follows }) => [name, epsilon, follows]),
    [
      ['bn1', 1e-3, undefined],
      ['bn2', 0.25, undefined],
    ],
  )
  const { graph } = read
  assert.is(graph!.channels, 'last')
  assert.equal(graph!.inputs[0].shape, [null, 8, 8, 2])
  assert.equal(
    graph!.nodes.map(({ op }) => op).join(' '),
    'Conv Add Relu BatchNormalization Conv BatchNormalization Sum Conv Add Conv Conv Add ConvTranspose Add GlobalAveragePool Flatten MatMul Add Softmax',
  )
  assert.equal(
    graph!.nodes.filter(({ domain }) => domain !== ''),
    [],
  )
})

test('the operators read compute what TensorFlow.js computes', async () => {
  const cases: [tf.layers.Layer, number[]][] = [
    [tf.layers.conv2d({ filters: 3, kernelSize: [3, 2], strides: 2, padding: 'same', useBias: false }), [7, 6, 2]],
    [tf.layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: 'valid', useBias: false }), [7, 6, 2]],
    [
      tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, strides: 2, padding: 'same', useBias: false } as never),
      [6, 6, 3],
    ],
    [tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same', useBias: false }), [4, 5, 3]],
    [tf.layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 3, padding: 'valid', useBias: false }), [4, 5, 3]],
    [tf.layers.conv1d({ filters: 3, kernelSize: 4, strides: 3, padding: 'same', useBias: false }), [10, 2]],
    [tf.layers.conv3d({ filters: 2, kernelSize: 2, padding: 'same', useBias: false }), [3, 4, 3, 2]],
  ]
  for (const [layer, shape] of cases) {
    const input = tf.input({ shape })
    const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor })
    const read = readModel(await save(model))
    const [{ kernel, geometry }] = read.layers
    const sides = shape.slice(0, -1)
    const channels = shape[shape.length - 1]
    const x = tf.randomNormal([1, ...shape], 0, 1, 'float32', 7)
    const expected = model.predict(x) as tf.Tensor
    // Channels first for us.
    const first = (tensor: tf.Tensor) => {
      const rank = tensor.rank
      return tensor.transpose([0, rank - 1, ...Array.from({ length: rank - 2 }, (_, d) => d + 1)])
    }
    const operator = conv(kernel, { ...geometry, inputSize: sides })
    const y = apply(operator, { data: first(x).dataSync(), shape: [channels, ...sides] })
    const wanted = first(expected)
    assert.equal([1, ...y.shape], wanted.shape, layer.getClassName())
    const target = wanted.dataSync()
    for (const [i, value] of y.data.entries()) assert.ok(Math.abs(value - target[i]) < 1e-5, `${layer.getClassName()} at ${i}`)
  }
})

test('models inside models, and layers of other kinds, are looked through', async () => {
  const inner = tf.sequential({
    name: 'inner',
    layers: [tf.layers.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3, name: 'deep' })],
  })
  const outer = tf.sequential({ layers: [inner, tf.layers.flatten(), tf.layers.dense({ units: 2, name: 'head' })] })
  assert.equal(
    readModel(await save(outer)).layers.map(({ kind, kernel }) => [kind, ...kernel.shape]),
    [
      ['Conv', 3, 3, 2, 3],
      ['MatMul', 2, 48],
    ],
  )
  const recurrent = tf.sequential({
    layers: [tf.layers.lstm({ units: 3, inputShape: [5, 2], name: 'lstm' }), tf.layers.dense({ units: 1 })],
  })
  const read = readModel(await save(recurrent))
  assert.equal(
    read.layers.map(({ kind, kernel }) => [kind, ...kernel.shape]),
    [
      ['MatMul', 1, 3],
      ['LSTM', 12, 2],
      ['LSTM', 12, 3],
    ],
  )
  assert.equal(read.graph!.nodes.map(({ op, domain }) => [op, domain])[0], ['LSTM', 'keras'])
})

const weight = (name: string, shape: number[], extra = {}) => ({ name, shape, dtype: 'float32', ...extra })

test('quantised shards are restored as TensorFlow.js restores them', () => {
  const manifest = (dtype: string, extra = {}) => [
    { paths: ['s'], weights: [weight('a/filters', [1, 1, 1, 4], { quantization: { dtype, ...extra } }), weight('a/bias', [1])] },
  ]
  const read = (dtype: string, data: Uint8Array, extra = {}) => {
    const shard = new Uint8Array([...data, ...bytes(9)])
    return numbers(readModel([json('m.json', manifest(dtype, extra)), { name: 's', bytes: shard }]).layers[0].kernel)
  }
  const expected = [0, 1, 2, 255].map(value => Math.fround(value * 0.1 - 1.3))
  assert.equal(read('uint8', Uint8Array.of(0, 1, 2, 255), { scale: 0.1, min: -1.3 }), expected)
  const wide = new Uint8Array(Uint16Array.of(0, 1, 2, 65535).buffer)
  assert.equal(
    read('uint16', wide, { scale: 0.001, min: -1 }),
    [0, 1, 2, 65535].map(value => Math.fround(value * 0.001 - 1)),
  )
  assert.equal(read('float16', new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 1, 0).buffer)), [1, -2, 2 ** -24, 0])
})

const encoded = (text: string) => ({ s: btoa(text) })
const listed = (...values: number[]) => ({ list: { i: values.map(String) } })

/** x → fused convolution (bias, ReLU6) → depthwise → matrix, as the converter writes graph models. */
function graphModel(): NamedBytes[] {
  const node = (name: string, op: string, input: string[] = [], attr = {}) => ({ name, op, input, attr })
  const conv = { strides: listed(1, 2, 2, 1), dilations: listed(1, 1, 1, 1), data_format: encoded('NHWC') }
  const nodes = [
    node('x', 'Placeholder', [], { shape: { shape: { dim: [{ size: '-1' }, { size: '8' }, { size: '8' }, { size: '1' }] } } }),
    node('w', 'Const'),
    node('b', 'Const'),
    node('d', 'Const'),
    node('m', 'Const'),
    node('read', 'Identity', ['w']),
    node('conv', '_FusedConv2D', ['x', 'read', 'b'], {
      ...conv,
      padding: encoded('EXPLICIT'),
      explicit_paddings: listed(0, 0, 1, 2, 3, 4, 0, 0),
      fused_ops: { list: { s: [btoa('BiasAdd'), btoa('Relu6')] } },
    }),
    node('depth', 'DepthwiseConv2dNative', ['conv', 'd'], { ...conv, padding: encoded('SAME') }),
    node('shape', 'Shape', ['depth']),
    node('flat', 'Reshape', ['depth', 'shape']),
    node('y', 'MatMul', ['flat', 'm', '^depth'], { transpose_b: { b: true } }),
  ]
  const weights = [weight('w', [1, 1, 1, 2]), weight('b', [2]), weight('d', [1, 1, 2, 1]), weight('m', [1, 2])]
  const model = { format: 'graph-model', modelTopology: { node: nodes }, weightsManifest: [{ paths: ['s'], weights }] }
  return [json('model.json', model), { name: 's', bytes: bytes(1, 2, 3, 4, 5, 6, 7, 8) }]
}

test('a graph model: fused operators are taken apart', () => {
  const read = readModel(graphModel())
  assert.is(read.format, 'tfjs-graph')
  assert.equal(
    read.layers.map(({ name, op, geometry, kernel }) => [name, op, geometry, numbers(kernel)]),
    [
      ['w', 'conv', { stride: [2, 2], dilation: [1, 1], groups: 1, pad: [1, 3, 2, 4], layout: 'HWIO' }, [1, 2]],
      ['d', 'conv', { stride: [2, 2], dilation: [1, 1], groups: 2, pad: 'same', layout: 'HWIO' }, [5, 6]],
      ['m', 'dense', {}, [7, 8]],
    ],
  )
  assert.equal(
    read.graph!.nodes.map(({ op, domain }) => op + (domain ? ` of ${domain}` : '')),
    ['Conv', 'Add', 'Clip', 'Conv', 'Shape of tensorflow', 'Reshape', 'Gemm'],
  )
  assert.equal(read.graph!.outputs, [{ name: 'y' }])
})

test('damage is one clear sentence', () => {
  const refuses = (files: NamedBytes[], pattern: RegExp) =>
    assert.throws(
      () => readModel(files),
      (error: OpnormError) => {
        if (!pattern.test(error.message)) console.log(error.message)
        return error instanceof OpnormError && error.code === 'file' && pattern.test(error.message)
      },
    )
  const [model, shard] = graphModel()
  refuses([model], /its shard 's', got none/)
  refuses([model, { ...shard, bytes: shard.bytes.subarray(0, 30) }], /expected 32 bytes in its shards, got 30/)
  refuses([{ ...model, bytes: model.bytes.subarray(0, 50) }], /expected JSON/)
  refuses([json('m.json', { some: 'json' })], /modelTopology and weightsManifest/)
  refuses([json('m.json', [{ paths: ['s'], weights: [weight('a', [2 ** 30, 2 ** 30])] }]), shard], /counted|bytes in its shards/)
  refuses(
    [json('m.json', [{ paths: ['s'], weights: [weight('a', [1], { dtype: 'string' })] }]), shard],
    /type float32.*got 'string'/,
  )
  const edited = (edit: (topology: { node: { name: string; input: string[] }[] }) => void) => {
    const parsed = JSON.parse(new TextDecoder().decode(model.bytes))
    edit(parsed.modelTopology)
    return [json('model.json', parsed), shard]
  }
  refuses(
    edited(({ node }) => node.find(({ name }) => name === 'conv')!.input.splice(0, 1, 'y')),
    /a graph without cycles/,
  )
  refuses(
    edited(({ node }) => node.find(({ name }) => name === 'conv')!.input.splice(0, 1, 'no')),
    /something that makes 'no'/,
  )
})

test.run()
