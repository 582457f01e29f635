/**
 * The audit of a network of 50 layers by one worker thread and by two: the same report, and how much sooner.
 *
 *   node build.mjs && node bench/load/threads.mjs [engine and its flags…]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LAYERS = 50
const SIDE = 96
const RUNS = 3

const [engine, ...flags] = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath]
const folder = mkdtempSync(join(tmpdir(), 'opnorm-threads-'))
const file = join(folder, 'net.safetensors')
writeFileSync(file, model())
const [one, two] = [[], []]
// In turns, so that whatever else the machine does meets both.
for (let i = 0; i < RUNS; i++) {
  one.push(run(1))
  two.push(run(2))
}
rmSync(folder, { recursive: true })
if (one[0].found !== two[0].found) throw new Error('expected the same report from one thread and from two')
const [slow, fast] = [one, two].map(runs => Math.min(...runs.map(({ seconds }) => seconds)))
console.log(
  `${LAYERS} layers: ${slow.toFixed(2)} s on one worker, ${fast.toFixed(2)} s on two: ${(slow / fast).toFixed(2)}×, the same report`,
)

function run(threads) {
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
  const begun = performance.now()
  const text = execFileSync(engine, [...flags, cli, file, '--json', '--threads', String(threads)], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const seconds = (performance.now() - begun) / 1000
  return { seconds, found: JSON.stringify(JSON.parse(text), (key, value) => (key === 'ms' || key === 'date' ? 0 : value)) }
}

/** Seeded whole numbers as weights: imul and shifts. */
function model() {
  const shape = [SIDE, SIDE, 3, 3]
  const size = SIDE * SIDE * 9
  const names = Array.from({ length: LAYERS }, (_, i) => `layers.${i}.weight`)
  const header = Object.fromEntries(
    names.map((name, i) => [name, { dtype: 'F32', shape, data_offsets: [4 * size * i, 4 * size * (i + 1)] }]),
  )
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  let state = 1
  const weights = Float32Array.from({ length: size * LAYERS }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >> 8) / 2 ** 28
  })
  return Buffer.concat([length, text, Buffer.from(weights.buffer)])
}
