/**
 * Runs the benchmarks one after the other, each file in a process of its own; at the end the rates of all routines in one table.
 *
 *   node bench/run.mjs [pattern…]     only files whose path contains one of the patterns, e.g. routines/gram
 */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('.', import.meta.url))
const patterns = process.argv.slice(2)
const files = (await readdir(root, { recursive: true }))
  .filter(file => /^((routines|methods|load)\/[^/]+|enclosure)\.ts$/.test(file))
  .filter(file => patterns.length === 0 || patterns.some(pattern => file.includes(pattern)))
  .sort()
if (files.length === 0) {
  console.error(
    `bench: expected a part of a benchmark's path, got ${patterns.join(' ')}. Try methods/speed, enclosure or routines/gram`,
  )
  process.exitCode = 2
}
let printed = ''
for (const file of files) {
  console.log(`\n${file}`)
  const child = spawn(process.execPath, ['--import', 'tsx', root + file], { stdio: ['inherit', 'pipe', 'inherit'] })
  for await (const text of child.stdout) {
    process.stdout.write(text)
    printed += text
  }
  if (child.exitCode ?? (await new Promise(resolve => child.on('exit', resolve)))) process.exitCode = 1
}
summarise(printed)

/** Per cent of the peak, a routine a row and a side a column, from the lines `rate` printed. */
function summarise(text) {
  const routines = new Map()
  for (const [, name, side, percent] of text.matchAll(/^(\S.*?) {2,}(\d+) .* GFLOP\/s +(\d+) % of/gm)) {
    if (!routines.has(name)) routines.set(name, new Map())
    routines.get(name).set(Number(side), percent)
  }
  if (routines.size === 0) return
  const sides = [8, 16, 32, 64, 128, 256, 512]
  console.log(`\n% of the 128-bit peak         ${sides.map(n => `${n}`.padStart(6)).join('')}`)
  for (const [name, at] of routines) {
    if (sides.some(n => at.has(n))) console.log(`${name.padEnd(30)}${sides.map(n => (at.get(n) ?? '').padStart(6)).join('')}`)
  }
}
