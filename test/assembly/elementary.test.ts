import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ELEMENTARY_ERROR, exp, log } from '../../src/runtime/elementary.ts'
import { scaled } from '../../src/rounding.ts'
import { exponential, fixed, LN2, logarithm, ONE, toNumber } from './fixed.ts'
import { seeded } from './seeded.ts'

/** Relative error of exp at x, against fixed point; the power of two is taken out of both. */
function expError(x: number): number {
  const k = Math.round(x / Math.LN2)
  const wanted = exponential(fixed(x) - BigInt(k) * LN2)
  return Math.abs(toNumber(((fixed(scaled(exp(x), -k)) - wanted) * ONE) / wanted))
}

function logError(x: number): number {
  let k = 0
  let m = x
  for (; m >= 2; m /= 2) k++
  for (; m < 1; m *= 2) k--
  const wanted = BigInt(k) * LN2 + logarithm(fixed(m))
  return wanted === 0n ? Math.abs(log(x)) : Math.abs(toNumber(((fixed(log(x)) - wanted) * ONE) / wanted))
}

test('exp: relative error below the stated bound, over the whole range', () => {
  let error = 0
  for (const r of seeded(1, 1500)) error = Math.max(error, expError(r * 708), expError(r), expError(r * 1e-5))
  for (let k = -20; k <= 20; k++) for (const d of [-1e-10, 0, 1e-10]) error = Math.max(error, expError((k + 0.5) * Math.LN2 + d))
  assert.ok(error < ELEMENTARY_ERROR && error < 1.5 * 2 ** -53, `${error * 2 ** 53} units`)
})

test('log: relative error below the stated bound, also near 1 and at the ends', () => {
  let error = 0
  for (const r of seeded(2, 1500)) {
    const x = exp(r * 700)
    error = Math.max(error, logError(x), logError(1 + r / 2), logError(1 + r * 1e-6), logError(Math.SQRT1_2 * (1 + r * 1e-3)))
  }
  for (const x of [5e-324, 1e-310, 2 ** -1022, Number.MAX_VALUE, 1 + 2 ** -52, 1 - 2 ** -53]) error = Math.max(error, logError(x))
  assert.ok(error < ELEMENTARY_ERROR && error < 2.1 * 2 ** -53, `${error * 2 ** 53} units`)
})

test('exact and extreme values', () => {
  assert.equal([exp(0), exp(-Infinity), exp(Infinity), exp(710), exp(-746)], [1, 0, Infinity, Infinity, 0])
  assert.equal([log(1), log(0), log(-0), log(Infinity)], [0, -Infinity, -Infinity, Infinity])
  assert.ok(Number.isNaN(log(-1)) && Number.isNaN(log(NaN)) && Number.isNaN(exp(NaN)))
  assert.ok(exp(709.78) < Infinity && exp(709.78) > 1.79e308)
  assert.is(exp(-745.13), 5e-324)
  assert.ok(Math.abs(exp(-740) / 4.2e-322 - 1) < 0.02)
})

test.run()
