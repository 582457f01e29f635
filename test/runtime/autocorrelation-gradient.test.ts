import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense, type Geometry, spatialGram } from '../../src/index.ts'
import { powerSumGradient } from '../../src/runtime/autocorrelation-gradient.ts'
import { largestPowerSum } from '../../src/runtime/autocorrelation-powers.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { seeded } from '../oracle.ts'

/** Largest difference between the gradient and central differences. */
function difference(data: Float64Array, shape: number[], geometry: Geometry, iterations: number): number {
  const value = (at: number, step: number) => {
    const moved = data.slice()
    moved[at] += step
    return spatialGram(conv({ data: moved, shape }, geometry), { iterations }).value
  }
  const { gradient } = spatialGram(conv({ data, shape }, geometry), { iterations, gradient: true })
  assert.equal(gradient?.shape, shape)
  return gradient!.data.reduce((most, x, at) => Math.max(most, Math.abs(x - (value(at, 1e-5) - value(at, -1e-5)) / 2e-5)), 0)
}

test('central differences: each number of iterations, stride, dimension, groups, and a kernel wider than tall', () => {
  for (const [shape, geometry, iterations] of [
    [[3, 4, 3, 3], {}, 1],
    [[4, 3, 3, 3], {}, 3],
    [[2, 3, 3, 3], { stride: 2 }, 4],
    [[5, 2, 4], {}, 5],
    [[2, 2, 2, 1, 2], {}, 2],
    [[4, 1, 3, 3], { groups: 4 }, 3],
    [[3, 2, 2, 3], { transposed: true, stride: 2 }, 2],
  ] as [number[], Geometry, number][]) {
    const size = shape.reduce((product, n) => product * n, 1)
    assert.ok(difference(seeded(size, size), shape, geometry, iterations) < 1e-7, `${shape}, ${iterations}`)
  }
})

test('a dense layer has one frequency', () => {
  const data = seeded(5, 20)
  const at = (x: Float64Array) => spatialGram(dense({ data: x, shape: [4, 5] }), { iterations: 3, gradient: true })
  const { gradient } = at(data)
  data.forEach((_, i) => {
    const [more, less] = [1e-5, -1e-5].map(step => at(data.map((x, j) => (i === j ? x + step : x))).value)
    assert.ok(Math.abs(gradient!.data[i] - (more - less) / 2e-5) < 1e-8)
  })
})

test('the column that the value leaves behind and one computed from its unit vector give the same gradient', () => {
  const layer = conv({ data: seeded(7, 5 * 6 * 9), shape: [5, 6, 3, 3] })
  const symbol = symbolEverySize(layer)
  // as many powers as channels or fewer, and more: then some of them are squarings
  for (const [steps, grid] of [
    [3, [18, 20]],
    [5, [70, 66]],
  ] as const) {
    withGramSymbol(symbol, 0, gram => {
      const { row, frequencies, column } = largestPowerSum(gram, grid, steps, true)
      const of = { frequencies, column: row, m: 2 ** (steps - 1), scale: 2 ** -4 }
      assert.ok(column)
      const left = powerSumGradient(symbol, 0, gram, { ...of, image: column })
      const own = powerSumGradient(symbol, 0, gram, of)
      const peak = own.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      left.forEach((x, i) => {
        assert.ok(Math.abs(x - own[i]) < 1e-12 * peak, `${steps}, ${i}`)
      })
    })
  }
})

test('the sign of a tap that is zero but for rounding is 0: an orthogonal kernel', () => {
  // F(θ) = I − vvᵀ + vvᵀe^{iθ} is unitary: all of R's taps are zero but for the diagonal at the centre
  const n = 5
  const v = seeded(11, n)
  const square = v.reduce((sum, x) => sum + x * x, 0)
  const data = new Float64Array(2 * n * n)
  for (let o = 0; o < n; o++) {
    for (let i = 0; i < n; i++) {
      const share = (v[o] * v[i]) / square
      data.set([(o === i ? 1 : 0) - share, share], 2 * (o * n + i))
    }
  }
  const { value, gradient } = spatialGram(conv({ data, shape: [n, n, 2] }), { iterations: 3, gradient: true })
  assert.ok(Math.abs(value - 1) < 1e-12)
  // so the gradient of a row's sum is the kernel's own row
  const rows = Array.from({ length: n }, (_, o) => gradient!.data.subarray(2 * n * o, 2 * n * (o + 1)))
  const own = rows.findIndex(row => row.some(x => Math.abs(x) > 1e-6))
  rows.forEach((row, o) => {
    row.forEach((x, at) => {
      assert.ok(Math.abs(x - (o === own ? data[2 * n * o + at] : 0)) < 1e-12, `${o}, ${at}: ${x}`)
    })
  })
})

test.run()
