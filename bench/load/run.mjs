/**
 * The load test: a 200 MB model of 100 convolutions, audited at gap 1e-3 as a user would. Prints time and memory beside what is wanted.
 *
 *   npm run build && node bench/load/run.mjs [threads]
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeModel } from './make-model.mjs'

const WANTED = { seconds: 180, megabytes: 1500 }
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const place = await mkdtemp(join(tmpdir(), 'opnorm-load-'))
const [model, report] = [join(place, 'model.safetensors'), join(place, 'report.json')]
const size = await makeModel(model)
const begun = performance.now()
const child = spawn(
  process.execPath,
  [cli, model, '--gap', '1e-3', '--json', '--output', report, '--threads', process.argv[2] ?? '2'],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
  },
)
let peak = 0
const watch = setInterval(async () => (peak = Math.max(peak, await residentMegabytes(child.pid))), 200)
const code = await new Promise(resolve => child.on('exit', resolve))
clearInterval(watch)
const seconds = (performance.now() - begun) / 1000
const { layers } = JSON.parse(await readFile(report, 'utf8')).models[0]
const proven = layers.filter(layer => layer.enclosure?.gap <= 1e-3 * (1 + 1e-9)).length
await rm(place, { recursive: true })
console.log(`${(size / 1e6).toFixed(0)} MB, ${layers.length} layers, ${proven} with a gap of 1e-3, exit code ${code}`)
console.log(`${seconds.toFixed(0)} s (wanted: ${WANTED.seconds}), ${peak.toFixed(0)} MB at most (wanted: ${WANTED.megabytes})`)
process.exitCode = code === 0 && proven === 100 && seconds <= WANTED.seconds && peak <= WANTED.megabytes ? 0 : 1

/** Resident memory of the process with all its threads; 0 where /proc does not say. */
async function residentMegabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(status.match(/VmHWM:\s+(\d+) kB/)?.[1] ?? 0) / 1000
}
