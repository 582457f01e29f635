import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { windowShare } from '../../src/torus/window.ts'
import { normOf } from '../oracle.ts'
import { supremum } from './supremum.ts'
import { uniform } from './random-layers.ts'

test('sharp for [1, 0, 1]: a path of m points has norm 2 cos(π/(m + 1))', () => {
  for (const m of [2, 3, 4, 7, 30, 224]) {
    const share = windowShare(conv([[[1, 0, 1]]], { inputSize: m }))
    const truth = Math.cos(Math.PI / (m + 1))
    assert.ok(share <= truth * (1 + 2e-16) && share >= truth * (1 - 1e-13), `${m}: ${share} for ${truth}`)
  }
})

test('never more than the norm of the matrix over M, with any padding', () => {
  let told = 0
  for (let seed = 1; seed <= 120; seed++) {
    const next = uniform(seed)
    const axes = 1 + (seed % 2)
    const sides = Array.from({ length: axes }, () => 2 + Math.floor(3 * next()))
    const inputSize = sides.map(k => k + Math.floor((axes === 1 ? 12 : 3) * next()))
    const pads = Array.from({ length: 2 * axes }, (_, d) => Math.floor(sides[d % axes] * next()))
    const kernel = Float64Array.from({ length: sides.reduce((a, b) => a * b, 1) }, () => next() - 0.3)
    const ones = sides.map(() => 1)
    const plain = { kernel, shape: [1, 1, ...sides], stride: ones, dilation: ones, groups: 1 }
    const layer = conv({ data: kernel, shape: plain.shape }, { inputSize, pad: pads })
    const truth = normOf({ ...plain, inputSize, padding: 'zero', pads, transposed: false, outputPadding: sides.map(() => 0) })
    const share = windowShare(layer)
    if (share > 0) told++
    assert.ok(
      share * supremum(plain) <= truth * (1 + 1e-12),
      `seed ${seed}: ${share} of M, the norm is ${truth / supremum(plain)} of it`,
    )
  }
  assert.ok(told > 30, `${told} shares`)
})

test.run()
