import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { putPhases, putPhasesAt } from '../../src/runtime/phases.ts'
import { borrow } from '../../src/runtime/arena.ts'
import { bits, fenced, random } from './pairs.ts'

/** The angle in whole numbers, as exact as BigInt is. */
function phaseOf(q: readonly number[], turns: readonly number[], point: readonly number[]): [number, number] {
  const angle = q.reduce((sum, x, d) => {
    const n = BigInt(turns[d])
    const j = (((BigInt(x) * BigInt(point[d])) % n) + n) % n
    return sum + (2 * Math.PI * Number(j)) / turns[d]
  }, 0)
  return [Math.cos(angle), Math.sin(angle)]
}

test('phases of positions of either sign, in any order, with holes, at one to five frequencies', () => {
  for (const [turns, positions] of [
    [[7], [[0], [3], [-2], [1], [-3]]],
    [[2 ** 40], [[1], [1000], [-8]]],
    [
      [12, 105 * 2 ** 17],
      [
        [0, 0],
        [1, -2],
        [-1, 5],
        [2, 0],
        [0, -5],
      ],
    ],
    [
      [5, 8, 9],
      [
        [1, 2, 3],
        [-1, 0, 2],
        [0, 0, -1],
      ],
    ],
  ] as [number[], number[][]][]) {
    const next = random(positions.length)
    for (const count of [1, 2, 3, 5]) {
      const points = Float64Array.from({ length: (count + 1) * turns.length }, (_, i) =>
        Math.floor(((next() + 1) / 2) * turns[i % turns.length]),
      )
      const lanes = borrow(arena => {
        const at = putPhasesAt(arena, positions, { turns, points }, 1, count)
        return arena.f64(at, ((count + 1) >> 1) * positions.length * 4).slice()
      })
      for (let slot = 0; slot < 2 * ((count + 1) >> 1); slot++) {
        const i = 1 + Math.min(slot, count - 1)
        const point = [...points.subarray(i * turns.length, (i + 1) * turns.length)]
        positions.forEach((q, t) => {
          const at = ((slot >> 1) * positions.length + t) * 4 + (slot & 1)
          const [c, s] = phaseOf(q, turns, point)
          assert.ok(Math.abs(lanes[at] - c) < 4e-15 && Math.abs(lanes[at + 2] - s) < 4e-15, `${q} at ${point} of ${turns}`)
        })
      }
    }
  }
})

test('the opposite position has the conjugate phase, to the last bit', () => {
  const positions = [
    [3, -1],
    [-3, 1],
  ]
  borrow(arena => {
    const at = putPhasesAt(arena, positions, { turns: [97, 64], points: Float64Array.of(31, 17) }, 0, 1)
    const [c, , s, , d, , t] = arena.f64(at, 8)
    assert.equal([d, t], [c, -s])
  })
})

test('taps of a symbol: row-major over the axes; a symbol without axes has one phase, 1', () => {
  borrow(arena => {
    const frequencies = { turns: [10, 11], points: Float64Array.of(3, 4, 9, 2) }
    const offsets = [
      [-1, 0, 1],
      [0, 2],
    ]
    const positions = offsets[0].flatMap(p => offsets[1].map(q => [p, q]))
    const [one, other] = [putPhases(arena, offsets, frequencies, 0, 2), putPhasesAt(arena, positions, frequencies, 0, 2)]
    assert.is(bits(arena.f64(one, 24)), bits(arena.f64(other, 24)))
    const none = putPhases(arena, [], { turns: [], points: new Float64Array(0) }, 0, 1)
    assert.equal([...arena.f64(none, 4)], [1, 1, 0, 0])
  })
})

test('nothing is written beyond the phases', () => {
  const [out, table] = fenced([2 * 3 * 4, 2 * 4], (arena, out, table) => {
    const words = arena.alloc(16)
    arena.i32(words, 4).set([2, 1, -2, 0])
    const n = arena.put([9])
    arena.routines.phases(3, 1, 3, n, arena.put([1, 2, 3]), words, arena.put([1, 4]), words + 4, table, out)
  })
  assert.ok(out.every(Number.isFinite))
  assert.ok(table.every(Number.isFinite))
})

test.run()
