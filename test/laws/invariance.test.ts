import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense, exact, type SizedConv } from '../../src/index.ts'
import { mulberry32, seeded } from '../oracle.ts'
import { randomMatrix, samples, withKernel } from './layers.ts'
import { type Method, methodsFor } from './table.ts'

const layers = [...samples(5, 16).map(sample => sample.layer), randomMatrix(8, 4, 6)]

const close = (a: number, b: number, tolerance: number) => Math.abs(a - b) <= tolerance * Math.abs(b)

test('homogeneity: a power of two changes no bit, over 600 orders of magnitude', () => {
  for (const layer of layers) {
    for (const method of methodsFor(layer)) {
      const { value } = method.run(layer)
      for (const exponent of [-990, -500, 10, 500, 990]) {
        const scaled = method.run(withKernel(layer, times(layer.kernel.data, exponent))).value
        assert.is(scaled, times(Float64Array.of(value), exponent)[0], `${method.name} at 2^${exponent}`)
      }
      for (const factor of [1e-300, 1e-150, 1e150, 1e300, -3]) {
        const scaled = method.run(
          withKernel(
            layer,
            layer.kernel.data.map(x => x * factor),
          ),
        ).value
        assert.ok(close(scaled / Math.abs(factor), value, tolerance(method)), `${method.name} × ${factor}: ${scaled}, ${value}`)
      }
    }
  }
})

test('at the ends of the range: zero is 0, the smallest numbers are bounded, an overflow is Infinity and never NaN', () => {
  for (const layer of layers) {
    const { data } = layer.kernel
    for (const method of methodsFor(layer)) {
      const zero = method.run(withKernel(layer, new Float64Array(data.length)), true)
      assert.is(zero.value, 0, method.name)
      assert.ok(!zero.gradient || zero.gradient.data.every(x => x === 0), method.name)
      const tiny = method.run(withKernel(layer, new Float64Array(data.length).fill(2 ** -1074)))
      assert.ok(tiny.upper >= 2 ** -1074 || tiny.kind === 'lower', `${method.name}: ${tiny.upper}`)
      const huge = method.run(withKernel(layer, new Float64Array(data.length).fill(Number.MAX_VALUE)))
      assert.ok(huge.value >= Number.MAX_VALUE * 0.01 && !Number.isNaN(huge.lower), `${method.name}: ${huge.value}`)
    }
  }
})

test('channels may be permuted', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const layer = square(seed)
    const permuted = mapChannels(layer, (o, i, at) => layer.kernel.data[at((o + 1) % 3, (i + 2) % 4)])
    compare(layer, permuted, methodsFor(layer))
  }
})

test('an orthogonal change of basis of the channels', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const layer = square(seed)
    const [left, right] = [reflection(3, seed), reflection(4, seed + 9)]
    const turned = mapChannels(layer, (o, i, at) => {
      let sum = 0
      for (let a = 0; a < 3; a++) for (let b = 0; b < 4; b++) sum += left[o][a] * layer.kernel.data[at(a, b)] * right[b][i]
      return sum
    })
    compare(
      layer,
      turned,
      methodsFor(layer).filter(method => method.basisFree),
    )
  }
})

test('a shifted kernel has the same circular norm', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const data = seeded(seed, 6)
    const shifted = [0, 1, 2].map(at => {
      const kernel = new Float64Array(2 * 5)
      for (let o = 0; o < 2; o++) for (let p = 0; p < 3; p++) kernel[o * 5 + at + p] = data[o * 3 + p]
      return exact(conv({ data: kernel, shape: [2, 1, 5] }, { inputSize: 7, padding: 'circular' })).value
    })
    assert.ok(close(shifted[1], shifted[0], 1e-13) && close(shifted[2], shifted[0], 1e-13))
  }
})

test('the same bits twice, and between other calls', () => {
  const first = layers.map(layer => methodsFor(layer).map(method => JSON.stringify(method.run(layer, true))))
  exact(dense(Array.from({ length: 50 }, (_, i) => Array.from(seeded(i, 50)))))
  for (let l = layers.length - 1; l >= 0; l--)
    methodsFor(layers[l]).forEach((method, m) => {
      assert.is(JSON.stringify(method.run(layers[l], true)), first[l][m], method.name)
    })
})

/** What rounding of the scaled entries changes; a search to a gap stops where it may. */
function tolerance({ name }: Method): number {
  if (name === 'power') return 1e-6
  return name === 'spectralNorm' ? 1.1e-6 : name === 'tensorNorm' ? 1e-8 : 1e-11
}

function compare(a: SizedConv, b: SizedConv, methods: readonly Method[]): void {
  for (const method of methods) {
    if (method.name === 'power') continue
    const [x, y] = [method.run(a).value, method.run(b).value]
    assert.ok(close(x, y, tolerance(method)), `${method.name}: ${x}, ${y}`)
  }
}

function square(seed: number): SizedConv {
  return conv(
    { data: seeded(seed, 3 * 4 * 3 * 2), shape: [3, 4, 3, 2] },
    { inputSize: [4, 6], stride: [1, 2], padding: 'circular' },
  )
}

function mapChannels(layer: SizedConv, entry: (o: number, i: number, at: (o: number, i: number) => number) => number): SizedConv {
  const data = new Float64Array(layer.kernel.data.length)
  const at = (p: number) => (o: number, i: number) => (o * 4 + i) * 6 + p
  for (let o = 0; o < 3; o++) for (let i = 0; i < 4; i++) for (let p = 0; p < 6; p++) data[at(p)(o, i)] = entry(o, i, at(p))
  return withKernel(layer, data)
}

/** I − 2wwᵀ/‖w‖². */
function reflection(n: number, seed: number): number[][] {
  const random = mulberry32(seed)
  const w = Array.from({ length: n }, () => random() - 0.5)
  const square = w.reduce((sum, x) => sum + x * x, 0)
  return w.map((x, i) => w.map((y, j) => (i === j ? 1 : 0) - (2 * x * y) / square))
}

/** Exact scaling by a power of two, in two steps where one would overflow. */
function times(data: Float64Array, exponent: number): Float64Array {
  const half = Math.trunc(exponent / 2)
  return data.map(x => x * 2 ** half * 2 ** (exponent - half))
}

test.run()
