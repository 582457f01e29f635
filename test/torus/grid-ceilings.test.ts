import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, gapOf, spectralNorm } from '../../src/index.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { gridCeilings } from '../../src/torus/grid-ceilings.ts'
import { piecesOf } from '../../src/torus/pieces.ts'
import { uniform } from './random-layers.ts'
import { supremum } from './supremum.ts'

const SHAPES = [[2], [5], [40], [1, 3], [3, 3], [4, 2], [5, 5], [2, 2, 2], [3, 1, 3]]

test('never below the norm, and at most 1.02 an axis above it', () => {
  for (const [at, sides] of SHAPES.entries()) {
    const next = uniform(at + 1)
    for (const rows of [1, 3]) {
      const groups = 5
      const taps = sides.reduce((a, b) => a * b)
      const data = Float64Array.from({ length: groups * rows * taps }, (_, i) => (next() - 0.5) * (i < rows * taps ? 1e-3 : 1))
      const symbol = symbolEverySize(conv({ data, shape: [groups * rows, 1, ...sides] }, { groups }))
      const parts = Array.from({ length: groups }, (_, group) => piecesOf(symbol, group, 2 ** -60).pieces[0].symbol)
      const ceilings = gridCeilings(parts)
      for (let group = 0; group < groups; group++) {
        const kernel = data.subarray(group * rows * taps, (group + 1) * rows * taps)
        const each = sides.map(() => 1)
        const truth =
          supremum({ kernel, shape: [rows, 1, ...sides], stride: each, dilation: each, groups: 1 }) / 2 ** symbol.exponent
        const told = `${sides}, ${rows} rows: ${truth}, ceiling ${ceilings[group]}`
        assert.ok(ceilings[group] >= truth * (1 - 1e-13) && ceilings[group] <= truth * 1.021 ** sides.length, told)
      }
    }
  }
})

test('taps in phase halfway between two points of the grid: values on it are not enough', () => {
  const angle = (2 * Math.PI * 3.5) / 16
  const kernel = Float64Array.from({ length: 6 }, (_, i) => (i < 3 ? Math.cos(i * angle) : Math.sin((i - 3) * angle)))
  const symbol = symbolEverySize(conv({ data: kernel, shape: [2, 1, 3] }))
  const [ceiling] = gridCeilings([piecesOf(symbol, 0, 2 ** -60).pieces[0].symbol])
  const truth = supremum({ kernel, shape: [2, 1, 3], stride: [1], dilation: [1], groups: 1 }) / 2 ** symbol.exponent
  assert.ok(ceiling >= truth && ceiling < 1.02 * truth)
})

test('hundreds of channels with a kernel each take the evaluations of a few', () => {
  const next = uniform(9)
  for (const [groups, k] of [
    [300, 7],
    [64, 13],
  ]) {
    const data = Float64Array.from({ length: groups * k * k }, () => next() - 0.5)
    const bound = spectralNorm(conv({ data, shape: [groups, 1, k, k] }, { groups }))
    assert.ok(bound.converged && bound.work < 3000, `${groups} channels, ${k}×${k}: ${bound.work} evaluations`)
    // the same as a dense layer: blocks of one channel each
    if (k !== 7) continue
    const dense = new Float64Array(30 * 30 * k * k)
    for (let c = 0; c < 30; c++) dense.set(data.subarray(c * k * k, (c + 1) * k * k), (c * 30 + c) * k * k)
    const [apart, together] = [
      spectralNorm(conv({ data: data.slice(0, 30 * k * k), shape: [30, 1, k, k] }, { groups: 30 })),
      spectralNorm(conv({ data: dense, shape: [30, 30, k, k] })),
    ]
    assert.is(apart.upper, together.upper)
    assert.is(apart.work, together.work)
    assert.ok(gapOf(together) <= 1e-6)
  }
})

test.run()
