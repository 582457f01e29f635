import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Definition, normOf } from '../oracle.ts'
import { randomLayer, uniform } from './random-layers.ts'
import { latticeMaximum, supremum } from './supremum.ts'
import { topEigenvalue } from './top-eigenvalue.ts'

test('the oracle by aliases is the norm of the circular matrix written out from its definition', () => {
  let compared = 0
  for (let seed = 1; seed <= 200; seed++) {
    const layer = randomLayer(seed)
    const { kernel, shape, stride, dilation, groups, transposed, grid } = layer
    const inputSize = grid.map((n, d) => (transposed ? n : n * stride[d]))
    const area = grid.reduce((a, b) => a * b, 1)
    if (area * Math.max(shape[0], shape[1] * groups) > 40) continue
    const none = grid.map(() => 0)
    const pads = [...none, ...none]
    const told = {
      kernel,
      shape,
      inputSize,
      padding: 'circular',
      pads,
      stride,
      dilation,
      groups,
      transposed,
      outputPadding: none,
    }
    const truth = normOf(told as unknown as Definition)
    const found = latticeMaximum(layer, grid)
    assert.ok(Math.abs(found - truth) <= 1e-13 * truth, `seed ${seed}: ${found} instead of ${truth}`)
    compared++
  }
  assert.ok(compared > 80, `${compared} compared`)
})

test('the supremum is what a lattice of ten thousand points tends to, and no point of any lattice is above it', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const layer = randomLayer(seed)
    const axes = layer.stride.length
    const sup = supremum(layer)
    for (const n of [
      [4096, 997],
      [96, 61],
      [20, 13],
    ][axes - 1]) {
      const top = latticeMaximum(
        layer,
        layer.stride.map(() => n),
      )
      assert.ok(top <= sup * (1 + 1e-14), `seed ${seed}: ${top} at a point, supremum ${sup}`)
      // p ≥ M²·cos² of half the degree times half a spacing, along each axis
      const reach = layer.stride.reduce(
        (s, step, d) => s + (Math.PI * layer.dilation[d] * (layer.shape[2 + d] - 1)) / (2 * step * n),
        0,
      )
      assert.ok(reach > 1 || top >= sup * Math.cos(reach), `seed ${seed}: ${top} far below ${sup}`)
    }
  }
})

test('suprema that are known', () => {
  const plain = { stride: [1], dilation: [1], groups: 1 }
  const near = (x: number, y: number) => assert.ok(Math.abs(x - y) <= 4e-15 * y, `${x} instead of ${y}`)
  near(supremum({ ...plain, kernel: [1, 2, 1], shape: [1, 1, 3] }), 4)
  near(supremum({ ...plain, kernel: [1e150, 2e150, 1e150], shape: [1, 1, 3], dilation: [3] }), 4e150)
  near(supremum({ ...plain, kernel: [1, 0, -1], shape: [1, 1, 3] }), 2)
  near(supremum({ ...plain, kernel: [1, 2, 3, 4], shape: [1, 1, 2, 2], stride: [2, 2], dilation: [1, 1] }), Math.sqrt(30))
  // [[1, −1], [1, 1]] and the like: orthogonal but for a factor
  near(supremum({ ...plain, kernel: [1, 0, 0, -1, 0, 1, 1, 0], shape: [2, 2, 2] }), Math.sqrt(2) * Math.SQRT2)
})

test('eigenvalues to a few ulps, near ties too', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = uniform(seed)
    const m = 1 + (seed % 8)
    const values = Array.from({ length: m }, (_, i) => (i === 0 ? 1 : seed % 3 === 0 ? next() : 1 - 10 ** (-15 * next())))
    const [re, im] = reflected(values, next)
    const top = topEigenvalue(re, im, m)
    assert.ok(Math.abs(top - 1) < 5e-15, `side ${m}: ${top}`)
  }
})

/** H·diag(values)·Hᴴ for a complex Householder reflection H. */
function reflected(values: readonly number[], next: () => number): [Float64Array, Float64Array] {
  const m = values.length
  const [vr, vi] = [0, 1].map(() => Array.from({ length: m }, () => next() - 0.5))
  const square = vr.reduce((sum, x, i) => sum + x * x + vi[i] * vi[i], 0)
  const entry = (i: number, j: number) => [
    (i === j ? 1 : 0) - (2 * (vr[i] * vr[j] + vi[i] * vi[j])) / square,
    (-2 * (vi[i] * vr[j] - vr[i] * vi[j])) / square,
  ]
  const [re, im] = [new Float64Array(m * m), new Float64Array(m * m)]
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      for (let k = 0; k < m; k++) {
        const [[a, b], [c, d]] = [entry(i, k), entry(j, k)]
        re[i * m + j] += values[k] * (a * c + b * d)
        im[i * m + j] += values[k] * (b * c - a * d)
      }
    }
  }
  return [re, im]
}

test.run()
