import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fenced, pack, randomMatrix, SIDES, unpack } from './pairs.ts'

test('G − σvvᴴ below the diagonal, each lane with its own vector and factor; the rest is left alone', () => {
  for (const n of SIDES) {
    const batch = [1, 2].map(seed => randomMatrix(n, n, seed * n))
    const vectors = [3, 4].map(seed => randomMatrix(n, 1, seed))
    const sigmas = [0.75, -2]
    const [got] = fenced([n * n * 4], (arena, g) => {
      arena.f64(g, n * n * 4).set(pack(batch))
      arena.routines.deflate(n, g, arena.put(pack(vectors)), arena.put(sigmas))
    })
    batch.forEach((before, lane) => {
      const after = unpack(got, lane, n, n)
      const v = vectors[lane]
      for (let j = 0; j < n; j++) {
        for (let i = 0; i < n; i++) {
          const re = i < j ? 0 : sigmas[lane] * (v.re[i] * v.re[j] + v.im[i] * v.im[j])
          const im = i < j ? 0 : sigmas[lane] * (v.im[i] * v.re[j] - v.re[i] * v.im[j])
          const at = j * n + i
          assert.ok(Math.abs(before.re[at] - re - after.re[at]) < 1e-14, `n = ${n}: ${i}, ${j}`)
          assert.ok(Math.abs(before.im[at] - im - after.im[at]) < 1e-14, `n = ${n}: ${i}, ${j}`)
        }
      }
    })
  }
})

test.run()
