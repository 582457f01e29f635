import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withValues } from './known.ts'
import { adjointTimes, bits, type Complex, fenced, pack, randomMatrix, SIDES, unpack, zeros } from './pairs.ts'

interface Decomposition {
  u: Complex
  values: Float64Array
  v: Complex
}

function decompose(batch: Complex[]): Decomposition[] {
  const { rows: m, columns: n } = batch[0]
  const pairs = Math.ceil(batch.length / 2)
  const [u, values, v] = fenced(
    [pairs * m * n * 4, pairs * n * 2, pairs * n * n * 4, 6 * n * n + 8 * m + 54 * n],
    (arena, u, values, v, w) => {
      assert.is(arena.routines.svd(pairs, m, n, arena.put(pack(batch)), u, values, v, w), 0)
    },
  )
  return batch.map((_, l) => ({
    u: unpack(u, l, m, n),
    values: Float64Array.from({ length: n }, (_, i) => values[((l >> 1) * n + i) * 2 + (l & 1)]),
    v: unpack(v, l, n, n),
  }))
}

/** ‖A − UΣVᴴ‖_F/‖A‖_F, the largest of |UᴴU − I| and |VᴴV − I|. */
function errors(a: Complex, { u, values, v }: Decomposition): { residual: number; unitary: number } {
  const { rows: m, columns: n } = a
  let difference = 0
  let whole = 0
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) {
      let re = a.re[j * m + i]
      let im = a.im[j * m + i]
      whole += re * re + im * im
      for (let k = 0; k < n; k++) {
        const p = k * m + i
        const q = k * n + j
        re -= values[k] * (u.re[p] * v.re[q] + u.im[p] * v.im[q])
        im -= values[k] * (u.im[p] * v.re[q] - u.re[p] * v.im[q])
      }
      difference += re * re + im * im
    }
  }
  let unitary = 0
  for (const x of [u, v]) {
    const gram = adjointTimes(x, x)
    for (let i = 0; i < n * n; i++)
      unitary = Math.max(unitary, Math.abs(gram.re[i] - (i % (n + 1) ? 0 : 1)), Math.abs(gram.im[i]))
  }
  return { residual: Math.sqrt(difference) / (Math.sqrt(whole) || 1), unitary }
}

function check(batch: Complex[], name: string): void {
  decompose(batch).forEach((found, l) => {
    const { residual, unitary } = errors(batch[l], found)
    assert.ok(residual <= 1e-13, `${name}: ‖A − UΣVᴴ‖ = ${residual}·‖A‖`)
    assert.ok(unitary <= 1e-13, `${name}: columns off by ${unitary}`)
    for (const [i, x] of found.values.entries()) assert.ok(x >= 0 && (i === 0 || x <= found.values[i - 1]), `${name}: value ${i}`)
  })
}

test('random matrices, square and tall, odd and even batches', () => {
  for (const n of SIDES) {
    for (const [m, count] of [
      [n, 1],
      [n + 1, 3],
      [2 * n + 3, 2],
    ]) {
      check(
        Array.from({ length: count }, (_, i) => randomMatrix(m, n, 100 * n + i)),
        `${m}×${n}`,
      )
    }
  }
  check([randomMatrix(129, 128, 3)], '129×128')
})

test('repeated, zero, graded and clustered values', () => {
  const spectra: Record<string, (i: number, n: number) => number> = {
    'all the same': () => 1,
    'half of them zero': (i, n) => (2 * i < n ? 1 : 0),
    'one alone': i => (i === 0 ? 1 : 0),
    'graded over 300 orders': (i, n) => 10 ** ((-300 * i) / n),
    'in two clusters': (i, n) => (2 * i < n ? 1 : 1e-8) * (1 + 1e-14 * i),
  }
  for (const [name, spectrum] of Object.entries(spectra)) {
    for (const n of [2, 3, 5, 8, 17, 33]) {
      const wanted = Array.from({ length: n }, (_, i) => spectrum(i, n)).sort((a, b) => b - a)
      const batch = [withValues(n + 2, wanted, n), withValues(n + 2, wanted, n + 1, 1)]
      check(batch, `${name}, n = ${n}`)
      for (const { values } of decompose(batch)) {
        for (const [i, x] of wanted.entries())
          assert.ok(Math.abs(values[i] - x) <= 1e-14, `${name}, n = ${n}: ${values[i]} for ${x}`)
      }
    }
  }
})

test('zero, identity, diagonal, one entry, triangular, permutation', () => {
  for (const n of SIDES.filter(n => n < 40)) {
    const filled = (entry: (i: number, j: number) => number) => {
      const a = zeros(n + 1, n)
      for (let j = 0; j < n; j++) for (let i = 0; i <= n; i++) a[i & 1 ? 're' : 'im'][j * (n + 1) + i] = entry(i, j)
      return a
    }
    check([zeros(n + 1, n)], 'zero')
    check([filled((i, j) => (i === j ? 1 : 0)), filled((i, j) => (i === j ? j : 0))], 'diagonal')
    check([filled((i, j) => (i === n && j === n - 1 ? -3 : 0)), filled((i, j) => (i === 0 && j === 0 ? 0.5 : 0))], 'one entry')
    check([filled((i, j) => (i <= j ? 1 : 0)), filled((i, j) => (i >= j ? 1 : 0))], 'triangular')
    check([filled((i, j) => (i === (j + 3) % n ? 1 : 0)), filled(() => 1)], 'permutation and ones')
    check(
      [filled((i, j) => (i === j ? 1e-100 : i + 1 === j ? 1 : 0)), filled((i, j) => (i <= j ? 1e-90 ** (i % 2) : 0))],
      'products that underflow',
    )
    check(
      [filled((i, j) => (i === j || i + 1 === j ? 1e-120 : 0)), filled((i, j) => (j === 0 ? 1 : i === j ? 1e-12 : 0))],
      'tiny',
    )
  }
})

test('the same bits in either lane, beside any matrix, and again', () => {
  for (const n of [1, 5, 16, 33]) {
    const [a, b, c] = [randomMatrix(n + 1, n, 1), randomMatrix(n + 1, n, 2), zeros(n + 1, n)]
    const text = ({ u, values, v }: Decomposition) => [u.re, u.im, values, v.re, v.im].map(bits).join()
    const together = decompose([a, b, c]).map(text)
    const turned = decompose([c, b, a]).map(text).reverse()
    assert.equal(together, turned)
    assert.is(text(decompose([b])[0]), together[1])
    assert.equal(decompose([a, b, c]).map(text), together)
  }
})

test.run()
