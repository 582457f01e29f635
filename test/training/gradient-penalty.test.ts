import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { adjoint, apply } from '../../src/methods/apply.ts'
import { exact } from '../../src/methods/exact.ts'
import { gradientPenalty } from '../../src/training/gradient-penalty.ts'
import { type Matrix, multiply, seeded, transpose } from '../oracle.ts'
import { worstDifference } from './differences.ts'

const test = suite('training/gradient-penalty')

function operatorOf(matrix: Matrix) {
  const turned = transpose(matrix)
  return {
    shape: [matrix.rows, matrix.columns] as const,
    apply: (v: Float64Array) => multiply(matrix, v),
    applyAdjoint: (u: Float64Array) => multiply(turned, u),
  }
}

test('a scalar function costs one gradient, and its norm is exact', () => {
  let products = 0
  const gradient = seeded(4, 200)
  const { value, right, left, slope } = gradientPenalty({
    shape: [1, 200],
    apply: v => [gradient.reduce((sum, g, i) => sum + g * v[i], 0)],
    applyAdjoint: u => {
      products++
      return gradient.map(g => g * u[0])
    },
  })
  const norm = Math.hypot(...gradient)
  assert.ok(Math.abs(value - (norm - 1) ** 2) < 1e-11 * value)
  assert.ok(Math.abs(slope - 2 * (norm - 1)) < 1e-11 * slope)
  assert.ok(products <= 4, `${products}`)
  for (let i = 0; i < 200; i++) assert.ok(Math.abs(left[0] * right[i] - gradient[i] / norm) < 1e-14)
})

test('slope · left ⊗ right is the gradient with respect to the Jacobian', () => {
  for (const [rows, columns] of [
    [1, 7],
    [6, 9],
    [9, 6],
    [5, 1],
  ]) {
    // biome-ignore format: sizes
    const data = seeded(rows * columns, rows * columns)
    const of = (entries: Float64Array) =>
      gradientPenalty(operatorOf({ rows, columns, data: entries }), { target: 0.5, tolerance: 1e-10 })
    const { slope, left, right } = of(data)
    const gradient = Float64Array.from(data, (_, at) => slope * left[Math.floor(at / columns)] * right[at % columns])
    const worst = worstDifference(entries => of(entries).value, data, gradient, { step: 1e-3 })
    assert.ok(worst < 1e-7, `${rows} × ${columns}: ${worst}`)
    const sigma = exact(dense({ data, shape: [rows, columns] })).value
    assert.ok(Math.abs(of(data).value - (sigma - 0.5) ** 2) < 1e-9)
  }
})

test('one-sided: what is below the target costs nothing', () => {
  const operator = operatorOf({ rows: 2, columns: 2, data: Float64Array.of(0.3, 0, 0, 0.2) })
  const below = gradientPenalty(operator, { oneSided: true })
  assert.is(below.value, 0)
  assert.is(below.slope, 0)
  assert.ok(Math.abs(gradientPenalty(operator).value - 0.49) < 1e-12)
  assert.ok(gradientPenalty(operator, { oneSided: true, target: 0.1 }).value > 0)
})

test('a flat point has a zero gradient, and the penalty is finite', () => {
  const { value, bound } = gradientPenalty({ shape: [1, 3], apply: () => [0], applyAdjoint: () => [0, 0, 0] })
  assert.is(value, 1)
  assert.is(bound.value, 0)
})

test('starts carry over', () => {
  const operator = operatorOf({ rows: 30, columns: 40, data: seeded(2, 1200) })
  const first = gradientPenalty(operator)
  const second = gradientPenalty(operator, { start: first.start })
  assert.ok(second.bound.work <= first.bound.work)
  assert.ok(Math.abs(second.value - first.value) < 1e-9)
})

test('wrong use is refused', () => {
  const code = (wanted: string) => (error: unknown) => error instanceof OpnormError && error.code === wanted
  const operator = operatorOf({ rows: 1, columns: 2, data: Float64Array.of(3, 4) })
  assert.throws(() => gradientPenalty(operator, { target: -1 }), code('option'))
  assert.throws(() => gradientPenalty({ shape: [1, 2], apply: () => [1] }), code('option'))
  assert.throws(() => gradientPenalty({ ...operator, applyAdjoint: () => [Number.NaN, 1] }), code('nonfinite'))
  assert.throws(() => gradientPenalty({ ...operator, shape: [0, 2] }), code('option'))
})

test('a layer is its own Jacobian', () => {
  const layer = conv({ data: seeded(3, 54), shape: [2, 3, 3, 3] }, { inputSize: [5, 4] })
  const { bound, left, right, slope } = gradientPenalty(layer)
  const byProducts = gradientPenalty({
    shape: [40, 60],
    apply: v => apply(layer, v).data,
    applyAdjoint: u => adjoint(layer, u).data,
  })
  assert.ok(Math.abs(bound.value - byProducts.bound.value) < 1e-9)
  assert.is(slope, 2 * (bound.value - 1))
  const image = apply(layer, right).data
  assert.ok(image.every((x, i) => Math.abs(x - bound.value * left[i]) < 1e-9))
})

test('a product that is no number is named', () => {
  const applyAdjoint = () => [1, Number.NaN]
  assert.throws(
    () => gradientPenalty({ shape: [1, 2], apply: () => [1], applyAdjoint }),
    /^the product with the adjoint: .* got NaN at \[1\]/,
  )
})

test('Jacobians of any size', () => {
  const jacobian = (s: number) => ({
    shape: [1, 2] as const,
    apply: (v: Float64Array) => [s * v[0]],
    applyAdjoint: (u: Float64Array) => [s * u[0], 0],
  })
  for (const s of [1e300, 1e155, 1e-155, 1e-300]) {
    const { bound, slope } = gradientPenalty(jacobian(s))
    assert.ok(Math.abs(bound.value / s - 1) < 1e-12 && Math.abs(slope - 2 * (s - 1)) <= 1e-12 * (1 + s))
  }
})

test.run()
