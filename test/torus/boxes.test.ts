import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { arch, type Box, cornersOf, split } from '../../src/torus/boxes.ts'
import { uniform } from './random-layers.ts'

/** Σ w_i·values_i + Σ x_d(1 − x_d)·bends_d at one point of the unit cube. */
function height(values: readonly number[], bends: readonly number[], x: readonly number[]): number {
  let sum = bends.reduce((total, bend, d) => total + x[d] * (1 - x[d]) * bend, 0)
  values.forEach((value, bits) => {
    sum += x.reduce((weight, w, d) => weight * ((bits >> d) & 1 ? w : 1 - w), value)
  })
  return sum
}

test('the arch is above every point of its box, and on it where there is one axis', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = uniform(seed)
    const axes = 1 + (seed % 3)
    const values = Array.from({ length: 1 << axes }, () => 4 * next())
    const bends = Array.from({ length: axes }, () => (next() < 0.2 ? 0 : 6 * next() * next()))
    const top = arch(values, bends)
    let highest = -Infinity
    const side = [400, 40, 14][axes - 1]
    for (let i = 0; i < (side + 1) ** axes; i++) {
      const x = Array.from({ length: axes }, (_, d) => (Math.floor(i / (side + 1) ** d) % (side + 1)) / side)
      highest = Math.max(highest, height(values, bends, x))
    }
    assert.ok(top >= highest, `seed ${seed}: ${top} below ${highest}`)
    const largest = Math.max(...values) + 0.25 * bends.reduce((a, b) => a + b)
    assert.ok(top <= largest * (1 + 1e-13) + 1e-13, `seed ${seed}: ${top} above the largest corner's ${largest}`)
    if (axes === 1) assert.ok(top - highest < 1e-4, `seed ${seed}: ${top} for ${highest}`)
  }
})

test('a corner without a ceiling leaves the box open, and no bend leaves the largest corner', () => {
  assert.is(arch([1, 2, Infinity, 0], [1, 1]), Infinity)
  assert.is(arch([1, Infinity], [3]), Infinity)
  assert.ok(Math.abs(arch([1, 2, 3, 0, 5, 1, 2, 2], [0, 0, 0]) - 5) < 1e-12)
  assert.is(arch([7], []) > 7 - 1e-12, true)
})

test('halves share a face: its corners have the same names, mirrored or not', () => {
  const lattice = { turns: [48, 48], discrete: false }
  const names = (box: Box) => cornersOf(box, lattice).map(({ point }) => point.join())
  for (let seed = 1; seed <= 50; seed++) {
    const next = uniform(seed)
    const box = { corner: [Math.floor(next() * 48), Math.floor(next() * 48)], width: [4, 6] }
    for (const axis of [0, 1]) {
      const [low, high] = split(box, axis)
      const [a, b] = [names(low), names(high)]
      const bit = 1 << axis
      for (let i = 0; i < 4; i++) if (i & bit) assert.is(a[i], b[i & ~bit])
      assert.is(low.parent, box)
    }
  }
})

test.run()
