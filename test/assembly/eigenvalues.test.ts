import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bits, fenced, pack, random, SIDES, spectra, withSpectrum } from './pairs.ts'

interface Tridiagonal {
  d: number[]
  e: number[]
}

function run(matrices: Tridiagonal[]): number[] {
  const n = matrices[0].d.length
  const pairs = Math.ceil(matrices.length / 2)
  const input = new Float64Array(pairs * n * 4)
  for (let l = 0; l < 2 * pairs; l++) {
    const { d, e } = matrices[Math.min(l, matrices.length - 1)]
    for (let i = 0; i < n; i++) {
      input[(l >> 1) * n * 4 + 4 * i + (l & 1)] = d[i]
      input[(l >> 1) * n * 4 + 4 * i + 2 + (l & 1)] = e[i] ?? 0
    }
  }
  const [out] = fenced([2 * pairs], (arena, out) => arena.routines.largestEigenvalue(pairs, n, arena.put(input), out))
  return [...out].slice(0, matrices.length)
}

/** Tridiagonal matrix LLᵀ with a random bidiagonal L, so that it is positive semidefinite. */
function positive(n: number, seed: number, grade = 1): Tridiagonal {
  const next = random(seed)
  const l = Array.from({ length: n }, (_, i) => [next() * grade ** i, next() * grade ** i])
  return {
    d: l.map(([a], i) => a * a + (i > 0 ? l[i - 1][1] ** 2 : 0)),
    e: l.map(([a, b], i) => (i + 1 < n ? Math.abs(a * b) : 0)),
  }
}

/** Bisection to the last bit: all pivots of x·I − T positive means x > λ_max. */
function bisect({ d, e }: Tridiagonal): number {
  let [low, high] = [0, 1 + d.reduce((s, x) => Math.max(s, x), 0) * 3]
  for (let step = 0; step < 1100; step++) {
    const x = (low + high) / 2
    if (x <= low || x >= high) break
    let q = x - d[0]
    for (let i = 1; q > 0 && i < d.length; i++) q = x - d[i] - (e[i - 1] * e[i - 1]) / q
    if (q > 0) high = x
    else low = x
  }
  return high
}

test('within a few ulps of bisection: random, graded, both lanes, odd batches', () => {
  for (const n of SIDES) {
    const batch = [1, 0.5, 0.1, 2, 1].map((grade, i) => positive(n, 17 * n + i, grade === 2 && n > 9 ? 1.2 : grade))
    for (const count of [1, 2, 3, 5]) {
      run(batch.slice(0, count)).forEach((got, i) => {
        const wanted = bisect(batch[i])
        assert.ok(Math.abs(got - wanted) <= 1e-15 * (3 + n / 16) * wanted, `n = ${n}, ${i}: ${got} for ${wanted}`)
      })
    }
  }
})

test('diagonal matrices, whatever is repeated; zero gives 0', () => {
  for (const n of SIDES) {
    const diagonal = (value: (i: number) => number): Tridiagonal => ({ d: Array.from({ length: n }, (_, i) => value(i)), e: [] })
    const batch = [() => 0.7, () => 0, (i: number) => (i % 2 ? 0.3 : 0.6), (i: number) => i + 1, (i: number) => 3 ** -i]
    const got = run(batch.map(diagonal))
    for (const [i, wanted] of [0.7, 0, 0.6, n, 1].entries()) {
      assert.ok(Math.abs(got[i] - wanted) <= 1e-15 * wanted, `${got[i]} for ${wanted}`)
    }
  }
})

test('clusters that no step but bisection resolves: glued copies with tiny couplings', () => {
  for (const coupling of [0, 1e-16, 1e-12, 1e-8, 1e-4]) {
    const block = positive(8, 5)
    const d = [block.d, block.d, block.d, block.d].flat()
    const e = [block.e, block.e, block.e, block.e].flatMap((x, b) => x.map((y, i) => (i === 7 && b < 3 ? coupling : y)))
    const [got] = run([{ d, e }])
    const wanted = bisect({ d, e })
    assert.ok(Math.abs(got - wanted) <= 2e-15 * wanted, `coupling ${coupling}: ${got} for ${wanted}`)
  }
})

test('tiny, huge and mixed pairs stay finite', () => {
  const [tiny, huge] = run([
    { d: [1e-290, 1e-300], e: [1e-295, 0] },
    { d: [1e100, 1e99], e: [1e99, 0] },
  ])
  assert.ok(tiny >= 1e-290 && tiny < 1.1e-290)
  assert.ok(Math.abs(huge - bisect({ d: [1e100, 1e99], e: [1e99, 0] })) < 1e85)
})

test('behind the tridiagonalisation: λ_max of matrices with known spectra', () => {
  for (const n of SIDES) {
    const cases = spectra(n)
    const pairs = Math.ceil(cases.length / 2)
    const [out] = fenced([2 * pairs], (arena, out) => {
      const g = arena.put(pack(cases.map(({ values }, i) => withSpectrum(values, n + i))))
      const de = arena.alloc(pairs * n * 32)
      arena.routines.tridiagonal(pairs, n, g, de, arena.alloc(2 * n * 32))
      arena.routines.largestEigenvalue(pairs, n, de, out)
    })
    for (const [i, { name, values }] of cases.entries()) {
      assert.ok(Math.abs(out[i] - values[0]) <= 1e-14, `${name}, n = ${n}: ${out[i]}`)
    }
  }
})

test('the same bits on every call, in either lane', () => {
  const [a, b] = [positive(17, 1), positive(17, 2)]
  const [x, y] = run([a, b])
  assert.is(bits(Float64Array.from(run([b, a, a, b]))), bits(Float64Array.of(y, x, x, y)))
})

test.run()
