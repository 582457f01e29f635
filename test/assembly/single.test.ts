import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Arena, borrow } from '../../src/runtime/arena.ts'
import { eigenpairs } from '../../src/runtime/hermitian.ts'
import { adjointTimes, bits, type Complex, fenced, pack, randomMatrix, SIDES } from './pairs.ts'

/** Four Gram matrices of different columns, and the largest eigenvalue of each. */
function four(n: number, seed: number): { batch: Complex[]; top: number[] } {
  const batch = [0, 1, 2, 3].map(i => {
    const a = randomMatrix(n + 1, n, 31 * n + 7 * seed + i)
    return adjointTimes(a, a)
  })
  const top = batch.map(({ re, im }) => {
    const matrix = new Float64Array(2 * n * n)
    for (let k = 0; k < n * n; k++) [matrix[2 * k], matrix[2 * k + 1]] = [re[k], im[k]]
    return eigenpairs(matrix, n, 1).values[0]
  })
  return { batch, top }
}

/** The quad of four matrices, at `h`. */
function putQuad(arena: Arena, batch: readonly Complex[], h: number): void {
  const n = batch[0].rows
  arena.routines.demote(n, arena.put(pack(batch.slice(0, 2))), arena.put(pack(batch.slice(2, 4))), h)
}

test('demote: the lower triangle of four matrices, each entry rounded to 32 bits', () => {
  for (const n of SIDES) {
    const { batch } = four(n, 1)
    const [out] = fenced([n * n * 4], (arena, h) => putQuad(arena, batch, h))
    const quad = new Float32Array(out.slice().buffer)
    for (let j = 0; j < n; j++) {
      for (let i = j; i < n; i++) {
        for (let lane = 0; lane < 4; lane++) {
          const at = 8 * (j * n + i) + lane
          assert.is(quad[at], Math.fround(batch[lane].re[j * n + i]), `n = ${n}`)
          assert.is(quad[at + 4], Math.fround(batch[lane].im[j * n + i]), `n = ${n}`)
        }
      }
    }
  }
})

/** Verdicts, and the row sums of |L||L|ᴴ beside the largest in plain JavaScript from the factor itself. */
function factor(
  batch: readonly Complex[],
  levels: readonly number[],
): { ok: number[]; spread: number[]; plain: number[]; all: string } {
  const n = batch[0].rows
  const [l, v, out] = fenced([n * n * 4, n * 2, 4], (arena, l, v, out) => {
    const h = arena.alloc(n * n * 32)
    putQuad(arena, batch, h)
    const level = arena.alloc(16)
    arena.f32(level, 4).set(levels)
    arena.routines.choleskySingle(1, n, h, level, l, out)
    arena.routines.spread(n, l, v, out + 16)
  })
  assert.is(v.length, n * 2)
  const numbers = new Float32Array(out.slice().buffer)
  const entries = new Float32Array(l.slice().buffer)
  const plain = [0, 1, 2, 3].map(lane => {
    const size = (i: number, j: number) => {
      const [re, im] = [entries[8 * (i * n + j) + lane], entries[8 * (i * n + j) + 4 + lane]]
      return i === j ? Math.abs(1 / re) : Math.sqrt(re * re + im * im)
    }
    const columns = Array.from({ length: n }, (_, j) =>
      Array.from({ length: n - j }, (_, k) => size(j + k, j)).reduce((a, b) => a + b),
    )
    return Math.max(...columns.map((_, i) => columns.slice(0, i + 1).reduce((sum, column, j) => sum + size(i, j) * column, 0)))
  })
  return { ok: [...numbers.subarray(0, 4)], spread: [...numbers.subarray(4)], plain, all: bits(out) }
}

test('passes above the largest eigenvalue and fails below it, each lane for itself; row sums are those of the factor', () => {
  for (const n of SIDES) {
    const { batch, top } = four(n, 2)
    const above = top.map(x => x * 1.001)
    const under = top.map(x => x * 0.999)
    const good = factor(batch, above)
    assert.equal(good.ok, [1, 1, 1, 1], `n = ${n}`)
    good.spread.forEach((sum, lane) => {
      assert.ok(Math.abs(sum - good.plain[lane]) <= 4 * n * 2 ** -24 * good.plain[lane], `n = ${n}`)
    })
    assert.equal(factor(batch, under).ok, [0, 0, 0, 0], `n = ${n}`)
    assert.equal(factor(batch, [above[0], under[1], under[2], above[3]]).ok, [1, 0, 0, 1], `n = ${n}`)
    assert.is(factor(batch, above).all, good.all, 'the same bits after failures in between')
  }
})

test('what a passed test proves, with its rounding, holds for every level; and says little more than the level', () => {
  let tightest = Infinity
  for (const n of SIDES.filter(side => side > 1)) {
    const { batch, top } = four(n, 3)
    for (const share of [1 - 1e-6, 1 - 1e-8, 1 + 1e-8, 1 + 1e-6, 1.01]) {
      const levels = top.map(x => Math.fround(x * share))
      const { ok, spread } = factor(batch, levels)
      levels.forEach((level, lane) => {
        if (ok[lane] !== 1) return
        const trace = batch[lane].re.reduce((sum, x, i) => sum + (i % (n + 1) === 0 ? x : 0), 0)
        const cost = Math.SQRT2 * 1.01 * (n + 8) * 2 ** -24 * spread[lane] * (1 + 4 * n * 2 ** -24) + 2 ** -24 * trace
        assert.ok(level + cost >= top[lane], `n = ${n}, lane ${lane}: ${level} + ${cost} < ${top[lane]}`)
        tightest = Math.min(tightest, cost / level)
      })
    }
  }
  assert.ok(tightest < 1e-4, `${tightest}`)
})

test('Lanczos in four lanes: quotients of double precision to five digits, unit vectors, zeros and start', () => {
  for (const n of SIDES) {
    const { batch, top } = four(n, 4)
    const steps = Math.min(n, 16)
    const [x, out] = fenced([n * 4, 4], (arena, x, out) => {
      const h = arena.alloc(n * n * 32)
      putQuad(arena, batch, h)
      arena.f32(x, 8 * n).set(Float32Array.from({ length: 8 * n }, (_, i) => 1 + ((i * 0.618) % 1)))
      arena.routines.climbSingle(n, steps, h, x, arena.alloc((steps + 1) * n * 32 + steps * 48), out)
    })
    const numbers = new Float32Array(out.slice().buffer)
    const vectors = new Float32Array(x.slice().buffer)
    for (let lane = 0; lane < 4; lane++) {
      assert.ok(numbers[lane] <= top[lane] * (1 + 1e-5), `n = ${n}: ${numbers[lane]} above ${top[lane]}`)
      if (n <= 8) assert.ok(numbers[lane] >= top[lane] * (1 - 1e-5), `n = ${n}: ${numbers[lane]} below ${top[lane]}`)
      let square = 0
      for (let i = 0; i < n; i++) square += vectors[8 * i + lane] ** 2 + vectors[8 * i + 4 + lane] ** 2
      assert.ok(Math.abs(square - 1) < 1e-5, `n = ${n}: length ${square}`)
    }
  }
  borrow(arena => {
    const h = arena.alloc(3 * 3 * 32)
    const x = arena.alloc(3 * 32)
    const out = arena.alloc(32)
    arena.f32(h, 72).fill(0)
    arena.f32(x, 24).fill(0)
    arena.routines.climbSingle(3, 3, h, x, arena.alloc(4 * 3 * 32 + 3 * 48), out)
    assert.ok(
      [...arena.f32(out, 4)].every(value => !(Math.abs(value) > 1e-30)),
      'a matrix of zeros',
    )
  })
})

test.run()
