import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { borrow } from '../../src/runtime/arena.ts'
import { openSymbol, type Way } from '../../src/runtime/symbol-values.ts'
import { circularFrequencies, circularGrid, type Frequencies, groupTaps, type Symbol, symbolCircular } from '../../src/symbol.ts'
import { sizeOf } from '../../src/tensor.ts'
import { seeded } from './seeded.ts'

function symbolOf(shape: number[], inputSize: number[], stride = 1, groups = 1) {
  const layer = conv({ data: seeded(3, sizeOf(shape)), shape }, { inputSize, stride, groups, padding: 'circular' })
  return { symbol: symbolCircular(layer), grid: circularGrid(layer) }
}

/** F(θ) by definition, in pair layout. */
function wanted(symbol: Symbol, group: number, { turns, points }: Frequencies, first: number, count: number): Float64Array {
  const size = symbol.rows * symbol.columns
  const taps = groupTaps(symbol, group)
  const out = new Float64Array(((count + 1) >> 1) * size * 4)
  const lengths = symbol.offsets.map(q => q.length)
  for (let slot = 0; slot < 2 * ((count + 1) >> 1); slot++) {
    const i = first + Math.min(slot, count - 1)
    for (let tap = 0; tap < sizeOf(lengths); tap++) {
      let angle = 0
      for (let d = turns.length - 1, rest = tap; d >= 0; rest = Math.floor(rest / lengths[d]), d--)
        angle += (2 * Math.PI * symbol.offsets[d][rest % lengths[d]] * points[i * turns.length + d]) / turns[d]
      for (let e = 0; e < size; e++) {
        out[((slot >> 1) * size + e) * 4 + (slot & 1)] += taps[tap * size + e] * Math.cos(angle)
        out[((slot >> 1) * size + e) * 4 + 2 + (slot & 1)] += taps[tap * size + e] * Math.sin(angle)
      }
    }
  }
  return out
}

function check(symbol: Symbol, group: number, frequencies: Frequencies, ways: Way[]): void {
  const count = frequencies.points.length / frequencies.turns.length
  const size = symbol.rows * symbol.columns
  for (const way of ways)
    borrow(arena => {
      const values = openSymbol(arena, symbol, group, frequencies, way)
      for (const [first, length] of [
        [0, count],
        [2, Math.max(1, count - 3)],
        [Math.max(0, (count >> 1) & ~1), 1],
      ]) {
        if (first + length > count) continue
        const doubles = ((length + 1) >> 1) * size * 4
        const f = arena.alloc(doubles * 8 + 16)
        arena.f64(f, doubles + 2).fill(9)
        values.write(first, length, f)
        const got = arena.f64(f, doubles + 2)
        assert.equal(Array.from(got.subarray(doubles)), [9, 9], 'fence')
        const right = wanted(symbol, group, frequencies, first, length)
        for (let i = 0; i < doubles; i++)
          assert.ok(Math.abs(got[i] - right[i]) < 1e-12, `${way} ${frequencies.turns} [${i}]: ${got[i]}, not ${right[i]}`)
      }
    })
}

const ALL: Way[] = ['direct', 'rows', 'transform']

test('every way gives the symbol, in one, two and three axes, on both sides of every width', () => {
  for (const [out, inner] of [
    [1, 1],
    [2, 1],
    [3, 1],
    [2, 2],
    [5, 1],
    [3, 2],
    [7, 1],
    [4, 2],
    [3, 3],
    [5, 5],
    [17, 1],
  ])
    for (const [k, n] of [
      [[3], [8]],
      [
        [3, 3],
        [6, 7],
      ],
      [
        [3, 3],
        [8, 8],
      ],
      [
        [2, 5],
        [5, 4],
      ],
      [
        [3, 1, 2],
        [4, 3, 5],
      ],
    ]) {
      const { symbol, grid } = symbolOf([out, inner, ...k], n)
      for (const half of [true, false])
        check(symbol, 0, circularFrequencies(grid, half), k.length > 1 ? ALL : ['direct', 'transform'])
    }
})

test('strides, groups, and grids smaller than the kernel', () => {
  const strided = symbolOf([3, 2, 3, 3], [8, 10], 2)
  check(strided.symbol, 0, circularFrequencies(strided.grid), ALL)
  const grouped = symbolOf([4, 1, 3, 3], [5, 5], 1, 2)
  for (const group of [0, 1]) check(grouped.symbol, group, circularFrequencies(grouped.grid), ALL)
  const wrapped = symbolOf([2, 2, 7, 7], [4, 3])
  check(wrapped.symbol, 0, circularFrequencies(wrapped.grid), ALL)
})

test('a list in no order', () => {
  const { symbol } = symbolOf([3, 3, 3, 3], [8, 8])
  const points = Float64Array.from({ length: 38 }, (_, i) => (i * 5 + (i >> 2)) % 8)
  check(symbol, 0, { turns: [8, 8], points }, ALL)
})

test('identical bits however the list is cut', () => {
  const { symbol, grid } = symbolOf([6, 5, 3, 3], [7, 9])
  const frequencies = circularFrequencies(grid)
  const count = frequencies.points.length / 2
  for (const way of ALL)
    borrow(arena => {
      const values = openSymbol(arena, symbol, 0, frequencies, way)
      const [whole, pieces] = [arena.alloc(count * 30 * 32), arena.alloc(count * 30 * 32)]
      values.write(0, count, whole)
      const step = way === 'rows' ? count : 4
      for (let first = 0; first < count; first += step)
        values.write(first, Math.min(step, count - first), pieces + first * 15 * 32)
      assert.equal(arena.f64(whole, count * 60), arena.f64(pieces, count * 60), way)
    })
})

test.run()
