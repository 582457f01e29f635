import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { schattenBelow } from '../../src/runtime/schatten-proof.ts'
import { schattenNorms } from '../../src/runtime/schatten.ts'
import { circularFrequencies, circularGrid, symbolCircular } from '../../src/symbol.ts'
import { seeded } from '../oracle.ts'

/** Flat random spectra, and ones with a few singular values that stand out. */
function layers(channels: number) {
  const length = channels * channels * 9
  const noise = seeded(channels, length)
  const spike = Float64Array.from(
    noise,
    (x, i) => x + (i % 9 === 4 && Math.floor(i / 9) % (channels + 1) === 0 && i < 9 * channels * 5 ? 9 : 0),
  )
  return [noise, spike].map(data => conv({ data, shape: [channels, channels, 3, 3] }, { inputSize: 5, padding: 'circular' }))
}

test('a level is proven only where squarings agree, and proven where it is a little above them', () => {
  for (const channels of [17, 40, 97]) {
    for (const layer of layers(channels)) {
      const symbol = symbolCircular(layer)
      const frequencies = circularFrequencies(circularGrid(layer))
      const count = frequencies.points.length / 2
      withGramSymbol(symbol, 0, gram => {
        for (const steps of [3, 6, 9]) {
          const { lower, upper } = schattenNorms(gram, frequencies, 0, count, steps)
          let proven = 0
          for (let i = 0; i < count; i++) {
            const level = lower[i] * (1 - 1e-11)
            const passed = schattenBelow(gram, frequencies, steps, level)
            for (let j = 0; j < count; j++)
              if (lower[j] > level) assert.is(passed[j], 0, `${channels}, ${steps}: ${j} at the level of ${i}`)
          }
          const top = upper.reduce((most, x) => Math.max(most, x), 0)
          for (const passed of schattenBelow(gram, frequencies, steps, top * 1.03)) proven += passed
          assert.ok(steps < 6 || proven === count, `${channels}, ${steps}: ${proven} of ${count}`)
        }
      })
    }
  }
})

test('many channels: with vectors taken out, and without any where none is needed', () => {
  for (const layer of layers(193).slice(0, 1)) {
    const symbol = symbolCircular(layer)
    const frequencies = circularFrequencies([3, 3])
    const count = frequencies.points.length / 2
    withGramSymbol(symbol, 0, gram => {
      const { lower, upper } = schattenNorms(gram, frequencies, 0, count, 6)
      const top = Math.max(...upper)
      assert.equal([...schattenBelow(gram, frequencies, 6, top * 1.01)], new Array(count).fill(1))
      assert.equal([...schattenBelow(gram, frequencies, 6, top * 3)], new Array(count).fill(1), 'far above')
      const passed = schattenBelow(gram, frequencies, 6, lower[1] * (1 - 1e-11))
      for (let j = 0; j < count; j++) if (lower[j] >= lower[1]) assert.is(passed[j], 0)
    })
  }
})

test.run()
