import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Conv, conv, dense } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { exact } from '../../src/methods/exact.ts'
import { f4 } from '../../src/methods/f4.ts'
import { gram } from '../../src/methods/gram.ts'
import { power } from '../../src/methods/power.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { tensorNorm } from '../../src/methods/tensor-norm.ts'
import { type BoundMethod, penalty } from '../../src/training/penalty.ts'
import { seeded } from '../oracle.ts'
import { worstDifference } from './differences.ts'

const test = suite('training/penalty')

const kernels = [
  { data: seeded(1, 54), shape: [3, 2, 3, 3] },
  { data: seeded(2, 36), shape: [4, 3, 1, 3] },
  { data: seeded(3, 24), shape: [2, 4, 3] },
]
const layers = kernels.map(kernel => conv(kernel, { stride: 2 }))

test('is λ Σ σᵖ', () => {
  const sigma = layers.map(layer => f4(layer).value)
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12 * b, `${a}, ${b}`)
  close(penalty(layers, { bound: f4, weight: 0.5, power: 1 }).value, 0.5 * (sigma[0] + sigma[1] + sigma[2]))
  close(penalty(layers, { bound: f4, weight: 0.5 }).value, 0.5 * (sigma[0] ** 2 + sigma[1] ** 2 + sigma[2] ** 2))
  assert.equal(penalty([], { bound: f4 }), { value: 0, gradients: [], starts: [], bounds: [] })
})

test('gradients agree with differences, for σ and σ², and through any method', () => {
  const sized = kernels.map(kernel => conv(kernel, { padding: 'circular', inputSize: kernel.shape.length === 3 ? 7 : [5, 6] }))
  for (const exponent of [1, 2] as const) {
    kernels.forEach((kernel, l) => {
      const every = (data: Float64Array) =>
        penalty(layers.with(l, conv({ ...kernel, data }, { stride: 2 })), { bound: f4, weight: 0.3, power: exponent })
      const { gradients } = every(kernel.data)
      assert.equal(gradients[l].shape, kernel.shape)
      assert.ok(worstDifference(data => every(data).value, kernel.data, gradients[l].data, { step: 1e-4 }) < 1e-7)
      const atSize = (data: Float64Array) =>
        penalty(sized.with(l, conv({ ...kernel, data }, { padding: 'circular', inputSize: sized[l].inputSize! })), {
          bound: exact,
          power: exponent,
        })
      const found = atSize(kernel.data).gradients[l].data
      assert.ok(worstDifference(data => atSize(data).value, kernel.data, found, { step: 1e-4 }) < 1e-7)
    })
  }
})

test('spectralNorm, gram and tensorNorm as the bound, differentiated through the penalty', () => {
  const methods: Record<string, BoundMethod<Conv>> = {
    spectralNorm: (layer, options) => spectralNorm(layer, { ...options, gap: 1e-11 }),
    gram: (layer, options) => gram(layer, { ...options, gridSize: 9 }),
    tensorNorm: (layer, options) => tensorNorm(layer, { ...options, sweeps: 500 }),
  }
  for (const [name, bound] of Object.entries(methods)) {
    const kernel = kernels[0]
    const of = (data: Float64Array) => penalty([conv({ ...kernel, data }, { stride: 2 })], { bound, weight: 0.7 })
    const worst = worstDifference(data => of(data).value, kernel.data, of(kernel.data).gradients[0].data, { entries: 5 })
    assert.ok(worst < 1e-7, `${name}: ${worst}`)
  }
})

test('starts come back and make the next step cheap', () => {
  const sized = layers.map((layer, l) => conv(layer.kernel, { inputSize: l === 2 ? 9 : [9, 9] }))
  const few = (layer: (typeof sized)[0], options: object) => power(layer, { ...options, iterations: 2 })
  let step = penalty(sized, { bound: (layer, options) => power(layer, { ...options, iterations: 300 }) })
  const converged = step.value
  const cold = penalty(sized, { bound: few }).value
  step = penalty(sized, { bound: few, starts: step.starts })
  assert.ok(step.value >= converged * (1 - 1e-12))
  assert.ok(cold < converged * 0.999, 'a cold start is worse, or this test shows nothing')
})

test('wrong use is refused', () => {
  assert.throws(() => penalty(layers, { bound: layer => f4(layer) }), byCode('option'))
  assert.throws(() => penalty(layers, { bound: 'f4' as never }), byCode('option'))
  assert.throws(() => penalty(layers, { bound: f4, weight: -1 }), byCode('option'))
  assert.throws(() => penalty(layers, { bound: f4, power: 3 as 2 }), byCode('option'))
  assert.throws(() => penalty(layers, { bound: f4, starts: [] }), byCode('option'))
  // @ts-expect-error exact needs layers with a size
  assert.throws(() => penalty<Conv>(layers, { bound: exact }), byCode('option'))
  assert.ok(penalty([dense([[1, 2]])], { bound: exact }).value > 0)
})

function byCode(code: string) {
  return (error: unknown) => error instanceof OpnormError && error.code === code
}

test('nothing of what is beyond the range is nothing, and Infinity is never NaN', () => {
  const huge = conv({ data: [1e200], shape: [1, 1, 1] })
  assert.is(penalty([huge], { bound: spectralNorm, weight: 0 }).value, 0)
  assert.ok(Math.abs(penalty([huge], { bound: spectralNorm, weight: 1e-300 }).value / 1e100 - 1) < 1e-5)
  const beyond = penalty([conv({ data: [1.7e308, 0, 1.7e308, 0], shape: [2, 2, 1] })], { bound: spectralNorm })
  assert.is(beyond.value, Infinity)
  assert.equal(Array.from(beyond.gradients[0].data), [Infinity, 0, Infinity, 0])
})

test.run()
