import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { adjointTimes, bits, type Complex, fenced, pack, randomMatrix, SIDES, zeros } from './pairs.ts'

/** Which of the matrices pass, and the bits of the work area below the diagonal. */
function run(matrices: Complex[], levels: number[]): { ok: number[]; factor: string } {
  const n = matrices[0].rows
  const pairs = Math.ceil(matrices.length / 2)
  const [out, w] = fenced([pairs * 2, n * n * 4], (arena, out, w) => {
    const packed = pack(matrices)
    const g = arena.put(packed)
    const lane = Array.from({ length: 2 * pairs }, (_, i) => levels[Math.min(i, levels.length - 1)])
    const level = arena.put(lane)
    arena.routines.cholesky(pairs, n, g, level, w, out)
    assert.is(bits(arena.f64(g, packed.length)), bits(packed), 'G is kept')
  })
  return { ok: [...out].slice(0, matrices.length), factor: bits(w) }
}

/** The upper triangle is not to be read: NaN there. */
function lower(g: Complex): Complex {
  for (let j = 0; j < g.columns; j++) for (let i = 0; i < j; i++) g.re[j * g.rows + i] = g.im[j * g.rows + i] = Number.NaN
  return g
}

/** Largest eigenvalue from plain power iteration on G², enough for levels a per cent apart. */
function largest(g: Complex): number {
  const n = g.rows
  let x = randomMatrix(n, 1, 7)
  let value = 0
  for (let step = 0; step < 300; step++) {
    const y = adjointTimes(g, x)
    value = Math.sqrt(y.re.reduce((s, v) => s + v * v, 0) + y.im.reduce((s, v) => s + v * v, 0))
    if (value === 0) return 0
    x = { ...y, re: y.re.map(v => v / value), im: y.im.map(v => v / value) }
  }
  return value
}

test('passes above the largest eigenvalue and fails below it, each lane for itself', () => {
  for (const n of SIDES) {
    const batch = [0, 1, 2].map(i => {
      const a = randomMatrix(n + 1, n, 31 * n + i)
      return adjointTimes(a, a)
    })
    const top = batch.map(largest)
    batch.forEach(lower)
    const above = top.map(x => 1.02 * x)
    const under = top.map(x => 0.98 * x)
    assert.equal(run(batch, above).ok, [1, 1, 1], `above, n = ${n}`)
    assert.equal(run(batch, under).ok, [0, 0, 0], `below, n = ${n}`)
    assert.equal(run(batch, [above[0], under[1], above[2]]).ok, [1, 0, 1], `mixed, n = ${n}`)
    assert.equal(run(batch, [under[0], above[1], under[2]]).ok, [0, 1, 0], `mixed, n = ${n}`)
  }
})

test('the same verdict and factor on every call, also after a failure in between', () => {
  for (const n of SIDES) {
    const batch = [1, 2].map(i => adjointTimes(randomMatrix(n, n, n + i), randomMatrix(n, n, n + i)))
    const levels = batch.map(g => 1.3 * largest(g))
    const first = run(batch, levels)
    run(batch, [0, 0])
    assert.equal(run(batch, levels), first)
  }
})

/** L·Lᴴ against t·I − G entry by entry, for L as it is left in the work area. */
function worstEntry(g: Complex, t: number, w: Float64Array, lane: number): number {
  const n = g.rows
  const at = (i: number, j: number) => 4 * (i * n + j) + lane
  let worst = 0
  for (let i = 0; i < n; i += 7) {
    for (let j = 0; j <= i; j += 5) {
      let [re, im, size] = [0, 0, 0]
      for (let k = 0; k <= j; k++) {
        const [a, b] = k === i ? [-1 / w[at(i, i)], 0] : [w[at(i, k)], w[at(i, k) + 2]]
        const [c, d] = k === j ? [-1 / w[at(j, j)], 0] : [w[at(j, k)], w[at(j, k) + 2]]
        re += a * c + b * d
        im += b * c - a * d
        size += Math.hypot(a, b) * Math.hypot(c, d)
      }
      const [x, y] = [(i === j ? t : 0) - g.re[j * n + i], -g.im[j * n + i]]
      worst = Math.max(worst, Math.hypot(re - x, im - y) / size)
    }
  }
  return worst
}

test('the factor is that of t·I − G, in one panel and in many, whatever is left over', () => {
  for (const n of [5, 64, 256, 257, 258, 262, 264, 265, 300, 392]) {
    const batch = [1, 2].map(i => {
      const a = randomMatrix(4, n, n + i)
      return lower(adjointTimes(a, a))
    })
    const t = 4 * n
    const [out, w] = fenced([2, n * n * 4], (arena, out, w) =>
      arena.routines.cholesky(1, n, arena.put(pack(batch)), arena.put([t, t + 1]), w, out),
    )
    assert.equal([...out], [1, 1], `n = ${n}`)
    batch.forEach((g, lane) => {
      assert.ok(worstEntry(g, t + lane, w, lane) < 40 * 2 ** -53, `n = ${n}: ${worstEntry(g, t + lane, w, lane) * 2 ** 53} u`)
    })
  }
})

test('exact edges: t = λ fails, t just above passes', () => {
  const identity = (n: number) => {
    const g = zeros(n, n)
    for (let i = 0; i < n; i++) g.re[i * n + i] = 1
    return g
  }
  for (const n of [1, 2, 3, 8, 9]) {
    assert.equal(run([identity(n), identity(n)], [1, 1 + 2 ** -52]).ok, [0, 1])
    assert.equal(run([zeros(n, n), zeros(n, n)], [0, 1e-300]).ok, [0, 1])
  }
})

test('NaN and infinities fail, wherever they are, and only in their lane', () => {
  const n = 9
  const good = () => lower(adjointTimes(randomMatrix(n, n, 1), randomMatrix(n, n, 1)))
  const t = 1000
  assert.equal(run([good(), good()], [t, t]).ok, [1, 1])
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (let j = 0; j < n; j++) {
      for (let i = j; i < n; i++) {
        const g = good()
        g.re[j * n + i] = bad
        assert.equal(run([g, good()], [t, t]).ok, [0, 1], `${bad} at ${i},${j}`)
        if (i === j) continue
        const h = good()
        h.im[j * n + i] = bad
        assert.equal(run([good(), h], [t, t]).ok, [1, 0], `imaginary ${bad} at ${i},${j}`)
      }
    }
  }
  assert.equal(run([good(), good()], [Number.NaN, Number.POSITIVE_INFINITY]).ok, [0, 0])
})

test.run()
