import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bits, type Complex, fenced, pack, randomMatrix, SIDES, spectra, withSpectrum, zeros } from './pairs.ts'

/** Diagonal and subdiagonal of each matrix. */
function run(matrices: Complex[]): { d: number[]; e: number[] }[] {
  const n = matrices[0].rows
  const pairs = Math.ceil(matrices.length / 2)
  const [de] = fenced([pairs * n * 4], (arena, de) => {
    const g = arena.put(pack(matrices))
    arena.routines.tridiagonal(pairs, n, g, de, arena.alloc(2 * n * 32))
  })
  return matrices.map((_, l) => {
    const at = (i: number) => (l >> 1) * n * 4 + 4 * i + (l & 1)
    const list = (offset: number) => Array.from({ length: n }, (_, i) => de[at(i) + offset])
    return { d: list(0), e: list(2) }
  })
}

/** How many eigenvalues of T lie below x (Sylvester). */
function below({ d, e }: { d: number[]; e: number[] }, x: number): number {
  let count = 0
  let q = 1
  for (let i = 0; i < d.length; i++) {
    q = d[i] - x - (i > 0 ? (e[i - 1] * e[i - 1]) / q : 0)
    if (q === 0) q = -1e-300
    if (q < 0) count++
  }
  return count
}

/** Above the diagonal nothing may be read. */
function lower(g: Complex): Complex {
  for (let j = 0; j < g.columns; j++) for (let i = 0; i < j; i++) g.re[j * g.rows + i] = g.im[j * g.rows + i] = Number.NaN
  return g
}

test('every eigenvalue is kept, for all spectra, sides and odd batches', () => {
  for (const n of SIDES) {
    const cases = spectra(n)
    const batch = cases.map(({ values }, i) => lower(withSpectrum(values, 10 * n + i)))
    for (const size of [1, cases.length]) {
      run(batch.slice(0, size)).forEach((t, index) => {
        const { name, values } = cases[index]
        assert.is(t.e[n - 1], 0)
        assert.ok(t.e.every(x => x >= 0))
        const slack = 1e-15 * (4 + n)
        values.forEach((value, i) => {
          assert.ok(below(t, value + slack) >= n - i, `${name}, n = ${n}: λ_${i} too large`)
          assert.ok(below(t, value - slack) <= n - i - 1, `${name}, n = ${n}: λ_${i} too small`)
        })
      })
    }
  }
})

test('diagonal and zero matrices come back as they are', () => {
  const g = zeros(5, 5)
  for (const [i, x] of [3, 0, 2, 2, 1].entries()) g.re[i * 6] = x
  assert.equal(run([g, zeros(5, 5)]), [
    { d: [3, 0, 2, 2, 1], e: [0, 0, 0, 0, 0] },
    { d: [0, 0, 0, 0, 0], e: [0, 0, 0, 0, 0] },
  ])
})

test('the same bits in either lane, beside any neighbour, on every call', () => {
  for (const n of SIDES) {
    const [a, b] = [1, 2].map(i => withSpectrum(spectra(n)[0].values, n + i))
    const text = (t: { d: number[]; e: number[] }) => bits(Float64Array.from([...t.d, ...t.e]))
    const [first, second] = run([a, b]).map(text)
    assert.equal(run([b, a]).map(text), [second, first])
    assert.equal(run([a]).map(text), [first])
    run([randomMatrix(n, n, 3)])
    assert.equal(run([b, a, a]).map(text), [second, first, first])
  }
})

test.run()
