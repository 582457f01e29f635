/**
 * The audit of a network of 50 layers by one worker thread and by two: the same report, and how much sooner. Two networks: ResNet-50's own
 * shapes (minutes, nearly all of them in the module), and fifty small layers (seconds, of which a worker needs one for the engine to compile
 * its JavaScript, and it does that on the other core if that is free).
 *
 *   node build.mjs && node bench/load/threads.mjs [engine and its flags…]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NETWORKS = [
  { name: '50 layers of 96×96×3×3', shapes: Array.from({ length: 50 }, () => [96, 96, 3, 3]), runs: 3 },
  { name: 'ResNet-50, its 50 layers without the projections of shortcuts', shapes: resnet50(), runs: 1 },
]

const [engine, ...flags] = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath]
const folder = mkdtempSync(join(tmpdir(), 'opnorm-threads-'))
const file = join(folder, 'net.safetensors')
for (const { name, shapes, runs } of NETWORKS) {
  writeFileSync(file, model(shapes))
  const [one, two] = [[], []]
  // In turns, so that whatever else the machine does meets both.
  for (let i = 0; i < runs; i++) {
    one.push(run(1))
    two.push(run(2))
  }
  if (one[0].found !== two[0].found) throw new Error('expected the same report from one thread and from two')
  const [slow, fast] = [one, two].map(times => Math.min(...times.map(({ seconds }) => seconds)))
  console.log(
    `${name}: ${slow.toFixed(2)} s on one worker, ${fast.toFixed(2)} s on two: ${(slow / fast).toFixed(2)}×, the same report`,
  )
}
rmSync(folder, { recursive: true })

function run(threads) {
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
  const begun = performance.now()
  const text = execFileSync(engine, [...flags, cli, file, '--json', '--quiet', '--threads', String(threads)], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const seconds = (performance.now() - begun) / 1000
  return { seconds, found: JSON.stringify(JSON.parse(text), (key, value) => (key === 'ms' || key === 'date' ? 0 : value)) }
}

/** He et al. 2016, arXiv:1512.03385, table 1: the stem, sixteen bottlenecks of three, the classifier; every stride 1, as a file of weights has none. */
function resnet50() {
  const shapes = [[64, 3, 7, 7]]
  let channels = 64
  for (const [width, blocks] of [
    [64, 3],
    [128, 4],
    [256, 6],
    [512, 3],
  ]) {
    for (let block = 0; block < blocks; block++) {
      shapes.push([width, channels, 1, 1], [width, width, 3, 3], [4 * width, width, 1, 1])
      channels = 4 * width
    }
  }
  return [...shapes, [1000, channels]]
}

/** Seeded weights with the variance of He's initialisation, uniform: imul and shifts. */
function model(shapes) {
  let state = 1
  let end = 0
  const header = {}
  const tensors = shapes.map((shape, i) => {
    const fanIn = shape.slice(1).reduce((product, side) => product * side)
    const width = Math.sqrt(24 / fanIn)
    const weights = Float32Array.from({ length: shape[0] * fanIn }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      return ((state >> 8) / 2 ** 24) * width
    })
    header[`layers.${i}.weight`] = { dtype: 'F32', shape, data_offsets: [end, (end += weights.byteLength)] }
    return Buffer.from(weights.buffer)
  })
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, ...tensors])
}
