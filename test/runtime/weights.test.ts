import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { absoluteSquares, countSmall, squaresOfTaps } from '../../src/runtime/weights.ts'
import { seeded } from '../oracle.ts'

const SHAPES = [
  [1, 1],
  [1, 9],
  [9, 1],
  [3, 2],
  [5, 7],
  [4, 8],
  [9, 33],
  [25, 64],
  [2, 1023],
] as const

test('countSmall: every number at most the bound and not zero, wherever it stands', () => {
  const kinds = [0, -0, 5e-324, -5e-324, 1e-9, -1e-9, 1.0000001e-9, -2, 1]
  for (let n = 0; n < 20; n++) {
    for (let k = 0; k < kinds.length; k++) {
      const numbers = Float64Array.from({ length: n }, (_, i) => kinds[(i * i + k) % kinds.length])
      const wanted = numbers.filter(x => x !== 0 && Math.abs(x) <= 1e-9).length
      assert.is(countSmall(numbers, 1e-9), wanted, `${numbers}`)
    }
  }
})

test('absoluteSquares, squaresOfTaps: as their definitions say, for sides of every remainder', () => {
  for (const [taps, plane] of SHAPES) {
    const weights = seeded(100 * taps + plane, taps * plane)
    let wanted = 0
    for (let e = 0; e < plane; e++) {
      let sum = 0
      for (let t = 0; t < taps; t++) sum += Math.abs(weights[t * plane + e])
      wanted += sum * sum
    }
    const found = absoluteSquares(weights, plane)
    assert.ok(Math.abs(found - wanted) <= 1e-14 * wanted, `${taps} taps of ${plane}: ${found} for ${wanted}`)
    const squares = squaresOfTaps(weights, plane)
    assert.is(squares.length, taps)
    squares.forEach((square, t) => {
      const own = weights.subarray(t * plane, (t + 1) * plane).reduce((sum, x) => sum + x * x, 0)
      assert.ok(Math.abs(square - own) <= 1e-14 * own, `${taps} taps of ${plane}, ${t}: ${square} for ${own}`)
    })
  }
})

test('squaresOfTaps: zero for zeros alone, positive where squares vanish', () => {
  const weights = new Float64Array(12)
  weights[5] = 1e-200
  weights[9] = -1
  assert.equal(Array.from(squaresOfTaps(weights, 4)), [0, Number.MIN_VALUE, 1])
})

test.run()
