import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import type { Batch } from '../../src/runtime/batch.ts'
import { singularValuesAt, singularValuesOfBatch } from '../../src/runtime/spectrum.ts'
import { type Decompositions, svdAt, svdOf } from '../../src/runtime/svd.ts'
import { circularFrequencies, circularGrid, symbolCircular } from '../../src/symbol.ts'
import { random } from '../assembly/pairs.ts'

/** Largest |A − UΣVᴴ| of matrix k over its largest |entry|. */
function residual({ rows, columns, re, im }: Batch, { u, sigma, v }: Decompositions, k: number): number {
  const r = Math.min(rows, columns)
  let worst = 0
  let top = 0
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) {
      const at = (k * columns + j) * rows + i
      let x = re[at]
      let y = im ? im[at] : 0
      top = Math.max(top, Math.abs(x), Math.abs(y))
      for (let l = 0; l < r; l++) {
        const p = 2 * ((k * r + l) * rows + i)
        const q = 2 * ((k * r + l) * columns + j)
        x -= sigma[k * r + l] * (u[p] * v[q] + u[p + 1] * v[q + 1])
        y -= sigma[k * r + l] * (u[p + 1] * v[q] - u[p] * v[q + 1])
      }
      worst = Math.max(worst, Math.abs(x), Math.abs(y))
    }
  }
  return worst / (top || 1)
}

test('batches of any shape, real and complex, each at its own scale', () => {
  for (const [rows, columns] of [
    [1, 1],
    [3, 5],
    [5, 3],
    [8, 8],
    [33, 20],
    [20, 33],
  ]) {
    for (const count of [1, 2, 5]) {
      const next = random(rows + 7 * columns + count)
      const scales = [1, 1e-290, 1e290, 0, 2 ** -500]
      const make = () =>
        Float64Array.from({ length: count * rows * columns }, (_, i) => next() * scales[Math.floor(i / rows / columns)])
      for (const batch of [
        { rows, columns, re: make() },
        { rows, columns, re: make(), im: make() },
        { rows, columns, re: new Float64Array(count * rows * columns), im: make() },
      ]) {
        const found = svdOf(batch)
        for (let k = 0; k < count; k++) assert.ok(residual(batch, found, k) < 1e-13, `${rows}×${columns} ${k}`)
        assert.is(found.sigma.length, count * Math.min(rows, columns))
        const alone = singularValuesOfBatch(batch)
        const r = Math.min(rows, columns)
        for (const [i, x] of alone.entries())
          assert.ok(Math.abs(x - found.sigma[i]) <= 1e-14 * alone[i - (i % r)], `${x} ${found.sigma[i]}`)
      }
    }
  }
})

test('a symbol: the same values as without vectors, and singular pairs that fit', () => {
  const data = Float64Array.from({ length: 4 * 3 * 9 }, random(3))
  const layer = conv({ data, shape: [4, 3, 3, 3] }, { padding: 'circular', inputSize: 5 })
  const symbol = symbolCircular(layer)
  const frequencies = circularFrequencies(circularGrid(layer))
  const values = singularValuesAt(symbol, 0, frequencies)
  const { u, sigma, v } = svdAt(symbol, 0, frequencies)
  for (const [i, x] of values.entries()) assert.ok(Math.abs(x - sigma[i]) < 1e-14 * values[0])
  // At θ = 0 the symbol is the sum of its taps.
  const re = new Float64Array(12)
  symbol.taps.forEach((x, i) => {
    re[i % 12] += x
  })
  assert.ok(residual({ rows: 4, columns: 3, re }, { u, sigma, v }, 0) < 1e-14)
})

test.run()
