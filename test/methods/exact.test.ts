import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense, exact, singularValues } from '../../src/index.ts'
import { seeded } from '../oracle.ts'

/** I − 2vvᵀ/‖v‖² applied to the columns of a rows × columns matrix, row-major. */
function reflect(matrix: Float64Array, columns: number, v: Float64Array): void {
  const square = v.reduce((sum, x) => sum + x * x, 0)
  for (let j = 0; j < columns; j++) {
    let dot = 0
    for (let i = 0; i < v.length; i++) dot += v[i] * matrix[i * columns + j]
    for (let i = 0; i < v.length; i++) matrix[i * columns + j] -= (2 * dot * v[i]) / square
  }
}

const transposed = (matrix: Float64Array, columns: number): Float64Array => {
  const rows = matrix.length / columns
  return Float64Array.from(matrix, (_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)])
}

/** U·D·Vᵀ with reflections U and V. */
function between(rows: number, columns: number, diagonal: readonly number[]): Float64Array {
  let matrix: Float64Array = new Float64Array(rows * columns)
  diagonal.forEach((x, i) => {
    matrix[i * columns + i] = x
  })
  reflect(matrix, columns, seeded(1, rows))
  matrix = transposed(matrix, columns)
  reflect(matrix, rows, seeded(2, columns))
  return transposed(matrix, rows)
}

test('gradient: the top pair by construction, however close the next value is', () => {
  for (const [rows, columns, gap] of [
    [70, 60, 0.1],
    [60, 70, 1e-3],
    [90, 90, 1e-5],
    [20, 30, 1e-4],
  ]) {
    const values = Array.from({ length: Math.min(rows, columns) }, (_, i) => (i === 0 ? 1 : (1 - gap) * 0.97 ** (i - 1)))
    const expected = between(rows, columns, [1])
    const { value, gradient } = exact(dense({ data: between(rows, columns, values), shape: [rows, columns] }), { gradient: true })
    assert.ok(Math.abs(value - 1) < 1e-13)
    gradient!.data.forEach((x, at) => {
      assert.ok(Math.abs(x - expected[at]) < 1e-12 / gap, `${rows} × ${columns}, gap ${gap}: ${x} for ${expected[at]}`)
    })
  }
})

test('frequencies that single precision cannot tell from the maximum: the largest singular value is still within the ends', () => {
  for (const n of [4, 50, 64]) {
    for (const spread of [0, 1e-12, 1e-6, 1e-3]) {
      // F(θ) = A + (spread)·B·e^{iθ}: all frequencies are about alike
      const data = seeded(n, 2 * n * n).map((x, at) => (at % 2 === 0 ? x : spread * x))
      const layer = conv({ data, shape: [n, n, 2] }, { inputSize: 12, padding: 'circular' })
      const [top] = singularValues(layer)
      const { value, lower, upper } = exact(layer)
      assert.ok(lower <= top * (1 + 1e-14) && top * (1 - 1e-14) <= upper, `${n}, ${spread}: ${lower} ${top} ${upper}`)
      assert.ok(Math.abs(value / top - 1) < 1e-13)
      assert.ok(upper / lower - 1 < 1e-10)
    }
  }
})

test('memory that the taps of one layer leave to the next holds nothing of them, also where a stride leaves gaps', () => {
  const layerOf = (seed: number, stride: number, shape: number[]) =>
    conv(
      {
        data: seeded(
          seed,
          shape.reduce((a, b) => a * b),
        ),
        shape,
      },
      { inputSize: 8, padding: 'circular', stride },
    )
  const strided = layerOf(1, 2, [8, 4, 3, 3])
  const fresh = exact(strided, { gradient: true })
  // 16 taps of 8 × 4 are as many numbers as these
  exact(layerOf(2, 1, [8, 8, 2, 4]))
  assert.equal(exact(strided, { gradient: true }), fresh)
  assert.equal(exact(strided, { gradient: true }), fresh)
})

test.run()
