import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Arena, borrow } from '../../src/runtime/arena.ts'
import { eigenpairs } from '../../src/runtime/hermitian.ts'
import { adjointTimes, bits, type Complex, fenced, random, randomMatrix, SIDES } from './pairs.ts'

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

/** The quad of four matrices, at `h`; NaN in the upper triangle, which is not to be read. */
function putQuad(arena: Arena, batch: readonly Complex[], h: number): void {
  const n = batch[0].rows
  const quad = arena.f32(h, 8 * n * n)
  for (let at = 0; at < n * n; at++) {
    const below = at % n >= Math.floor(at / n)
    batch.forEach(({ re, im }, lane) => {
      quad[8 * at + lane] = below ? re[at] : Number.NaN
      quad[8 * at + 4 + lane] = below ? im[at] : Number.NaN
    })
  }
}

test('phasesSingle: the cosines of all taps in four lanes, then the sines, each rounded to 32 bits', () => {
  for (const taps of [1, 2, 5, 12]) {
    const pairs = [1, 2].map(seed => Float64Array.from({ length: 4 * taps }, random(seed)))
    const [out] = fenced([4 * taps], (arena, out) =>
      arena.routines.phasesSingle(taps, arena.put(pairs[0]), arena.put(pairs[1]), out),
    )
    const quad = new Float32Array(out.slice().buffer)
    for (let q = 0; q < taps; q++)
      for (let lane = 0; lane < 4; lane++)
        for (const part of [0, 1])
          assert.is(quad[4 * (part * taps + q) + lane], Math.fround(pairs[lane >> 1][4 * q + 2 * part + (lane & 1)]))
  }
})

test('hermitianSymbolSingle: as in double precision, to 24 bits; the lower triangle, one phase a lane', () => {
  for (const n of SIDES.filter(n => n < 20)) {
    for (const [taps, quads] of [
      [0, 1],
      [1, 2],
      [12, 3],
      [5, 4],
    ]) {
      const length = 2 * Math.ceil(n / 2) * (Math.ceil(n / 2) + 1) * (1 + 2 * taps)
      const side = 4 * Math.ceil(n / 4)
      const g = Float64Array.from({ length: (1 + taps) * side * side }, random(n))
      const phases = Array.from({ length: 2 * quads }, (_, p) => Float64Array.from({ length: 4 * taps }, random(50 + p)))
      const [got, wanted] = fenced([quads * n * n * 4, 2 * quads * n * n * 4], (arena, out, plain) => {
        const planes = arena.alloc(length * 8)
        const single = arena.alloc(length * 4)
        const at = arena.put(Float64Array.from(phases.flatMap(x => [...x])))
        const rounded = arena.alloc(Math.max(1, quads * taps) * 32)
        arena.routines.halfPlanes(n, taps, arena.put(g), planes)
        arena.f32(single, length).set(arena.f64(planes, length))
        for (let q = 0; q < quads; q++)
          arena.routines.phasesSingle(taps, at + 2 * q * taps * 32, at + (2 * q + 1) * taps * 32, rounded + q * taps * 32)
        arena.routines.hermitianSymbolSingle(quads, n, taps, single, rounded, out)
        arena.routines.hermitianSymbol(2 * quads, n, taps, planes, at, plain)
      })
      const quad = new Float32Array(got.slice().buffer)
      for (let f = 0; f < 4 * quads; f++)
        for (let j = 0; j < n; j++)
          for (let i = 0; i < n; i++)
            for (const part of [0, 1]) {
              const ours = quad[((f >> 2) * n * n + j * n + i) * 8 + 4 * part + (f & 3)]
              const theirs = wanted[((f >> 1) * n * n + j * n + i) * 4 + 2 * part + (f & 1)]
              if (i < j) {
                assert.ok(Number.isNaN(got[((f >> 2) * n * n + j * n + i) * 4 + part]), 'left as it was')
                continue
              }
              assert.ok(
                Math.abs(ours - theirs) <= (taps + 4) * 2 ** -24 * (1 + 2 * taps),
                `n = ${n}, ${taps} taps: ${ours} for ${theirs}`,
              )
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

test('deflateSingle: G − σvvᴴ below the diagonal, each lane with its own; frobeniusSquaredSingle: what is left of it', () => {
  for (const n of SIDES) {
    const { batch } = four(n, 5)
    const vectors = [1, 2, 3, 4].map(seed => randomMatrix(n, 1, seed))
    const sigmas = [0.75, -2, 0, 1.5]
    const [got, out] = fenced([n * n * 4, 2], (arena, g, out) => {
      putQuad(arena, batch, g)
      const v = arena.alloc(n * 32)
      for (let i = 0; i < n; i++)
        for (let lane = 0; lane < 4; lane++) {
          arena.f32(v, 8 * n)[8 * i + lane] = vectors[lane].re[i]
          arena.f32(v, 8 * n)[8 * i + 4 + lane] = vectors[lane].im[i]
        }
      const sigma = arena.alloc(16)
      arena.f32(sigma, 4).set(sigmas)
      arena.routines.deflateSingle(n, g, v, sigma)
      arena.routines.frobeniusSquaredSingle(1, n, g, out)
    })
    const [quad, squares] = [new Float32Array(got.slice().buffer), new Float32Array(out.slice().buffer)]
    batch.forEach((before, lane) => {
      const v = vectors[lane]
      let square = 0
      for (let j = 0; j < n; j++) {
        for (let i = 0; i < n; i++) {
          const at = j * n + i
          const [x, y] = [quad[8 * at + lane], quad[8 * at + 4 + lane]]
          if (i < j) {
            assert.ok(Number.isNaN(x) && Number.isNaN(y), 'left as it was')
            continue
          }
          const re = before.re[at] - sigmas[lane] * (v.re[i] * v.re[j] + v.im[i] * v.im[j])
          const im = before.im[at] - sigmas[lane] * (v.im[i] * v.re[j] - v.re[i] * v.im[j])
          const reach = 8 * 2 ** -24 * (Math.abs(before.re[at]) + Math.abs(before.im[at]) + 4 * Math.abs(sigmas[lane]))
          assert.ok(Math.hypot(x - re, y - im) <= reach, `n = ${n}, lane ${lane}: ${i}, ${j}`)
          square += (i === j ? 1 : 2) * (re * re + (i === j ? 0 : im * im))
        }
      }
      assert.ok(Math.abs(squares[lane] - square) <= (2 * n + 40) * 2 ** -24 * square, `n = ${n}, lane ${lane}`)
    })
  }
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
