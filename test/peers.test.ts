import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Bound,
  batchNorm,
  conv,
  dense,
  exact,
  f4,
  gram,
  lanczos,
  lipGrid,
  rescale,
  type SizedConv,
  singularValues,
  spatialGram,
  spectralNorm,
  tensorNorm,
} from '../src/index.ts'
import { decompose, seeded } from './oracle.ts'

/** Places where other tools answer wrongly; each test is named by what goes wrong there and shows the right answer here. */

const close = (got: number, want: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(got - want) <= tolerance * Math.abs(want), `${got} instead of ${want}`)

const ones = (...shape: number[]) => ({ data: new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape })
const circular = (shape: number[], data: ArrayLike<number>, inputSize: number | number[]): SizedConv =>
  conv({ data: Float64Array.from(data), shape }, { padding: 'circular', inputSize })

test('1: a tensor norm from a random start falls below the norm: here it is an estimate, and the proven one does not', () => {
  let below = 0
  for (let seed = 1; seed <= 40; seed++) {
    const layer = conv({ data: seeded(seed, 3 * 2 * 3), shape: [3, 2, 3] })
    const { lower } = spectralNorm(layer)
    assert.ok(tensorNorm(layer).value >= lower)
    for (let start = 1; start <= 5; start++) {
      const random = tensorNorm(layer, { start: { seed: start } })
      assert.is(random.kind, 'estimate')
      assert.is(random.lower, 0)
      assert.is(random.upper, Infinity)
      if (random.value < lower) below++
    }
  }
  assert.ok(below > 0, 'no random start fell below: the test shows nothing')
})

test('2: F4 by power iteration under-reports its own bound', () => {
  const layer = conv({ data: seeded(129, 128 * 128), shape: [128, 128, 1, 1] }, { padding: 'circular', inputSize: 2 })
  assert.ok(f4(layer).value >= exact(layer).lower)
  close(f4(layer).value, exact(layer).value)
})

test('3: Gram iteration has no rounding margin: here it stays above the norm when it has converged', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const layer = circular([5, 4, 3], seeded(seed, 60), 7)
    const { lower, upper } = exact(layer)
    for (const iterations of [7, 12, 20, 40]) {
      const bound = gram(layer, { iterations })
      assert.ok(bound.upper >= lower && bound.lower <= upper)
    }
  }
})

test('4: NaN where a frequency or the kernel is zero', () => {
  const laplacian = circular([1, 1, 3, 3], [0, 1, 0, 1, -4, 1, 0, 1, 0], 8)
  close(gram(laplacian).value, 8)
  const zero = circular([2, 2, 3, 3], new Float64Array(36), 4)
  for (const bound of [gram(zero), spatialGram(zero), tensorNorm(zero), f4(zero), exact(zero), spectralNorm(zero)])
    assert.is(bound.value, 0)
})

test('5: a kernel wider than the image is cropped instead of wrapped', () => {
  const layer = conv(ones(1, 1, 5, 5), { padding: 'circular', inputSize: 3 })
  close(exact(layer).value, 25)
  close(singularValues(layer)[0], 25)
})

test('6: the circular value is no bound of the zero-padded layer', () => {
  const checkerboard = { data: Float64Array.from({ length: 9 }, (_, i) => (i % 2 ? -1 : 1)), shape: [1, 1, 3, 3] }
  close(exact(conv(checkerboard, { padding: 'circular', inputSize: 3 })).value, 4)
  const padded = conv(checkerboard, { inputSize: 3 })
  close(lanczos(padded).value, 3 + 2 * Math.SQRT2)
  assert.throws(() => exact(padded), /padding: expected 'circular', got 'zero'. Use lanczos\(\)/)
  assert.is(gram(padded).scope, 'every-size')
  assert.ok(gram(padded).value >= lanczos(padded).value)
})

test('7: the zero-padding Gram bound of a non-square kernel', () => {
  for (const [shape, inputSize] of [
    [[4, 4, 3, 1], 12],
    [[4, 4, 1, 3], 12],
    [[2, 3, 5, 2], 9],
  ] satisfies [number[], number][]) {
    const layer = conv(
      {
        data: seeded(
          109,
          shape.reduce((a, b) => a * b, 1),
        ),
        shape,
      },
      { inputSize },
    )
    for (const iterations of [1, 2, 3, 4]) assert.ok(spatialGram(layer, { iterations }).value >= lanczos(layer).value)
  }
  const column = conv(ones(1, 1, 3, 1), { inputSize: [16, 4] })
  close(spatialGram(column).value, 3, 1e-9)
})

test('8: gradients of the dense Gram bound at every number of iterations', () => {
  const data = seeded(146, 35)
  const value = (at: Float64Array, iterations: number) => gram(dense({ data: at, shape: [7, 5] }), { iterations }).value
  for (const iterations of [1, 2, 3, 6]) {
    const { gradient } = gram(dense({ data, shape: [7, 5] }), { iterations, gradient: true })
    for (const entry of [0, 17, 34]) {
      const moved = (h: number) => data.map((x, i) => (i === entry ? x + h : x))
      const slope = (value(moved(1e-4), iterations) - value(moved(-1e-4), iterations)) / 2e-4
      assert.ok(Math.abs(slope - gradient!.data[entry]) < 1e-7)
    }
  }
})

test('9: stride ignored, its sides exchanged, or a side that it does not divide', () => {
  const kernel = { data: seeded(111, 72), shape: [3, 2, 3, 4] }
  const one = spectralNorm(conv(kernel)).value
  const two = spectralNorm(conv(kernel, { stride: [1, 2] })).value
  const other = spectralNorm(conv(kernel, { stride: [2, 1] })).value
  assert.ok(two < one && other < one && Math.abs(two - other) > 1e-3)
  assert.throws(
    () => conv(kernel, { padding: 'circular', stride: [1, 2], inputSize: 7 }),
    /inputSize: expected sides divisible by the stride \[1, 2\] for circular padding, got \[7, 7\]/,
  )
})

test('10: padding 1 whatever the kernel, and one size too small for stride 2', () => {
  const wide = conv(ones(1, 1, 7), { inputSize: 30 })
  const sigma = decompose({
    rows: 30,
    columns: 30,
    data: Float64Array.from({ length: 900 }, (_, i) => (Math.abs((i % 30) - Math.floor(i / 30)) <= 3 ? 1 : 0)),
  }).sigma[0]
  close(lanczos(wide).value, sigma)
  const strided = conv(ones(1, 1, 3), { stride: 2, pad: [1, 1], inputSize: 8 })
  assert.equal(strided.outputSize, [4])
  // Rows x₀+x₁, x₁+x₂+x₃, x₃+x₄+x₅, x₅+x₆+x₇
  close(
    lanczos(strided).value,
    Math.sqrt(decompose({ rows: 4, columns: 4, data: Float64Array.of(2, 1, 0, 0, 1, 3, 1, 0, 0, 1, 3, 1, 0, 0, 1, 3) }).sigma[0]),
  )
})

test('11: LipGrid samples one endpoint twice, and goes negative', () => {
  const odd = conv([[[1, 0, -1]]])
  close(lipGrid(odd, { gridSize: 3 }).value, 3)
  for (const gridSize of [3, 4, 5, 50]) assert.ok(lipGrid(odd, { gridSize }).value >= 2)
  assert.throws(() => lipGrid(odd, { gridSize: 2 }), /gridSize: expected a whole number from 3/)
})

test('12: kernels of 1e20 and beyond overflow', () => {
  const layer = circular(
    [3, 2, 3, 3],
    seeded(138, 54).map(x => x * 1e20),
    [6, 5],
  )
  const unit = circular([3, 2, 3, 3], seeded(138, 54), [6, 5])
  close(exact(layer).value, exact(unit).value * 1e20)
  close(gram(layer).value, gram(unit).value * 1e20)
  const single = conv(
    { data: Float32Array.from(layer.kernel.data), shape: [3, 2, 3, 3] },
    { padding: 'circular', inputSize: [6, 5] },
  )
  close(gram(single).value, gram(unit).value * 1e20, 1e-6)
})

test('13: groups are a maximum, not a product, a sum, or one large kernel', () => {
  const identity = new Float64Array(4 * 9)
  for (let c = 0; c < 4; c++) identity[c * 9 + 4] = 1
  const layer = conv({ data: identity, shape: [4, 1, 3, 3] }, { groups: 4, padding: 'circular', inputSize: 6 })
  close(exact(layer).value, 1)
  for (const bound of [gram(layer), spatialGram(layer), spectralNorm(layer)] as Bound[]) close(bound.value, 1, 1e-5)
})

test('14: a rescaled layer is 1-Lipschitz with zero padding too', () => {
  for (const kernel of [ones(1, 1, 3, 3), ones(4, 4, 3, 3), { data: seeded(3, 72), shape: [4, 2, 3, 3] }]) {
    const { kernel: rescaled } = rescale(conv(kernel))
    assert.ok(spectralNorm(conv(rescaled)).lower <= 1)
    assert.ok(lanczos(conv(rescaled, { inputSize: 8 })).value <= 1)
  }
})

test('15: batch norm is γ/√(v + ε), not γ/v', () => {
  const { value } = batchNorm({ gamma: [-3, 0.5], variance: [4, 0.25], epsilon: 0 })
  close(value, 1.5)
})

test('16: singular values of a complex matrix: [[1, i], [0, 0]] has √2 and 0', () => {
  // At a quarter turn the symbol of the taps [[1, 0], [0, 0]] and [[0, 1], [0, 0]] is that matrix; at the others it differs by a phase.
  const values = singularValues(circular([2, 2, 2], [1, 0, 0, 1, 0, 0, 0, 0], 4))
  for (const value of values.slice(0, 4)) close(value, Math.SQRT2)
  assert.equal([...values.slice(4)], [0, 0, 0, 0])
})

test.run()
