import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Conv, conv, dense } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { f4 } from '../../src/methods/f4.ts'
import { orthogonality } from '../../src/training/orthogonality.ts'
import { decompose, type Matrix, operatorMatrix, seeded } from '../oracle.ts'
import { worstDifference } from './differences.ts'
import { definitionAt, randomLayer } from './random-layers.ts'

const test = suite('training/orthogonality')

/** ‖T Tᵀ − I‖ or ‖TᵀT − I‖ on the smaller side of channels, from the operator's singular values at one size. */
function distanceOf(matrix: Matrix): number {
  return decompose(matrix).sigma.reduce((most, sigma) => Math.max(most, Math.abs(sigma * sigma - 1)), 0)
}

test('bounds the distance of every singular value from 1, squared', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const drawn = randomLayer(seed)
    const { value, bound } = orthogonality(drawn.layer, 'tensor-norm')
    assert.is(bound.kind, 'upper')
    // The circular operator at one size has some of the singular values of the infinite one, no others.
    const { geometry, shape } = drawn
    const axes = shape.length - 2
    const strides = geometry.stride as number[]
    const matrix = operatorMatrix({
      ...definitionAt(drawn, drawn.layer.kernel.data, 0),
      padding: 'circular',
      inputSize: strides.map(s => (geometry.transposed ? [7, 3, 2][axes - 1] : s * [7, 3, 2][axes - 1])),
    })
    assert.ok(distanceOf(matrix) <= value * (1 + 1e-12), `${drawn.what}: ${distanceOf(matrix)} > ${value}`)
  }
})

test('is zero for orthogonal layers, and the square less one for multiples of them', () => {
  const c = Math.SQRT1_2
  const layers: [Conv, number][] = [
    [dense([[c, c], [c, -c]]), 0],
    [dense([[0, 2], [2, 0]]), 3],
    [dense([[c], [c]]), 0],
    [conv({ data: Float64Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0), shape: [1, 1, 3, 3] }), 0],
    [conv({ data: Float64Array.of(0, 2, 0, 0), shape: [1, 1, 2, 2] }, { stride: 2 }), 3],
    [conv({ data: Float64Array.of(c, c, c, -c), shape: [2, 1, 2] }, { stride: 2 }), 0],
    [conv({ data: Float64Array.of(1, 0, 0, 3), shape: [2, 1, 2] }, { groups: 2 }), 8 * Math.sqrt(3)],
  ] // biome-ignore format: a table
  for (const [layer, want] of layers) assert.ok(Math.abs(orthogonality(layer, 'tensor-norm').value - want) < 1e-7)
})

test('inputs and outputs that a stride passes over count', () => {
  const table: [number[], number[], object, number][] = [
    // one input in two is seen, by two outputs: neither side is orthogonal
    [[1, 0], [2, 1, 1], { stride: 2 }, 1],
    [[1, 0, 0, 0, 0, 1, 0, 0], [4, 2, 1, 1], { stride: 2 }, 1],
    [[1, 0, 0, 1], [2, 2, 1, 1], { stride: 2 }, 0],
    [[1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 1, 3, 1], { stride: [3, 2] }, 0],
    [[1, 0, 0, 1, 0, 0, 0, 0, 0, 0], [5, 2, 1], { stride: 2 }, 1],
    // three outputs a step of which one is made, from one input, from two, from three
    [[1], [1, 1, 1], { stride: 3, transposed: true }, 0],
    [[1, 0], [2, 1, 1], { stride: 3, transposed: true }, 1],
    [[1, 0, 0], [3, 1, 1], { stride: 3, transposed: true }, 1],
  ] // biome-ignore format: a table
  for (const [data, shape, geometry, want] of table) {
    const { value, gradient } = orthogonality(conv({ data: Float64Array.from(data), shape }, geometry), 'tensor-norm')
    assert.ok(Math.abs(value - want) < 1e-7 * Math.max(1, want) || (want > 0 && value > want), `${shape}: ${value}`)
    assert.is(gradient.data.length, data.length)
  }
  let below = 0
  for (let seed = 1; seed <= 60; seed++) {
    const transposed = seed % 3 === 0
    const shape = [1 + (seed % 5), 1 + (seed % 2), 1 + (seed % 2), 1]
    const [data, stride] = [seeded(seed, shape[0] * shape[1] * shape[2]).map(x => x / 2), [2, 3]]
    const { value, gradient } = orthogonality(conv({ data, shape }, { stride, transposed }), 'tensor-norm')
    const size = { inputSize: transposed ? [2, 2] : [4, 6], pads: [0, 0, 0, 0], outputPadding: [0, 0], dilation: [1, 1] }
    const matrix = operatorMatrix({ kernel: data, shape, stride, transposed, groups: 1, padding: 'circular', ...size })
    const distance = distanceOf(matrix)
    assert.ok(distance <= value * (1 + 1e-12), `seed ${seed}, ${shape}: ${distance} > ${value}`)
    if (value === 1) below++
    const at = (kernel: Float64Array) => orthogonality(conv({ data: kernel, shape }, { stride, transposed }), 'tensor-norm').value
    const worst =
      Math.max(...gradient.data.map(Math.abs)) < 1e-9 ? 0 : worstDifference(at, data, gradient.data, { entries: 4, step: 1e-5 })
    assert.ok(worst < 1e-6, `seed ${seed}, ${shape}: ${worst}`)
  }
  assert.ok(below < 60)
})

test('gradients agree with differences', () => {
  let checked = 0
  for (let seed = 31; seed <= 45; seed++) {
    const { layer, shape, geometry, what } = randomLayer(seed)
    for (const kind of ['tensor-norm', 'ratio'] as const) {
      const of = (data: Float64Array) => orthogonality(conv({ data, shape }, geometry), kind)
      const { gradient, bound } = of(layer.kernel.data)
      assert.equal(gradient.shape, shape)
      if (bound.converged === false) continue
      const largest = Math.max(...gradient.data.map(Math.abs))
      if (largest < 1e-9) continue
      // From the same start every time, so that both sides climb to the same maximum.
      const { start } = of(layer.kernel.data)
      const near = (data: Float64Array) => orthogonality(conv({ data, shape }, geometry), kind, { start }).value
      const worst = worstDifference(near, layer.kernel.data, gradient.data, { entries: 4, step: 1e-3 })
      assert.ok(worst < 1e-6, `${what} ${kind}: ${worst}`)
      checked++
    }
  }
  assert.ok(checked > 20)
})

test('the ratio does not see scale, and is that of the two norms', () => {
  const data = seeded(9, 54)
  const layer = conv({ data, shape: [3, 2, 3, 3] })
  const { value } = orthogonality(layer, 'ratio', { bound: f4 })
  assert.ok(Math.abs(value - f4(layer, { gradient: true }).value / Math.hypot(...data)) < 1e-14)
  for (const exponent of [-900, 900]) {
    const moved = conv({ data: data.map(x => x * 2 ** exponent), shape: [3, 2, 3, 3] })
    assert.ok(Math.abs(orthogonality(moved, 'ratio', { bound: f4 }).value - value) < 1e-12)
  }
})

test('descending either makes a layer more orthogonal', () => {
  for (const kind of ['tensor-norm', 'ratio'] as const) {
    let data = seeded(10, 24)
    const of = () => orthogonality(conv({ data, shape: [4, 2, 3] }), kind)
    const first = of().value
    for (let step = 0; step < 60; step++) {
      const { gradient } = of()
      data = data.map((x, i) => x - (0.03 / Math.hypot(...gradient.data)) * gradient.data[i] * Math.hypot(...data))
    }
    assert.ok(of().value < 0.8 * first, `${kind}: ${first} to ${of().value}`)
  }
})

test('wrong use is refused', () => {
  const code = (wanted: string) => (error: unknown) => error instanceof OpnormError && error.code === wanted
  assert.throws(() => orthogonality(dense([[1]]), 'frobenius' as 'ratio'), code('option'))
  assert.throws(() => orthogonality(dense([[0]]), 'ratio'), code('option'))
  assert.throws(() => orthogonality(dense([[1]]), 'ratio', { bound: layer => f4(layer) }), code('option'))
  assert.throws(() => orthogonality(dense([[1e200]]), 'tensor-norm'), code('nonfinite'))
})

test('weights whose squares are out of range: one sentence', () => {
  for (const factor of [1e160, 1e300])
    assert.throws(
      () => orthogonality(conv({ data: [factor, -factor, factor, 2 * factor], shape: [2, 2, 1] }), 'tensor-norm'),
      /^kernel: expected weights whose squares are finite numbers, below 1e150, got 2e\+(160|300)\. TTᵀ − I is beyond doubles; scale the layer down\.?$/,
    )
})

test.run()
