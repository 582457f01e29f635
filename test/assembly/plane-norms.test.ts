import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { planesBytes, tileSide } from '../../src/runtime/gram-taps.ts'
import { fenced, random, SIDES } from './pairs.ts'

/** Σx², the largest sum of a row and of a column of a plane, from its definition. */
function plain(g: Float64Array, at: number, n: number): number[] {
  const side = tileSide(n)
  const size = (i: number, j: number) => Math.abs(g[at + j * side + i])
  const all = Array.from({ length: n }, (_, i) => i)
  const sums = (of: (i: number, j: number) => number) => Math.max(...all.map(i => all.reduce((sum, j) => sum + of(i, j), 0)))
  return [
    all.reduce((sum, i) => all.reduce((s, j) => s + size(i, j) ** 2, sum), 0),
    sums((i, j) => size(i, j)),
    sums((j, i) => size(i, j)),
  ]
}

test('Σx², the largest row and the largest column of every tap, symmetric or not; nothing beyond n counts', () => {
  for (const n of SIDES.filter(side => side < 34)) {
    for (const taps of [0, 1, 12]) {
      const side = tileSide(n)
      const next = random(n + taps)
      const g = Float64Array.from({ length: (1 + taps) * side * side }, next)
      for (let t = 0; t <= taps; t++)
        for (let j = 0; j < side; j++)
          for (let i = 0; i < side; i++) {
            const at = t * side * side + j * side + i
            if (i >= n || j >= n) g[at] = 0
            else if (t === 0 && i < j) g[at] = g[t * side * side + i * side + j]
            // one tap with a tall column, another with a wide row
            else if (t === 1 && j === n - 1) g[at] *= 50
            else if (t === 2 && i === 0) g[at] *= 50
          }
      const [planes, , out] = fenced([planesBytes(n, taps) / 8, 2 * ((n + 1) & ~1), 3 * (1 + taps)], (arena, planes, w, out) => {
        arena.routines.halfPlanes(n, taps, arena.put(g), planes)
        arena.routines.planeNorms(n, taps, planes, w, out)
      })
      assert.ok(planes.every(Number.isFinite))
      for (let t = 0; t <= taps; t++)
        plain(g, t * side * side, n).forEach((wanted, k) => {
          assert.ok(
            Math.abs(out[3 * t + k] - wanted) <= 1e-13 * wanted,
            `n = ${n}, tap ${t}, ${k}: ${out[3 * t + k]} for ${wanted}`,
          )
        })
    }
  }
})

test.run()
