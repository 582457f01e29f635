/** node bench/cold-start.mjs: milliseconds from before the import to the first bound, and the processor's share, in 20 processes of their own. */
import { execFileSync } from 'node:child_process'

const PROCESSES = 20
const BUDGET = 30

const entry = new URL('../dist/index.js', import.meta.url).href
const script = `
const cpu = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000
const begun = performance.now()
const before = cpu()
const { conv, spectralNorm } = await import(${JSON.stringify(entry)})
const imported = performance.now()
spectralNorm(conv({ data: Float64Array.from({ length: 2304 }, (_, i) => ((i * 7919) % 101) - 50), shape: [16, 16, 3, 3] }))
console.log(JSON.stringify([imported - begun, performance.now() - begun, cpu() - before]))`
const runs = Array.from({ length: PROCESSES }, () =>
  JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })),
)
const [imported, bound, cpu] = [0, 1, 2].map(i => runs.map(run => run[i]).sort((a, b) => a - b))
const row = times => [times[0], times[PROCESSES / 2], times[PROCESSES - 1]].map(ms => ms.toFixed(1).padStart(7)).join(' ')
console.log(`ms, ${PROCESSES} processes   best  median   worst`)
console.log('import            ', row(imported))
console.log('first bound       ', row(bound), `  (budget ${BUDGET})`)
console.log('  of it processor ', row(cpu))
