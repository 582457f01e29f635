import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bits, fenced, random, SIDES } from './pairs.ts'
import { errorOfValues } from './sturm.ts'

interface Bidiagonal {
  d: Float64Array
  e: Float64Array
}

/** Values of each matrix of a batch. */
function values(batch: Bidiagonal[]): Float64Array[] {
  const n = batch[0].d.length
  const pairs = Math.ceil(batch.length / 2)
  const packed = new Float64Array(pairs * n * 4).fill(Number.NaN)
  for (let l = 0; l < 2 * pairs; l++) {
    const { d, e } = batch[Math.min(l, batch.length - 1)]
    for (let i = 0; i < n; i++) {
      packed[((l >> 1) * n + i) * 4 + (l & 1)] = d[i]
      if (i + 1 < n) packed[((l >> 1) * n + i) * 4 + 2 + (l & 1)] = e[i]
    }
  }
  const [out] = fenced([pairs * n * 2, 28 * n + 64], (arena, at, w) => {
    arena.routines.singularValues(pairs, n, arena.put(packed), at, w)
  })
  return batch.map((_, l) => Float64Array.from({ length: n }, (_, i) => out[((l >> 1) * n + i) * 2 + (l & 1)]))
}

const bidiagonal = (n: number, d: (i: number) => number, e: (i: number) => number): Bidiagonal => ({
  d: Float64Array.from({ length: n }, (_, i) => d(i)),
  e: Float64Array.from({ length: n - 1 }, (_, i) => e(i)),
})

/** Hard ones for an iteration with shifts and deflation: clusters, splits, zeros, grading both ways, copies glued together. */
const KINDS: Record<string, (n: number, next: () => number) => Bidiagonal> = {
  random: (n, next) =>
    bidiagonal(
      n,
      () => Math.abs(next()),
      () => Math.abs(next()),
    ),
  'of a random matrix': (n, next) =>
    bidiagonal(
      n,
      i => Math.sqrt(n - i) + 0.3 * next(),
      i => Math.sqrt(n - i - 1) + 0.3 * next(),
    ),
  zero: n =>
    bidiagonal(
      n,
      () => 0,
      () => 0,
    ),
  'one entry': n =>
    bidiagonal(
      n,
      i => (i === n >> 1 ? 3 : 0),
      () => 0,
    ),
  identity: n =>
    bidiagonal(
      n,
      () => 1,
      () => 0,
    ),
  'nearly identity': (n, next) =>
    bidiagonal(
      n,
      () => 1,
      () => 1e-16 * Math.abs(next()),
    ),
  clustered: (n, next) =>
    bidiagonal(
      n,
      () => 1,
      () => 1e-8 * Math.abs(next()),
    ),
  'rising diagonal': n =>
    bidiagonal(
      n,
      i => i + 1,
      () => 0,
    ),
  'falling diagonal': n =>
    bidiagonal(
      n,
      i => n - i,
      () => 0,
    ),
  toeplitz: n =>
    bidiagonal(
      n,
      () => 1,
      () => 1,
    ),
  'zero diagonal': n =>
    bidiagonal(
      n,
      () => 0,
      i => i + 1,
    ),
  'zeros on the diagonal': (n, next) =>
    bidiagonal(
      n,
      i => (i % 3 ? Math.abs(next()) : 0),
      () => Math.abs(next()),
    ),
  'last zero': (n, next) =>
    bidiagonal(
      n,
      i => (i === n - 1 ? 0 : Math.abs(next())),
      () => Math.abs(next()),
    ),
  'split in blocks': (n, next) =>
    bidiagonal(
      n,
      i => (i < n / 2 ? 0.01 : 1) * Math.abs(next()),
      i => (i % 5 ? Math.abs(next()) : 0),
    ),
  'glued copies': n =>
    bidiagonal(
      n,
      i => 1 + (i % 8),
      i => (i % 8 === 7 ? 1e-12 : 0.5),
    ),
  'graded down': (n, next) =>
    bidiagonal(
      n,
      i => 10 ** ((-300 * i) / n),
      i => 10 ** ((-300 * i) / n) * next() ** 2,
    ),
  'graded up': (n, next) =>
    bidiagonal(
      n,
      i => 10 ** ((300 * i) / n - 150),
      i => 10 ** ((300 * i) / n - 150) * next() ** 2,
    ),
  'geometric, dense': (n, next) =>
    bidiagonal(
      n,
      i => 2 ** -i,
      i => 2 ** -i * (1 + 0.1 * next()),
    ),
  alternating: n =>
    bidiagonal(
      n,
      i => (i % 2 ? 1e-9 : 1),
      i => (i % 2 ? 1 : 1e-9),
    ),
  subnormal: (n, next) =>
    bidiagonal(
      n,
      () => 2 ** -1070 * Math.round(8 * Math.abs(next())),
      () => 2 ** -1072 * Math.round(8 * Math.abs(next())),
    ),
  huge: (n, next) =>
    bidiagonal(
      n,
      () => 1e307 * Math.abs(next()),
      () => 1e307 * Math.abs(next()),
    ),
  'tiny among ones': (n, next) =>
    bidiagonal(
      n,
      i => (i % 4 ? 1 : 1e-310),
      () => Math.abs(next()),
    ),
  'huge off the diagonal': (n, next) =>
    bidiagonal(
      n,
      () => Math.abs(next()),
      i => (i % 7 ? 1 : 1e150),
    ),
}

test('every kind, every side: within 10⁻¹⁴ of the largest entry of a double-double reference', () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const n of SIDES) {
      const next = random(n)
      const batch = Array.from({ length: n % 3 ? 2 : 3 }, () => make(n, next))
      values(batch).forEach((got, l) => {
        const error = errorOfValues(batch[l].d, batch[l].e, got)
        // A subnormal result has fewer bits: half of 2⁻¹⁰⁷⁴ may be lost whatever is done.
        const top = Math.max(...batch[l].d, ...batch[l].e)
        assert.ok(error <= 1e-14 + (top > 0 ? 2 ** -1074 / top : 0), `${kind}, n = ${n}: ${error}`)
      })
    }
  }
})

test('long ones stay within 10⁻¹³', () => {
  for (const [n, kind] of [
    [128, 'random'],
    [257, 'of a random matrix'],
    [512, 'of a random matrix'],
    [512, 'toeplitz'],
  ] as const) {
    const batch = [KINDS[kind](n, random(n))]
    const error = errorOfValues(batch[0].d, batch[0].e, values(batch)[0])
    assert.ok(error <= 1e-13, `${kind}, n = ${n}: ${error}`)
  }
})

test('small values of graded matrices keep their relative accuracy', () => {
  // Upper triangular with 1 and 2ᵏ: the product of all values is the determinant, 2^(−Σ4i), whatever is beside the diagonal.
  const n = 12
  const got = values([
    bidiagonal(
      n,
      i => 2 ** (-4 * i),
      i => 2 ** (-4 * i - 1),
    ),
  ])[0]
  const product = got.reduce((p, x) => p * x, 1)
  assert.ok(Math.abs(product * 2 ** (2 * n * (n - 1)) - 1) < 1e-13, `${product}`)
})

test('bisection alone agrees with the reference', () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    if (kind === 'subnormal' || kind === 'huge') continue // the caller's scale brings the largest entry into [1, 2)
    for (const n of [1, 2, 5, 16]) {
      const { d, e } = make(n, random(n))
      const top = Math.max(...d, ...e)
      if (top < 1e-300) continue
      const scale = 2 ** -Math.floor(Math.log2(top))
      const packed = Float64Array.from({ length: 4 * n }, (_, i) =>
        i % 4 === 0 ? d[i >> 2] : i % 4 === 2 ? (e[i >> 2] ?? 0) : Number.NaN,
      )
      const [out] = fenced([2 * n], (arena, at) => arena.routines.bisection(n, arena.put(packed), scale, at))
      const error = errorOfValues(
        d,
        e,
        out.filter((_, i) => i % 2 === 0),
      )
      assert.ok(error <= 1e-14, `${kind}, n = ${n}: ${error}`)
    }
  }
})

test('the same bits alone, in either lane, beside any other matrix, and again', () => {
  const kinds = Object.values(KINDS)
  for (const n of [3, 9, 17, 33]) {
    const batch = kinds.map((make, i) => make(n, random(i)))
    const together = values(batch)
    const turned = values([...batch].reverse()).reverse()
    batch.forEach((one, l) => {
      assert.is(bits(together[l]), bits(values([one])[0]))
      assert.is(bits(together[l]), bits(turned[l]))
    })
    assert.equal(values(batch).map(bits), together.map(bits))
  }
})

test.run()
