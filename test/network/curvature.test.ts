import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense, type SizedConv } from '../../src/conv.ts'
import { certifiedRadius } from '../../src/network/certified-radius.ts'
import { curvature } from '../../src/network/curvature.ts'
import { absent, kernelOf, loadCases, mismatch, type Network, present } from '../conformance/cases.ts'
import { decompose, dot, type Matrix, mulberry32, multiply, operatorMatrix, seeded, transpose } from '../oracle.ts'

/** Values, first and second derivatives. */
const activations = {
  tanh: (x: number): number[] => [Math.tanh(x), 1 - Math.tanh(x) ** 2, -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)],
  sigmoid: (x: number): number[] => {
    const s = 1 / (1 + Math.exp(-x))
    return [s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]
  },
}

/** The Hessian of z_y − z_t at x, by H = Σ_I J_Iᵀ diag(σ″·∂f/∂a_I) J_I, as a dense matrix. */
function hessianNorm(weights: Matrix[], name: keyof typeof activations, y: number, t: number, x: Float64Array): number {
  const n = x.length
  const logits = weights[weights.length - 1]
  let jacobian: Matrix = { rows: n, columns: n, data: Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) ? 0 : 1)) }
  let a = x
  const layers = weights.slice(0, -1).map(w => {
    const z = multiply(w, a)
    const values = Array.from(z, activations[name])
    const before = product(w, jacobian)
    jacobian = { ...before, data: before.data.map((v, i) => v * values[Math.floor(i / n)][1]) }
    a = Float64Array.from(values, v => v[0])
    return { values, before }
  })
  let pull: Float64Array = Float64Array.from(
    { length: logits.columns },
    (_, j) => logits.data[y * logits.columns + j] - logits.data[t * logits.columns + j],
  )
  const hessian = new Float64Array(n * n)
  for (let l = layers.length - 1; l >= 0; l--) {
    const { values, before } = layers[l]
    for (let k = 0; k < values.length; k++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) hessian[i * n + j] += pull[k] * values[k][2] * before.data[k * n + i] * before.data[k * n + j]
    pull = multiply(
      transpose(weights[l]),
      pull.map((v, k) => v * values[k][1]),
    )
  }
  return decompose({ rows: n, columns: n, data: hessian }).sigma[0]
}

function product(a: Matrix, b: Matrix): Matrix {
  const columns = Array.from({ length: b.columns }, (_, j) =>
    multiply(
      a,
      Float64Array.from({ length: b.rows }, (_, i) => b.data[i * b.columns + j]),
    ),
  )
  const data = Float64Array.from({ length: a.rows * b.columns }, (_, at) => columns[at % b.columns][Math.floor(at / b.columns)])
  return { rows: a.rows, columns: b.columns, data }
}

function random(rows: number, columns: number, seed: number): Matrix {
  return { rows, columns, data: seeded(seed, rows * columns, 0.7) }
}

const tensor = ({ data, rows, columns }: Matrix): { data: Float64Array; shape: number[] } => ({ data, shape: [rows, columns] })

test('the Hessian of random networks is never above the bound, and the radius never crosses the boundary', () => {
  const next = mulberry32(3)
  for (let seed = 0; seed < 12; seed++) {
    const weights = [random(5, 3, 10 * seed), random(4, 5, 10 * seed + 1), random(3, 4, 10 * seed + 2)]
    for (const name of ['tanh', 'sigmoid'] as const) {
      const bound = curvature(weights.map(tensor), name, { y: 0, t: 2 })
      for (let i = 0; i < 20; i++) {
        const x = Float64Array.from({ length: 3 }, () => 4 * next() - 2)
        assert.ok(hessianNorm(weights, name, 0, 2, x) <= bound.value)
      }
      assert.is(bound.kind, 'upper')
      assert.is(bound.r.length, 2)
      assert.is(bound.S.length, 2)
    }
  }
})

test('a convolution counts as its matrix', () => {
  const kernel = { data: seeded(5, 2 * 1 * 3), shape: [2, 1, 3] }
  const layer = conv(kernel, { stride: 2, pad: [1], inputSize: [6] })
  const matrix = operatorMatrix({
    kernel: kernel.data,
    shape: kernel.shape,
    inputSize: [6],
    padding: 'zero',
    pads: [1, 1],
    stride: [2],
    dilation: [1],
    groups: 1,
    transposed: false,
    outputPadding: [0],
  })
  const first = random(6, 4, 1)
  const logits = random(3, 6, 2)
  const by = (middle: SizedConv): ReturnType<typeof curvature> =>
    curvature([tensor(first), middle, tensor(logits)], 'softplus', { y: 1, t: 2 })
  const [mine, theirs] = [by(layer), by(dense(tensor(matrix)))]
  assert.ok(mine.S.every((s, I) => s.every((x, j) => Math.abs(x - theirs.S[I][j]) <= 1e-12 * (1 + x))))
  assert.ok(mine.value >= theirs.value * (1 - 1e-12))
  assert.ok(dot(mine.r, mine.r) >= dot(theirs.r, theirs.r) * (1 - 1e-12))
})

test('wrong chains and activations are refused', () => {
  const [a, b] = [tensor(random(4, 3, 1)), tensor(random(2, 4, 2))]
  assert.throws(
    () => curvature([a, b], 'relu', { y: 0, t: 1 }),
    /^activation: expected one with a bounded second derivative, got 'relu'/,
  )
  assert.throws(() => curvature([b], 'tanh', { y: 0, t: 1 }), /^layers: expected at least two, got 1/)
  assert.throws(() => curvature([b, a], 'tanh', { y: 0, t: 1 }), /^layer 1: expected 2 inputs, got 3/)
  assert.throws(() => curvature([a, b], 'tanh', { y: 0, t: 2 }), /^t: expected a logit from 0 to 1, got 2/)
  const everywhere = conv({ data: [1], shape: [1, 1, 1] })
  assert.throws(() => curvature([everywhere, b], 'tanh', { y: 0, t: 1 }), /^layer 0: expected a convolution with inputSize/)
  const last = conv({ data: [1], shape: [1, 1, 1] }, { inputSize: [4] })
  assert.throws(() => curvature([a, last], 'tanh', { y: 0, t: 1 }), /^the last layer: expected the logits' matrix/)
})

if (!present) console.log(absent)
for (const each of present ? loadCases().filter(({ type }) => type === 'curvature') : []) {
  test(`golden case ${each.id}`, () => {
    const { weights, activation, y, t, margin, gradientNorm } = (each as unknown as { network: Network }).network
    const expect = each.expect as { kappa: number; radius: number; r: number[]; S: number[][] }
    const got = curvature(weights.map(kernelOf), activation, { y, t })
    const tolerance = { rel: 1e-11 }
    assert.is(mismatch(got.value, expect.kappa, tolerance), undefined)
    assert.ok(got.value >= expect.kappa * (1 - 2e-16))
    assert.is(mismatch(got.r, expect.r, tolerance), undefined)
    for (const [I, s] of got.S.entries()) assert.is(mismatch(s, expect.S[I], tolerance), undefined)
    const radius = certifiedRadius({ margin, gradientNorm, curvature: got })
    assert.is(mismatch(radius, expect.radius, tolerance), undefined)
    assert.ok(radius <= expect.radius * (1 + 2e-16))
  })
}

test.run()
