import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { subsetsOf, unfoldingOf } from '../../src/methods/f4.ts'
import { type Arena, borrow } from '../../src/runtime/arena.ts'
import { allocMatrix, ceilingOf, type RealMatrix, topPairOf } from '../../src/runtime/matrix-norm.ts'
import { sumOfSquares } from '../../src/summation.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { decompose, seeded } from '../oracle.ts'

const SIDES = [
  [1, 1],
  [1, 7],
  [9, 1],
  [2, 2],
  [3, 5],
  [17, 4],
  [5, 129],
  [131, 6],
  [33, 33],
] as const

/** Rows in linear memory, with NaN in whatever lies between and after them. */
function put(arena: Arena, rows: number, columns: number, data: Float64Array): RealMatrix {
  const matrix = allocMatrix(arena, rows, columns, sumOfSquares(data))
  const x = arena.f64(matrix.at, rows * matrix.stride).fill(Number.NaN)
  for (let i = 0; i < rows; i++) x.set(data.subarray(i * columns, (i + 1) * columns), i * matrix.stride)
  return matrix
}

const norm = (x: Float64Array) => Math.sqrt(x.reduce((sum, y) => sum + y * y, 0))

test('topPairOf, ceilingOf: every shape against a decomposition; what lies between rows is not read', () => {
  for (const [rows, columns] of SIDES) {
    const data = seeded(rows * 1000 + columns, rows * columns, 0.2)
    const truth = decompose({ rows, columns, data }).sigma[0]
    borrow(arena => {
      const matrix = put(arena, rows, columns, data)
      const rough = topPairOf(matrix, 0.03)
      for (const { sigma, lower, u, v } of [topPairOf(matrix, 1e-9), topPairOf(matrix, 1e-9, rough.v)]) {
        const what = `${rows} × ${columns}: `
        assert.ok(Math.abs(sigma - truth) <= 1e-14 * truth, `${what}${sigma} for ${truth}`)
        assert.ok(lower <= truth * (1 + 1e-15) && lower >= truth * (1 - 1e-12), `${what}${lower} below ${truth}`)
        assert.ok(Math.abs(norm(u) - 1) <= 1e-14 && Math.abs(norm(v) - 1) <= 1e-14, `${what}unit vectors`)
        let form = 0
        for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) form += u[i] * data[i * columns + j] * v[j]
        assert.ok(Math.abs(form - truth) <= 1e-13 * truth, `${what}uᵀXv is ${form} for ${truth}`)
        const upper = ceilingOf(matrix, sigma)
        assert.ok(upper >= truth * (1 - 1e-15) && upper <= truth * (1 + 1e-11), `${what}${upper} above ${truth}`)
      }
    })
  }
})

test('topPairOf: a start at right angles to the top vector, or to all rows, is no obstacle', () => {
  // X = diag(3, 2, 1) and a column of zeros
  const data = Float64Array.of(3, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0).map(x => x / 4)
  borrow(arena => {
    const matrix = put(arena, 3, 4, data)
    assert.ok(Math.abs(topPairOf(matrix, 1e-9, Float64Array.of(1e-8, 1, 1, 0)).sigma - 0.75) < 1e-14)
    assert.is(topPairOf(matrix, 1e-9).sigma, 0.75)
  })
})

test('topPairOf, ceilingOf: zeros', () => {
  borrow(arena => {
    for (const [rows, columns] of SIDES) {
      const matrix = put(arena, rows, columns, new Float64Array(rows * columns))
      const { sigma, lower } = topPairOf(matrix, 1e-9)
      assert.equal([sigma, lower], [0, 0])
      const upper = ceilingOf(matrix, sigma)
      assert.ok(upper >= 0 && upper < 1e-150, `${rows} × ${columns}: ${upper}`)
    }
  })
})

test('unfoldingOf: entry (m, axes in S; n, the other axes) is the weight there, on every axis', () => {
  for (const shape of [
    [4, 3, 2, 3],
    [2, 5, 3],
    [3, 2, 2, 1, 3],
  ]) {
    const [m, n, ...k] = shape
    const data = Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => 1 + i)
    const symbol = symbolEverySize(conv({ data, shape }))
    const unit = 2 ** symbol.exponent
    borrow(arena => {
      for (const subset of subsetsOf(symbol)) {
        const { rows, columns, at, stride } = unfoldingOf(arena, symbol, symbol.taps, subset, sumOfSquares(symbol.taps))
        const x = arena.f64(at, rows * stride)
        const found = new Set<number>()
        data.forEach((weight, flat) => {
          const index = [m, n, ...k].map((side, d, all) => Math.floor(flat / all.slice(d + 1).reduce((a, b) => a * b, 1)) % side)
          const [out, into] = symbol.transposed ? [index[1], index[0]] : index
          // taps are written by ascending q: those of a convolution in the order of the kernel
          const fold = (start: number, chosen: number) =>
            k.reduce((sum, side, d) => (((subset >> d) & 1) === chosen ? sum * side + index[2 + d] : sum), start)
          const inner = symbol.transposed ? m : n
          const outer = symbol.transposed ? n : m
          const [row, column] = [fold(0, 1) * outer + out, fold(0, 0) * inner + into]
          found.add(row * stride + column)
          assert.is(x[row * stride + column] * unit, weight, `${shape.join('×')}, ${subset}: ${row}, ${column}`)
        })
        assert.is(found.size, rows * columns)
      }
    })
  }
})

test.run()
