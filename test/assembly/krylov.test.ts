import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { adjointTimes, type Complex, fenced, pack as batch, random, randomMatrix, SIDES, unpack, zeros } from './pairs.ts'

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

test('krylov: x_{s+1} = G·x_s in every chain of every pair', () => {
  for (const n of SIDES.filter(n => n < 40)) {
    for (const [steps, chains, pairs] of [
      [0, 1, 1],
      [1, 2, 2],
      [3, 3, 1],
      [2, 1, 3],
    ]) {
      const grams = Array.from({ length: 2 * pairs }, (_, i) => {
        const root = randomMatrix(n, n, 10 * n + i)
        const gram = adjointTimes(root, root)
        return { ...gram, re: gram.re.map(x => x / n), im: gram.im.map(x => x / n) }
      })
      const columns = chains * (steps + 1)
      const starts = grams.map((_, i) => randomMatrix(n, columns, n + i))
      const [got] = fenced([pairs * columns * n * 4], (arena, x) => {
        arena.f64(x, pairs * columns * n * 4).set(batch(starts))
        arena.routines.krylov(pairs, n, steps, chains, arena.put(batch(grams)), x)
      })
      grams.forEach((g, i) => {
        for (let chain = 0; chain < chains; chain++) {
          let expected = columnsOf(starts[i], chain * (steps + 1), 1)
          for (let s = 0; s <= steps; s++) {
            close(columnsOf(unpack(got, i, n, columns), chain * (steps + 1) + s, 1), expected, 1e-12)
            expected = times(g, expected)
          }
        }
      })
    }
  }
})

test('anticommutator: PM + MP, the lower triangle', () => {
  for (const n of SIDES.filter(n => n < 40)) {
    for (const pairs of [1, 2]) {
      const [ps, ms] = [1, 2].map(seed =>
        Array.from({ length: 2 * pairs }, (_, i) => {
          const root = randomMatrix(n, n, seed + 10 * n + 3 * i)
          const turned = adjoint(root)
          return { ...root, re: root.re.map((x, at) => x + turned.re[at]), im: root.im.map((x, at) => x + turned.im[at]) }
        }),
      )
      const [got] = fenced([pairs * n * n * 4], (arena, h) => {
        arena.routines.anticommutator(pairs, n, arena.put(batch(ps)), arena.put(batch(ms)), h)
      })
      ps.forEach((p, i) => {
        const [left, right] = [times(p, ms[i]), times(ms[i], p)]
        const expected = { ...left, re: left.re.map((x, at) => x + right.re[at]), im: left.im.map((x, at) => x + right.im[at]) }
        close(unpack(got, i, n, n), expected, 1e-12, (row, column) => row >= column)
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
      const both = Array.from({ length: 2 * pairs }, (_, i) => randomMatrix(n, 2 * count, 3 * n + i))
      const [got] = fenced([pairs * n * n * 4], (arena, h) => {
        arena.routines.hermitianSum(pairs, n, count, arena.put(batch(both)), h)
      })
      both.forEach((x, i) => {
        const expected = zeros(n, n)
        for (let b = 0; b < count; b++) {
          const product = times(columnsOf(x, b, 1), adjoint(columnsOf(x, 2 * count - 1 - b, 1)))
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
