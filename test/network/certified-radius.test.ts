import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bound } from '../../src/bound.ts'
import { certifiedRadius } from '../../src/network/certified-radius.ts'
import { mulberry32 } from '../oracle.ts'

test('at the radius the margin is still not negative, and just beyond it the worst case is', () => {
  const next = mulberry32(9)
  for (let i = 0; i < 1000; i++) {
    const scale = 10 ** (8 * next() - 4)
    const [margin, gradientNorm, curvature] = [next() * scale, next(), next() * 10 ** (10 * next() - 5)]
    const radius = certifiedRadius({ margin, gradientNorm, curvature })
    const left = (r: number): number => margin - gradientNorm * r - (curvature / 2) * r * r
    assert.ok(left(radius) >= -1e-15 * margin)
    assert.ok(left(radius * (1 + 1e-12)) <= 1e-11 * margin)
  }
})

test('no curvature: margin over slope; neither: everything; no margin: nothing', () => {
  const flat = certifiedRadius({ margin: 3, gradientNorm: 2, curvature: 0 })
  assert.ok(flat <= 1.5 && flat > 1.5 - 1e-15)
  for (const curvature of [1e-12, 1e-100, 5e-324]) {
    const nearly = certifiedRadius({ margin: 3, gradientNorm: 2, curvature })
    assert.ok(nearly <= 1.5 && nearly > 1.5 - 1e-11)
  }
  assert.is(certifiedRadius({ margin: 1, gradientNorm: 0, curvature: 0 }), Infinity)
  assert.is(certifiedRadius({ margin: 0, gradientNorm: 1, curvature: 1 }), 0)
  assert.is(certifiedRadius({ margin: -2, gradientNorm: 1, curvature: 1 }), 0)
  assert.is(certifiedRadius({ margin: 1, gradientNorm: 1, curvature: Infinity }), 0)
  const huge = certifiedRadius({ margin: 1e200, gradientNorm: 1e200, curvature: 1e200 })
  assert.ok(Math.abs(huge - (Math.sqrt(1 + 2) - 1)) < 1e-14)
})

/** m − g·r − ½κr² in exact arithmetic, in some positive unit: every double is a whole multiple of 2⁻¹⁰⁷⁴. */
function worstCase(m: number, g: number, kappa: number, r: number): bigint {
  const [M, G, K, R] = [m, g, kappa, r].map(whole)
  return (M << 2149n) - ((G * R) << 1075n) - K * R * R
}

function whole(x: number): bigint {
  let [mantissa, exponent] = [x, 1074]
  // Upwards while that is exact, so that the rest is a shift of an integer.
  while (mantissa !== Math.floor(mantissa)) [mantissa, exponent] = [mantissa * 2, exponent - 1]
  return BigInt(mantissa) << BigInt(exponent)
}

test('rounded down, in exact arithmetic, for numbers of any size', () => {
  const next = mulberry32(19)
  const drawn = () =>
    next() < 0.1 ? 0 : next() < 0.1 ? 5e-324 * Math.floor(1 + 9 * next()) : (1 + next()) * 2 ** Math.floor(2097 * next() - 1074)
  let [tight, tried] = [0, 0]
  while (tried < 20000) {
    const [margin, gradientNorm, curvature] = [drawn(), drawn(), drawn()]
    if (margin === 0 || margin === Infinity) continue
    tried++
    const radius = certifiedRadius({ margin, gradientNorm, curvature })
    const what = `${margin} ${gradientNorm} ${curvature}: ${radius}`
    if (radius === Infinity) assert.ok(gradientNorm === 0 && curvature === 0, what)
    else assert.ok(worstCase(margin, gradientNorm, curvature, radius) >= 0n, what)
    // The quotient may lie below the normal numbers, or the scaled curvature: there it is a floor, and no close one.
    const above = radius * (1 + 1e-14)
    if (radius > 1e-300 && above < 1e140) {
      tight++
      assert.ok(worstCase(margin, gradientNorm, curvature, above) < 0n, what)
    }
  }
  assert.ok(tight > 5000, `${tight}`)
})

test('only what is proven certifies', () => {
  const bound = <K extends 'upper' | 'lower' | 'estimate'>(kind: K): Bound<K> => ({
    value: 2,
    kind,
    method: 'test',
    scope: 'this-size',
    lower: 0,
    upper: 2,
    work: 0,
  })
  const proven = certifiedRadius({ margin: 1, gradientNorm: 0, curvature: bound('upper') })
  assert.ok(proven <= 1 && proven > 1 - 1e-15)
  // @ts-expect-error an estimate is no ceiling
  assert.throws(() => certifiedRadius({ margin: 1, gradientNorm: 0, curvature: bound('estimate') }), /^curvature: expected kind/)
  // @ts-expect-error nor is a floor
  assert.throws(() => certifiedRadius({ margin: 1, gradientNorm: 0, curvature: bound('lower') }), /^curvature: expected kind/)
  for (const nothing of [null, undefined, '3', { kind: 'upper' }])
    assert.throws(
      () => certifiedRadius({ margin: 1, gradientNorm: 0, curvature: nothing as never }),
      /^curvature: expected a number/,
    )
  assert.throws(() => certifiedRadius({ margin: 1, gradientNorm: '1' as never, curvature: 1 }), /^gradientNorm: expected/)
  assert.throws(() => certifiedRadius({ margin: NaN, gradientNorm: 0, curvature: 1 }), /^margin: expected a finite number/)
  assert.throws(() => certifiedRadius({ margin: 1, gradientNorm: -1, curvature: 1 }), /^gradientNorm: expected/)
  assert.throws(() => certifiedRadius({ margin: 1, gradientNorm: 1, curvature: -1 }), /^curvature: expected/)
})

test.run()
