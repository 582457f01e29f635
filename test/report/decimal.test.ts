import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { enclosureText, gapText, rounded, roundedDown, roundedUp } from '../../src/report/decimal.ts'

/** A double as the fraction it is, and a decimal as the fraction it says: compared without rounding. */
function exactDouble(x: number): [bigint, bigint] {
  let exponent = 0
  while (!Number.isInteger(x)) {
    x *= 2
    exponent++
  }
  return [BigInt(x), 1n << BigInt(exponent)]
}

function exactDecimal(text: string): [bigint, bigint] {
  const [mantissa, power = '0'] = text.split('e')
  const [whole, fraction = ''] = mantissa.split('.')
  const shift = Number(power) - fraction.length
  const digits = BigInt(whole + fraction)
  return shift >= 0 ? [digits * 10n ** BigInt(shift), 1n] : [digits, 10n ** BigInt(-shift)]
}

function atMost([a, b]: [bigint, bigint], [c, d]: [bigint, bigint]): boolean {
  return a * d <= c * b
}

const positive = fc.double({ min: 1e-200, max: 1e200, noNaN: true })

test('decimals lie on the safe side of the double, exactly', () => {
  fc.assert(
    fc.property(positive, fc.integer({ min: 1, max: 12 }), (x, digits) => {
      const [down, up] = [roundedDown(x, digits), roundedUp(x, digits)]
      assert.ok(atMost(exactDecimal(down), exactDouble(x)), `${down} ≤ ${x}`)
      assert.ok(atMost(exactDouble(x), exactDecimal(up)), `${x} ≤ ${up}`)
      assert.ok(Number(up) - Number(down) <= x * 10 ** (1 - digits) * 1.0001, `${down} … ${up} is tight`)
    }),
    { seed: 1, numRuns: 500 },
  )
})

test('an enclosure’s text contains it and is at most a few times as wide', () => {
  fc.assert(
    fc.property(positive, fc.double({ min: 1e-9, max: 0.5, noNaN: true }), (lower, gap) => {
      const upper = lower * (1 + gap)
      const [low, high] = enclosureText(lower, upper).split(' … ')
      assert.ok(atMost(exactDecimal(low), exactDouble(lower)))
      assert.ok(atMost(exactDouble(upper), exactDecimal(high)))
      assert.ok(Number(high) - Number(low) <= 4 * (upper - lower) + upper * 1e-9, `${low} … ${high} for ${lower} … ${upper}`)
    }),
    { seed: 2, numRuns: 500 },
  )
})

test('edges', () => {
  assert.is(enclosureText(0, 0), '0')
  assert.is(enclosureText(1, 1), '1')
  assert.is(enclosureText(3, null), '≥ 3.00000')
  assert.is(enclosureText(10.6909918, 10.6909982), '10.690991 … 10.690999')
  assert.is(roundedUp(3.05e16, 2), '3.1e+16')
  assert.is(roundedUp(5e-324, 2), '5.0e-324')
  assert.is(roundedUp(Number.MAX_VALUE, 3), '1.80e+308')
  assert.is(roundedUp(9.999, 2), '10.0')
  assert.is(rounded(-0.00123, 2), '-0.0012')
  assert.is(gapText(6e-7), '6e-07')
  assert.is(gapText(null), '–')
})

test.run()
