import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense } from '../../src/conv.ts'
import { symbolAt } from '../../src/runtime/evaluate.ts'
import { normsAt, topPairAt } from '../../src/runtime/norms.ts'
import { singularValuesAt } from '../../src/runtime/spectrum.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { random } from '../assembly/pairs.ts'

function layer(cout: number, cin: number, k: number, seed: number, groups = 1) {
  const next = random(seed)
  const shape = [cout, cin, k, k]
  return symbolEverySize(conv({ data: Float64Array.from({ length: cout * cin * k * k }, next), shape }, { groups }))
}

const frequencies = { turns: [97, 64], points: Float64Array.from({ length: 22 }, (_, i) => (i * 37) % 61) }

test('normsAt: the largest of all singular values, odd numbers of frequencies, tall and wide, every group', () => {
  for (const [cout, cin, k, groups] of [
    [1, 1, 3, 1],
    [3, 5, 3, 1],
    [16, 8, 3, 2],
    [33, 31, 3, 1],
    [64, 64, 3, 1],
    [2, 70, 1, 1],
  ]) {
    const symbol = layer(cout, cin, k, cout, groups)
    for (let group = 0; group < groups; group++) {
      const all = singularValuesAt(symbol, group, frequencies)
      normsAt(symbol, group, frequencies).forEach((sigma, i) => {
        const wanted = all[i * symbol.columns]
        assert.ok(Math.abs(sigma - wanted) <= 2e-15 * wanted, `${cout}×${cin}: ${sigma} for ${wanted}`)
      })
    }
  }
})

test('normsAt: large sides against bidiagonalisation, which shares nothing with it', () => {
  for (const n of [127, 256, 400]) {
    const symbol = layer(n, n, 1, n)
    const one = { turns: [1, 1], points: new Float64Array(2) }
    const [sigma] = normsAt(symbol, 0, one)
    const wanted = singularValuesAt(symbol, 0, one)[0]
    assert.ok(Math.abs(sigma - wanted) <= 1e-13 * wanted, `n = ${n}: ${sigma} for ${wanted}`)
  }
})

test('topPairAt: F v = σ u, unit vectors, σ the norm', () => {
  for (const [cout, cin] of [
    [1, 1],
    [4, 3],
    [16, 16],
    [7, 40],
    [65, 64],
  ]) {
    const symbol = layer(cout, cin, 3, 7 * cout + cin)
    const { rows: m, columns: n } = symbol
    for (const index of [0, 10]) {
      const { sigma, u, v } = topPairAt(symbol, 0, frequencies, index)
      const f = symbolAt(symbol, 0, frequencies).subarray(2 * m * n * index)
      assert.ok(Math.abs(sigma - normsAt(symbol, 0, frequencies)[index]) <= 2e-15 * sigma)
      for (const x of [u, v]) assert.ok(Math.abs(x.reduce((s, y) => s + y * y, -1)) < 1e-14)
      for (let i = 0; i < m; i++) {
        let [re, im] = [-sigma * u[i], -sigma * u[m + i]]
        for (let j = 0; j < n; j++) {
          const at = 2 * (j * m + i)
          re += f[at] * v[j] - f[at + 1] * v[n + j]
          im += f[at] * v[n + j] + f[at + 1] * v[j]
        }
        assert.ok(Math.abs(re) + Math.abs(im) < 1e-14 * n)
      }
    }
  }
})

test('a dense layer has one frequency; zero has norm 0', () => {
  const none = { turns: [], points: new Float64Array(0) }
  assert.equal(
    [
      ...normsAt(
        symbolEverySize(
          dense([
            [0, 0],
            [0, 0],
            [0, 0],
          ]),
        ),
        0,
        none,
      ),
    ],
    [0],
  )
  const zero = topPairAt(
    symbolEverySize(
      dense([
        [0, 0],
        [0, 0],
        [0, 0],
      ]),
    ),
    0,
    none,
    0,
  )
  assert.is(zero.sigma, 0)
  assert.equal([...zero.u], [1, 0, 0, 0, 0, 0])
  const symbol = symbolEverySize(
    dense([
      [3, 0],
      [0, 4],
    ]),
  )
  assert.ok(Math.abs(normsAt(symbol, 0, none)[0] * 2 ** symbol.exponent - 4) < 1e-15)
})

test.run()
