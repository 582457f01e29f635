import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { symbolAt } from '../../src/runtime/evaluate.ts'
import { excessAt } from '../../src/runtime/excess.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { decompose, type Matrix, seeded } from '../oracle.ts'

const test = suite('runtime/excess')

/** The real picture of a complex m × n matrix, [[re, −im], [im, re]]: it has every singular value twice. */
function picture(x: Float64Array, m: number, n: number): Matrix {
  const data = new Float64Array(4 * m * n)
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) {
      const [re, im] = [x[2 * (j * m + i)], x[2 * (j * m + i) + 1]]
      data[i * 2 * n + j] = data[(m + i) * 2 * n + n + j] = re
      data[(m + i) * 2 * n + j] = im
      data[i * 2 * n + n + j] = -im
    }
  }
  return { rows: 2 * m, columns: 2 * n, data }
}

/** Frequencies of one axis: an odd number, so that the last pair has one lane only. */
const frequencies = { turns: [7], points: Float64Array.of(0, 1, 2, 3, 5) }

test('what is left has its singular values at the level, and the rest untouched', () => {
  for (const [outputs, inputs] of [
    [5, 3],
    [3, 5],
    [4, 4],
    [1, 1],
    [9, 8],
  ]) {
    // biome-ignore format: sizes
    const symbol = symbolEverySize(conv({ data: seeded(outputs, outputs * inputs * 3), shape: [outputs, inputs, 3] }))
    const { rows: m, columns: n } = symbol
    const values = symbolAt(symbol, 0, frequencies)
    const at = (i: number) => values.subarray(2 * i * m * n, 2 * (i + 1) * m * n)
    const before = Array.from(frequencies.points, (_, i) => decompose(picture(at(i), m, n)).sigma)
    const level = before.reduce((sum, sigma) => sum + sigma[0], 0) / before.length
    const seen: number[] = []
    const largest = excessAt(symbol, 0, frequencies, level, (i, part) => {
      seen.push(i)
      const left = decompose(picture(at(i).map((x, e) => x - part[e]), m, n)) // biome-ignore format: one line
      left.sigma.forEach((sigma, j) => {
        assert.ok(Math.abs(sigma - Math.min(before[i][j], level)) < 1e-12, `${m}×${n}, frequency ${i}: ${left.sigma}`)
      })
      const touched = decompose(picture(part, m, n)).sigma.filter(sigma => sigma > 1e-11).length
      assert.is(touched, before[i].filter(sigma => sigma > level).length, 'only those above the level are in the part')
    })
    const want = before.flatMap((sigma, i) => (sigma[0] > level ? [i] : []))
    assert.equal(seen, want)
    assert.ok(Math.abs(largest - Math.max(...before.map(sigma => sigma[0]))) < 1e-12)
  }
})

test('a level above every norm takes nothing; clusters of equal values are all taken', () => {
  // Twelve channels passed on by one tap each: every singular value is 1 at every frequency.
  const side = 12
  const data = new Float64Array(side * side * 2)
  for (let i = 0; i < side; i++) data[(i * side + ((5 * i) % side)) * 2 + (i & 1)] = 1
  const symbol = symbolEverySize(conv({ data, shape: [side, side, 2] }))
  const one = 2 ** -symbol.exponent
  assert.is(
    excessAt(symbol, 0, frequencies, 1.001 * one, () => assert.unreachable('nothing is above')),
    0,
  )
  let taken = 0
  excessAt(symbol, 0, frequencies, 0.25 * one, (_, part) => {
    taken++
    for (const sigma of decompose(picture(part, side, side)).sigma) assert.ok(Math.abs(sigma - 0.75 * one) < 1e-12)
  })
  assert.is(taken, 5)
})

test.run()
