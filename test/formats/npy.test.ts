import * as zlib from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { OpnormError } from '../../src/errors.ts'
import { crc32 } from '../../src/formats/crc32.ts'
import { readModel } from '../../src/formats/index.ts'
import { toTensor } from '../../src/tensor.ts'
import { present, readShared } from './shared-models.ts'
import { writeNpy, writeZip } from './writers/npy.ts'

const read = (bytes: Uint8Array, name = 'conv.npy') => readModel({ name, bytes })
const values = (bytes: Uint8Array) => [...toTensor(read(bytes).layers[0].kernel).data]
const refuses = (bytes: Uint8Array, pattern: RegExp) =>
  assert.throws(
    () => read(bytes),
    (error: OpnormError) => {
      if (!pattern.test(error.message)) console.log(error.message)
      return error instanceof OpnormError && error.code === 'file' && pattern.test(error.message)
    },
  )
const ramp = (n: number) => Array.from({ length: n }, (_, i) => i - 3)

test('every version, byte order and memory order gives the same numbers', () => {
  // [2, 3]: row-major 0..5, column-major 0 3 1 4 2 5
  for (const version of [1, 2, 3])
    for (const descr of ['<f4', '>f4', '<f8', '>f8', '=f8']) {
      assert.equal(values(writeNpy(descr, [2, 3], [0, 1, 2, 3, 4, 5], { version })), [0, 1, 2, 3, 4, 5])
      assert.equal(values(writeNpy(descr, [2, 3], [0, 3, 1, 4, 2, 5], { version, fortran: true })), [0, 1, 2, 3, 4, 5])
    }
  const half = writeNpy('<f2', [1, 1, 2], [0x3c00, -16384])
  assert.equal(values(half), [1, -2])
  assert.equal(values(writeNpy('>f2', [1, 1, 2], [0x3c00, -16384])), [1, -2])
})

test('a lone array is a layer whatever its name; whole numbers are not', () => {
  const model = read(writeNpy('<f4', [1, 2, 3], ramp(6)), 'folder/anything.npy')
  assert.equal(
    model.layers.map(({ name, op }) => [name, op]),
    [['anything', 'conv']],
  )
  assert.match(read(writeNpy('<i4', [1, 2, 3], ramp(6))).skipped[0].why, /int32/)
})

test('archives, stored and deflated, name what they skip', () => {
  const files = {
    'conv1.weight.npy': writeNpy('<f4', [2, 3, 3, 3], ramp(54)),
    'step.npy': writeNpy('<i8', [], [7]),
    'objects.npy': writeNpy('|O', [1], [0]),
    'complex.npy': writeNpy('<c8', [1], [0]),
    'records.npy': writeNpy('', [1], [0], { header: "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }" }),
    'readme.txt': new Uint8Array(3),
  }
  for (const deflate of [false, true]) {
    const model = read(writeZip(files, deflate), 'm.npz')
    assert.equal(
      model.layers.map(({ name }) => name),
      ['conv1.weight'],
    )
    assert.equal([...toTensor(model.layers[0].kernel).data], ramp(54))
    const why = Object.fromEntries(model.skipped.map(({ name, why }) => [name, why]))
    assert.match(why['objects'], /Python objects/)
    assert.match(why['complex'], /complex numbers/)
    assert.match(why['records'], /records/)
    assert.match(why['step'], /int64/)
    assert.match(why['readme.txt'], /not an array/)
  }
})

test('damage is one clear sentence', () => {
  const good = writeNpy('<f4', [2, 3], ramp(6))
  refuses(good.subarray(0, 8), /header of version/)
  refuses(good.subarray(0, 60), /header within the file/)
  refuses(good.subarray(0, good.length - 1), /expected 24 bytes for float32 \[2, 3\], got 23/)
  refuses(good.with(6, 9), /version 1, 2 or 3/)
  refuses(writeNpy('|O', [1], [0]), /Python objects/)
  refuses(writeNpy('<f4', [1], [0], { header: '{}' }), /descr, fortran_order and shape/)
  refuses(writeNpy('<f4', [1e6, 1e6, 1e6], []), /counted/)
  refuses(writeNpy('<f4', new Array(40).fill(1), [0]), /32 sides/)
  const zip = writeZip({ 'a.npy': good }, true)
  refuses(zip.subarray(0, zip.length - 30), /ZIP directory/)
  refuses(zip.with(60, zip[60] ^ 4), /damaged|block|distance|length/)
})

test('an archive is checked against its checksums, and nothing stands before or behind it', () => {
  const archive = writeZip({ 'conv1.weight.npy': writeNpy('<f4', [2, 3, 3, 3], ramp(54)) })
  const place = archive.findIndex((_, i) => String.fromCharCode(...archive.subarray(i, i + 5)) === 'NUMPY')
  for (const at of [place + 123, place + 200, place + 338])
    refuses(archive.with(at, archive[at] ^ 1), /the bytes its checksum speaks of, got others/)
  const joined = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap(part => [...part]))
  refuses(joined(archive, archive), /one ZIP archive, got bytes before or behind it/)
  refuses(joined(archive, Uint8Array.of(0, 1, 2)), /one ZIP archive/)
  // A checksum of 0 is one that was not computed.
  const view = new DataView(archive.buffer.slice(0))
  for (let at = 0; at + 4 <= view.byteLength; at++) {
    if (view.getUint32(at, true) === 0x04034b50) view.setUint32(at + 14, 0)
    if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 16, 0)
  }
  assert.is(read(new Uint8Array(view.buffer)).layers.length, 1)
})

test('the checksum of ZIP and PNG', () => {
  assert.is(crc32(new TextEncoder().encode('123456789')), 0xcbf43926)
  assert.is(crc32(new Uint8Array(0)), 0)
  for (const length of [1, 7, 8, 9, 15, 16, 17, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 37)
    assert.is(crc32(bytes), zlib.crc32(bytes))
  }
})

test('an .npy file ends with its array', () => {
  const array = writeNpy('<f4', [2, 3, 3, 3], ramp(54))
  refuses(new Uint8Array([...array, 0]), /216 bytes for float32 \[2, 3, 3, 3\], got 217\. Save one array a file/)
})

test('a bomb is refused before it takes memory', () => {
  const packed = writeZip({ 'a.npy': writeNpy('<f4', [2048, 2000], new Float32Array(2048 * 2000)) }, true)
  assert.ok(packed.length < 20_000)
  assert.equal(read(packed).layers[0].kernel.shape, [2048, 2000])
  refuses(
    writeZip({ 'a.npy': writeNpy('<f4', [2048, 2048], new Float32Array(2 ** 22)) }, true),
    /looks like a decompression bomb/,
  )
  const view = new DataView(packed.buffer, packed.byteOffset)
  const central = packed.length - 22 - 46 - 'a.npy'.length
  assert.is(view.getUint32(central, true), 0x02014b50)
  const claims = (size: number) => {
    const bytes = packed.slice()
    new DataView(bytes.buffer).setUint32(central + 24, size, true)
    return bytes
  }
  refuses(claims(2 ** 31), /inflated bytes/)
  refuses(claims(1000), /more/)
})

if (present)
  test('published arrays equal the safetensors file bit for bit', () => {
    const whole = new Map(readShared('resnet20.safetensors').layers.map(layer => [layer.name, layer]))
    for (const file of ['resnet20_conv1_bn1.npz', 'resnet20_layer2.0_compressed.npz', 'resnet20_layer3.0.conv1.weight.npy']) {
      const { layers, batchNorms } = readShared(file)
      assert.ok(layers.length > 0)
      for (const { name, kernel } of layers)
        assert.equal(toTensor(kernel), toTensor(whole.get('module.' + name.replace('resnet20_', ''))!.kernel))
      for (const norm of batchNorms) assert.is(norm.followsBy, 'name')
    }
  })

test.run()
