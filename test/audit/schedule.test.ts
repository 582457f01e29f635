import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { costOf, WORTH_A_WORKER } from '../../src/audit/schedule.ts'
import type { Layer, Model } from '../../src/formats/model.ts'

function cost(shape: readonly number[], geometry: Layer['geometry'] = {}, op: Layer['op'] = 'conv'): number {
  const kernel = { shape, data: new Float32Array(0), dtype: 'float32' }
  return costOf({ layers: [{ name: 'l', op, kernel, geometry }] } as unknown as Model, 0)
}

test('a layer costs the same in either layout', () => {
  assert.is(cost([128, 64, 3, 5]), cost([3, 5, 64, 128], { layout: 'HWIO' }))
  assert.is(cost([64, 1, 3, 3], { groups: 64 }), cost([3, 3, 1, 64], { layout: 'HWIO', groups: 64 }))
  assert.ok(cost([3, 3, 256, 256], { layout: 'HWIO' }) > WORTH_A_WORKER)
})

test('what is searched is dearer than what is one matrix, and groups are cheaper than all channels together', () => {
  assert.ok(cost([512, 512, 3, 3]) > 5 * cost([512, 2048, 1, 1]))
  assert.is(cost([512, 2048, 1, 1]), cost([512, 2048], {}, 'dense'))
  assert.ok(cost([256, 64, 3, 3], { groups: 4 }) < cost([256, 256, 3, 3]) / 10)
})

test('stride makes columns of what it passes over, as far as the kernel reaches', () => {
  assert.is(cost([64, 64, 3, 3], { stride: [2, 2] }), cost([64, 256, 3, 3]))
  assert.is(cost([64, 64, 1, 1], { stride: [2, 2] }), cost([64, 64, 1, 1]))
})

test.run()
