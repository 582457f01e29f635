import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { clip } from '../../src/training/clip.ts'
import { decompose, seeded } from '../oracle.ts'

const test = suite('training/clip')

test('a layer that fits comes back as it is, in numbers of its own', () => {
  const layer = conv({ data: seeded(1, 36), shape: [2, 2, 3, 3] })
  const { kernel, rounds } = clip(layer, 100)
  assert.equal(kernel, layer.kernel)
  assert.is.not(kernel.data, layer.kernel.data)
  assert.is(rounds, 0)
})

test('a matrix has its singular values cut, and its singular vectors kept', () => {
  const [rows, columns] = [6, 4]
  const data = seeded(2, rows * columns)
  const before = decompose({ rows, columns, data })
  const ceiling = (before.sigma[1] + before.sigma[2]) / 2
  const { kernel, bound } = clip(dense({ data, shape: [rows, columns] }), ceiling)
  assert.ok(bound.upper <= ceiling)
  const after = decompose({ rows, columns, data: kernel.data })
  const want = [ceiling, ceiling, before.sigma[2], before.sigma[3]]
  want.forEach((sigma, i) => {
    assert.ok(Math.abs(after.sigma[i] - sigma) < 1e-9 * sigma)
  })
})

test('ends nearer to the kernel than scaling does, and keeps support, groups and stride', () => {
  const cases = [
    { shape: [4, 4, 3, 3], geometry: {} },
    { shape: [6, 2, 3], geometry: { groups: 3, stride: 2 } },
    { shape: [4, 3, 3, 2], geometry: { transposed: true, stride: [2, 1] } },
    { shape: [2, 2, 2, 2, 2], geometry: { dilation: 2 } },
  ]
  for (const { shape, geometry } of cases) {
    const data = seeded(shape.length * shape[0], shape.reduce((a, b) => a * b)) // biome-ignore format: one line
    const layer = conv({ data, shape }, geometry)
    const { upper } = spectralNorm(layer)
    const { kernel, bound, rounds } = clip(layer, 0.7 * upper)
    assert.equal(kernel.shape, shape)
    assert.ok(bound.upper <= 0.7 * upper && bound.upper > 0.68 * upper, `${shape}: ${bound.upper / upper}`)
    assert.ok(rounds > 1 && rounds < 40, `${rounds}`)
    const distance = Math.hypot(...data.map((x, i) => x - kernel.data[i]))
    assert.ok(distance < 0.85 * 0.3 * Math.hypot(...data), `${shape}: ${distance / Math.hypot(...data)}`)
  }
})

test('with no rounds it scales', () => {
  const layer = conv({ data: seeded(4, 27), shape: [3, 3, 3] })
  const { kernel, bound } = clip(layer, 0.5, { rounds: 0 })
  assert.ok(bound.upper <= 0.5 && bound.upper > 0.4999)
  const factor = kernel.data[0] / layer.kernel.data[0]
  kernel.data.forEach((x, i) => {
    assert.ok(Math.abs(x - factor * layer.kernel.data[i]) < 1e-14)
  })
})

test('commutes with powers of two, at both ends of the range', () => {
  const data = seeded(5, 36)
  const plain = clip(conv({ data, shape: [2, 2, 3, 3] }), 1)
  for (const exponent of [-900, 900]) {
    const moved = clip(conv({ data: data.map(x => x * 2 ** exponent), shape: [2, 2, 3, 3] }), 2 ** exponent)
    assert.ok(moved.bound.upper <= 2 ** exponent)
    moved.kernel.data.forEach((x, i) => {
      assert.ok(Math.abs(x / 2 ** exponent - plain.kernel.data[i]) < 1e-9)
    })
  }
})

test('wrong use is refused', () => {
  const layer = dense([[1, 2]])
  for (const ceiling of [0, -1, Number.NaN, Infinity])
    assert.throws(() => clip(layer, ceiling), (error: unknown) => error instanceof OpnormError && error.code === 'option') // biome-ignore format: one line
  assert.throws(() => clip(layer, 1, { rounds: 0.5 }))
})

test.run()
