import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { planesBytes } from '../../src/runtime/gram-taps.ts'
import { fenced, pack, random, randomMatrix } from './pairs.ts'

test('adds weighted values of all lanes to the planes, block by block of the lower triangle', () => {
  for (const [n, pairs, taps] of [
    [1, 1, 0],
    [2, 1, 1],
    [3, 2, 4],
    [8, 3, 12],
    [17, 2, 3],
  ]) {
    const values = Array.from({ length: 2 * pairs }, (_, i) => randomMatrix(n, n, i + n))
    const next = random(n)
    const weights = Float64Array.from({ length: pairs * (taps + 1) * 4 }, next)
    const length = planesBytes(n, taps) / 8
    const before = Float64Array.from({ length }, next)
    const [got] = fenced([length, pairs * 4], (arena, planes, work) => {
      arena.f64(planes, length).set(before)
      const g = arena.put(
        Float64Array.from(Array.from({ length: pairs }, (_, p) => [...pack(values.slice(2 * p, 2 * p + 2))]).flat()),
      )
      arena.routines.addHalfPlanes(pairs, n, taps, g, arena.put(weights), planes, work)
    })
    let block = 0
    for (let j = 0; j < n; j += 2) {
      for (let i = j; i < n; i += 2, block += 4 * (1 + 2 * taps)) {
        for (let e = 0; e < 4; e++) {
          const [row, column] = [i + (e & 1), j + (e >> 1)]
          const inside = row < n && column <= row
          for (let t = 0; t <= taps; t++) {
            let [sum, difference] = [before[block + 4 * t + e], t > 0 ? before[block + 4 * (taps + t) + e] : 0]
            values.forEach(({ re, im }, lane) => {
              const at = (t * pairs + (lane >> 1)) * 4 + (lane & 1)
              if (!inside) return
              sum += weights[at] * re[column * n + row]
              difference += weights[at + 2] * im[column * n + row]
            })
            assert.ok(Math.abs(got[block + 4 * t + e] - sum) < 1e-13, `n = ${n}: ${row}, ${column}, tap ${t}`)
            if (t > 0)
              assert.ok(Math.abs(got[block + 4 * (taps + t) + e] - difference) < 1e-13, `n = ${n}: ${row}, ${column}, ${t}`)
          }
        }
      }
    }
  }
})

test('planes from real matrices: weighted sums with their transposes, and weighted differences', () => {
  for (const [n, count, taps] of [
    [1, 1, 0],
    [2, 2, 1],
    [3, 13, 12],
    [8, 3, 4],
    [9, 2, 2],
    [17, 5, 3],
    [33, 4, 12],
  ]) {
    const side = 4 * Math.ceil(n / 4)
    const next = random(n)
    const values = Array.from({ length: count }, () => {
      const v = new Float64Array(side * side)
      for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) v[j * side + i] = next()
      return v
    })
    const weights = Float64Array.from({ length: (1 + taps) * count * 2 }, next)
    const length = planesBytes(n, taps) / 8
    const [got] = fenced([length, 8 * count], (arena, planes, work) => {
      const v = arena.put(Float64Array.from(values.flatMap(x => [...x])))
      arena.routines.interpolate(count, n, taps, v, arena.put(weights), planes, work)
    })
    let block = 0
    for (let j = 0; j < n; j += 2) {
      for (let i = j; i < n; i += 2, block += 4 * (1 + 2 * taps)) {
        for (let e = 0; e < 4; e++) {
          const [row, column] = [i + (e & 1), j + (e >> 1)]
          for (let t = 0; t <= taps; t++) {
            let [sum, difference] = [0, 0]
            values.forEach((v, k) => {
              const [x, y] = [v[column * side + row], v[row * side + column]]
              sum += weights[2 * (t * count + k)] * (x + y)
              difference += weights[2 * (t * count + k) + 1] * (x - y)
            })
            assert.ok(Math.abs(got[block + 4 * t + e] - sum) < 1e-13, `n = ${n}: ${row}, ${column}, tap ${t}`)
            if (t > 0) assert.ok(Math.abs(got[block + 4 * (taps + t) + e] - difference) < 1e-13, `${row}, ${column}, ${t}`)
          }
        }
      }
    }
  }
})

test.run()
