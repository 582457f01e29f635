import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { readModel } from '../../src/formats/index.ts'
import { toTensor } from '../../src/tensor.ts'
import { present, readShared } from './shared-models.ts'
import { f32, writeSafetensors } from './writers/safetensors.ts'

const read = (bytes: Uint8Array, name = 'm.safetensors') => readModel({ name, bytes })
const refuses = (bytes: Uint8Array, pattern: RegExp) =>
  assert.throws(
    () => read(bytes),
    (error: OpnormError) => error instanceof OpnormError && error.code === 'file' && pattern.test(error.message),
  )
const ramp = (n: number) => Float64Array.from({ length: n }, (_, i) => i - n / 2)

test('rank tells what a tensor is, and the rest is named with a reason', () => {
  const model = read(
    writeSafetensors(
      {
        'a.conv.weight': f32([2, 3, 3], ramp(18)),
        'b.conv.weight': f32([2, 3, 3, 3], ramp(54)),
        'c.conv.weight': f32([2, 1, 3, 3, 3], ramp(54)),
        'd.weight': f32([4, 5], ramp(20)),
        'd.bias': f32([4], ramp(4)),
        'embed.weight': f32([4, 5], ramp(20)),
        pos_embed: f32([1, 4, 5], ramp(20)),
        steps: { dtype: 'I64', shape: [], bytes: new Uint8Array(8) },
        fp8: { dtype: 'F8_E4M3', shape: [2], bytes: new Uint8Array(2) },
      },
      { metadata: { format: 'pt' } },
    ),
  )
  assert.equal(
    model.layers.map(({ name, op, kind }) => [name, op, kind]),
    [
      ['a.conv.weight', 'conv', 'Conv1d'],
      ['b.conv.weight', 'conv', 'Conv2d'],
      ['c.conv.weight', 'conv', 'Conv3d'],
      ['d.weight', 'dense', 'Linear'],
    ],
  )
  assert.equal(model.skipped.map(({ name }) => name).sort(), ['d.bias', 'embed.weight', 'fp8', 'pos_embed', 'steps'])
  assert.match(model.skipped.find(({ name }) => name === 'embed.weight')!.why, /embedding/)
  assert.match(model.notes[0], /assumed/)
})

test('every element type widens exactly, aligned or not', () => {
  const bits = new Uint8Array(new Uint16Array([0x3c00, 0xc000, 0x3555, 0x0001]).buffer)
  for (const pad of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const model = read(
      writeSafetensors(
        {
          'f16.weight': { dtype: 'F16', shape: [2, 2], bytes: bits },
          'bf16.weight': {
            dtype: 'BF16',
            shape: [2, 2],
            bytes: new Uint8Array(new Uint16Array([0x3f80, 0xc000, 0x3eab, 1]).buffer),
          },
          'f64.weight': { dtype: 'F64', shape: [1, 2], bytes: new Uint8Array(new Float64Array([Math.PI, -0.1]).buffer) },
          'f32.weight': f32([1, 2], [0.5, -1.25]),
        },
        { pad },
      ),
    )
    const values = model.layers.map(({ kernel }) => [...toTensor(kernel).data])
    assert.equal(values, [
      [1, -2, 0x555 / 4096, 2 ** -24],
      [1, -2, 0.333984375, 2 ** -133],
      [Math.PI, -0.1],
      [0.5, -1.25],
    ])
  }
})

test('aligned tensors are views: the file is not copied', () => {
  const file = writeSafetensors({ 'a.weight': f32([2, 2], [1, 2, 3, 4]) })
  const start = 8 + new DataView(file.buffer).getUint32(0, true)
  const aligned = writeSafetensors({ 'a.weight': f32([2, 2], [1, 2, 3, 4]) }, { pad: (4 - (start % 4)) % 4 })
  assert.is(read(aligned).layers[0].kernel.data.buffer, aligned.buffer)
})

test('a model survives structuredClone', () => {
  const model = read(writeSafetensors({ 'a.weight': f32([2, 2], [1, 2, 3, 4]) }, { pad: 1 }))
  assert.equal(structuredClone(model).layers[0].kernel.data, new Float32Array([1, 2, 3, 4]))
})

test('batch norms are gathered, and paired with the layer their name points to', () => {
  const norm = (prefix: string, n: number) =>
    Object.fromEntries(['weight', 'bias', 'running_mean', 'running_var'].map(what => [`${prefix}.${what}`, f32([n], ramp(n))]))
  const model = read(
    writeSafetensors({
      'conv1.weight': f32([2, 3, 3, 3], ramp(54)),
      ...norm('bn1', 2),
      'features.0.weight': f32([4, 3, 3, 3], ramp(108)),
      ...norm('features.1', 4),
      'block.conv.weight': f32([2, 3, 1, 1], ramp(6)),
      ...norm('block.bnorm', 2),
      'pre.conv2.weight': f32([5, 3, 1, 1], ramp(15)),
      ...norm('pre.bn2', 3),
    }),
  )
  assert.equal(
    model.batchNorms.map(({ name, channels, follows, followsBy }) => [name, channels, follows, followsBy]),
    [
      ['bn1', 2, 'conv1.weight', 'name'],
      ['features.1', 4, 'features.0.weight', 'name'],
      ['block.bnorm', 2, 'block.conv.weight', 'name'],
      ['pre.bn2', 3, undefined, undefined],
    ],
  )
  assert.equal(model.skipped, [])
})

test('a geometry table is applied by name and by pattern, and misspelling is refused', () => {
  const bytes = writeSafetensors({ 'a.1.weight': f32([2, 1, 3, 3], ramp(18)), 'a.2.weight': f32([2, 2, 3], ramp(12)) })
  const geometry = { 'a.1.weight': { stride: 2, groups: 2, pad: 1, inputSize: 8 }, 'a.*': { dilation: [3], pad: [1, 2] } }
  const [one, two] = readModel({ name: 'm', bytes }, { geometry }).layers
  assert.equal(one.geometry, { stride: [2, 2], groups: 2, pad: [1, 1, 1, 1] })
  assert.equal(one.inputSize, [8, 8])
  assert.equal(two.geometry, { dilation: [3], pad: [1, 2] })
  assert.is(two.geometryFrom, 'table')
  const wrong = { 'a.1.weight': { strides: 2 } as object }
  assert.throws(() => readModel({ name: 'm', bytes }, { geometry: wrong }), /got 'strides'/)
  for (const entry of [
    { stride: 0 },
    { pad: -1 },
    { groups: [1] },
    { op: 'linear' },
    { transposed: 1 },
    { layout: 'IO' },
    2,
    null,
  ])
    assert.throws(
      () => readModel({ name: 'm', bytes }, { geometry: { none: entry as object } }),
      (error: OpnormError) => error.code === 'option' && /^geometry: none/.test(error.message),
    )
})

test('damage is one clear sentence', () => {
  const tensors = { 'a.weight': f32([2, 2], ramp(4)), 'b.weight': f32([2], ramp(2)) }
  const good = writeSafetensors(tensors)
  const edited = (edit: (header: Record<string, Record<string, unknown>>) => void) =>
    writeSafetensors(tensors, {
      header: header => {
        edit(header)
        return header
      },
    })
  refuses(new Uint8Array(0), /an empty file/)
  refuses(good.subarray(0, good.length - 1), /bytes up to 23/)
  refuses(good.subarray(0, 40), /header within the file/)
  refuses(
    edited(h => (h['b.weight'].data_offsets = [12, 20])),
    /'a\.weight' also claims/,
  )
  refuses(
    edited(h => (h['b.weight'].data_offsets = [24, 16])),
    /ascending/,
  )
  refuses(
    edited(h => (h['a.weight'].shape = [2, 3])),
    /expected 24 bytes for float32 \[2, 3\], got 16/,
  )
  refuses(
    edited(h => (h['a.weight'].shape = [2, -2])),
    /whole numbers/,
  )
  refuses(
    edited(h => (h['a.weight'].shape = new Array(1e4).fill(1))),
    /at most 32 sides/,
  )
  refuses(
    edited(h => (h['a.weight'].shape = [2 ** 52, 2 ** 52])),
    /counted/,
  )
  refuses(
    edited(h => (h['a.weight'].dtype = 3)),
    /dtype, shape/,
  )
  refuses(
    edited(h => (h['a.weight'] = [] as never)),
    /dtype, shape/,
  )
  refuses(good.with(10, 0x0a), /JSON header/)
  refuses(new Uint8Array([...good, 0]), /a tensor for every byte, got none for bytes 24 to 25/)
  refuses(
    edited(h => delete h['a.weight']),
    /none for bytes 0 to 16/,
  )
  const long = good.slice()
  new DataView(long.buffer).setBigUint64(0, 2n ** 62n, true)
  refuses(long, /header within the file/)
})

test('NaN weights do not stop the reading; conv() names them', () => {
  const model = read(writeSafetensors({ 'a.weight': f32([1, 1, 2], [1, NaN]), 'b.weight': f32([1, 1, 2], [1, 2]) }))
  assert.is(model.layers.length, 2)
  assert.throws(() => conv(model.layers[0].kernel), /NaN at \[0, 0, 1\]/)
})

if (present)
  test('published networks: resnet20 and silero', () => {
    const resnet = readShared('resnet20.safetensors')
    assert.is(resnet.layers.filter(({ op }) => op === 'conv').length, 19)
    assert.is(resnet.layers.filter(({ op }) => op === 'dense').length, 1)
    assert.is(resnet.batchNorms.filter(({ followsBy }) => followsBy === 'name').length, 19)
    assert.equal(resnet.skipped, [{ name: 'module.linear.bias', why: 'a vector (bias or scale)' }])
    const silero = readShared('silero_vad_16k.safetensors')
    assert.is(silero.layers.filter(({ op }) => op === 'conv').length, 6)
    assert.equal(
      silero.layers.filter(({ op }) => op === 'dense').map(({ kind }) => kind),
      ['LSTM', 'LSTM'],
    )
  })

test.run()
