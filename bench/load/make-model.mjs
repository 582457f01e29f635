/**
 * Writes a big safetensors file: 100 convolutions of 16 to 512 channels, seeded He weights, about 200 MB.
 *
 *   node bench/load/make-model.mjs FILE
 */
import { open } from 'node:fs/promises'

const CHANNELS = [16, 32, 64, 128, 256, 512]

/** Shapes that come to 200 MB: every width often, the widest as often as fits. */
function shapes() {
  const list = []
  for (let i = 0; i < 15; i++) list.push([512, 512, 3, 3])
  for (let i = 0; i < 15; i++) list.push([256, 256, 3, 3])
  while (list.length < 100) {
    const width = CHANNELS[list.length % 4]
    list.push([width, width, 3, 3])
  }
  return list
}

export async function makeModel(path) {
  let at = 0
  const header = {}
  const layers = shapes()
  for (const [i, shape] of layers.entries()) {
    const bytes = 4 * shape.reduce((size, side) => size * side, 1)
    header[`layers.${i}.weight`] = { dtype: 'F32', shape, data_offsets: [at, at + bytes] }
    at += bytes
  }
  const text = JSON.stringify(header)
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const file = await open(path, 'w')
  await file.write(Buffer.concat([length, json]))
  let state = 1
  for (const shape of layers) {
    const scale = Math.sqrt(6 / (shape[1] * 9))
    const weights = Float32Array.from({ length: shape.reduce((size, side) => size * side, 1) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return (state / 2 ** 31 - 1) * scale
    })
    await file.write(new Uint8Array(weights.buffer))
  }
  await file.close()
  return at
}

if (process.argv[2]) console.log(`${((await makeModel(process.argv[2])) / 1e6).toFixed(0)} MB`)
