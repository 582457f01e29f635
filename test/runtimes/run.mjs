/**
 * The packed tarball in every runtime: the module runs, and gives the bits on record.
 *
 *   npm run test:runtimes [-- name…]     only rows whose name contains one of the words
 *
 * A runtime that is not installed is skipped, and fails where CI=true. What is needed: npm install --prefix test/runtimes, and Debian's chromium.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import * as auditing from '../../src/audit.ts'
import * as opnorm from '../../src/index.ts'
import { digests } from '../digest/digests.ts'
import { pages } from './chromium.mjs'
import { engines } from './engines.mjs'
import { project } from './project.mjs'
import { wideModel } from './wide.mjs'
import { workers } from './workerd.mjs'

const words = process.argv.slice(2)
const rows = [...engines, ...workers, ...pages].filter(
  ({ name }) => words.length === 0 || words.some(word => name.includes(word)),
)
const wanted = await expected()
const folder = await project()
const total = { passed: 0, failed: rows.length === 0 ? 1 : 0, skipped: 0 }
console.log(`${'runtime'.padEnd(40)}result`)
for (const row of rows) console.log(row.name.padEnd(40) + (await outcome(row)))
await rm(folder, { recursive: true, force: true })
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`)
process.exit(total.failed === 0 ? 0 : 1)

async function outcome({ needs, run, extent }) {
  if (!needs()) {
    const skips = process.env.CI !== 'true'
    total[skips ? 'skipped' : 'failed']++
    if (skips) return 'skip: not installed here'
    return 'FAIL: not installed'
  }
  const begun = performance.now()
  try {
    compare(await run(folder), extent)
    total.passed++
    return `ok    ${((performance.now() - begun) / 1000).toFixed(1)} s`
  } catch (error) {
    total.failed++
    return `FAIL: ${error.message}`
  }
}

function compare(found, extent) {
  if (extent === 'refusal') {
    assert.equal(found.code, 'runtime')
    assert.match(found.message, /expected the module to compile, .*'wasm-unsafe-eval' in the content security policy/)
    return
  }
  if (extent === 'pool') return comparePool(found, [2, 3])
  if (extent === 'threads') return assert.deepEqual(found.threads, wanted.threads, 'the audit differs')
  assert.equal(found.backend, 'wasm', `expected wasm, got ${found.backend ?? found.message}`)
  assert.deepEqual(found.audit, wanted.audit, 'the audit differs')
  const differing = Object.keys(wanted[extent]).filter(method => found.digests[method] !== wanted[extent][method])
  assert.equal(differing.length, 0, `other bits: ${differing.join(', ')}`)
  // An edge runtime has no workers: the pool is its one thread.
  if (found.threads) comparePool(found, [0])
}

/** The same enclosures with two workers, and after one of them has died: `started` counts the dead one, the other, and
 * a successor where the other was not free already. */
function comparePool(found, started) {
  assert.deepEqual(found.threads, wanted.threads, `the audit of the pool differs: ${found.message ?? ''}`)
  assert.deepEqual(found.again, wanted.threads, 'the audit after a worker died differs')
  assert.deepEqual(found.steps, [1, 2, 3, 4, 4])
  assert.ok(started.includes(found.started), `${found.started} workers were started`)
}

/** The whole digests are on record; the brief ones and the audit are those of the sources, here and now. */
async function expected() {
  return {
    whole: JSON.parse(readFileSync(new URL('../digest/golden.json', import.meta.url), 'utf8')),
    brief: await digests(opnorm, [], 12),
    audit: enclosures(readFileSync(new URL('../../examples/train-shapes/models/shapes.safetensors', import.meta.url))),
    threads: enclosures(wideModel()),
  }
}

function enclosures(bytes) {
  const model = auditing.readModel([{ name: 'model.safetensors', bytes }])
  const { layers } = auditing.audit(model, { gap: 1e-3 }).models[0]
  return layers.map(({ enclosure }) => [enclosure.lower, enclosure.upper])
}
