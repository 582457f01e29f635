import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, gram } from '../../src/index.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { schattenNorms } from '../../src/runtime/schatten.ts'
import { circularFrequencies, circularGrid, symbolCircular } from '../../src/symbol.ts'
import { seeded } from '../oracle.ts'

test('frequencies left out cannot hold the maximum: the value is that of visiting all, by cells and by factorisations', () => {
  for (const [channels, size, iterations] of [
    [40, 20, 6],
    [16, 40, 5],
    [16, 24, 2],
    [100, 9, 6],
    [97, 7, 4],
    [100, 6, 3],
  ]) {
    const data = seeded(channels, channels * channels * 9)
    const layer = conv({ data, shape: [channels, channels, 3, 3] }, { inputSize: size, padding: 'circular' })
    const symbol = symbolCircular(layer)
    const frequencies = circularFrequencies(circularGrid(layer))
    const count = frequencies.points.length / 2
    const all = withGramSymbol(symbol, 0, resident => schattenNorms(resident, frequencies, 0, count, iterations))
    const top = all.upper.reduce((most, x) => Math.max(most, x), 0) * 2 ** symbol.exponent
    const { value, work } = gram(layer, { iterations })
    assert.ok(Math.abs(value / top - 1) < 1e-15, `${value}, ${top}`)
    assert.ok(work <= count)
    if (size === 40) assert.ok(work < count, `${work} of ${count} visited`)
  }
})

test.run()
