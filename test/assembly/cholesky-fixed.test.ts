import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { borrow } from '../../src/runtime/arena.ts'
import { eigenpairs } from '../../src/runtime/hermitian.ts'
import { adjointTimes, type Complex, random, randomMatrix, zeros } from './pairs.ts'

const U = 2 ** -24
const LANES = [0, 1, 2, 3]

/** Matrices whose numbers 32 bits hold. */
function rounded({ rows, columns, re, im }: Complex): Complex {
  return { rows, columns, re: Float64Array.from(re, Math.fround), im: Float64Array.from(im, Math.fround) }
}

function scaled(a: Complex, by: (row: number, column: number) => number): Complex {
  const part = (x: Float64Array) => Float64Array.from(x, (value, at) => value * by(at % a.rows, Math.floor(at / a.rows)))
  return { ...a, re: part(a.re), im: part(a.im) }
}

const square = (a: Complex) => rounded(adjointTimes(a, a))

/** Gram matrices of all sorts, the largest eigenvalue about 1. */
const KINDS: Record<string, (n: number, seed: number) => Complex> = {
  random: (n, seed) => square(scaled(randomMatrix(n, n, seed), () => 0.5 / Math.sqrt(n))),
  'columns over nine orders': (n, seed) =>
    square(scaled(randomMatrix(n, n, seed), (_, j) => (0.5 / Math.sqrt(n)) * 2 ** -((j * 7) % 30))),
  'rows that are all alike': (n, seed) => {
    const row = randomMatrix(1, n, seed)
    return square(scaled(row, () => 0.8 / Math.sqrt(n)))
  },
  'a large entry late in a stripe': (n, seed) => {
    const a = scaled(randomMatrix(n, n, seed), () => 1e-3 / Math.sqrt(n))
    for (let j = 12; j < n; j += 20) a.re[(j - 1) * n] = 0.7 / Math.sqrt(n / 20)
    return square(a)
  },
  'an entry half as large again in the next panel': n => {
    const g = zeros(n, n)
    for (let j = 0; j < n; j++) g.re[j * n + j] = 0.5
    for (let j = 0; j + 24 < n; j += 32)
      for (const [row, column, x] of [
        [j + 20, j, 0.1],
        [j + 24, j + 9, 0.15],
      ])
        g.re[column * n + row] = g.re[row * n + column] = x
    return rounded(g)
  },
  'nothing beside the diagonal': (n, seed) => {
    const next = random(seed)
    const a = zeros(n, n)
    for (let j = 0; j < n; j++) a.re[j * n + j] = next()
    return square(a)
  },
  zero: n => zeros(n, n),
}

function topOf({ rows: n, re, im }: Complex): number {
  const matrix = new Float64Array(2 * n * n)
  for (let k = 0; k < n * n; k++) [matrix[2 * k], matrix[2 * k + 1]] = [re[k], im[k]]
  return eigenpairs(matrix, n, 1).values[0]
}

interface Found {
  ok: number[]
  off: number[]
  rows: number[]
  groups: number
  /** L̃ of a lane, by rows. */
  factor(lane: number): Complex
}

/** The routine for four matrices, between fences that it has to leave alone, and the factor put together from its scratch. */
function run(batch: readonly Complex[], levels: readonly number[]): Found {
  const n = batch[0].rows
  return borrow(arena => {
    const h = arena.alloc(n * n * 32)
    const quad = arena.f32(h, 8 * n * n).fill(Number.NaN)
    for (let j = 0; j < n; j++)
      for (let i = j; i < n; i++)
        for (const lane of LANES) {
          quad[8 * (j * n + i) + lane] = batch[lane].re[j * n + i]
          quad[8 * (j * n + i) + 4 + lane] = batch[lane].im[j * n + i]
        }
    const level = arena.alloc(16)
    arena.f32(level, 4).set(levels)
    const stripes = 16 * (n + 1) * 32 * Math.ceil(n / 32)
    const size = stripes + 16 * 19 * (n + 1) + 4 * n + 8256
    const fence = arena.alloc(16)
    const w = arena.alloc(size)
    const out = arena.alloc(64)
    const end = arena.alloc(16)
    for (const at of [fence, end]) arena.f64(at, 2).fill(1.25)
    // what was there before does not matter
    arena.u8(w, size).fill(0xff)
    arena.routines.choleskyFixed(n, h, level, w, out)
    for (const at of [fence, end]) assert.equal([...arena.f64(at, 2)], [1.25, 1.25])
    const numbers = arena.f32(out, 12).slice()
    const groups = arena.i32(out + 48, 1)[0]
    const whole = new Int16Array(arena.u8(w, stripes).slice().buffer)
    const panel = arena.f32(w + stripes, 64 * (n + 1)).slice()
    const list = w + stripes + 16 * 19 * (n + 1)
    const ends = Array.from({ length: groups }, (_, k) => arena.i32(list + 32 * k + 16, 1)[0])
    const squares = Array.from({ length: groups }, (_, k) => arena.f32(list + 32 * k, 4).slice())
    return {
      ok: [...numbers.subarray(0, 4)],
      off: [...numbers.subarray(4, 8)],
      rows: [...numbers.subarray(8)],
      groups,
      factor(lane) {
        const l = zeros(n, n)
        for (let i = 0; i < n; i++)
          for (let k = 0; k <= i; k++) {
            const at = i * n + k
            if (k >> 3 === i >> 3) {
              const from = 64 * i + 8 * (k & 7) + lane
              l.re[at] = k === i ? -1 / panel[from] : panel[from]
              if (k < i) l.im[at] = panel[from + 4]
            } else {
              const q = Math.sqrt(squares[ends.findIndex(last => k < last)][lane])
              const from = 2 * (((k >> 5) * (n + 1) + i) * 128 + (k & 31) * 4 + lane)
              ;[l.re[at], l.im[at]] = [q * whole[from], q * whole[from + 1]]
            }
          }
        return l
      },
    }
  })
}

const proven = (n: number, level: number, { off, rows, groups }: Found, lane: number) =>
  Math.fround(level) + (Math.SQRT2 * 1.01 * (groups + 15) * U * (rows[lane] + level) + off[lane]) * (1 + 4 * n * U)

test('passes above the largest eigenvalue, fails below it, each lane for itself', () => {
  for (const n of [1, 2, 3, 7, 8, 9, 16, 31, 32, 33, 40, 65, 100]) {
    const batch = LANES.map(lane => KINDS.random(n, 17 * n + lane))
    const top = batch.map(topOf)
    for (const pattern of [0b1111, 0b0000, 0b1010, 0b0101, 0b0001, 0b1000]) {
      const wanted = LANES.map(lane => (pattern >> lane) & 1)
      const found = run(
        batch,
        top.map((x, lane) => x * (wanted[lane] ? 1.003 : 0.997)),
      )
      assert.equal(found.ok, wanted, `n = ${n}`)
    }
    assert.equal(run(batch, [0, -1, Number.NaN, 0]).ok, [0, 0, 0, 0], `n = ${n}`)
  }
})

test('what a passed test proves holds for every level; it says little more than the level', () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const n of [5, 24, 50, 97]) {
      const batch = LANES.map(lane => make(n, 5 * n + lane))
      const top = batch.map(topOf)
      for (const share of [1 - 1e-4, 1 - 1e-6, 1 + 1e-6, 1 + 1e-4, 1.01, 2]) {
        const levels = top.map(x => Math.fround((x || 1) * share))
        const found = run(batch, levels)
        for (const lane of LANES) {
          if (found.ok[lane] !== 1) continue
          const bound = proven(n, levels[lane], found, lane)
          assert.ok(bound >= top[lane] * (1 - 1e-13), `${kind}, n = ${n}: ${bound} < ${top[lane]}`)
          assert.ok(bound <= levels[lane] * (1 + 2e-4 * Math.sqrt(n)), `${kind}, n = ${n}: ${bound} for ${levels[lane]}`)
        }
      }
    }
  }
})

test('t·I − G is L̃·L̃ᴴ up to what is claimed, entry by entry in the diagonal blocks; so whole numbers are summed exactly', () => {
  let closest = 0
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const n of [8, 41, 96]) {
      const scales = [1, 1e-6, 1e6, 1]
      const batch = LANES.map(lane => rounded(scaled(make(n, 3 * n + lane), () => scales[lane])))
      const levels = batch.map((matrix, lane) => Math.fround(1.002 * (topOf(matrix) || scales[lane])))
      const found = run(batch, levels)
      assert.equal(found.ok, [1, 1, 1, 1], `${kind}, n = ${n}`)
      for (const lane of LANES) {
        const l = found.factor(lane)
        const gamma = (Math.SQRT2 * 1.01 * (found.groups + 15) * U) / (1 - (found.groups + 15) * U)
        let [squares, absolute, widest] = [0, 0, 0]
        for (let i = 0; i < n; i++) {
          let row = 0
          for (let j = 0; j < n; j++) {
            let [re, im, size] = [0, 0, 0]
            for (let k = 0; k <= Math.min(i, j); k++) {
              const [a, b] = [i * n + k, j * n + k]
              re += l.re[a] * l.re[b] + l.im[a] * l.im[b]
              im += l.im[a] * l.re[b] - l.re[a] * l.im[b]
              size += Math.hypot(l.re[a], l.im[a]) * Math.hypot(l.re[b], l.im[b])
            }
            row += size
            if (i === j) size += levels[lane]
            absolute += size * size
            if (j > i) continue
            const at = j * n + i
            const off = Math.hypot((i === j ? levels[lane] : 0) - batch[lane].re[at] - re, i === j ? 0 : -batch[lane].im[at] - im)
            squares += (i === j ? 1 : 2) * off * off
            if (i >> 3 === j >> 3)
              assert.ok(
                off <= gamma * size + 1e-300,
                `${kind}, n = ${n}, (${i}, ${j}) in a diagonal block: ${off} for ${gamma * size}`,
              )
          }
          widest = Math.max(widest, row)
        }
        const most = found.off[lane] + gamma * Math.sqrt(absolute)
        assert.ok(Math.sqrt(squares) <= most, `${kind}, n = ${n}, lane ${lane}: ${Math.sqrt(squares)} > ${most}`)
        assert.ok(found.rows[lane] >= widest * (1 - 4 * n * U), `${kind}, n = ${n}: row sums`)
        if (kind === 'random' && n === 96) closest = Math.max(closest, Math.sqrt(squares) / found.off[lane])
      }
    }
  }
  // the bound of ‖R‖_F is not generous
  assert.ok(closest > 0.5, String(closest))
})

test('where diagonal blocks are nearly multiples of I the bound of ‖R‖_F is what there is', () => {
  for (const n of [24, 64]) {
    const batch = LANES.map(lane => rounded(scaled(KINDS.random(n, n + lane), () => 0.02)))
    const found = run(batch, [1, 1, 1, 1])
    for (const lane of LANES) {
      const l = found.factor(lane)
      let squares = 0
      for (let i = 8; i < n; i++)
        for (let j = 0; j >> 3 < i >> 3; j++) {
          let [re, im] = [batch[lane].re[j * n + i], batch[lane].im[j * n + i]]
          for (let k = 0; k <= j; k++) {
            const [a, b] = [i * n + k, j * n + k]
            re += l.re[a] * l.re[b] + l.im[a] * l.im[b]
            im += l.im[a] * l.re[b] - l.re[a] * l.im[b]
          }
          squares += 2 * (re * re + im * im)
        }
      const part = Math.sqrt(squares) / found.off[lane]
      assert.ok(part > 0.9 && part <= 1, `n = ${n}, lane ${lane}: ${part}`)
    }
  }
})

test('row sums are those of the rounded entries, which may all be larger', () => {
  const n = 16
  const ones = zeros(n, n)
  ones.re.fill(0.01)
  const batch = [ones, ones, ones, ones]
  for (let k = 0; k < 50; k++) {
    const found = run(
      batch,
      LANES.map(lane => Math.fround(0.2 + 0.01 * k + 0.002 * lane)),
    )
    for (const lane of LANES) {
      const l = found.factor(lane)
      const size = (at: number) => Math.hypot(l.re[at], l.im[at])
      const columns = Array.from({ length: n }, (_, j) =>
        Array.from({ length: n }, (_, i) => size(i * n + j)).reduce((a, b) => a + b),
      )
      const widest = Math.max(...columns.map((_, i) => columns.reduce((sum, column, j) => sum + size(i * n + j) * column, 0)))
      assert.ok(found.rows[lane] >= widest * (1 - 4 * n * U), `level ${k}, lane ${lane}: ${found.rows[lane]} for ${widest}`)
    }
  }
})

test('a group ends where an entry or a row would not fit', () => {
  const few = run(
    LANES.map(lane => KINDS.random(96, lane)),
    [4, 4, 4, 4],
  )
  assert.ok(few.groups <= 6, `${few.groups} groups of 96 random columns`)
  const many = run(
    LANES.map(lane => KINDS['a large entry late in a stripe'](96, lane)),
    [4, 4, 4, 4],
  )
  assert.ok(many.groups > few.groups, `${many.groups} groups with large entries`)
})

test('what is not a number, or too large, fails its lane and no other', () => {
  const n = 70
  const good = KINDS.random(n, 1)
  const level = 1.01 * topOf(good)
  for (const [row, column] of [
    [69, 0],
    [20, 3],
    [69, 69],
    [5, 5],
    [64, 31],
  ]) {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e30, -1e30]) {
      const spoilt = { ...good, re: good.re.slice(), im: good.im.slice() }
      spoilt.re[column * n + row] = bad
      const diagonal = row === column && bad === -1e30
      const found = run([good, spoilt, good, good], [level, level, level, level])
      assert.equal(found.ok, [1, diagonal ? 1 : 0, 1, 1], `${bad} at (${row}, ${column})`)
    }
  }
})

test.run()
