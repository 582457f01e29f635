import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense, type Geometry, type SizedConv } from '../../src/conv.ts'
import { adjointLayer, applyLayer, correlateLayer, withOperator } from '../../src/runtime/operator.ts'
import { indexOf, sizeOf } from '../../src/tensor.ts'
import { seeded } from './seeded.ts'

/** Every (output, input, kernel entry) that the layer multiplies, straight from the definition; indices into flat arrays. */
function* products(layer: SizedConv): Generator<[y: number, x: number, k: number]> {
  const { groups, kernelSize: size, stride, dilation, transposed, layout } = layer
  const [big, small] = transposed ? [layer.outputSize, layer.inputSize] : [layer.inputSize, layer.outputSize]
  const [bigChannels, smallChannels] = transposed ? [layer.outChannels, layer.inChannels] : [layer.inChannels, layer.outChannels]
  const [cols, rows] = [bigChannels / groups, smallChannels / groups]
  for (let o = 0; o < smallChannels; o++)
    for (let i = 0; i < cols; i++)
      for (let flat = 0; flat < sizeOf(small); flat++)
        for (let tap = 0; tap < sizeOf(size); tap++) {
          const at = indexOf(flat, small)
          const p = indexOf(tap, size)
          let inside = true
          let other = 0
          for (let d = 0; d < size.length; d++) {
            let z = stride[d] * at[d] + dilation[d] * p[d] - (layer.pad?.[d] ?? 0)
            if (layer.padding === 'circular') z = ((z % big[d]) + big[d]) % big[d]
            inside &&= z >= 0 && z < big[d]
            other = other * big[d] + z
          }
          if (!inside) continue
          const channel = Math.floor(o / rows) * cols + i
          const near = o * sizeOf(small) + flat
          const far = channel * sizeOf(big) + other
          const k = layout === 'OIHW' ? (o * cols + i) * sizeOf(size) + tap : (tap * cols + i) * smallChannels + o
          yield transposed ? [far, near, k] : [near, far, k]
        }
}

function check(layer: SizedConv): void {
  const inputs = layer.inChannels * sizeOf(layer.inputSize)
  const outputs = layer.outChannels * sizeOf(layer.outputSize)
  const x = seeded(1, inputs)
  const y = seeded(2, outputs)
  const wanted = {
    apply: new Float64Array(outputs),
    adjoint: new Float64Array(inputs),
    kernel: new Float64Array(layer.kernel.data.length),
  }
  for (const [o, i, k] of products(layer)) {
    wanted.apply[o] += layer.kernel.data[k] * x[i]
    wanted.adjoint[i] += layer.kernel.data[k] * y[o]
    wanted.kernel[k] += y[o] * x[i]
  }
  near(applyLayer(layer, x), wanted.apply, 'apply')
  near(adjointLayer(layer, y), wanted.adjoint, 'adjoint')
  near(correlateLayer(layer, y, x), wanted.kernel, 'correlation')
}

function near(got: Float64Array, wanted: Float64Array, what: string): void {
  assert.is(got.length, wanted.length)
  for (let i = 0; i < got.length; i++)
    assert.ok(Math.abs(got[i] - wanted[i]) <= 1e-12 * (1 + Math.abs(wanted[i])), `${what}[${i}]: ${got[i]}, not ${wanted[i]}`)
}

function layerOf(shape: number[], geometry: Geometry & { inputSize: number | number[] }): SizedConv {
  return conv({ data: seeded(3, sizeOf(shape)), shape }, geometry)
}

test('channels and pixels on both sides of every width', () => {
  for (const cout of [1, 2, 3, 4, 5, 7, 8, 9])
    for (const cin of [1, 2, 3, 4, 5]) for (const n of [1, 2, 3, 4, 5]) check(layerOf([cout, cin, 3], { inputSize: n }))
  check(layerOf([5, 3, 3, 3], { inputSize: [13, 11] })) // 143 pixels: more than one chunk
})

test('depthwise: odd and even numbers of channels', () => {
  for (const channels of [1, 2, 3, 4, 5])
    for (const stride of [1, 2]) check(layerOf([channels, 1, 3, 3], { groups: channels, inputSize: [5, 4], stride }))
})

test('a dense layer', () => {
  for (const [m, n] of [
    [1, 1],
    [3, 5],
    [8, 4],
    [4, 9],
  ])
    check(dense({ data: seeded(4, m * n), shape: [m, n] }))
})

test('any geometry, in one, two and three dimensions', () => {
  const axis = fc.record({
    k: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 1, max: 6 }),
    before: fc.integer({ min: 0, max: 5 }),
    after: fc.integer({ min: 0, max: 5 }),
  })
  const layers = fc.record({
    axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
    out: fc.integer({ min: 1, max: 5 }),
    inner: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom('zero', 'circular', 'same'),
    transposed: fc.boolean(),
    layout: fc.constantFrom('OIHW', 'HWIO'),
  })
  let made = 0
  fc.assert(
    fc.property(layers, ({ axes, out, inner, groups, padding, transposed, layout }) => {
      const k = axes.map(a => a.k)
      const shape = layout === 'OIHW' ? [out * groups, inner, ...k] : [...k, inner, out * groups]
      const stride = axes.map(a => a.stride)
      const shared = { groups, stride, dilation: axes.map(a => a.dilation), transposed, layout } as const
      const sizes = axes.map(a => a.size)
      let layer: SizedConv
      if (padding === 'circular')
        layer = layerOf(shape, { ...shared, padding, inputSize: sizes.map((n, d) => (transposed ? n : n * stride[d])) })
      else {
        const pad = padding === 'same' ? 'same' : [...axes.map(a => a.before), ...axes.map(a => a.after)]
        try {
          layer = layerOf(shape, { ...shared, pad, inputSize: sizes })
        } catch {
          return // no output at this size
        }
      }
      made++
      check(layer)
    }),
    { seed: 7, numRuns: 400 },
  )
  assert.ok(made > 250, `only ${made} layers had an output`)
})

test('small weights beside large ones keep their digits', () => {
  const layer = conv({ data: [1e300, 0, 0, 1e-300], shape: [2, 2, 1] }, { inputSize: 1 })
  for (const product of [applyLayer, adjointLayer]) {
    assert.equal(Array.from(product(layer, Float64Array.of(0, 1))), [0, 1e-300])
    assert.equal(Array.from(product(layer, Float64Array.of(0.5, 1))), [5e299, 1e-300])
  }
  // Where sums may leave the range on their way it is scaled all the same.
  const cancelling = conv({ data: [1e308, 1e308, -1e308], shape: [1, 3, 1] }, { inputSize: 1 })
  assert.equal(Array.from(applyLayer(cancelling, Float64Array.of(1, 1, 1))), [1e308])
})

test('kernels of any magnitude: products of unit vectors stay in range', () => {
  for (const magnitude of [1e-300, 1e300, 5e-324]) {
    const layer = conv({ data: [magnitude, -magnitude], shape: [1, 1, 2] }, { inputSize: 3, pad: 'valid' })
    assert.equal(Array.from(applyLayer(layer, Float64Array.of(1, 0.5, 1))), [magnitude * 0.5, -magnitude * 0.5])
    withOperator(layer, operator => {
      const [x, y] = [operator.input(), operator.output()]
      operator.write(x, [1, 0, 0])
      operator.apply(x, y)
      assert.ok(operator.norm(y) >= 0.5 && operator.norm(y) < 1)
    })
  }
})

test('identical bits on repeated and interleaved calls, and neighbours untouched', () => {
  const layer = layerOf([6, 5, 3, 3], { inputSize: [9, 7], stride: [2, 1] })
  const other = layerOf([3, 4, 5], { inputSize: 17 })
  const x = seeded(5, 5 * 63)
  const once = applyLayer(layer, x)
  withOperator(layer, operator => {
    const [from, fence, to, behind] = [operator.input(), operator.output(), operator.output(), operator.output()]
    operator.write(fence, seeded(6, fence.length))
    operator.write(behind, seeded(7, fence.length))
    operator.write(from, x)
    for (let i = 0; i < 3; i++) {
      operator.apply(from, to)
      applyLayer(other, seeded(8, 4 * 17))
      assert.equal(operator.read(to), once)
      operator.adjoint(to, operator.input())
    }
    assert.equal(operator.read(fence), Float64Array.from(seeded(6, fence.length)))
    assert.equal(operator.read(behind), Float64Array.from(seeded(7, fence.length)))
  })
})

test('a layer too large for the memory is refused with what it needs', () => {
  const layer = conv({ data: [1, 2, 3], shape: [1, 1, 3] }, { inputSize: 4, pad: 1e9 })
  assert.throws(() => withOperator(layer, () => 0), /^memory: expected room for \d+ MB more, got/)
})

test('zero in, zero out', () => {
  const layer = layerOf([4, 4, 3, 3], { inputSize: 5 })
  assert.ok(applyLayer(layer, new Float64Array(100)).every(y => y === 0))
  const dead = conv({ data: new Float64Array(9), shape: [1, 1, 3, 3] }, { inputSize: 5 })
  assert.ok(applyLayer(dead, seeded(9, 25)).every(y => y === 0))
})

test('vectors: sums in a fixed order, every length', () => {
  for (let n = 1; n < 20; n++) {
    const layer = dense({ data: new Float64Array(n).fill(1), shape: [1, n] })
    withOperator(layer, operator => {
      const [x, y, fence] = [operator.input(), operator.input(), operator.input()]
      const [a, b] = [seeded(n, n), seeded(n + 50, n)]
      operator.write(x, a)
      operator.write(y, b)
      operator.write(fence, a)
      const sum = a.reduce((total, v, i) => total + v * b[i], 0)
      assert.ok(Math.abs(operator.dot(x, y) - sum) < 1e-14 * n)
      operator.axpy(-0.5, x, y)
      assert.equal(
        operator.read(y),
        b.map((v, i) => v + -0.5 * a[i]),
      )
      operator.scale(3, x, y)
      assert.equal(
        operator.read(y),
        a.map(v => 3 * v),
      )
      assert.equal(operator.read(fence), a)
    })
  }
})

test('bases: projection leaves an orthogonal rest, combinations are the matrix product', () => {
  for (const n of [9, 16, 23])
    for (const count of [1, 2, 3, 4, 5, 8, 9]) {
      const layer = dense({ data: new Float64Array(n).fill(1), shape: [1, n] })
      withOperator(layer, operator => {
        const basis = operator.inputBasis(count)
        const fence = operator.input()
        const w = operator.input()
        operator.write(fence, seeded(99, n))
        basis.vectors.forEach((q, i) => {
          operator.write(q, seeded(i, n))
          for (let pass = 0; pass < 2; pass++) operator.project(basis, i, q)
          operator.scale(1 / operator.norm(q), q, q)
        })
        const numbers = seeded(77, n)
        operator.write(w, numbers)
        const components = operator.project(basis, count, w)
        for (const [i, q] of basis.vectors.entries()) {
          assert.ok(Math.abs(operator.dot(q, w)) < 1e-15 * n)
          const wanted = operator.read(q).reduce((sum, v, k) => sum + v * numbers[k], 0)
          assert.ok(Math.abs(components[i] - wanted) < 1e-14)
        }
        const kept = Math.ceil(count / 2)
        const mix = seeded(55, count * kept)
        const old = basis.vectors.map(q => operator.read(q))
        operator.combine(basis, count, mix)
        for (let j = 0; j < count; j++) {
          const got = operator.read(basis.vectors[j])
          for (let k = 0; k < n; k++) {
            const wanted = j < kept ? old.reduce((sum, q, i) => sum + q[k] * mix[j * count + i], 0) : old[j][k]
            assert.ok(Math.abs(got[k] - wanted) < 1e-14)
          }
        }
        assert.equal(operator.read(fence), seeded(99, n))
      })
    }
})

test.run()
