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

test('only what is proven certifies', () => {
  const bound = <K extends 'upper' | 'estimate'>(kind: K): Bound<K> => ({
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
  assert.throws(() => certifiedRadius({ margin: NaN, gradientNorm: 0, curvature: 1 }), /^margin: expected a finite number/)
  assert.throws(() => certifiedRadius({ margin: 1, gradientNorm: -1, curvature: 1 }), /^gradientNorm: expected/)
  assert.throws(() => certifiedRadius({ margin: 1, gradientNorm: 1, curvature: -1 }), /^curvature: expected/)
})

test.run()
