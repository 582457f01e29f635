/**
 * Runs the benchmarks one after the other, each file in a process of its own.
 *
 *   node bench/run.mjs [pattern…]     only files whose path contains one of the patterns, e.g. routines/gram
 */
import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('.', import.meta.url))
const patterns = process.argv.slice(2)
const files = (await readdir(root, { recursive: true }))
  .filter(file => /^(routines|methods|load)\/[^/]+\.ts$/.test(file))
  .filter(file => patterns.length === 0 || patterns.some(pattern => file.includes(pattern)))
  .sort()
for (const file of files) {
  console.log(`\n${file}`)
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', root + file], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
