import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { adjointTimes, bits, fenced, pack, randomMatrix, SIDES, unpack } from './pairs.ts'

test('(t·I − G)x gives back the right-hand side, each lane with its own G and level', () => {
  for (const n of [...SIDES, 129]) {
    const batch = [1, 2].map(seed => {
      const a = randomMatrix(n + 1, n, seed * n)
      return adjointTimes(a, a)
    })
    const levels = batch.map(g => 1.1 * g.re.reduce((sum, x, i) => sum + (i % (n + 1) === 0 ? x : 0), 0))
    const right = [3, 4].map(seed => randomMatrix(n, 1, seed))
    const solve = () =>
      fenced([n * n * 4, n * 4], (arena, w, x) => {
        const out = arena.alloc(16)
        arena.routines.cholesky(1, n, arena.put(pack(batch)), arena.put(levels), w, out)
        assert.equal([...arena.f64(out, 2)], [1, 1])
        arena.f64(x, 4 * n).set(pack(right))
        arena.routines.choleskySolve(n, w, x)
      })[1]
    const got = solve()
    assert.is(bits(solve()), bits(got))
    batch.forEach((g, lane) => {
      const x = unpack(got, lane, n, 1)
      const y = adjointTimes(g, x)
      for (let i = 0; i < n; i++) {
        assert.ok(Math.abs(levels[lane] * x.re[i] - y.re[i] - right[lane].re[i]) < 1e-13, `n = ${n}, row ${i}`)
        assert.ok(Math.abs(levels[lane] * x.im[i] - y.im[i] - right[lane].im[i]) < 1e-13, `n = ${n}, row ${i}`)
      }
    })
  }
})

test.run()
