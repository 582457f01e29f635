import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { borrow } from '../../src/runtime/arena.ts'
import { scaled } from '../../src/rounding.ts'
import { frobenius, frobeniusParts, normalise } from '../../src/runtime/scale.ts'
import { fixed, ONE, toNumber } from './fixed.ts'
import { seeded } from './seeded.ts'

test('normalise: the largest in [½, 1), exactly, over the whole range', () => {
  for (const exponent of [-1074, -1073, -1050, -1023, -1022, -1021, -500, -1, 0, 1, 52, 500, 1000, 1023]) {
    const data = Float64Array.from([1, -1.25, 0, 0.5, -0.75], x => scaled(x, exponent))
    if (!data.every(Number.isFinite)) continue
    const { values, exponent: e } = normalise(data)
    const largest = Math.max(...values.map(Math.abs))
    assert.ok(largest >= 0.5 && largest < 1, `2^${exponent}: ${largest}`)
    assert.equal(
      values.map(x => scaled(x, e)),
      data,
    )
  }
  assert.equal(normalise(Float64Array.of(5e-324)), { values: Float64Array.of(0.5), exponent: -1073 })
  assert.equal(normalise(Float64Array.of(-Number.MAX_VALUE)).exponent, 1024)
  assert.equal(normalise(new Float64Array(3)), { values: new Float64Array(3), exponent: 0 })
  assert.equal(normalise(new Float64Array(0)), { values: new Float64Array(0), exponent: 0 })
})

test('the largest is found wherever it stands, and nothing beyond the end is touched', () => {
  for (let n = 1; n <= 9; n++)
    for (let at = 0; at < n; at++) {
      const data = seeded(n, n)
      data[at] = -3.5
      borrow(arena => {
        const from = arena.put([...data, 99, 99])
        assert.is(arena.routines.largest(n, from), 3.5)
        arena.routines.rescale(n, 2, 0.5, from, from)
        assert.equal(Array.from(arena.f64(from, n + 2)), [...data, 99, 99])
      })
    }
})

test('frobenius: relative error below 3·2⁻⁵³ against exact sums, every length', () => {
  for (let n = 1; n <= 40; n += n < 10 ? 1 : 7) {
    const data = seeded(n + 7, n)
    const exact = data.reduce((sum, x) => sum + fixed(x) * fixed(x), 0n)
    const norm = fixed(frobenius(data))
    const ratio = toNumber(((norm * norm - exact) * ONE) / exact)
    assert.ok(Math.abs(ratio) < 2 * 3 * 2 ** -53, `n = ${n}: ${ratio}`)
  }
})

test('frobenius: sums that a plain loop gets wrong', () => {
  const tail = new Float64Array(200001).fill(2 ** -27)
  tail[0] = 1 - 2 ** -53
  const exact = Math.sqrt(1 - 2 ** -52 + 200000 * 2 ** -54)
  assert.ok(Math.abs(frobenius(tail) / exact - 1) < 3 * 2 ** -53)
})

test('frobenius: neither over- nor underflow', () => {
  for (const size of [1e-320, 1e-300, 1e-160, 1, 1e160, 1e300]) {
    const wanted = 5 * size
    assert.ok(Math.abs(frobenius(Float64Array.of(3 * size, -4 * size, 0)) - wanted) <= wanted * 2 ** -52 + 5e-324)
  }
  assert.is(frobenius(Float64Array.of(1e300, 1e-300)), 1e300)
  assert.is(frobenius(Float64Array.of(Number.MAX_VALUE, Number.MAX_VALUE)), Infinity)
  assert.is(frobeniusParts(Float64Array.of(Number.MAX_VALUE, Number.MAX_VALUE)).exponent, 1024)
  assert.is(frobenius(new Float64Array(5)), 0)
  assert.is(frobenius(new Float64Array(0)), 0)
})

test.run()
