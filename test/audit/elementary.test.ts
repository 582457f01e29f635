import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ELEMENTARY_ERROR, erf, exp, log, log1p, sigmoid, softplus, tanh } from '../../src/audit/rules/elementary.ts'
import { mulberry32 } from '../oracle.ts'

/** erf by Simpson's rule. */
function integral(x: number): number {
  const n = 4000
  const f = (t: number): number => Math.exp(-t * t)
  let sum = f(0) + f(x)
  for (let i = 1; i < n; i++) sum += (i % 2 ? 4 : 2) * f((i * x) / n)
  return ((2 / Math.sqrt(Math.PI)) * sum * x) / n / 3
}

const functions: [string, (x: number) => number, (x: number) => number, number, number][] = [
  ['exp', exp, Math.exp, -745, 5],
  ['log', log, Math.log, 1e-300, 100],
  ['log1p', log1p, Math.log1p, 0, 1],
  ['sigmoid', sigmoid, x => 1 / (1 + Math.exp(-x)), -50, 50],
  ['tanh', tanh, Math.tanh, -30, 30],
  ['softplus', softplus, x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), -50, 50],
  ['erf', erf, integral, -5, 5],
]

for (const [name, mine, theirs, from, to] of functions)
  test(`${name} errs by less than radii account for`, () => {
    const next = mulberry32(2)
    for (let i = 0; i < 3000; i++) {
      const x = from + (to - from) * next() * (i % 2 ? 1 : next())
      const y = theirs(x)
      assert.ok(
        Math.abs(mine(x) - y) <= (name === 'erf' ? 5e-14 : ELEMENTARY_ERROR) * (1 + Math.abs(y)),
        `${name}(${x}) = ${mine(x)}, ${y}`,
      )
    }
  })

test('exp over its whole range, relatively', () => {
  const next = mulberry32(3)
  for (let i = 0; i < 3000; i++) {
    const x = -700 + 1400 * next()
    assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 1e-14)
  }
  assert.is(exp(0), 1)
  assert.is(exp(1000), Infinity)
  assert.is(exp(-1000), 0)
  assert.is(log(0), -Infinity)
  assert.is(erf(7), 1)
})

test.run()
