import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { rescale } from '../../src/training/rescale.ts'
import { absent, definitionOf, kernelOf, loadCases, mismatch, present } from '../conformance/cases.ts'
import { dot, normOf, seeded } from '../oracle.ts'
import { worstDifference } from './differences.ts'
import { definitionAt, randomLayer } from './random-layers.ts'

const test = suite('training/rescale')

function normOfMatrix(data: ArrayLike<number>, [rows, columns]: number[]): number {
  return normOf({
    kernel: data,
    shape: [rows, columns, 1],
    inputSize: [1],
    padding: 'zero',
    pads: [0, 0],
    stride: [1],
    dilation: [1],
    groups: 1,
    transposed: false,
    outputPadding: [0],
  })
}

test('scales agree with the golden cases', () => {
  if (!present) return console.log(absent)
  let checked = 0
  for (const entry of loadCases()) {
    if (!entry.expect.rescale) continue
    const kernel = kernelOf(entry.kernel)
    const layer = entry.type === 'dense' ? dense(kernel) : conv(kernel, entry.geometry)
    for (const [n, want] of Object.entries(entry.expect.rescale)) {
      const { scale } = rescale(layer, { iterations: Number(n) })
      assert.is(mismatch(scale, want as number[], entry.tolerance.rescale), undefined, `${entry.id} n = ${n}`)
      checked++
    }
  }
  assert.ok(checked >= 36, `${checked}`)
})

test('a rescaled layer never has a norm above 1, for any geometry and number of iterations', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const drawn = randomLayer(seed)
    let last = 0
    for (const iterations of [1, 2, 3]) {
      const { kernel } = rescale(drawn.layer, { iterations })
      const norm = normOf(definitionAt(drawn, kernel.data, [9, 4, 2][drawn.shape.length - 3]))
      assert.ok(norm <= 1 + 1e-15, `${drawn.what} n = ${iterations}: ${norm}`)
      if (seed % 10 === 0) assert.ok(norm > 0.2, `${drawn.what}: a norm of ${norm} wastes the layer`)
      last = norm
    }
    assert.ok(last > 0, drawn.what)
  }
})

test('golden kernels rescaled: norm at most 1 by the oracle, and closer to 1 with more iterations', () => {
  if (!present) return console.log(absent)
  for (const entry of loadCases()) {
    if (!entry.expect.rescale || entry.type !== 'conv') continue
    const definition = definitionOf(entry)
    const norms = [1, 2, 4].map(iterations => {
      const { kernel } = rescale(conv({ data: definition.kernel, shape: definition.shape }, entry.geometry), { iterations })
      return normOf({ ...definition, kernel: kernel.data })
    })
    for (const norm of norms) assert.ok(norm <= 1 + 4e-16, `${entry.id}: ${norms}`)
    if (entry.id.startsWith('basic')) assert.ok(norms[2] > norms[0] && norms[2] > 0.8, `${entry.id}: ${norms}`)
  }
})

test('rows from 1e-300 to 1e+300 in one matrix: each comes out as if it were alone with rows of its own size', () => {
  const rows = [
    [1, 2, 2],
    [2e300, -1e300, 0],
    [0, 1e-300, 1e-300],
    [0, 0, 0],
    [5e-324, 0, 0],
  ]
  for (const iterations of [1, 2, 3, 6]) {
    const { kernel, scale } = rescale(dense(rows), { iterations })
    assert.ok(kernel.data.every(Number.isFinite))
    assert.ok(normOfMatrix(kernel.data, [5, 3]) <= 1 + 4e-16)
    assert.equal([...kernel.data.slice(9, 12)], [0, 0, 0])
    assert.is(scale[3], 0)
    // The great row meets nothing of its size, so it alone decides its scale.
    assert.ok(Math.abs(scale[1] / 1e300 / Math.sqrt(5) - 1 - 2 ** -37) < 1e-13, `${scale[1]}`)
  }
})

test('orthonormal rows stay as they are but for the room left for other proofs', () => {
  const c = Math.SQRT1_2
  const { kernel } = rescale(dense([[c, c, 0], [c, -c, 0]]), { iterations: 3 }) // biome-ignore format: a matrix
  kernel.data.forEach((x, i) => {
    assert.ok(Math.abs(x - [c, c, 0, c, -c, 0][i] / (1 + 2 ** -37)) < 1e-13)
  })
})

test('of the output phases of a strided transposed layer the largest counts, in whatever binade their scales are', () => {
  const geometry = { transposed: true, stride: 2, pad: 0 } as const
  const comb = Float64Array.from({ length: 128 }, (_, i) => (i === 1 ? 1 : i % 2 ? 0 : 0.9))
  const { kernel } = rescale(conv({ data: comb, shape: [64, 1, 2] }, geometry))
  assert.ok(spectralNorm(conv(kernel, geometry), { gap: 5e-12 }).upper <= 1)
  for (let seed = 1; seed <= 120; seed++) {
    const iterations = 1 + (seed % 3)
    const shape = [
      [8, 1, 2, 2],
      [4, 1, 2, 2],
      [4, 2, 2, 2],
    ][seed % 3]
    const zeros = seeded(seed + 1000, 32)
    const data = seeded(seed, shape[0] * shape[1] * 4).map((x, i) => (seed % 2 && zeros[i % 32] > 0 ? 0 : x))
    const scaled = rescale(conv({ data, shape }, geometry), { iterations })
    const { upper } = spectralNorm(conv(scaled.kernel, geometry), { gap: 5e-12 })
    assert.ok(upper <= 1, `seed ${seed}, n = ${iterations}: ${upper}`)
  }
})

test('HWIO gives the same scales, and the same kernel in its own order', () => {
  const [k, inputs, outputs] = [3, 2, 4]
  const data = seeded(9, k * k * inputs * outputs)
  const moved = Float64Array.from(data, (_, at) => {
    const [p, i, o] = [Math.floor(at / (inputs * outputs)), Math.floor(at / outputs) % inputs, at % outputs]
    return data[(o * inputs + i) * k * k + p]
  })
  for (const geometry of [{}, { stride: 2 }, { transposed: true, stride: 2 }, { groups: 2 }]) {
    const one = rescale(conv({ data, shape: [outputs, inputs, k, k] }, geometry), { iterations: 2 })
    const two = rescale(conv({ data: moved, shape: [k, k, inputs, outputs] }, { ...geometry, layout: 'HWIO' }), { iterations: 2 })
    assert.equal(two.scale, one.scale)
    two.kernel.data.forEach((x, at) => {
      const [p, i, o] = [Math.floor(at / (inputs * outputs)), Math.floor(at / outputs) % inputs, at % outputs]
      assert.is(x, one.kernel.data[(o * inputs + i) * k * k + p])
    })
  }
})

test('the vjp agrees with differences, for every geometry and up to three iterations', () => {
  for (let seed = 201; seed <= 240; seed++) {
    const { layer, shape, geometry, what } = randomLayer(seed)
    const iterations = 1 + (seed % 3)
    const cotangent = seeded(seed + 7, layer.kernel.data.length)
    const loss = (data: Float64Array) => dot(cotangent, rescale(conv({ data, shape }, geometry), { iterations }).kernel.data)
    const gradient = rescale(layer, { iterations }).vjp({ data: cotangent, shape })
    assert.equal(gradient.shape, layer.kernel.shape)
    // A norm's gradient is zero for single rows (nothing but a sign is left), where only rounding is compared.
    const floor = Math.max(...gradient.data.map(Math.abs)) < 1e-12
    const worst = floor ? 0 : worstDifference(loss, layer.kernel.data, gradient.data, { entries: 8, step: 1e-5 })
    assert.ok(worst < 1e-7, `${what} n = ${iterations}: ${worst}`)
  }
})

test('the vjp scales as it must when the whole kernel is multiplied, also at the ends of the range', () => {
  const data = seeded(5, 24)
  const cotangent = { data: seeded(6, 24), shape: [4, 6] }
  const plain = rescale(dense({ data, shape: [4, 6] }), { iterations: 2 }).vjp(cotangent)
  for (const exponent of [-900, -300, 300, 900]) {
    const scaled = dense({ data: data.map(x => x * 2 ** exponent), shape: [4, 6] })
    const gradient = rescale(scaled, { iterations: 2 }).vjp(cotangent)
    assert.equal(
      gradient.data,
      plain.data.map(x => x * 2 ** -exponent),
    )
  }
})

test('what cannot be done is said', () => {
  const layer = conv({ data: seeded(1, 36), shape: [2, 2, 3, 3] })
  for (const iterations of [0, 1.5, 11, Number.NaN]) assert.throws(() => rescale(layer, { iterations }), byCode('option'))
  assert.throws(() => rescale(layer, { iterations: 10 }), byCode('option'))
  assert.throws(() => rescale(layer).vjp([1, 2]), byCode('shape'))
})

function byCode(code: string) {
  return (error: unknown) => error instanceof OpnormError && error.code === code
}

test.run()
