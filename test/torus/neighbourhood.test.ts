import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { ascend } from '../../src/torus/ascent.ts'
import { closeNeighbourhood } from '../../src/torus/neighbourhood.ts'
import { TURN } from '../../src/torus/ray.ts'
import { uniform } from './random-layers.ts'

test('nothing in a closed neighbourhood is above its level, around maxima, lower maxima and saddles', () => {
  let closed = 0
  let refused = 0
  for (let seed = 1; seed <= 12; seed++) {
    const next = uniform(seed)
    const data = Float64Array.from({ length: 4 * 3 * 9 }, () => next() + next() - 1)
    withGramSymbol(symbolEverySize(conv({ data, shape: [4, 3, 3, 3] })), 0, gram => {
      // (0, 0) and (½, 0) are stationary by symmetry and often saddles; the others climb to maxima, not all of them the highest.
      const starts = [
        [0, 0],
        [TURN / 2, 0],
        [0.13 * TURN, 0.71 * TURN],
        [0.37 * TURN, 0.22 * TURN],
        [0.45 * TURN, 0.9 * TURN],
      ]
      for (const start of starts) {
        const peak = ascend(gram, start.map(Math.floor), undefined, [0.6, 0.6], 1e-13)
        const t = peak.ray.value * (1 + 1e-6)
        const { box } = closeNeighbourhood(gram, peak, t, [1, 1], [8, 8], gram.weight)
        if (!box) {
          refused++
          continue
        }
        closed++
        const points = Float64Array.from({ length: 2 * 121 }, (_, i) => {
          const share = ((i % 2 === 0 ? (i >> 1) % 11 : Math.floor((i >> 1) / 11)) - 5) / 5
          return (Math.round(box.point[i % 2] + share * box.half[i % 2]) + 2 * TURN) % TURN
        })
        const highest = Math.max(...gram.climb({ turns: [TURN, TURN], points }, 24).map(ritz => ritz.value))
        assert.ok(highest <= t, `seed ${seed}: ${highest} in a neighbourhood closed at ${t}`)
      }
    })
  }
  assert.ok(closed >= 10 && refused >= 1, `${closed} closed, ${refused} refused`)
})

test.run()
