import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { adjointTimes, type Complex, fenced, pack, random, randomMatrix, SIDES, unpack, zeros } from './pairs.ts'

/** A·B. */
function times(a: Complex, b: Complex): Complex {
  return adjointTimes(adjoint(a), b)
}

function adjoint(a: Complex): Complex {
  const b = zeros(a.columns, a.rows)
  for (let j = 0; j < a.columns; j++) {
    for (let i = 0; i < a.rows; i++) {
      b.re[i * a.columns + j] = a.re[j * a.rows + i]
      b.im[i * a.columns + j] = -a.im[j * a.rows + i]
    }
  }
  return b
}

const columnsOf = (a: Complex, first: number, count: number): Complex => ({
  rows: a.rows,
  columns: count,
  re: a.re.slice(first * a.rows, (first + count) * a.rows),
  im: a.im.slice(first * a.rows, (first + count) * a.rows),
})

function close(got: Complex, expected: Complex, tolerance: number, only = (_row: number, _column: number) => true): void {
  expected.re.forEach((x, at) => {
    if (!only(at % expected.rows, Math.floor(at / expected.rows))) return
    assert.ok(
      Math.abs(got.re[at] - x) < tolerance && Math.abs(got.im[at] - expected.im[at]) < tolerance,
      `${expected.rows}: ${at}`,
    )
  })
}

test('krylov: x_{s+1} = c·G·x_s from lower triangles, for every pair', () => {
  for (const n of SIDES.filter(n => n < 40)) {
    for (const [steps, count] of [
      [0, 1],
      [1, 4],
      [3, 2],
    ]) {
      const roots = Array.from({ length: count }, (_, i) => randomMatrix(n, n, 10 * n + i))
      const grams = roots.map(root => adjointTimes(root, root))
      const starts = roots.map((_, i) => randomMatrix(n, steps + 1, n + i))
      const pairs = count / 2 > 1 ? count >> 1 : 1
      const scale = 1 / n
      const [got] = fenced([pairs * (steps + 1) * n * 4], (arena, x) => {
        arena.f64(x, pairs * (steps + 1) * n * 4).set(pack(starts))
        // above the diagonal nothing may be read
        const lower = grams.map(g => ({ ...g, re: g.re.map((y, at) => (at % n < Math.floor(at / n) ? Number.NaN : y)) }))
        arena.routines.krylov(pairs, n, steps, scale, arena.put(pack(lower)), x)
      })
      grams.forEach((g, i) => {
        let expected = columnsOf(starts[i], 0, 1)
        for (let s = 0; s <= steps; s++) {
          close(columnsOf(unpack(got, i, n, steps + 1), s, 1), expected, 1e-12)
          expected = times(g, expected)
          expected.re.forEach((_, at) => {
            expected.re[at] *= scale
            expected.im[at] *= scale
          })
        }
      })
    }
  }
})

test('hermitianSum: Σ_b x_b y_{count−1−b}ᴴ + its adjoint, the lower triangle', () => {
  for (const n of SIDES.filter(n => n < 40)) {
    for (const [count, pairs] of [
      [1, 1],
      [2, 2],
      [5, 1],
    ]) {
      const batch = Array.from({ length: 2 * pairs }, (_, i) => [
        randomMatrix(n, count, 3 * n + i),
        randomMatrix(n, count, 5 * n + i),
      ])
      const [got] = fenced([pairs * n * n * 4], (arena, h) => {
        const [x, y] = [0, 1].map(side => arena.put(pack(batch.map(both => both[side]))))
        arena.routines.hermitianSum(pairs, n, count, x, y, h)
      })
      batch.forEach(([x, y], i) => {
        const expected = zeros(n, n)
        for (let b = 0; b < count; b++) {
          const product = times(columnsOf(x, b, 1), adjoint(columnsOf(y, count - 1 - b, 1)))
          const turned = adjoint(product)
          expected.re.forEach((_, at) => {
            expected.re[at] += product.re[at] + turned.re[at]
            expected.im[at] += product.im[at] + turned.im[at]
          })
        }
        close(unpack(got, i, n, n), expected, 1e-13, (row, column) => row >= column)
      })
    }
  }
})

test('multiply: c += aᵀb of two shapes, on both sides of every block', () => {
  const tile = (n: number) => 4 * Math.ceil(n / 4)
  for (const [m, rows, columns] of [
    [1, 1, 5],
    [3, 4, 1],
    [8, 9, 4],
    [17, 5, 13],
    [1100, 131, 3],
  ]) {
    const [a, b, c] = [m * rows, m * columns, tile(rows) * tile(columns)].map((size, i) =>
      Float64Array.from({ length: size }, random(i + 1)),
    )
    const panels = (n: number) => 8 * Math.ceil(n / 4) * Math.ceil(m / 2)
    const [, , got] = fenced([panels(rows), panels(columns), c.length], (arena, left, right, at) => {
      arena.f64(at, c.length).set(c)
      arena.routines.pack(m, rows, arena.put(a), left)
      arena.routines.pack(m, columns, arena.put(b), right)
      arena.routines.multiply(m, rows, columns, left, right, at)
    })
    got.forEach((x, at) => {
      const [i, j] = [at % tile(rows), Math.floor(at / tile(rows))]
      let sum = c[at]
      if (i < rows && j < columns) for (let k = 0; k < m; k++) sum += a[i * m + k] * b[j * m + k]
      assert.ok(Math.abs(x - sum) < 1e-14 * (8 + m), `${m}, ${rows} × ${columns} at ${i}, ${j}`)
    })
  }
})

test.run()
