import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bits, fenced, random, SIDES } from './pairs.ts'

const uniform = (length: number, seed: number) => Float64Array.from({ length }, random(seed))

function autocorrelate(m: number, n: number, a: Float64Array, b: Float64Array, c: Float64Array): Float64Array {
  const [out] = fenced([n * n], (arena, at) => {
    arena.f64(at, n * n).set(c)
    arena.routines.autocorrelate(m, n, arena.put(a), arena.put(b), at)
  })
  return out
}

test('c += aᵀb on both sides of every block, also of the cache', () => {
  for (const [m, n] of [
    ...SIDES.flatMap(n => [
      [n, n],
      [n + 1, n],
      [3, n],
    ]),
    [512, 65],
    [1100, 31],
    [4100, 9],
  ]) {
    const [a, b, c] = [uniform(m * n, 1), uniform(m * n, 2), uniform(n * n, 3)]
    const got = autocorrelate(m, n, a, b, c)
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < n; i++) {
        let sum = c[j * n + i]
        for (let k = 0; k < m; k++) sum += a[i * m + k] * b[j * m + k]
        assert.ok(Math.abs(got[j * n + i] - sum) < 2e-16 * (8 + m), `${m}×${n} at ${i},${j}`)
      }
    }
    assert.is(bits(autocorrelate(m, n, a, b, c)), bits(got))
  }
})

test('hermitianSymbol: G₀ + Σ_q (G_q e^{iq·θ} + its adjoint), the lower triangle, one phase a lane', () => {
  for (const n of SIDES.filter(n => n < 20)) {
    for (const [taps, pairs] of [
      [0, 1],
      [1, 2],
      [12, 3],
    ]) {
      const g = uniform((1 + taps) * n * n, n)
      const phase = uniform(pairs * taps * 4, 5)
      const [planes, got] = fenced([((n * (n + 1)) / 2) * (1 + 2 * taps), pairs * n * n * 4], (arena, planes, out) => {
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
            let [re, im] = [g[j * n + i], 0]
            for (let q = 0; q < taps; q++) {
              const [x, y] = [g[(1 + q) * n * n + j * n + i], g[(1 + q) * n * n + i * n + j]]
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
