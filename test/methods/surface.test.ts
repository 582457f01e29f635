import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense } from '../../src/conv.ts'
import { surface } from '../../src/methods/surface.ts'

/** σ₁ of a one-channel kernel at a frequency is |Σ K_p e^{ip·θ}|: no linear algebra at all. */
test('one channel: the surface is the modulus of the kernel’s transform', () => {
  const data = [1, -2, 0.5, 3, 0.25, -1, 2, 1, -0.75]
  const { sides, norms, singularValues } = surface(conv({ data, shape: [1, 1, 3, 3] }), { gridSize: 7 })
  assert.equal(sides, [7, 7])
  for (let a = 0; a < 7; a++)
    for (let b = 0; b < 7; b++) {
      let [re, im] = [0, 0]
      for (let p = 0; p < 9; p++) {
        const angle = (2 * Math.PI * (a * Math.floor(p / 3) + b * (p % 3))) / 7
        re += data[p] * Math.cos(angle)
        im += data[p] * Math.sin(angle)
      }
      assert.ok(Math.abs(norms[7 * a + b] - Math.hypot(re, im)) < 1e-13)
    }
  assert.equal(
    [...singularValues],
    [...norms].sort((x, y) => y - x),
  )
})

test('the sum of squares is that of the circular operator: points times the kernel’s', () => {
  const data = Float64Array.from({ length: 6 * 2 * 3 * 3 }, (_, i) => ((i * 7919) % 23) - 11)
  const layer = conv({ data, shape: [6, 2, 3, 3] }, { groups: 2 })
  const { singularValues, sides } = surface(layer, { gridSize: 8 })
  const square = (values: Float64Array): number => values.reduce((sum, x) => sum + x * x, 0)
  assert.is(singularValues.length, sides[0] * sides[1] * 4)
  assert.ok(Math.abs(square(singularValues) / (sides[0] * sides[1] * square(data)) - 1) < 1e-12)
})

test('a dense layer is one point, a pointwise layer too', () => {
  assert.equal(
    [
      ...surface(
        dense([
          [3, 0],
          [0, 4],
        ]),
      ).singularValues,
    ],
    [4, 3],
  )
  assert.equal(surface(conv({ data: [3, 0, 0, 4], shape: [2, 2, 1, 1] })).sides, [1, 1])
})

test('large layers get a coarser grid', () => {
  const large = conv({ data: new Float64Array(128 * 128 * 9).map((_, i) => (i * 31) % 17), shape: [128, 128, 3, 3] })
  const { sides } = surface(large)
  assert.ok(sides[0] < 24 && sides[0] >= 4, String(sides))
})

test.run()
