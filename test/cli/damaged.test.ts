import { mkdirSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ModelReport } from '../../src/report.ts'
import { type Damaged, damagedFiles } from '../formats/damaged.ts'
import { hostile, poisoned } from '../formats/hostile.ts'
import { folder, put, report, SMALL, safetensors } from './terminal.ts'

/*
 * Every damaged and hostile file through the whole command, between two sound ones: a sentence or a sound model, never a crash; at once,
 * within 512 MB, and the others audited.
 */

const place = folder()
const sound = [1, 2].map(i => put(place, `sound-${i}.safetensors`, safetensors(SMALL)))
const [made, without] = [new Set(Object.keys(hostile())), new Set(Object.keys(poisoned()))]
const SENTENCE = /^.*expected .+, got .+/s

let count = 0
let refused = 0
let slowest = 0

function written({ files }: Damaged): string {
  const beside = `${place}/${count++}`
  mkdirSync(beside)
  for (const { name, bytes } of files) writeFileSync(`${beside}/${basename(name)}`, bytes)
  return `${beside}/${basename(files[0].name)}`
}

/** Whether nothing of a model got a bound, and every refusal is a sentence. */
function isRefused({ error, layers, network }: ModelReport, what: string): boolean {
  for (const problem of [error, ...layers.map(layer => layer.error)])
    if (problem) {
      assert.match(problem.message, SENTENCE, what)
      assert.is.not(problem.code, 'runtime', `${what}: ${problem.message}`)
    }
  for (const { enclosure } of layers)
    if (enclosure) assert.ok(enclosure.upper !== null && enclosure.lower! <= enclosure.upper, what)
  return layers.every(layer => layer.enclosure === null) && network?.upper == null
}

test('each damaged file: one clear error within two seconds, and the other files of the call are audited', async () => {
  for (const damaged of damagedFiles()) {
    const { what } = damaged
    const file = written(damaged)
    const started = process.cpuUsage()
    const { models, findings } = await report([sound[0], file, sound[1], '--gap', '1e-2'])
    // The processor's time, so that what else runs on the machine does not count.
    const { user, system } = process.cpuUsage(started)
    slowest = Math.max(slowest, user + system)
    assert.ok(user + system < 2e6, `${what}: ${((user + system) / 1e6).toFixed(2)} s`)
    const [before, model, after] = models
    for (const { layers } of [before, after]) assert.ok(layers.length === 3 && layers.every(layer => layer.enclosure), what)
    const nothing = isRefused(model, what)
    if (nothing) refused++
    const said = findings.filter(finding => finding.file === file)
    if (nothing) assert.ok(said.length > 0, `${what}: nothing was audited and nobody says so`)
    if (/: truncated/.test(what) || made.has(what)) assert.is(said[0]?.what, 'unreadable', what)
    if (without.has(what)) assert.match(said[0]?.message ?? '', /finite numbers, got (NaN|-Infinity) at \[/, what)
  }
  console.log(`${count} files, ${refused} refused, the slowest in ${(slowest / 1e6).toFixed(2)} s`)
  assert.ok(count >= 300 && refused > count / 2)
})

test('all of them within 512 MB', () => {
  const peak = process.resourceUsage().maxRSS / 1024
  console.log(`peak ${peak.toFixed(0)} MB`)
  assert.ok(peak < 512)
})

test.run()
