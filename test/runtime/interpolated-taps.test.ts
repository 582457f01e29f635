import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { borrow } from '../../src/runtime/arena.ts'
import { symbolAt } from '../../src/runtime/evaluate.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { tapFrequencies, worthInterpolating } from '../../src/runtime/interpolated-taps.ts'
import { type Symbol, symbolCircular } from '../../src/symbol.ts'
import { seeded } from '../oracle.ts'

const symbolOf = (shape: number[], geometry: object): Symbol => {
  const data = seeded(
    shape[0],
    shape.reduce((a, b) => a * b),
  )
  const size = shape.slice(2).map(() => 12)
  return symbolCircular(conv({ data, shape }, { inputSize: size, padding: 'circular', ...geometry }))
}

/** ‖FᴴF − fl(G)‖_F at one frequency, F evaluated on its own. */
function distance(symbol: Symbol, frequencies: { turns: number[]; points: Float64Array }) {
  const { rows: m, columns: n } = symbol
  const f = symbolAt(symbol, 0, frequencies)
  return withGramSymbol(symbol, 0, gram => {
    const g = borrow(arena => {
      const at = arena.alloc(n * n * 32)
      gram.write(frequencies, 0, 1, at)
      return arena.f64(at, n * n * 4).slice()
    })
    let squares = 0
    for (let j = 0; j < n; j++) {
      for (let i = j; i < n; i++) {
        let [re, im] = [-g[4 * (j * n + i)], -g[4 * (j * n + i) + 2]]
        for (let k = 0; k < m; k++) {
          const [a, b] = [2 * (i * m + k), 2 * (j * m + k)]
          re += f[a] * f[b] + f[a + 1] * f[b + 1]
          im += f[a] * f[b + 1] - f[a + 1] * f[b]
        }
        squares += (i === j ? 1 : 2) * (re * re + im * im)
      }
    }
    return { apart: Math.sqrt(squares), error: gram.error, weight: gram.weight }
  })
}

test('a Gram symbol from values agrees with FᴴF anywhere, within what it says of itself', () => {
  for (const [shape, geometry] of [
    [[96, 96, 3, 3], {}],
    [[130, 97, 3, 3], {}],
    [[100, 96, 3, 2], { dilation: [1, 2] }],
    [[97, 96, 4], { stride: 1 }],
    [[48, 24, 3, 3], { stride: 2 }],
    [[40, 33, 5, 5], {}],
  ] as [number[], object][]) {
    const symbol = symbolOf(shape, geometry)
    const axes = symbol.offsets.length
    const frequencies = { turns: Array(axes).fill(1009), points: Float64Array.from({ length: axes }, (_, d) => 123 + 311 * d) }
    const { apart, error, weight } = distance(symbol, frequencies)
    assert.ok(apart <= error, `${shape}: ${apart} > ${error}`)
    assert.ok(error < 3e-12 * weight, `${shape}: error ${error}`)
  }
})

test('norms of its taps are those of the products of taps, from above', () => {
  const symbol = symbolOf([96, 96, 3, 3], {})
  const { rows: m, columns: n, taps } = symbol
  withGramSymbol(symbol, 0, gram => {
    gram.positions.forEach((q, index) => {
      let squares = 0
      const [rows, columns] = [new Float64Array(n), new Float64Array(n)]
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0
          gram.taps.forEach((p, from) => {
            const to = gram.taps.findIndex(r => r.every((x, d) => x === p[d] + q[d]))
            if (to < 0) return
            for (let k = 0; k < m; k++) sum += taps[from * m * n + i * m + k] * taps[to * m * n + j * m + k]
          })
          squares += sum * sum
          rows[i] += Math.abs(sum)
          columns[j] += Math.abs(sum)
        }
      }
      const ceiling = Math.min(Math.sqrt(squares), Math.sqrt(Math.max(...rows) * Math.max(...columns)))
      const ratio = gram.tapNorms[index] / ceiling
      assert.ok(ratio >= 1 && ratio < 1 + 1e-9, `${q}: ${gram.tapNorms[index]} for ${ceiling}`)
    })
  })
})

test('what does not lie at equal distances is not interpolated; what has few products neither', () => {
  assert.is(tapFrequencies([[0, 1, 3]]), undefined)
  assert.equal(tapFrequencies([[0, 2, 4], [5]])?.turns, [10, 1])
  assert.not(worthInterpolating(16, tapFrequencies([[0, 1, 2]])!, 12))
  assert.not(worthInterpolating(512, tapFrequencies([[0]])!, 2))
})

test.run()
