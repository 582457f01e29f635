import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { roundingsOf } from '../../src/runtime/gram-taps.ts'
import { bits, fenced, random, SIDES } from './pairs.ts'

const uniform = (length: number, seed: number) => Float64Array.from({ length }, random(seed))

/** Planes of `autocorrelate` have sides that are multiples of four. */
const tile = (n: number) => 4 * Math.ceil(n / 4)

function autocorrelate(m: number, n: number, a: Float64Array, b: Float64Array, c: Float64Array): Float64Array {
  const size = 8 * Math.ceil(n / 4) * Math.ceil(m / 2)
  const [, , out] = fenced([size, size, tile(n) ** 2], (arena, left, right, at) => {
    const { pack, autocorrelate } = arena.routines
    arena.f64(at, tile(n) ** 2).set(c)
    pack(m, n, arena.put(a), left)
    pack(m, n, arena.put(b), right)
    autocorrelate(m, n, left, a === b ? left : right, at)
  })
  return out
}

test('c += aᵀb on both sides of every block, also of the cache; of the same operand twice the lower triangle', () => {
  for (const [m, n] of [
    ...SIDES.flatMap(n => [
      [n, n],
      [n + 1, n],
      [3, n],
    ]),
    [512, 65],
    [1100, 131],
    [4100, 13],
  ]) {
    const [a, b, c] = [uniform(m * n, 1), uniform(m * n, 2), uniform(tile(n) ** 2, 3)]
    for (const right of [a, b]) {
      const got = autocorrelate(m, n, a, right, c)
      for (let j = 0; j < n; j++) {
        for (let i = right === a ? j : 0; i < n; i++) {
          const at = j * tile(n) + i
          let sum = c[at]
          for (let k = 0; k < m; k++) sum += a[i * m + k] * right[j * m + k]
          assert.ok(Math.abs(got[at] - sum) < 1e-14 * (8 + m), `${m}×${n} at ${i},${j}`)
        }
      }
      // rows and columns beyond n are products with zero
      got.forEach((x, at) => {
        assert.ok(Math.max(at % tile(n), Math.floor(at / tile(n))) < n || x === c[at])
      })
      assert.is(bits(autocorrelate(m, n, a, right, c)), bits(got))
    }
  }
})

test('packSum: what pack makes of a weighted sum of taps, nothing of a tap that weighs nothing', () => {
  for (const [m, n] of SIDES.flatMap(n => [
    [n, n],
    [n + 1, n],
    [1, n],
  ])) {
    const weights = [0.5, 0, -2, 1]
    const a = uniform(weights.length * m * n, m + n)
    a.fill(Number.NaN, m * n, 2 * m * n)
    const sum = Float64Array.from({ length: m * n }, (_, i) => 0.5 * a[i] - 2 * a[2 * m * n + i] + a[3 * m * n + i])
    const size = 8 * Math.ceil(n / 4) * Math.ceil(m / 2)
    const [got, expected] = fenced([size, size], (arena, panels, plain) => {
      arena.routines.packSum(weights.length, m, n, arena.put(a), arena.put(weights), panels)
      arena.routines.pack(m, n, arena.put(sum), plain)
    })
    assert.is(bits(got), bits(expected), `${m}×${n}`)
  }
})

test('sums are cut: terms too small for the first of 4096 are lost for 64 of them only', () => {
  for (const m of [127, 128, 129, 1000, 4096]) {
    const tiny = 2 ** -53
    const [a, b] = [new Float64Array(m).fill(tiny), new Float64Array(m).fill(1)]
    // each lane meets 1 first
    a[0] = a[1] = 1
    const got = autocorrelate(m, 1, a, b, new Float64Array(16))[0]
    assert.ok(Math.abs(got - 2 - (m - 2) * tiny) <= (roundingsOf(m, 1) / 2 ** 53) * 2, `${m}: ${got - 2}`)
  }
})

test('hermitianSymbol: G₀ + Σ_q (G_q e^{iq·θ} + its adjoint), the lower triangle, one phase a lane', () => {
  for (const n of SIDES.filter(n => n < 20)) {
    for (const [taps, pairs] of [
      [0, 1],
      [1, 2],
      [12, 3],
      [5, 4],
    ]) {
      const side = tile(n)
      const g = uniform((1 + taps) * side * side, n)
      const half = Math.ceil(n / 2)
      const phase = uniform(pairs * taps * 4, 5)
      const [planes, got] = fenced([2 * half * (half + 1) * (1 + 2 * taps), pairs * n * n * 4], (arena, planes, out) => {
        arena.routines.halfPlanes(n, taps, arena.put(g), planes)
        arena.routines.hermitianSymbol(pairs, n, taps, planes, arena.put(phase), out)
      })
      assert.ok(planes.every(Number.isFinite))
      for (let f = 0; f < 2 * pairs; f++) {
        for (let j = 0; j < n; j++) {
          for (let i = 0; i < n; i++) {
            const at = ((f >> 1) * n * n + j * n + i) * 4 + (f & 1)
            if (i < j) {
              assert.ok(Number.isNaN(got[at]))
              continue
            }
            let [re, im] = [g[j * side + i], 0]
            for (let q = 0; q < taps; q++) {
              const tap = (1 + q) * side * side
              const [x, y] = [g[tap + j * side + i], g[tap + i * side + j]]
              const e = ((f >> 1) * taps + q) * 4 + (f & 1)
              re += (x + y) * phase[e]
              im += (x - y) * phase[e + 2]
            }
            assert.ok(Math.abs(got[at] - re) < 1e-14 && Math.abs(got[at + 2] - im) < 1e-14, `n = ${n}, ${i},${j}`)
          }
        }
      }
    }
  }
})

test.run()
