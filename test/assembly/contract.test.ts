import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { borrow } from '../../src/runtime/arena.ts'
import { type Complex, withTapTensor } from '../../src/runtime/contract.ts'
import { seeded } from './seeded.ts'

const complex = (seed: number, length: number): Complex => ({ re: seeded(seed, length), im: seeded(seed + 1000, length) })

/** Σ of A[q][i, j]·w_q·u_i·v_j over all indices but those given, by definition. */
function contracted(
  a: Float64Array,
  m: number,
  n: number,
  factors: { w?: Complex; u?: Complex; v?: Complex },
  length: number,
): Complex {
  const sum = { re: new Float64Array(length), im: new Float64Array(length) }
  const { w, u, v } = factors
  for (let q = 0; q < a.length / (m * n); q++)
    for (let j = 0; j < n; j++)
      for (let i = 0; i < m; i++) {
        let [re, im] = [a[(q * n + j) * m + i], 0]
        for (const [vector, at] of [
          [w, q],
          [u, i],
          [v, j],
        ] as const) {
          if (vector) [re, im] = [re * vector.re[at] - im * vector.im[at], re * vector.im[at] + im * vector.re[at]]
        }
        const to = w ? (u ? j : i) : q
        sum.re[to] += re
        sum.im[to] += im
      }
  return sum
}

function near(got: Complex, wanted: Complex, what: string): void {
  for (const part of ['re', 'im'] as const) {
    assert.is(got[part].length, wanted[part].length)
    for (const [i, x] of got[part].entries())
      assert.ok(Math.abs(x - wanted[part][i]) < 1e-12, `${what} ${part}[${i}]: ${x}, not ${wanted[part][i]}`)
  }
}

const SIZES = [
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
  [3, 3],
  [4, 2],
  [5, 3],
  [7, 7],
  [8, 1],
  [8, 8],
  [9, 8],
  [15, 4],
  [16, 3],
  [17, 17],
]

test('all-but-one contractions on both sides of every width', () => {
  for (const [m, n] of SIZES)
    for (const taps of [1, 2, 3, 9]) {
      const a = seeded(m * 100 + n, taps * m * n)
      const [w, u, v] = [complex(1, taps), complex(2, m), complex(3, n)]
      withTapTensor(a, m, n, tensor => {
        tensor.fold(w)
        near(tensor.left(v), contracted(a, m, n, { w, v }, m), `${m}×${n}×${taps} left`)
        near(tensor.right(u), contracted(a, m, n, { w, u }, n), `${m}×${n}×${taps} right`)
        near(tensor.forms(u, v), contracted(a, m, n, { u, v }, taps), `${m}×${n}×${taps} forms`)
        near(tensor.left(v), contracted(a, m, n, { w, v }, m), 'left again')
      })
    }
})

test('a tap tensor full of garbage around it gives the same bits', () => {
  const a = seeded(5, 3 * 5 * 3)
  const [w, u, v] = [complex(1, 3), complex(2, 5), complex(3, 3)]
  const run = () =>
    withTapTensor(a, 5, 3, tensor => {
      tensor.fold(w)
      return [tensor.left(v), tensor.right(u), tensor.forms(u, v)]
    })
  const clean = run()
  borrow(arena => arena.f64(arena.alloc(1 << 20), 1 << 17).fill(NaN))
  assert.equal(run(), clean)
})

test('zero in, zero out', () => {
  withTapTensor(new Float64Array(2 * 9), 3, 3, tensor => {
    tensor.fold(complex(1, 2))
    for (const x of [tensor.left(complex(2, 3)), tensor.right(complex(2, 3)), tensor.forms(complex(2, 3), complex(4, 3))])
      assert.ok([...x.re, ...x.im].every(y => y === 0))
  })
})

test.run()
