import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { AXES, pointAxes } from '../../src/runtime/real-points.ts'
import { type Symbol, symbolCircular } from '../../src/symbol.ts'
import { seeded } from '../oracle.ts'

const POINTS = [[1], [1, Infinity, 0], [1, -2, Infinity, 0, -1 / 2]]
const U = 2 ** -53
const gamma = (k: number) => (k * U) / (1 - k * U)

/** Weight of the value at a point in G_q. */
const weightOf = (taps: number, q: number, k: number) => {
  const { weights } = AXES[taps - 1]
  const points = 2 * taps - 1
  return q < 0 ? weights[-q][(points - k) % points] : weights[q][k]
}

const ordersOf = (taps: number) => Array.from({ length: 2 * taps - 1 }, (_, i) => i + 1 - taps)

test('points and their inverses mirror each other; F there is what its coefficients say', () => {
  POINTS.forEach((points, at) => {
    const { values } = AXES[at]
    points.forEach((z, k) => {
      assert.is(points[(points.length - k) % points.length], 1 / z)
      // up to the factor that makes F at a point and at its inverse mirror images
      const powers = values[0].map((_, p) => (z === Infinity ? (p === at ? 1 : 0) : z ** p / (at === 2 && z !== 0 ? z : 1)))
      assert.equal(values[k], powers)
    })
  })
})

test('the weights give back every product: Σ_k weight_q(k)·V_k = Σ_p a_p·b_{p+q}', () => {
  for (const taps of [1, 2, 3]) {
    const { values } = AXES[taps - 1]
    const points = values.length
    for (let from = 0; from < taps; from++) {
      for (let to = 0; to < taps; to++) {
        for (const q of ordersOf(taps)) {
          let sum = 0
          for (let k = 0; k < points; k++) sum += weightOf(taps, q, k) * values[(points - k) % points][from] * values[k][to]
          assert.ok(Math.abs(sum - (to - from === q ? 1 : 0)) < 1e-15, `${taps} taps, ${from} to ${to}, q = ${q}: ${sum}`)
        }
      }
    }
  }
})

test('peaks bound |Σ_q weight_q(k)·e^{iqθ}| at every θ, and not by much', () => {
  for (const taps of [1, 2, 3]) {
    AXES[taps - 1].peaks.forEach((peak, k) => {
      let [most, bend] = [0, 0]
      for (const q of ordersOf(taps)) bend += q * q * Math.abs(weightOf(taps, q, k))
      const steps = 1 << 14
      for (let step = 0; step < steps; step++) {
        let [re, im] = [0, 0]
        for (const q of ordersOf(taps)) {
          const angle = (2 * Math.PI * q * step) / steps
          re += weightOf(taps, q, k) * Math.cos(angle)
          im += weightOf(taps, q, k) * Math.sin(angle)
        }
        most = Math.max(most, Math.hypot(re, im))
      }
      // a maximum between two angles is higher by half its bend times half a step squared
      assert.ok(most + (bend / 2) * (Math.PI / steps) ** 2 <= peak * (1 + 1e-6), `${taps}, ${k}: ${most} > ${peak}`)
      assert.ok(most > 0.99 * peak && most <= peak * (1 + 1e-15), `${taps}, ${k}: ${most} for ${peak}`)
    })
  }
})

/** What docs/rounding.md says ‖G′(θ) − G(θ)‖ is at most, with plain sums. */
function bound(symbol: Symbol): number {
  const { rows: m, columns: n, offsets, taps } = symbol
  const axes = offsets.map(q => AXES[q.length - 1])
  const sides = axes.map(({ values }) => values.length)
  const total = sides.reduce((a, b) => a * b, 1)
  const sizes = Array.from({ length: taps.length / (m * n) }, (_, p) =>
    Math.sqrt(taps.subarray(p * m * n, (p + 1) * m * n).reduce((sum, x) => sum + x * x, 0)),
  )
  const pointOf = (flat: number) => {
    const point: number[] = []
    for (let d = sides.length - 1; d >= 0; d--) {
      point[d] = flat % sides[d]
      flat = Math.floor(flat / sides[d])
    }
    return point
  }
  const at = (point: number[]) => {
    const weights = axes.reduce((all, { values }, d) => all.flatMap(x => values[point[d]].map(y => x * y)), [1])
    const f = new Float64Array(m * n)
    let [partial, off] = [0, 0]
    weights.forEach((weight, p) => {
      partial += Math.abs(weight) * sizes[p]
      if (weight !== 0) off += U * partial
      for (let e = 0; e < m * n; e++) f[e] += weight * taps[p * m * n + e]
    })
    return { f, off, size: Math.sqrt(f.reduce((sum, x) => sum + x * x, 0)) }
  }
  const value = (x: Float64Array, y: Float64Array) => {
    let squares = 0
    for (let j = 0; j < n; j++)
      for (let i = 0; i < n; i++) {
        let sum = 0
        for (let k = 0; k < m; k++) sum += x[i * m + k] * y[j * m + k]
        squares += sum * sum
      }
    return Math.sqrt(squares)
  }
  let error = 0
  for (let flat = 0; flat < total; flat++) {
    const point = pointOf(flat)
    const x = at(point.map((k, d) => (sides[d] - k) % sides[d]))
    const y = at(point)
    const own = gamma(Math.min(Math.ceil(m / 2), 64) + 1 + Math.ceil(m / 128)) * x.size * y.size
    const peak = point.reduce((all, k, d) => all * axes[d].peaks[k], 1)
    const sums = point.reduce(
      (all, k, d) => all * ordersOf(offsets[d].length).reduce((sum, q) => sum + Math.abs(weightOf(offsets[d].length, q, k)), 0),
      1,
    )
    // a point and its inverse are one computed value
    error +=
      peak * (own + x.off * y.size + x.size * y.off) + 2 * gamma((total + 1) / 2 + 2 * sides.length + 2) * sums * value(x.f, y.f)
  }
  return error
}

test('the error of G from points is what docs/rounding.md says', () => {
  for (const [shape, geometry] of [
    [[96, 96, 3], {}],
    [[64, 64, 3, 3], {}],
    [[130, 97, 2], {}],
    [[100, 24, 3, 3], { stride: 2 }],
  ] as [number[], object][]) {
    const data = seeded(
      shape[1],
      shape.reduce((a, b) => a * b),
    )
    const size = shape.slice(2).map(() => 12)
    const symbol = symbolCircular(conv({ data, shape }, { inputSize: size, padding: 'circular', ...geometry }))
    assert.ok(pointAxes(symbol))
    const least = bound(symbol)
    const { error, weight, positions } = withGramSymbol(symbol, 0, gram => gram)
    const sums = (gamma(positions.length + 3) + 6 * U * symbol.offsets.length) * weight
    assert.ok(error >= least + sums && error <= 1.01 * (least + 3 * sums), `${shape}: ${error} for ${least} + ${sums}`)
  }
})

test('few channels, many taps, unequal distances and dense layers are not for points', () => {
  const symbolOf = (columns: number, offsets: number[][]) => ({ columns, offsets }) as unknown as Symbol
  assert.ok(pointAxes(symbolOf(64, [[0, 1, 2], [5]])))
  assert.ok(pointAxes(symbolOf(64, [[-1, 1, 3]])))
  for (const [columns, offsets] of [
    [63, [[0, 1, 2]]],
    [64, [[0, 1, 2, 3]]],
    [64, [[0, 1, 3]]],
    [64, []],
    [64, [[0], [0]]],
  ] as [number, number[][]][])
    assert.not(pointAxes(symbolOf(columns, offsets)))
})

test.run()
