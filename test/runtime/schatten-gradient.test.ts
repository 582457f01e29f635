import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense } from '../../src/index.ts'
import { timesRealPower } from '../../src/runtime/real-powers.ts'
import { schattenDerivative } from '../../src/runtime/schatten-gradient.ts'
import { symbolCircular } from '../../src/symbol.ts'
import { seeded } from '../oracle.ts'

test('real and complex arithmetic give the same derivative', () => {
  for (const [m, n] of [
    [1, 1],
    [5, 3],
    [33, 8],
    [31, 17],
    [64, 64],
  ]) {
    const kernel = { data: seeded(m + n, m * n), shape: [m, n] }
    const here = { turns: [], points: new Float64Array(0) }
    const real = schattenDerivative(symbolCircular(dense(kernel)), 0, here, 5, 2)
    // A quarter turn of the phase makes the same matrix imaginary.
    const tap = conv(
      { data: new Float64Array([...kernel.data].flatMap(x => [0, x])), shape: [m, n, 2] },
      { padding: 'circular', inputSize: 4 },
    )
    const complex = schattenDerivative(symbolCircular(tap), 0, { turns: [4], points: Float64Array.of(1) }, 5, 2)
    for (let e = 0; e < m * n; e++) {
      assert.ok(Math.abs(real[2 * e] - complex[2 * e + 1]) < 1e-13, `${m} × ${n}, ${e}`)
      assert.ok(Math.abs(complex[2 * e]) < 1e-13)
    }
  }
})

test('F·(FᵀF)^(2^t − 1) up to a factor, for rows that are no multiple of the columns', () => {
  const [m, n, steps] = [7, 2, 3]
  const f = seeded(9, m * n)
  const times = (a: number[][], b: number[][]) =>
    a.map(row => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)))
  const rows = Array.from({ length: m }, (_, i) => Array.from({ length: n }, (_, j) => f[j * m + i]))
  const columns = Array.from({ length: n }, (_, j) => Array.from(f.subarray(j * m, (j + 1) * m)))
  let expected = rows
  for (let k = 1; k < 2 ** steps; k++) expected = times(expected, times(columns, rows))
  const got = timesRealPower(f, m, n, steps)
  const factor = got[0] / expected[0][0]
  assert.ok(factor > 0)
  expected.forEach((row, i) => {
    row.forEach((x, j) => {
      assert.ok(Math.abs(got[j * m + i] / (x * factor) - 1) < 1e-12, `${i}, ${j}`)
    })
  })
})

test.run()
