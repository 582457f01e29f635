/**
 * Runs every test file in a process of its own, one per core, and counts. uvu exits 0 for a file that forgot `.run()`; here a file
 * without a count fails, and so does a pattern that matches nothing.
 *
 *   node test/run.mjs [pattern…]     only files whose path contains one of the patterns
 */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const patterns = process.argv.slice(2)
const files = (await readdir(root + 'test', { recursive: true }))
  .filter(file => file.endsWith('.test.ts') && !/node_modules|runtimes/.test(file))
  .filter(file => patterns.length === 0 || patterns.some(pattern => file.includes(pattern)))
  .sort()

const total = { passed: 0, failed: 0, skipped: 0 }
const queue = [...files]
await Promise.all(Array.from({ length: Math.max(1, Math.min(4, availableParallelism())) }, drain))
if (files.length === 0) {
  total.failed++
  console.log(`no test file matches ${patterns.join(' ')}`)
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed ? 1 : 0

async function drain() {
  for (let file = queue.shift(); file; file = queue.shift()) report(file, await execute(file))
}

function execute(file) {
  return new Promise(resolve => {
    const started = performance.now()
    const child = spawn(process.execPath, ['--import', 'tsx', `test/${file}`], {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: '0' },
    })
    let output = ''
    child.stdout.on('data', data => (output += data))
    child.stderr.on('data', data => (output += data))
    child.on('exit', code => resolve({ code, output, seconds: (performance.now() - started) / 1000 }))
  })
}

function report(file, { code, output, seconds }) {
  const count = word => Number(output.match(new RegExp(`${word}:\\s+(\\d+)`))?.[1] ?? Number.NaN)
  const passed = count('Passed')
  const skipped = count('Skipped')
  const failed = Math.max(0, count('Total') - passed - skipped)
  const broken = !(count('Total') + skipped > 0) || (code !== 0 && failed <= 0)
  total.passed += passed || 0
  total.skipped += skipped || 0
  total.failed += broken ? 1 : failed
  const bad = broken || failed > 0
  console.log(
    `${bad ? 'FAIL' : 'ok  '} ${file}  ${passed || 0} passed${failed ? `, ${failed} failed` : ''}${skipped ? `, ${skipped} skipped` : ''}  ${seconds.toFixed(1)} s`,
  )
  if (bad || process.env.VERBOSE) console.log(output.replace(/^/gm, '     '))
  else for (const line of output.split('\n')) if (line.startsWith('skip')) console.log('     ' + line)
}
