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

test.run()
