import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { activation, type SLOPES, slopesOf } from '../../src/network/activation.ts'
import { averagePool, globalAveragePool, maxPool } from '../../src/network/pooling.ts'
import { decompose, dot, mulberry32, normOf, seeded } from '../oracle.ts'

/** erf by its Taylor series and, further out, the continued fraction of erfc: good to 1e-14. */
function erf(x: number): number {
  if (x < 0) return -erf(-x)
  if (x > 2.5) {
    let fraction = x
    for (let n = 200; n > 0; n--) fraction = x + n / 2 / fraction
    return 1 - Math.exp(-x * x) / fraction / Math.sqrt(Math.PI)
  }
  let sum = x
  for (let n = 1, term = x; n < 80; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
const phi = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
const tanhInner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)

/** Functions with their first derivatives, written down independently of the constants. */
const functions: Record<Exclude<keyof typeof SLOPES, 'softmax'>, [(x: number) => number, (x: number) => number]> = {
  relu: [x => Math.max(x, 0), x => (x > 0 ? 1 : 0)],
  'hard-tanh': [x => Math.min(1, Math.max(-1, x)), x => (Math.abs(x) < 1 ? 1 : 0)],
  tanh: [Math.tanh, x => 1 - Math.tanh(x) ** 2],
  sigmoid: [sigmoid, x => sigmoid(x) * (1 - sigmoid(x))],
  'hard-swish': [x => (x * Math.min(6, Math.max(0, x + 3))) / 6, x => (x < -3 ? 0 : x > 3 ? 1 : (2 * x + 3) / 6)],
  softplus: [softplus, sigmoid],
  softsign: [x => x / (1 + Math.abs(x)), x => 1 / (1 + Math.abs(x)) ** 2],
  gelu: [x => (x / 2) * (1 + erf(x / Math.SQRT2)), x => (1 + erf(x / Math.SQRT2)) / 2 + x * phi(x)],
  'gelu-tanh': [
    x => (x / 2) * (1 + Math.tanh(tanhInner(x))),
    x =>
      (1 + Math.tanh(tanhInner(x))) / 2 +
      (x / 2) * (1 - Math.tanh(tanhInner(x)) ** 2) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x),
  ],
  silu: [x => x * sigmoid(x), x => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
  mish: [x => x * Math.tanh(softplus(x)), x => Math.tanh(softplus(x)) + x * (1 - Math.tanh(softplus(x)) ** 2) * sigmoid(x)],
  selu: [
    x => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    x => 1.0507009873554805 * (x > 0 ? 1 : 1.6732632423543772 * Math.exp(x)),
  ],
  erf: [erf, x => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)],
  abs: [Math.abs, Math.sign],
  atan: [Math.atan, x => 1 / (1 + x * x)],
  sin: [Math.sin, Math.cos],
  cos: [Math.cos, x => -Math.sin(x)],
}

/** Largest |f| on [−8, 40]: a grid, then golden sections around the best grid points. */
function supremum(f: (x: number) => number): number {
  const grid = Array.from({ length: 48001 }, (_, i) => -8 + i / 1000)
  const size = (x: number): number => Math.abs(f(x))
  const best = grid.reduce((a, b) => (size(b) > size(a) ? b : a))
  let [a, b] = [best - 1e-3, best + 1e-3]
  for (let i = 0; i < 60; i++) {
    const [c, d] = [b - (b - a) * 0.618, a + (b - a) * 0.618]
    if (size(c) > size(d)) b = d
    else a = c
  }
  return Math.max(size(best), size((a + b) / 2))
}

for (const [name, [f, slope]] of Object.entries(functions)) {
  test(`${name}: the slope constant is above the steepest slope, and no chord is steeper`, () => {
    const { first, second } = slopesOf(name)
    const steepest = supremum(slope)
    assert.ok(first >= steepest * (1 - 1e-13), `${first} < ${steepest}`)
    assert.ok(first <= steepest * (1 + 1e-9) + 1e-9, `${first} is loose, the slope reaches ${steepest}`)
    assert.is(activation(name as keyof typeof SLOPES).value, first)
    const next = mulberry32(1)
    for (let i = 0; i < 4000; i++) {
      const [x, y] = [16 * next() - 8, 16 * next() - 8]
      assert.ok(Math.abs(f(x) - f(y)) <= first * Math.abs(x - y) * (1 + 1e-9) + 1e-12)
    }
    if (second === undefined) return
    // Differences of the slope at a distance of 1e-4 see its steepest point to 1e-6 relative.
    const bend = supremum(x => (slope(x + 5e-5) - slope(x - 5e-5)) / 1e-4)
    assert.ok(second >= bend * (1 - 1e-9), `${second} < ${bend}`)
    assert.ok(second <= bend * (1 + 2e-4) + 1e-9, `${second} is loose, the second derivative reaches ${bend}`)
  })
}

test('softmax is ½-Lipschitz and reaches it', () => {
  const next = mulberry32(3)
  const softmax = (x: number[]): number[] => {
    const top = Math.max(...x)
    const e = x.map(v => Math.exp(v - top))
    const sum = e.reduce((a, b) => a + b)
    return e.map(v => v / sum)
  }
  const gain = (x: number[], y: number[]): number => {
    const [p, q] = [softmax(x), softmax(y)]
    return Math.hypot(...p.map((v, i) => v - q[i])) / Math.hypot(...x.map((v, i) => v - y[i]))
  }
  for (let i = 0; i < 5000; i++) {
    const n = 2 + Math.floor(next() * 5)
    const x = Array.from({ length: n }, () => 8 * next() - 4)
    const y = x.map(v => v + (next() - 0.5) * (i % 2 ? 1e-3 : 5))
    assert.ok(gain(x, y) <= activation('softmax').value * (1 + 1e-9))
  }
  assert.ok(gain([1e-4, -1e-4], [-1e-4, 1e-4]) > 0.5 - 1e-6)
})

test('leaky rectifiers and ELU take their slope', () => {
  assert.is(activation('leaky-relu', 0.2).value, 1)
  assert.is(activation('leaky-relu', [0.5, -3]).value, 3)
  assert.is(activation('elu', 2).value, 2)
  assert.throws(() => activation('leaky-relu', NaN), /^leaky-relu: expected finite slopes, got NaN\./)
  assert.throws(() => activation('swish' as 'silu'), /^activation: expected relu, .* got 'swish'\./)
})

test('max-pool: no pair of inputs is pulled apart further, and the overlap is reached', () => {
  const next = mulberry32(5)
  for (let round = 0; round < 200; round++) {
    const [k, s, d] = [1 + Math.floor(next() * 4), 1 + Math.floor(next() * 4), 1 + Math.floor(next() * 3)]
    const n = 24
    const pool = (x: Float64Array): number[] => {
      const y: number[] = []
      for (let at = 0; at + d * (k - 1) < n; at += s) y.push(Math.max(...Array.from({ length: k }, (_, p) => x[at + d * p])))
      return y
    }
    const constant = maxPool({ kernelSize: [k], stride: [s], dilation: [d] }).value
    let reached = 0
    for (let i = 0; i < n; i++) {
      const spike = new Float64Array(n)
      spike[i] = 1
      reached = Math.max(reached, Math.hypot(...pool(spike)))
    }
    assert.ok(Math.abs(reached - constant) < 1e-14, `k ${k} s ${s} d ${d}: ${reached} and ${constant}`)
    const [x, y] = [seeded(round, n), seeded(round + 1000, n)]
    const gain = Math.hypot(...pool(x).map((v, i) => v - pool(y)[i])) / Math.hypot(...x.map((v, i) => v - y[i]))
    assert.ok(gain <= constant * (1 + 1e-14))
  }
  assert.is(maxPool({ kernelSize: [3, 3], stride: [2, 2] }).value, 2)
  assert.is(maxPool({ kernelSize: [2, 2] }).value, 1)
  assert.throws(() => maxPool({ kernelSize: [0] }), /^kernelSize: expected whole numbers from 1/)
})

test('average pool: above the norm at any size, and its limit', () => {
  for (const [k, s, d] of [
    [2, 2, 1],
    [3, 2, 1],
    [3, 1, 1],
    [4, 3, 1],
    [2, 3, 1],
    [3, 2, 2],
    [5, 2, 1],
  ]) {
    const constant = averagePool({ kernelSize: k, stride: s, dilation: d }).value
    const sized = (n: number): number =>
      normOf({
        kernel: new Float64Array(k).fill(1 / k),
        shape: [1, 1, k],
        inputSize: [n],
        padding: 'zero',
        pads: [1, 1],
        stride: [s],
        dilation: [d],
        groups: 1,
        transposed: false,
        outputPadding: [0],
      })
    assert.ok(sized(7) <= constant * (1 + 1e-13) && sized(60) <= constant * (1 + 1e-13), `k ${k} s ${s}`)
    assert.ok(sized(60) >= constant * 0.98, `k ${k} s ${s}: ${sized(60)} of ${constant}`)
  }
  assert.is(averagePool({ kernelSize: [2, 2] }).value, 0.5)
  const ones = { rows: 1, columns: 12, data: new Float64Array(12).fill(1 / 12) }
  const global = globalAveragePool([3, 4]).value
  assert.ok(global >= decompose(ones).sigma[0] * (1 - 1e-15) && global <= Math.sqrt(dot(ones.data, ones.data)) * (1 + 1e-15))
})

test.run()
