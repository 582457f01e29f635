import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { borrow } from '../../src/runtime/arena.ts'
import { fixed, toNumber, turn } from './fixed.ts'
import { seeded } from './seeded.ts'

function turns(n: number, whole: number[]): Float64Array {
  return borrow(arena => {
    const out = arena.alloc(whole.length * 16 + 16)
    const fence = arena.f64(out, 2 * whole.length + 2).fill(7)
    const at = arena.put(whole)
    arena.routines.turns(whole.length, n, at, out)
    assert.equal(Array.from(fence.subarray(2 * whole.length)), [7, 7])
    return arena.f64(out, 2 * whole.length).slice()
  })
}

function worst(n: number, whole: number[]): number {
  const got = turns(n, whole)
  let error = 0
  whole.forEach((j, i) => {
    const size = BigInt(n)
    const [cos, sin] = turn(((BigInt(j) % size) + size) % size, size)
    error = Math.max(error, Math.abs(toNumber(fixed(got[2 * i]) - cos)), Math.abs(toNumber(fixed(got[2 * i + 1]) - sin)))
  })
  return error
}

const PROVEN = 1.75 * 2 ** -53

test('within the proven bound for every turn of small sizes', () => {
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 28, 49, 56, 97, 112, 128, 224])
    assert.ok(
      worst(
        n,
        Array.from({ length: 2 * n + 1 }, (_, j) => j - n),
      ) <= PROVEN,
      `n = ${n}`,
    )
})

test('within the proven bound at random turns of sizes up to 2⁴⁹', () => {
  const random = seeded(11, 4000)
  for (let i = 0; i < 40; i++) {
    const n = i < 20 ? Math.round(2 ** (10 + 2 * i)) + (i % 3) - 1 : 2 ** 49 - i
    const whole = Array.from(random.subarray(100 * i, 100 * i + 100), r => Math.round(r * Math.min(n * 8, 2 ** 49)))
    assert.ok(worst(n, whole) <= PROVEN, `n = ${n}: ${worst(n, whole) * 2 ** 53} units`)
  }
})

test('within the proven bound around every eighth of a turn, where the reduction could slip', () => {
  for (const n of [2 ** 49, 2 ** 49 - 1, 2 ** 40, 3 ** 30, 8 * 7 ** 15])
    for (let eighth = -8; eighth <= 8; eighth++) {
      const at = Math.round((n / 8) * eighth)
      const whole = [-2, -1, 0, 1, 2].map(d => Math.max(-(2 ** 49), Math.min(2 ** 49, at + d)))
      assert.ok(worst(n, whole) <= PROVEN, `n = ${n}, eighth ${eighth}`)
    }
})

test('quarters are exact, whatever the number of whole turns', () => {
  for (const n of [4, 12, 2 ** 40, 2 ** 48]) {
    const got = turns(n, [0, n / 4, n / 2, (3 * n) / 4, n, -n / 4])
    assert.equal(
      Array.from(got, x => x + 0),
      [1, 0, 0, 1, -1, 0, 0, -1, 1, 0, 0, -1],
    )
  }
  assert.equal(
    Array.from(turns(1, [-(2 ** 49), 12345]), x => x + 0),
    [1, 0, 1, 0],
  )
})

test.run()
