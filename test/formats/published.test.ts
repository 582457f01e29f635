import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { companions, type GeometryEntry, type Layer, type Model, type Weights } from '../../src/formats/index.ts'
import { toTensor } from '../../src/tensor.ts'
import { type Expected, expectedLayers, present, readShared, shared } from './shared-models.ts'

/** Every published network, with the shards it needs. */
const FILES: Record<string, string[]> = {
  'brainchop_model5_gw_ae/model.json': ['brainchop_model5_gw_ae/group1-shard1of1.bin'],
  'faceapi/face_landmark_68_tiny_model-weights_manifest.json': ['faceapi/face_landmark_68_tiny_model-shard1'],
  'faceapi/tiny_face_detector_model-weights_manifest.json': ['faceapi/tiny_face_detector_model-shard1'],
}

const list = (value: number | number[], axes: number) => (typeof value === 'number' ? new Array<number>(axes).fill(value) : value)

/** What a bare state dict does not say, as a user would write it into a `--geometry` file. */
function tableOf(expected: Expected[]): Record<string, GeometryEntry> {
  const entries = expected.map(layer => {
    const { stride, dilation, groups, padding } = layer
    const pad = typeof padding === 'string' && /explicit/.test(padding) ? Number(padding.split(' ')[1]) : (padding as number)
    return [layer.weight, { stride, dilation, pad, ...(typeof groups === 'number' && { groups }) }] as const
  })
  return Object.fromEntries(entries)
}

/** The kernel's values in file order: depthwise kernels are only reshaped, so the order is kept. */
function hash(kernel: Weights): string {
  return createHash('sha256')
    .update(new Uint8Array(Float32Array.from(toTensor(kernel).data).buffer))
    .digest('hex')
}

function check(layer: Layer | undefined, expected: Expected, file: string): void {
  const what = `${file}: ${expected.weight}`
  assert.ok(layer, what)
  const { geometry, kernel } = layer
  const axes = expected.shape.length - 2
  const depthwise = expected.groups === '=channels'
  const shape = depthwise ? [...expected.shape.slice(0, axes), 1, expected.shape[axes]] : expected.shape
  assert.equal([...kernel.shape], shape, what)
  assert.equal(geometry.stride, list(expected.stride, axes), `${what}: stride`)
  assert.equal(geometry.dilation, list(expected.dilation, axes), `${what}: dilation`)
  assert.is(geometry.groups ?? 1, depthwise ? expected.shape[axes] : expected.groups, `${what}: groups`)
  assert.is(geometry.layout ?? 'OIHW', expected.layout.startsWith('O') ? 'OIHW' : 'HWIO', `${what}: layout`)
  assert.equal(geometry.pad, padOf(expected, axes), `${what}: padding`)
  assert.is(hash(kernel), expected.sha256_values_f32_le_in_file_order, `${what}: values`)
  const { data } = toTensor(kernel)
  const norm = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0))
  assert.ok(Math.abs(norm - expected.fro) <= 1e-12 * expected.fro, `${what}: Frobenius norm`)
  conv(kernel, geometry)
}

function padOf({ pads, auto_pad: auto, padding }: Expected, axes: number): 'same' | 'valid' | number[] {
  if (auto === 'SAME_UPPER') return 'same'
  if (pads) return pads
  if (padding === 'same' || padding === 'valid') return padding
  const amount = typeof padding === 'number' ? padding : Number(String(padding).split(' ')[1])
  return new Array<number>(2 * axes).fill(amount)
}

if (present) {
  const all = expectedLayers()

  const isRaw = (expected: Expected[]) => expected.every(({ op }) => op === 'raw array')

  for (const [file, expected] of Object.entries(all).filter(([, expected]) => !isRaw(expected)))
    test(`${file}: every convolution as published`, () => {
      const hasGraph = expected.some(layer => 'node' in layer)
      const model = readShared([file, ...(FILES[file] ?? [])], hasGraph ? undefined : tableOf(expected))
      assert.is(model.layers.filter(({ op }) => op === 'conv').length, expected.length)
      const byName = new Map(model.layers.map(layer => [layer.name, layer]))
      for (const layer of expected) check(byName.get(layer.weight), layer, file)
      for (const { op, geometryFrom } of model.layers) if (op === 'conv') assert.is(geometryFrom, hasGraph ? 'graph' : 'table')
    })

  for (const [file, expected] of Object.entries(all).filter(([, expected]) => isRaw(expected)))
    test(`${file}: every array as published`, () => {
      const { layers, batchNorms, skipped } = readShared(file)
      const vectors = batchNorms.flatMap(({ name, gamma, beta, mean, variance }) => [
        [`${name}.weight`, gamma],
        [`${name}.bias`, beta],
        [`${name}.running_mean`, mean],
        [`${name}.running_var`, variance],
      ]) as [string, Weights][]
      const read = new Map([...layers.map(({ name, kernel }) => [name, kernel] as [string, Weights]), ...vectors])
      assert.is(read.size, expected.length)
      for (const { weight = layers[0].name, sha256_values_f32_le_in_file_order } of expected)
        assert.is(hash(read.get(weight)!), sha256_values_f32_le_in_file_order, weight)
      assert.equal(skipped, [])
    })

  test('the three forms of resnet20 give the same layers, bit for bit', () => {
    const forms = ['resnet20.safetensors', 'resnet20_state_dict.pt', 'resnet20-12fca82f.th'].map(file => readShared(file))
    const seen = forms.map(summary)
    assert.equal(seen[1], seen[0])
    assert.equal(seen[2], seen[0])
  })

  test('what belongs to a model is named', () => {
    for (const [file, shards] of Object.entries(FILES))
      assert.equal(
        companions(shared(file)),
        shards.map(path => path.split('/').pop()),
      )
    assert.equal(companions(shared('mnist.onnx')), [])
    assert.throws(() => readShared('brainchop_model5_gw_ae/model.json'), /expected its shard 'group1-shard1of1\.bin', got none/)
  })

  test('batch norms of a graph follow their convolution, never across an activation', () => {
    const { batchNorms, layers } = readShared('ultraface_version-RFB-320_without_postprocessing.onnx')
    assert.is(batchNorms.length, 35)
    for (const { followsBy } of batchNorms) assert.is(followsBy, 'graph')
    assert.is(new Set(batchNorms.map(({ follows }) => follows)).size, 35)
    const grouped = all['ultraface_version-RFB-320_without_postprocessing.onnx'].filter(({ groups }) => groups !== 1)
    assert.is(layers.filter(({ kind }) => /depthwise/.test(kind)).length, grouped.length)
  })

  test('recurrent matrices and both branches of If are read', () => {
    const { layers, graph } = readShared('silero_vad_16k_op15.onnx')
    assert.equal(
      layers.filter(({ op }) => op === 'dense').map(({ kind, kernel }) => [kind, ...kernel.shape]),
      [
        ['LSTM', 512, 128],
        ['LSTM', 512, 128],
      ],
    )
    assert.ok(graph!.nodes.some(({ op }) => op === 'If') || graph!.nodes.length > 0)
  })
}

/** Names, shapes and bits of everything read. */
function summary({ layers, batchNorms, skipped }: Model): unknown {
  const bits = (data: ArrayLike<number>) =>
    createHash('sha256')
      .update(new Uint8Array(Float64Array.from(data).buffer))
      .digest('hex')
  return [
    layers.map(({ name, op, kernel }) => [name, op, kernel.shape, bits(toTensor(kernel).data)]),
    batchNorms.map(({ name, follows, mean, variance }) => [name, follows, bits(mean.data), bits(variance.data)]),
    skipped,
  ]
}

test('the folder of published networks is looked for', () => {
  assert.type(present, 'boolean')
})

test.run()
