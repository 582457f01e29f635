import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as opnorm from '../../src/index.ts'

const { certifiedRadius, concat, conv, dense, normalize, OpnormError, parallel, residual, sequential } = opnorm

const test = suite('training/wrong-use')

const matrix = dense([[1, 2], [3, 4]]) // biome-ignore format: a matrix
const layer = conv({ data: [1, 2, 3, 4], shape: [2, 2, 1] })
const floor = opnorm.power(matrix, { gradient: true })
const { start } = opnorm.tensorNorm(layer)
const estimate = opnorm.tensorNorm(layer, { start: start!, gradient: true })
const at = { margin: 1, gradientNorm: 1 }

function refused(work: () => unknown, code = 'kind'): void {
  assert.throws(work, (error: unknown) => error instanceof OpnormError && error.code === code)
}

/** Every function that takes a bound, with a floor and with an estimate: neither compiles, both throw. */
test('what is not proven from above goes into no certificate and into no normalisation', () => {
  assert.is(floor.kind, 'lower')
  assert.is(estimate.kind, 'estimate')
  // @ts-expect-error a floor
  refused(() => normalize(matrix, floor))
  // @ts-expect-error an estimate
  refused(() => normalize(layer, estimate))
  // @ts-expect-error a floor
  refused(() => sequential(floor))
  // @ts-expect-error an estimate
  refused(() => sequential(estimate))
  // @ts-expect-error a floor
  refused(() => residual(floor))
  // @ts-expect-error an estimate
  refused(() => residual(estimate))
  // @ts-expect-error a floor
  refused(() => parallel(floor))
  // @ts-expect-error an estimate
  refused(() => parallel(estimate))
  // @ts-expect-error a floor
  refused(() => concat(floor))
  // @ts-expect-error an estimate
  refused(() => concat(estimate))
  // @ts-expect-error a floor
  refused(() => certifiedRadius({ ...at, curvature: floor }))
  // @ts-expect-error an estimate
  refused(() => certifiedRadius({ ...at, curvature: estimate }))
  // @ts-expect-error what was divided by a floor is no proven layer
  refused(() => sequential(normalize(matrix, floor, { unproven: true }).bound))
  // @ts-expect-error nor what lanczos found, however well it converged
  refused(() => sequential(opnorm.lanczos(matrix)))
  // @ts-expect-error nor the local norm of a gradient penalty
  refused(() => sequential(opnorm.gradientPenalty({ shape: [1, 1], apply: v => v, applyAdjoint: u => u }).bound))
})

test('a caller without a type checker gets one sentence, never a number', () => {
  const takers: Record<string, (given: never) => unknown> = {
    normalize: given => normalize(matrix, given),
    'normalize, unproven': given => normalize(matrix, given, { unproven: true }),
    'the layer of normalize': given => normalize(given, floor as never),
    sequential: given => sequential(given),
    residual: given => residual(given),
    parallel: given => parallel(given),
    concat: given => concat(given),
    'certifiedRadius, curvature': given => certifiedRadius({ ...at, curvature: given }),
    'certifiedRadius, gradientNorm': given => certifiedRadius({ ...at, gradientNorm: given, curvature: 1 }),
    'certifiedRadius, margin': given => certifiedRadius({ ...at, margin: given, curvature: 1 }),
    certifiedRadius: given => certifiedRadius(given),
    'penalty, layers': given => opnorm.penalty([given], { bound: opnorm.f4 }),
    'penalty, bound': given => opnorm.penalty([matrix], { bound: given }),
    'penalty, what the bound returns': given => opnorm.penalty([matrix], { bound: () => given }),
    'orthogonality, layer': given => opnorm.orthogonality(given, 'ratio'),
    'orthogonality, kind': given => opnorm.orthogonality(matrix, given),
    'orthogonality, what the bound returns': given => opnorm.orthogonality(matrix, 'ratio', { bound: () => given }),
    clip: given => opnorm.clip(given, 1),
    rescale: given => opnorm.rescale(given),
    gradientPenalty: given => opnorm.gradientPenalty(given),
    'gradientPenalty, adjoint': given => opnorm.gradientPenalty({ shape: [1, 2], apply: () => [1], applyAdjoint: () => given }),
    'curvature, layer': given => opnorm.curvature([matrix, given], 'tanh', { y: 0, t: 1 }),
    'curvature, margin': given => opnorm.curvature([matrix, matrix], 'tanh', given),
  }
  for (const [name, take] of Object.entries(takers)) {
    for (const given of [undefined, null, 'x', {}, [], () => 1, Number.NaN, -1]) {
      try {
        take(given as never)
      } catch (error) {
        assert.instance(error, OpnormError, `${name} given ${String(given)}: ${error}`)
        continue
      }
      // A margin below zero is an answer: nothing can be certified.
      assert.ok(name === 'certifiedRadius, margin' && given === -1, `${name} took ${String(given)}`)
    }
  }
  for (const given of [undefined, null, 'x', {}, 3]) refused(() => opnorm.penalty(given as never, { bound: opnorm.f4 }), 'option')
})

test('options are an object, and a bare number is not taken for none', () => {
  const sized = conv({ data: [1, 2, 3, 4], shape: [1, 1, 2, 2] }, { inputSize: 4, padding: 'circular' })
  const operator = { shape: [1, 1] as const, apply: (v: Float64Array) => v, applyAdjoint: (u: Float64Array) => u }
  const takers: Record<string, (options: never) => unknown> = {
    spectralNorm: options => opnorm.spectralNorm(sized, options),
    exact: options => opnorm.exact(sized, options),
    singularValues: options => opnorm.singularValues(sized, options),
    power: options => opnorm.power(sized, options),
    lanczos: options => opnorm.lanczos(sized, options),
    gram: options => opnorm.gram(sized, options),
    spatialGram: options => opnorm.spatialGram(sized, options),
    f4: options => opnorm.f4(sized, options),
    tensorNorm: options => opnorm.tensorNorm(sized, options),
    lipGrid: options => opnorm.lipGrid(sized, options),
    frobenius: options => opnorm.frobenius(matrix, options),
    holder: options => opnorm.holder(matrix, options),
    clip: options => opnorm.clip(matrix, 1, options),
    rescale: options => opnorm.rescale(matrix, options),
    orthogonality: options => opnorm.orthogonality(matrix, 'ratio', options),
    penalty: options => opnorm.penalty([matrix], options),
    gradientPenalty: options => opnorm.gradientPenalty(operator, options),
  }
  for (const [name, take] of Object.entries(takers))
    for (const given of [null, 1e-3, 'x', true])
      assert.throws(() => take(given as never), new RegExp(`^${name}: options: expected an object, got`))
  for (const given of [undefined, null, 'x', {}, [], 0, Number.NaN, { kernelSize: 2, stride: null }] as never[])
    for (const pool of [opnorm.maxPool, opnorm.averagePool, opnorm.globalAveragePool]) {
      // No sides at all are one pixel.
      if (pool === opnorm.globalAveragePool && Array.isArray(given)) continue
      refused(() => pool(given), 'option')
    }
})

test('numbers as text or null are no numbers', () => {
  const bound = opnorm.f4
  for (const weight of [null, '2', true] as never[]) refused(() => opnorm.penalty([matrix], { bound, weight }), 'option')
  for (const ceiling of [null, '2', true] as never[]) refused(() => opnorm.clip(matrix, ceiling), 'option')
  refused(
    () => opnorm.gradientPenalty({ shape: [1, 1], apply: v => v, applyAdjoint: u => u }, { oneSided: 'no' as never }),
    'option',
  )
})

test('a bound that no method returned is refused, whatever its kind says', () => {
  const own = opnorm.spectralNorm(layer, { gradient: true })
  refused(() => normalize(layer, { ...own, lower: 50, upper: 1 }), 'option')
  refused(() => normalize(layer, { ...own, lower: 0, upper: 1e-320 }), 'option')
  refused(() => normalize(layer, { ...own, lower: 0, upper: 0 }), 'option')
  refused(() => normalize(layer, { ...own, value: 0 }, { unproven: true }), 'option')
  const cotangent = { data: [1, 1, 1, 1], shape: [2, 2, 1] }
  const { data, shape } = own.gradient!
  for (const [gradient, code] of [
    [[1, 2, 3, 4], 'shape'],
    [{ data, shape: [4] }, 'shape'],
    [{ data: data.map(() => Number.NaN), shape }, 'nonfinite'],
  ] as [never, string][]) {
    refused(() => normalize(layer, { ...own, gradient }).vjp(cotangent), code)
    refused(() => opnorm.penalty([layer], { bound: () => ({ ...own, gradient }) }), code)
  }
  refused(() => opnorm.penalty([layer], { bound: () => ({ ...own, value: Number.NaN }) }), 'option')
})

test.run()
