import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withManyValues, withValues } from './known.ts'
import { bits, type Complex, fenced, pack, randomMatrix, SIDES, zeros } from './pairs.ts'

/** [d d'][e e'] of a batch, and the matrices as the routine leaves them. */
function run(matrices: Complex[]): { de: Float64Array; a: Float64Array } {
  const { rows: m, columns: n } = matrices[0]
  const pairs = Math.ceil(matrices.length / 2)
  const packed = pack(matrices)
  const [de, a] = fenced([pairs * n * 4, packed.length, (2 * m + 2 * n) * 4], (arena, at, matrix, w) => {
    arena.f64(matrix, packed.length).set(packed)
    arena.routines.bidiagonal(pairs, m, n, matrix, at, w)
  })
  return { de, a }
}

/** Singular values by both routines, descending, of each matrix of a batch. */
function values(matrices: Complex[]): Float64Array[] {
  const n = matrices[0].columns
  const { de } = run(matrices)
  const pairs = Math.ceil(matrices.length / 2)
  const [out] = fenced([pairs * n * 2, 28 * n + 64], (arena, at, w) => {
    arena.routines.singularValues(pairs, n, arena.put(de), at, w)
  })
  return matrices.map((_, l) => Float64Array.from({ length: n }, (_, i) => out[((l >> 1) * n + i) * 2 + (l & 1)]))
}

/** Largest error against the values matrices were made with, as a multiple of the largest. */
function errorOf(rows: number, wanted: number[], seed: number, make: typeof withManyValues = withValues): number {
  const sorted = [...wanted].sort((a, b) => b - a)
  const got = values([make(rows, wanted, seed), make(rows, wanted, seed + 1)])
  return Math.max(...got.flatMap(one => sorted.map((x, i) => Math.abs(x - one[i]) / sorted[0])))
}

const SPECTRA: Record<string, (i: number, n: number) => number> = {
  'all the same': () => 1,
  'evenly spaced': (i, n) => 1 - i / n,
  'half of them zero': (i, n) => (2 * i < n ? 1 - i / n : 0),
  'one alone': i => (i === 0 ? 1 : 0),
  'graded over 30 orders': (i, n) => 10 ** ((-30 * i) / n),
  'in two clusters': (i, n) => (2 * i < n ? 1 : 1e-6) * (1 + 1e-13 * i),
}

test('known values, square and tall, repeated, zero and graded: within 10⁻¹⁴·σ₁', () => {
  for (const [name, spectrum] of Object.entries(SPECTRA)) {
    for (const n of SIDES) {
      for (const m of n > 33 ? [n] : [n, n + 1, 2 * n + 3]) {
        const error = errorOf(
          m,
          Array.from({ length: n }, (_, i) => spectrum(i, n)),
          n + m,
        )
        assert.ok(error <= 1e-14, `${name}, ${m}×${n}: ${error}`)
      }
    }
  }
})

test('the same up to 512: within 10⁻¹³·σ₁', () => {
  for (const [m, n] of [
    [130, 127],
    [256, 256],
    [512, 512],
  ]) {
    for (const [name, spectrum] of Object.entries(SPECTRA)) {
      const wanted = Array.from({ length: n }, (_, i) => spectrum(i, n))
      const error = errorOf(m, wanted, n, withManyValues)
      assert.ok(error <= 1e-13, `${name}, ${m}×${n}: ${error}`)
    }
  }
})

test('the sum of squares and the moduli are kept in each lane, odd and even batches', () => {
  for (const n of SIDES) {
    const batch = Array.from({ length: 3 }, (_, i) => randomMatrix(n + 2, n, 10 * n + i))
    const { de } = run(batch)
    batch.forEach((a, l) => {
      let sum = 0
      for (let i = 0; i < n; i++) {
        const d = de[((l >> 1) * n + i) * 4 + (l & 1)]
        const e = de[((l >> 1) * n + i) * 4 + 2 + (l & 1)]
        assert.ok(d >= 0 && e >= 0)
        sum += d * d + e * e
      }
      assert.is(de[((l >> 1) * n + n - 1) * 4 + 2 + (l & 1)], 0)
      const wanted = a.re.reduce((s, x) => s + x * x, 0) + a.im.reduce((s, x) => s + x * x, 0)
      assert.ok(Math.abs(sum - wanted) <= 1e-14 * wanted, `${n}: ${sum} ${wanted}`)
    })
  }
})

test('zero matrices, zero columns, one entry: zeros and no NaN', () => {
  for (const n of SIDES) {
    const one = zeros(n + 1, n)
    one.im[one.im.length - 1] = -2
    const few = randomMatrix(n + 1, n, n)
    for (let j = 0; j < n; j += 2) few.re.fill(0, j * (n + 1), (j + 1) * (n + 1))
    for (let j = 0; j < n; j += 2) few.im.fill(0, j * (n + 1), (j + 1) * (n + 1))
    const { de, a } = run([zeros(n + 1, n), one, few])
    assert.ok(de.every(Number.isFinite) && a.every(Number.isFinite))
    const [nothing, single, half] = values([zeros(n + 1, n), one, few])
    assert.ok(nothing.every(x => x === 0))
    assert.equal([single[0], ...single.subarray(1)], [2, ...new Float64Array(n - 1)])
    assert.ok(half.subarray(n >> 1).every(x => x < 1e-15 * n))
  }
})

test('entries far below the largest are harmless', () => {
  for (const tiny of [1e-80, 1e-155, 1e-161, 1e-170, 1e-300, 5e-324]) {
    const a = randomMatrix(9, 8, 5)
    for (let i = 0; i < a.re.length; i++) {
      if (i % 3 === 0) a.re[i] *= tiny
      if (i % 4 !== 1) a.im[i] *= tiny
    }
    const flat = { ...a, re: a.re.map(x => (Math.abs(x) < 1e-60 ? 0 : x)), im: a.im.map(x => (Math.abs(x) < 1e-60 ? 0 : x)) }
    const [got, wanted] = values([a, flat])
    for (const [i, x] of got.entries()) assert.ok(Math.abs(x - wanted[i]) < 1e-14 * wanted[0], `${tiny} ${x} ${wanted[i]}`)
  }
})

test('the same bits in either lane, beside any matrix, and again', () => {
  for (const n of [1, 5, 16, 33]) {
    const [a, b] = [randomMatrix(n + 1, n, 1), randomMatrix(n + 1, n, 2)]
    const lane = (de: Float64Array, l: number) => bits(de.filter((_, i) => (i & 1) === l))
    const ab = run([a, b]).de
    const ba = run([b, a]).de
    assert.is(lane(ab, 0), lane(ba, 1))
    assert.is(lane(ab, 1), lane(ba, 0))
    assert.is(lane(run([a]).de, 0), lane(ab, 0))
    assert.is(bits(run([a, b]).de), bits(ab))
  }
})

test.run()
