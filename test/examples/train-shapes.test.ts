import { readFile } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { draw, shapes, side } from '../../examples/train-shapes/draw.ts'
import { toSafetensors } from '../../examples/train-shapes/safetensors.ts'

const test = suite('examples/train-shapes')

interface Plain {
  shape: number[]
  data: Float32Array
}

/** A reader of its own, straight from the format's description. */
function parse(bytes: Uint8Array): { metadata: Record<string, string>; tensors: Record<string, Plain> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = Number(view.getBigUint64(0, true))
  const { __metadata__: metadata, ...entries } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
  const tensors: Record<string, Plain> = {}
  for (const [name, entry] of Object.entries(entries as Record<string, { shape: number[]; data_offsets: [number, number] }>)) {
    const [from, to] = entry.data_offsets
    const data = Float32Array.from({ length: (to - from) / 4 }, (_, i) => view.getFloat32(8 + length + from + 4 * i, true))
    tensors[name] = { shape: entry.shape, data }
  }
  return { metadata, tensors }
}

/** channels × n × n */
interface Image {
  channels: number
  n: number
  data: Float64Array
}

/** Zero padding as TensorFlow's and ONNX's SAME_UPPER: what is missing, the larger half behind. */
function convolve(x: Image, weight: Plain, bias: Plain, stride: number): Image {
  const [outputs, inputs, k] = weight.shape
  const n = Math.ceil(x.n / stride)
  const before = Math.floor(Math.max(0, (n - 1) * stride + k - x.n) / 2)
  const y = { channels: outputs, n, data: new Float64Array(outputs * n * n) }
  for (let o = 0; o < outputs; o++) {
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        let sum = bias.data[o]
        for (let i = 0; i < inputs; i++) {
          for (let p = 0; p < k; p++) {
            const row = r * stride + p - before
            if (row < 0 || row >= x.n) continue
            for (let q = 0; q < k; q++) {
              const column = c * stride + q - before
              if (column < 0 || column >= x.n) continue
              sum += weight.data[((o * inputs + i) * k + p) * k + q] * x.data[(i * x.n + row) * x.n + column]
            }
          }
        }
        y.data[(o * n + r) * n + c] = sum
      }
    }
  }
  return y
}

function relu(x: Image): Image {
  return { ...x, data: x.data.map(v => Math.max(0, v)) }
}

function add(x: Image, y: Image): Image {
  return { ...x, data: x.data.map((v, i) => v + y.data[i]) }
}

function classify(pixels: Float32Array, tensors: Record<string, Plain>): number {
  const layer = (x: Image, name: string, stride = 1) => convolve(x, tensors[`${name}.weight`], tensors[`${name}.bias`], stride)
  const image = { channels: 1, n: side, data: Float64Array.from(pixels) }
  const stem = relu(layer(image, 'stem', 2))
  const block1 = relu(add(stem, layer(relu(layer(stem, 'block1.conv1')), 'block1.conv2')))
  const inner = layer(relu(layer(block1, 'block2.conv1', 2)), 'block2.conv2')
  const block2 = relu(add(layer(block1, 'block2.shortcut', 2), inner))
  const area = block2.n * block2.n
  const weight = tensors['logits.weight']
  let [best, largest] = [0, -Infinity]
  for (let y = 0; y < shapes.length; y++) {
    let sum = tensors['logits.bias'].data[y]
    for (let at = 0; at < block2.data.length; at++) {
      sum += (block2.data[at] / area) * weight.data[y * block2.channels + Math.floor(at / area)]
    }
    if (sum > largest) [best, largest] = [y, sum]
  }
  return best
}

test('a seed draws the same pixels in every engine, and another seed draws others', () => {
  const one = draw(60, 5)
  assert.equal(draw(60, 5), one)
  assert.is.not(checksum(draw(60, 6).pixels), checksum(one.pixels))
  assert.is(checksum(one.pixels), 72251055)
})

test('every shape is drawn about as often, with pixels in [0, 1] that differ from their ground', () => {
  const { pixels, labels, count } = draw(600, 11)
  for (let s = 0; s < shapes.length; s++) assert.ok(labels.filter(label => label === s).length > 60, shapes[s])
  for (const grey of pixels) assert.ok(grey >= 0 && grey <= 1)
  for (let d = 0; d < count; d++) {
    const drawing = pixels.subarray(d * side * side, (d + 1) * side * side)
    assert.ok(Math.max(...drawing) - Math.min(...drawing) > 0.3)
  }
})

test('the writer round-trips: names, shapes, numbers, metadata, aligned tensors', () => {
  const tensors = {
    'ein.weight': { shape: [2, 1, 1, 3], data: Float32Array.of(1, -0, 2 ** -149, 3.4e38, -0.1, 7) },
    'ß.bias': { shape: [1], data: Float32Array.of(0.25) },
    empty: { shape: [0, 4], data: new Float32Array(0) },
  }
  const bytes = toSafetensors(tensors, { note: 'größe' })
  const back = parse(bytes)
  assert.equal(back.tensors, tensors)
  assert.equal(back.metadata, { note: 'größe' })
  assert.is(new DataView(bytes.buffer).getUint32(0, true) % 8, 0)
})

test('the committed model is right on more than 90 % of drawings it never saw, by a forward pass that is not TensorFlow', async () => {
  const { tensors, metadata } = parse(await readFile('examples/train-shapes/models/shapes.safetensors'))
  const { pixels, labels, count } = draw(300, 2026)
  let right = 0
  for (let d = 0; d < count; d++) {
    if (classify(pixels.subarray(d * side * side, (d + 1) * side * side), tensors) === labels[d]) right++
  }
  assert.ok(right / count > 0.9, `${right} of ${count}`)
  // 300 drawings: a standard deviation of 1.3 %.
  assert.ok(Math.abs(right / count - Number(metadata.test_accuracy)) < 0.05, `${right / count} and ${metadata.test_accuracy}`)
})

/** FNV-1a of the numbers' bytes. */
function checksum(numbers: Float32Array): number {
  let hash = 0x811c9dc5
  for (const byte of new Uint8Array(numbers.buffer)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

test.run()
