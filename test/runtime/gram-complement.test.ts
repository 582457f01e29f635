import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { complement } from '../torus/parts.ts'
import { uniform } from '../torus/random-layers.ts'

/** The symbol of diag(√λ), whose Gram matrix is diag(λ) at every frequency. */
function complementOf(values: readonly number[], t: number) {
  const n = values.length
  const data = new Float64Array(n * n)
  // scaled by 2^0: the largest entry is in [½, 1)
  for (const [i, x] of values.entries()) data[i * (n + 1)] = Math.sqrt(x)
  const v = new Float64Array(2 * n)
  v[0] = 1
  const here = { turns: [1, 1], points: new Float64Array(2) }
  return withGramSymbol(symbolEverySize(conv({ data, shape: [n, n, 1, 1] })), 0, gram =>
    complement(gram, here, t, { sigma: values[0], v }, []),
  )
}

const UNIT = 2 ** -53

test('the floor is below what the next eigenvalue leaves of t, though sixteen steps of Lanczos do not see that eigenvalue', () => {
  let given = 0
  for (let seed = 1; seed <= 40; seed++) {
    const next = uniform(seed)
    for (const n of [2, 5, 17, 60, 200]) {
      // one value at the top, the others crowded below it, more or less
      const below = 0.5 * (1 - 10 ** (-4 * next()))
      const values = [0.5, ...Array.from({ length: n - 1 }, () => below * (1 - next() ** 2))]
      const t = 0.5 * (1 + 10 ** (-3 - 6 * next()))
      const left = t - Math.max(...values.slice(1))
      const found = complementOf(values, t)
      if (!found) continue
      given++
      assert.ok(found.floor <= left, `n = ${n}, seed ${seed}: a floor of ${found.floor} where ${left} is left`)
    }
  }
  assert.ok(given > 60, `${given} floors`)
})

test('a spectrum that Lanczos cannot resolve: tests refuse the shares that are not there', () => {
  const n = 240
  for (const top of [1.0005, 1.001, 1.002]) {
    // equally spaced up to the end: after sixteen steps the quotient is a per cent short
    const values = [0.5, ...Array.from({ length: n - 1 }, (_, i) => (0.5 / top) * (1 - (i / n) ** 2))]
    const t = 0.5 * (1 + 1e-6)
    const found = complementOf(values, t)
    if (found) assert.ok(found.floor <= t - values[1], `a floor of ${found.floor} where ${t - values[1]} is left`)
  }
})

test('the floor leaves out what the test may hide: √2·γ_{n+8}, at least, of a trace of n(t + σ)', () => {
  for (const n of [2, 8, 16]) {
    const values = [0.5, ...Array.from({ length: n - 1 }, (_, i) => 0.25 - 0.01 * i)]
    const t = 0.5 * (1 + 1e-6)
    const left = t - 0.25
    const hidden = Math.SQRT2 * (n + 8) * UNIT * n * (t + 0.5)
    const { floor } = complementOf(values, t)!
    // with few channels the quotient is the eigenvalue to some ulps, and a floor is 0.8 of what is left
    assert.ok(
      floor <= 0.8 * left - 0.95 * hidden + 8 * UNIT,
      `n = ${n}: ${0.8 * left - floor} is taken off, ${hidden} may be hidden`,
    )
    assert.ok(floor >= 0.79 * left)
  }
})

test('no floor where t is too close to the next eigenvalue', () => {
  assert.is(complementOf([0.5, 0.49999, 0.1], 0.5 * (1 + 1e-9)), undefined)
  assert.is(complementOf([0.5, 0.5, 0.1], 0.5 * (1 + 1e-9)), undefined)
})

test.run()
