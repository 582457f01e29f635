import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense, exact, lanczos, power, spectralNorm, tensorNorm } from '../../src/index.ts'
import { seeded } from '../oracle.ts'

const shape = [8, 6, 3, 3]
const data = seeded(41, 8 * 6 * 9, 0.2)
/** A training step later: every weight moved by a thousandth of its scale. */
const later = data.map((x, i) => x + 2e-4 * seeded(42, data.length)[i])
const before = conv({ data, shape }, { inputSize: 8 })
const after = conv({ data: later, shape }, { inputSize: 8 })
const truth = lanczos(after, { tolerance: 1e-12 }).value

const near = (value: number, want: number, tolerance: number) =>
  assert.ok(Math.abs(value - want) <= tolerance * want, `${value} instead of ${want}`)

test('one power iteration from the vectors of the last step', () => {
  const { start } = power(before, { iterations: 3000 })
  const warm = power(after, { iterations: 1, start })
  near(warm.value, truth, 1e-4)
  assert.ok(power(after, { iterations: 1 }).value < truth * 0.9, 'a cold start would do as well')
  assert.is(warm.start!.vectors[0].length, 6 * 64)
})

test('one short run of lanczos from the vectors of the last step', () => {
  const { start } = lanczos(before)
  const warm = lanczos(after, { iterations: 1, start })
  near(warm.value, truth, 1e-4)
  assert.ok(warm.work <= lanczos(after).work)
})

test('one sweep of the tensor norm', () => {
  const { start } = tensorNorm(before, { sweeps: 1000 })
  const warm = tensorNorm(after, { sweeps: 1, start })
  assert.is(warm.kind, 'estimate')
  near(warm.value, tensorNorm(after, { sweeps: 1000, start }).value, 1e-4)
})

test('power and lanczos on an operator given by its products', () => {
  const matrix = seeded(9, 12)
  const times = {
    shape: [3, 4] as const,
    matvec: (x: Float64Array) => [0, 1, 2].map(i => x.reduce((sum, y, j) => sum + matrix[4 * i + j] * y, 0)),
    rmatvec: (y: Float64Array) => [0, 1, 2, 3].map(j => y.reduce((sum, x, i) => sum + matrix[4 * i + j] * x, 0)),
  }
  const sigma = exact(dense({ data: matrix, shape: [3, 4] })).value
  near(lanczos(times).value, sigma, 1e-13)
  near(power(times, { iterations: 500 }).value, sigma, 1e-10)
  assert.is(lanczos(times).converged, true)
})

test('a start that went through JSON, and what is none', () => {
  for (const method of [power, lanczos, tensorNorm]) {
    const { start } = method(before)
    const back = JSON.parse(JSON.stringify(start))
    assert.equal(method(after, { start: back }), method(after, { start: start! }))
    const listed = { method: start!.method, vectors: start!.vectors.map(vector => [...vector]) as never }
    assert.equal(method(after, { start: listed }), method(after, { start: start! }))
    for (const bad of [null, {}, [], 'x', { vectors: null }, { vectors: [3] }, { vectors: [[1]] }] as never[])
      assert.throws(() => method(after, { start: bad }), /^start: expected/)
  }
})

test('convergence is data: a run cut short says so', () => {
  const hard = conv({ data: seeded(3, 16 * 9, 0.3), shape: [4, 4, 3, 3] }, { inputSize: 24 })
  assert.is(lanczos(hard, { iterations: 1, tolerance: 1e-14 }).converged, false)
  assert.is(lanczos(hard).converged, true)
  assert.is(tensorNorm(before, { sweeps: 1 }).converged, false)
})

test('what the tensor norm proves is above the norm whatever the number of sweeps', () => {
  const { lower } = spectralNorm(conv({ data, shape }))
  for (const sweeps of [1, 2, 5, 50]) {
    const bound = tensorNorm(before, { sweeps })
    assert.is(bound.kind, 'upper')
    assert.ok(bound.value >= lower)
  }
})

test.run()
