import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { audit, auditing } from '../../src/audit/audit.ts'
import { nearest } from '../../src/audit/nearest.ts'
import { readReport } from '../../src/audit/read-report.ts'
import { shareOf } from '../../src/audit/shard.ts'
import { taskOf } from '../../src/audit/task.ts'
import { OpnormError } from '../../src/errors.ts'
import { readModel } from '../../src/formats/index.ts'
import { toJson } from '../../src/report/json.ts'
import { numbers, SMALL, safetensors } from '../cli/terminal.ts'
import { floats, writeOnnx } from '../formats/writers/onnx.ts'

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

test('a goal is checked before anything is done', () => {
  const refuses = (given: unknown, pattern: RegExp, of: unknown = model): void =>
    assert.throws(
      () => audit(of as typeof model, given as object),
      (error: Error) => error instanceof OpnormError && error.code === 'option' && pattern.test(error.message),
    )
  refuses({ layers: 5 }, /^layers: expected a pattern such as 'features\.\*', got 5/)
  refuses({ methods: 'f4' }, /^methods: expected names such as \['f4'\], got 'f4'/)
  refuses({ methods: [4] }, /^methods: /)
  refuses({ gap: 'small' }, /^gap: expected a number/)
  refuses({ maxNorm: NaN }, /^maxNorm: expected a number, got NaN/)
  refuses(null, /^goal: expected an object/)
  refuses({}, /^model: expected what readModel gives, got null/, null)
  refuses({}, /^model: expected what readModel gives/, { name: 'm', bytes: new Uint8Array(4) })
})

test('a bound that exceeds every number is none, with its reason in every report', () => {
  const names = Array.from({ length: 20 }, (_, i) => `v${i}`)
  const nodes = names.map((name, i) => ({ op: 'Mul', inputs: [names[i - 1] ?? 'x', 'k'], outputs: [name] }))
  const graph = {
    nodes,
    initializers: [floats('k', [1], [1e38])],
    inputs: [{ name: 'x', shape: [2] }],
    outputs: [{ name: 'v19' }],
  }
  const { models, findings } = audit(readModel({ name: 'm.onnx', bytes: writeOnnx(graph) }), { maxLipschitz: 5 })
  assert.is(models[0].network!.upper, null)
  assert.match(models[0].network!.refused!, /^the bound exceeds every number, from Mul 'v8' on$/)
  const { message } = findings.find(({ what }) => what === 'max-lipschitz')!
  assert.match(message, /of at most 5, got the bound exceeds every number, from Mul/)
})

test('a typing error is close to what was meant, and noise to nothing', () => {
  const words = ['gap', 'geometry', 'input-size', 'max-norm']
  assert.is(nearest('gpa', words), 'gap')
  assert.is(nearest('geo', words), 'geometry')
  assert.is(nearest('maxnorm', words), 'max-norm')
  assert.is(nearest('quxfoobarbaz', words), undefined)
})

test.run()
