import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { OpnormError } from '../../src/errors.ts'
import { companions, readModel } from '../../src/formats/index.ts'
import { writeNpy } from './writers/npy.ts'
import { f32, writeSafetensors } from './writers/safetensors.ts'

const name = 'm.safetensors'
const bytes = writeSafetensors({ 'a.weight': f32([1, 2], [3, 4]) })
const refuses = (files: unknown, pattern: RegExp): void =>
  assert.throws(
    () => readModel(files as never),
    (error: Error) => {
      if (!pattern.test(error.message)) console.log(error.message)
      return error instanceof OpnormError && error.code === 'file' && pattern.test(error.message)
    },
  )

test('bytes as fetch and files hand them out', () => {
  const { layers } = readModel({ name, bytes: bytes.buffer as ArrayBuffer })
  assert.equal([...layers[0].kernel.data], [3, 4])
  assert.equal(readModel({ name, bytes: Buffer.from(bytes) }).layers.length, 1)
  assert.equal(companions({ name, bytes: bytes.buffer as ArrayBuffer }), [])
})

test('what is no file is said so, with what to pass', () => {
  refuses(null, /^files: expected \{ name, bytes \}, or an array of such, got null\. Read the file first/)
  refuses(undefined, /got undefined/)
  refuses('net.onnx', /got 'net\.onnx'/)
  refuses(bytes, /got a Uint8Array alone/)
  refuses([], /at least one file, got none/)
  refuses([{ name, bytes }, null], /got null/)
  refuses({ name, bytes: 'text' }, /^m\.safetensors: bytes: expected a Uint8Array or an ArrayBuffer, got 'text'/)
  refuses({ name, bytes: new Blob([]) }, /got a Blob alone\. Of a Blob or a Response, await arrayBuffer\(\)/)
})

test('files that a format of one file does not look at are named', () => {
  assert.equal(readModel({ name, bytes }).notes, [])
  const more = ['b', 'c', 'd', 'e', 'f', 'g', 'h'].map(name => ({ name, bytes }))
  const { layers, notes } = readModel([{ name, bytes }, ...more])
  assert.is(layers.length, 1)
  assert.equal(notes, ['not read, since this format is one file: b, c, d, e, f and 2 more'])
  assert.is(readModel([{ name: 'w.npy', bytes: writeNpy('<f4', [1, 2], [3, 4]) }, more[0]]).notes.length, 1)
})

test('an index of shards asks for the shards', () => {
  const map = {
    'a.weight': 'm-1-of-3.safetensors',
    'b.weight': 'm-2-of-3.safetensors',
    'b.bias': 'm-2-of-3.safetensors',
    c: 'm-3',
  }
  const index = new TextEncoder().encode(JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }))
  const given = { name: 'model.safetensors.index.json', bytes: index }
  const said = /expected a model, got an index of 3 shards: 'm-1-of-3\.safetensors', 'm-2-of-3\.safetensors', …\. Give the shards/
  refuses(given, said)
  assert.throws(() => companions(given), said)
  refuses({ name: 'other.json', bytes: new TextEncoder().encode('{"weight_map": 3}') }, /TensorFlow\.js/)
})

test.run()
