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

test('what rises beside the maximum without being coupled to it is seen: only the tests at the corners can', () => {
  // Two layers that share nothing: windows modulated to one radian and, 5 % higher, to 1.2. At the first maximum the second is lower.
  const window = (p: number, at: number) => Math.cos(at * p) * Math.cos((Math.PI * p) / 10) ** 2
  const data = new Float64Array(2 * 2 * 9)
  for (let p = -4; p <= 4; p++) {
    data[p + 4] = window(p, 1)
    data[27 + p + 4] = 1.05 * window(p, 1.2)
  }
  withGramSymbol(symbolEverySize(conv({ data, shape: [2, 2, 9] })), 0, gram => {
    const first = Float64Array.of(1, 0, 0, 0)
    const peak = ascend(gram, [Math.floor(TURN / (2 * Math.PI))], first, [0.05], 1e-13)
    const t = peak.ray.value * (1 + 1e-6)
    const { box, evaluations } = closeNeighbourhood(gram, peak, t, [4], [8], gram.weight)
    assert.ok(evaluations > 0, 'corners were tested')
    if (!box) return
    const points = Float64Array.from({ length: 41 }, (_, i) => Math.round(box.point[0] + ((i - 20) / 20) * box.half[0]))
    const highest = Math.max(...gram.climb({ turns: [TURN], points }, 2).map(ritz => ritz.value))
    assert.ok(highest <= t, `${highest} in a neighbourhood closed at ${t}`)
  })
})

test.run()
