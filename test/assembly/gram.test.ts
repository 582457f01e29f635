import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { adjointTimes, bits, fenced, pack, randomMatrix, SIDES, unpack, zeros } from './pairs.ts'

function run(matrices: ReturnType<typeof zeros>[]): Float64Array {
  const { rows: m, columns: n } = matrices[0]
  const pairs = Math.ceil(matrices.length / 2)
  return fenced([pairs * n * n * 4], (arena, g) => {
    const a = arena.put(pack(matrices))
    arena.routines.gram(pairs, m, n, a, g)
  })[0]
}

test('the lower triangle of AᴴA, every side, odd and even batches', () => {
  for (const n of SIDES) {
    for (const [m, count] of [
      [n, 1],
      [n + 1, 3],
      [2 * n + 3, 4],
    ]) {
      const batch = Array.from({ length: count }, (_, i) => randomMatrix(m, n, 100 * n + i))
      const got = run(batch)
      batch.forEach((a, index) => {
        const wanted = adjointTimes(a, a)
        const g = unpack(got, index, n, n)
        for (let j = 0; j < n; j++) {
          for (let i = 0; i < n; i++) {
            const at = j * n + i
            if (i < j) assert.ok(Number.isNaN(g.re[at]) && Number.isNaN(g.im[at]), `above the diagonal at ${i},${j}, n = ${n}`)
            else {
              assert.ok(Math.abs(g.re[at] - wanted.re[at]) <= 1e-15 * 4 * m, `re ${i},${j} of ${m}×${n}`)
              assert.ok(Math.abs(g.im[at] - wanted.im[at]) <= 1e-15 * 4 * m, `im ${i},${j} of ${m}×${n}`)
            }
          }
          assert.is(g.im[j * n + j], 0)
        }
      })
    }
  }
})

test('the same bits whatever the lane and the neighbour, on every call', () => {
  for (const n of [...SIDES, 130]) {
    const a = randomMatrix(n + 2, n, n)
    const b = randomMatrix(n + 2, n, n + 1)
    const first = run([a, b])
    const swapped = run([b, a])
    assert.is(bits(run([a, b])), bits(first))
    assert.is(bits(unpack(swapped, 1, n, n).re), bits(unpack(first, 0, n, n).re))
    assert.is(bits(unpack(swapped, 0, n, n).im), bits(unpack(first, 1, n, n).im))
  }
})

test('long columns and many of them, walked in blocks', () => {
  for (const [m, n] of [
    [2100, 23],
    [300, 103],
    [129, 150],
  ]) {
    const a = randomMatrix(m, n, 5)
    const g = unpack(run([a]), 0, n, n)
    const wanted = adjointTimes(a, a)
    for (let j = 0; j < n; j++) {
      for (let i = j; i < n; i++) {
        const at = j * n + i
        assert.ok(
          Math.abs(g.re[at] - wanted.re[at]) < 1e-11 && Math.abs(g.im[at] - wanted.im[at]) < 1e-11,
          `${m}×${n} at ${i},${j}`,
        )
      }
    }
  }
})

test('zero gives zero', () => {
  const g = unpack(run([zeros(5, 4)]), 0, 4, 4)
  for (let j = 0; j < 4; j++) for (let i = j; i < 4; i++) assert.is(Math.abs(g.re[j * 4 + i]) + Math.abs(g.im[j * 4 + i]), 0)
})

test.run()
