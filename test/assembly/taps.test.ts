import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fenced, random } from './pairs.ts'

const uniform = (length: number, seed: number) => Float64Array.from({ length }, random(seed))

test('tapProducts: every tap times one complex vector, on both sides of four columns', () => {
  for (const [taps, m, n] of [
    [1, 1, 1],
    [3, 2, 3],
    [9, 5, 4],
    [2, 4, 5],
    [4, 7, 9],
  ]) {
    const [a, x] = [uniform(taps * m * n, 1), uniform(2 * n, 2)]
    const [y] = fenced([2 * taps * m], (arena, y) => arena.routines.tapProducts(taps, m, n, arena.put(a), arena.put(x), y))
    for (let t = 0; t < taps; t++)
      for (let i = 0; i < m; i++)
        for (const part of [0, 1]) {
          let sum = 0
          for (let j = 0; j < n; j++) sum += a[(t * n + j) * m + i] * x[2 * j + part]
          assert.ok(Math.abs(y[2 * (t * m + i) + part] - sum) < 1e-14, `${taps} taps of ${m}×${n}`)
        }
  }
})

test('tapSums: complex combinations of the taps’ vectors', () => {
  for (const [count, taps, m] of [
    [1, 1, 1],
    [6, 9, 3],
    [2, 5, 16],
    [10, 27, 2],
  ]) {
    const [w, y] = [uniform(2 * count * taps, 3), uniform(2 * taps * m, 4)]
    const [z] = fenced([2 * count * m], (arena, z) => arena.routines.tapSums(count, taps, m, arena.put(w), arena.put(y), z))
    for (let k = 0; k < count; k++)
      for (let i = 0; i < m; i++) {
        let [re, im] = [0, 0]
        for (let p = 0; p < taps; p++) {
          const [c, s] = [w[2 * (k * taps + p)], w[2 * (k * taps + p) + 1]]
          const [x, u] = [y[2 * (p * m + i)], y[2 * (p * m + i) + 1]]
          re += c * x - s * u
          im += c * u + s * x
        }
        assert.ok(Math.abs(z[2 * (k * m + i)] - re) < 1e-14 && Math.abs(z[2 * (k * m + i) + 1] - im) < 1e-14)
      }
  }
})

test.run()
