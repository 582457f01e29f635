import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { audit, auditing } from '../../src/audit/audit.ts'
import { nearest } from '../../src/audit/nearest.ts'
import { readReport } from '../../src/audit/read-report.ts'
import { shareOf } from '../../src/audit/shard.ts'
import { taskOf } from '../../src/audit/task.ts'
import { readModel } from '../../src/formats/index.ts'
import { toJson } from '../../src/report/json.ts'
import { numbers, SMALL, safetensors } from '../cli/terminal.ts'

const model = readModel({ name: 'm.safetensors', bytes: safetensors(SMALL) })

test('step by step is the whole, and every step a valid report', () => {
  const steps = [...auditing(model, { gap: 1e-3 })]
  assert.equal(
    steps.map(({ done, report }) => [done, report.models[0].layers.length, report.partial]),
    [
      [1, 1, true],
      [2, 2, true],
      [3, 3, true],
      [3, 3, false],
    ],
  )
  const ends = (report: (typeof steps)[number]['report']) =>
    report.models[0].layers.map(({ enclosure }) => [enclosure!.lower, enclosure!.upper])
  assert.equal(ends(steps[3].report), ends(audit(model, { gap: 1e-3 })))
})

test('a report survives JSON as it was', () => {
  const report = audit(model, { gap: 1e-2, methods: ['power', 'f4'], pictures: true, maxNorm: 1, maxLipschitz: 5 })
  assert.equal(readReport('r', toJson(report)), JSON.parse(JSON.stringify(report)))
  assert.not.match(toJson(report), /"ms": null/)
})

test('a task is plain data: a clone gives the same bits', () => {
  const task = taskOf(model, 1, { methods: ['gram'] })
  assert.equal(structuredClone(task).kernel.data.length, task.kernel.data.length)
})

test('sizes and boundaries of the goal reach every convolution', () => {
  const every = audit(model).models[0].layers[0].enclosure!
  const ring = audit(model, { inputSize: 6, padding: 'circular' }).models[0].layers[0]
  assert.is(ring.enclosure!.scope, 'this-size')
  assert.equal(ring.shape!.inputSize, [6, 6])
  assert.ok(ring.enclosure!.lower! <= every.upper!)
  const odd = readModel({ name: 'm', bytes: safetensors({ w: { shape: [2, 2, 3, 3] } }) }, { geometry: { w: { stride: 2 } } })
  const { error } = audit(odd, { inputSize: 7, padding: 'circular' }).models[0].layers[0]
  assert.is(error!.code, 'geometry')
  assert.match(error!.message, 'divisible by the stride')
})

test('a scaled kernel’s enclosure scales, over the range of single precision', () => {
  for (const power of [-100, 0, 100]) {
    const data = numbers(36).map(x => x * 2 ** power)
    const { enclosure } = audit(readModel({ name: 'm', bytes: safetensors({ 'a.weight': { shape: [2, 2, 3, 3], data } }) }))
      .models[0].layers[0]
    const base = audit(readModel({ name: 'm', bytes: safetensors({ 'a.weight': { shape: [2, 2, 3, 3], data: numbers(36) } }) }))
      .models[0].layers[0]
    assert.is(enclosure!.upper, base.enclosure!.upper! * 2 ** power)
  }
})

test('shares are disjoint and complete', () => {
  for (const [files, of] of [
    [7, 3],
    [2, 5],
    [1, 4],
  ]) {
    const seen: string[] = []
    for (let part = 1; part <= of; part++) {
      const share = shareOf({ shard: { part, of } }, files)
      for (let file = 0; file < files; file++)
        if (share.file(file)) for (const layer of share.layers([0, 1, 2, 3, 4])) seen.push(`${file}.${layer}`)
    }
    assert.is(seen.length, files * 5)
    assert.is(new Set(seen).size, files * 5)
  }
})

test('a typing error is close to what was meant, and noise to nothing', () => {
  const words = ['gap', 'geometry', 'input-size', 'max-norm']
  assert.is(nearest('gpa', words), 'gap')
  assert.is(nearest('geo', words), 'geometry')
  assert.is(nearest('maxnorm', words), 'max-norm')
  assert.is(nearest('quxfoobarbaz', words), undefined)
})

test.run()
