import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { euclideanUp, overUp, plusUp, rootDown, rootUp, timesUp } from '../../src/network/outward.ts'
import { nextDown, nextUp } from '../../src/rounding.ts'
import { mulberry32 } from '../oracle.ts'

const next = mulberry32(4)
/** A double in [2⁵², 2⁵³)·2^−52·2^e, its significand as an integer beside it. */
function number(): { value: number; digits: bigint } {
  const digits = 2 ** 52 + Math.floor(next() * 2 ** 31) * 2 ** 21 + Math.floor(next() * 2 ** 21)
  return { value: digits / 2 ** 52, digits: BigInt(digits) }
}
const one = 2n ** 52n

/** A double as a whole number of 2^−160, exactly (for doubles above 2^−108). */
function whole(x: number): bigint {
  let shift = 160
  while (!Number.isInteger(x)) {
    x *= 2
    shift--
  }
  return BigInt(x) * 2n ** BigInt(shift)
}

test('products, quotients, sums and roots are never below the truth, and never a whole unit above it', () => {
  for (let i = 0; i < 4000; i++) {
    const [a, b] = [number(), number()]
    const product = timesUp(a.value, b.value)
    const exact = (a.digits * b.digits * 2n ** 160n) / one / one
    assert.ok(whole(product) >= exact && whole(nextDown(product)) < exact)
    const quotient = overUp(a.value, b.value)
    assert.ok(whole(quotient) * b.digits >= a.digits * 2n ** 160n && whole(nextDown(quotient)) * b.digits < a.digits * 2n ** 160n)
    const tiny = b.value * 2 ** -(i % 60)
    const sum = plusUp(a.value, tiny)
    assert.ok(whole(sum) >= whole(a.value) + whole(tiny) && whole(nextDown(sum)) < whole(a.value) + whole(tiny))
    const root = whole(rootUp(a.value))
    assert.ok(root * root >= whole(a.value) * 2n ** 160n)
    const under = whole(rootDown(a.value))
    assert.ok(under * under <= whole(a.value) * 2n ** 160n)
  }
})

test('exact results stay, extremes keep their side', () => {
  assert.is(timesUp(3, 0.5), 1.5)
  assert.is(overUp(2, 4), 0.5)
  assert.is(plusUp(1, 2 ** -52), 1 + 2 ** -52)
  assert.is(plusUp(1, 2 ** -60), nextUp(1))
  assert.is(rootUp(49), 7)
  assert.is(rootDown(49), 7)
  assert.is(timesUp(1e-200, 1e-200), 2 ** -1074)
  assert.is(timesUp(1e200, 1e200), Infinity)
  assert.is(timesUp(0, Infinity), 0)
  assert.is(euclideanUp([3, 4]) >= 5 && euclideanUp([3, 4]) < 5 + 1e-14, true)
  assert.is(euclideanUp([]), 0)
  assert.is(euclideanUp([0, 7, 0]), 7)
  assert.is(euclideanUp([1, Infinity]), Infinity)
})

test.run()
