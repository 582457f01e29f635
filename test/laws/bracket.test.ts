import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { adjoint, apply, conv, exact, singularValues, spectralNorm } from '../../src/index.ts'
import { decompose, dot, multiply, operatorMatrix, seeded, transpose } from '../oracle.ts'
import { graded, randomMatrix, samples, unsized } from './layers.ts'
import { methodsFor } from './table.ts'

/** The oracle's own rounding. */
const SLACK = 1e-12

const layers = samples(11, 120)

test('lower ≤ σ₁ ≤ upper for every method, against the operator by definition', () => {
  for (const { name, layer, definition } of layers) {
    const sigma = decompose(operatorMatrix(definition)).sigma[0]
    const everySize = spectralNorm(unsized(layer)).upper
    for (const method of methodsFor(layer)) {
      const bound = method.run(layer)
      const what = `${method.name}: ${bound.lower} ≤ ${sigma} ≤ ${bound.upper} for ${name}`
      assert.ok(bound.lower <= bound.upper, what)
      assert.ok(bound.upper >= sigma * (1 - SLACK), what)
      const ceiling = bound.scope === 'this-size' ? sigma : Math.max(sigma, everySize)
      assert.ok(bound.lower <= ceiling * (1 + SLACK), `${what}, every size ${everySize}`)
      if (bound.kind === 'upper') assert.is(bound.value, bound.upper, what)
      if (bound.kind === 'lower') assert.is(bound.value, bound.lower, what)
      if (bound.kind === 'exact') assert.ok(Math.abs(bound.value - sigma) <= SLACK * sigma, what)
      if (method.name === 'lanczos') assert.ok(Math.abs(bound.value - sigma) <= SLACK * sigma, what)
    }
  }
})

test('channels that are up to 280 orders apart: the same, to what rounding leaves of the largest', () => {
  for (const decades of [10, 80, 140]) {
    for (const { name, layer, definition } of graded(layers.slice(0, 60), decades, decades)) {
      const sigma = decompose(operatorMatrix(definition)).sigma[0]
      const largest = Array.from(definition.kernel).reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      for (const method of methodsFor(layer)) {
        const bound = method.run(layer)
        const what = `${method.name}: ${bound.lower} ≤ ${sigma} ≤ ${bound.upper} for ${decades} decades, ${name}`
        assert.ok(bound.lower <= bound.upper && bound.upper >= sigma * (1 - SLACK), what)
        if (bound.scope === 'this-size') assert.ok(bound.lower <= sigma * (1 + SLACK) + largest * 1e-15, what)
      }
    }
  }
})

test('a group far below the other changes nothing, whatever is computed of it', () => {
  for (const { name, layer, definition } of layers.filter(({ definition: { groups } }) => groups === 2).slice(0, 12)) {
    const sigma = decompose(operatorMatrix(definition)).sigma[0]
    for (const factor of [1e-93, 1e-160, 1e-250, 1e-300]) {
      const half = definition.kernel.length / 2
      const kernel = Float64Array.from(definition.kernel, (x, at) => (at < half ? x : x * factor))
      const told = { ...definition, kernel }
      const [first] = graded([{ name, layer, definition: told }], 1, 0)
      const most = decompose(operatorMatrix(told)).sigma[0]
      for (const method of methodsFor(first.layer)) {
        const bound = method.run(first.layer, true)
        const what = `${method.name}: ${bound.lower} ≤ ${most} ≤ ${bound.upper} (of ${sigma}), ${factor}, ${name}`
        assert.ok(bound.lower <= bound.upper && bound.upper >= most * (1 - SLACK), what)
        assert.ok(bound.gradient === undefined || Array.from(bound.gradient.data).every(Number.isFinite), what)
      }
    }
  }
})

test('the largest group bounds, wherever it stands and whatever ceiling another has', () => {
  // Σ|k| is 3.6 to 3.9 for the first, whose norm is below 2.7; the second is its own norm
  for (const [small, large] of [[1.2, 3.5], [1.29, 3.01], [1.3, 3.85]]) // biome-ignore format: pairs
    for (const turned of [false, true]) {
      const rows = [[small, small, -small], [0, large * 0.9, 0]] // biome-ignore format: two groups
      const data = (turned ? [...rows].reverse() : rows).flat()
      const layer = conv({ data, shape: [2, 1, 3] }, { groups: 2, inputSize: 24, padding: 'circular' })
      const { value } = exact(layer)
      for (const method of methodsFor(layer))
        assert.ok(method.run(layer).upper >= value * (1 - SLACK), `${method.name}, ${small}, ${turned}`)
    }
})

test('the same for matrices', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const layer = randomMatrix(seed, 1 + (seed % 7), 1 + ((seed * 5) % 9))
    const [rows, columns] = layer.kernel.shape
    const sigma = decompose({ rows, columns, data: layer.kernel.data }).sigma[0]
    for (const method of methodsFor(layer)) {
      const { lower, upper, scope } = method.run(layer)
      const what = `${method.name}: ${lower} ≤ ${sigma} ≤ ${upper}`
      assert.is(scope, 'this-size')
      assert.ok(lower <= sigma * (1 + SLACK) && upper >= sigma * (1 - SLACK), what)
    }
  }
})

test('all singular values', () => {
  for (const { name, layer, definition } of layers) {
    const { sigma } = decompose(operatorMatrix(definition))
    const values = singularValues(layer)
    assert.is(values.length, sigma.length, name)
    for (let i = 0; i < sigma.length; i++)
      assert.ok(Math.abs(values[i] - sigma[i]) <= 1e-11 * sigma[0], `${i}: ${values[i]}, ${sigma[i]} ${name}`)
    assert.equal([...singularValues(layer, { count: 2 })], [...values.slice(0, 2)])
  }
})

test('apply is the operator by definition, adjoint its transpose, ⟨Tx, y⟩ = ⟨x, Tᵀy⟩', () => {
  for (const { name, layer, definition } of layers) {
    const matrix = operatorMatrix(definition)
    const x = seeded(1, matrix.columns)
    const y = seeded(2, matrix.rows)
    const image = apply(layer, x)
    const back = adjoint(layer, y)
    assert.equal(image.shape, [layer.outChannels, ...layer.outputSize])
    assert.equal(back.shape, [layer.inChannels, ...layer.inputSize])
    near(image.data, multiply(matrix, x), name)
    near(back.data, multiply(transpose(matrix), y), name)
    assert.ok(Math.abs(dot(image.data, y) - dot(x, back.data)) < 1e-10, name)
  }
})

function near(got: Float64Array, want: Float64Array, what: string): void {
  for (let i = 0; i < want.length; i++) assert.ok(Math.abs(got[i] - want[i]) < 1e-11, `${i}: ${got[i]}, ${want[i]} ${what}`)
}

test.run()
