import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import type { Box } from '../../src/torus/boxes.ts'
import { bendsOfTaps } from '../../src/torus/curvature.ts'
import { enclose } from '../../src/torus/search.ts'
import { arch, archAround, provenCeilings, setErrors, withSetting } from './parts.ts'
import { uniform } from './random-layers.ts'

const LATTICE = { turns: [105 * 2 ** 17, 105 * 2 ** 17], discrete: false }

/** Errors so large that tests within 2e-4·M² of λ_max fail: many corners have a value below t and no ceiling. */
function clumsy(gram: GramSymbol): void {
  const { value } = gram.climb({ turns: [1, 1], points: Float64Array.of(0, 0) }, 24)[0]
  setErrors(gram, { error: 1e-4 * value, errorSingle: 1e-3 * value })
}

test('a box is closed by proven ceilings of its corners and its centre, never by values', () => {
  let byCentre = 0
  let byCorners = 0
  for (let seed = 1; seed <= 30; seed++) {
    const next = uniform(seed)
    const n = 6 + (seed % 12)
    const data = Float64Array.from({ length: n * n * 9 }, () => next() + next() - 1)
    withGramSymbol(symbolEverySize(conv({ data, shape: [n, n, 3, 3] })), 0, gram => {
      if (seed % 2) clumsy(gram)
      const boxes: Box[] = []
      const observe = (closed: object) => {
        if ('corner' in closed) boxes.push(closed as Box)
      }
      const goal = { gap: 1e-3, maxEvaluations: 20_000, observe }
      const { upper, converged } = enclose(gram, [1, 1], LATTICE, goal)
      assert.ok(converged || seed % 2, `seed ${seed}`)
      const points = (box: Box) => {
        const [x, y] = box.corner
        const [w, h] = box.width
        const named = [
          [x, y],
          [x + w, y],
          [x, y + h],
          [x + w, y + h],
          [x + w / 2, y + h / 2],
        ]
        return named.map(point => point.map((at, d) => at % LATTICE.turns[d]))
      }
      const ceilings = provenCeilings(boxes.flatMap(points))
      const t = upper * upper
      withSetting({ lattice: LATTICE, tau: [1, 1], data: bendsOfTaps(gram, 2) }, around => {
        around.curvatures(t)
        for (const [i, box] of boxes.entries()) {
          const [centre, ...corners] = [ceilings[5 * i + 4], ...ceilings.slice(5 * i, 5 * i + 4)]
          const { bends, diagonal } = around.bends(box, t)
          if (arch(corners, bends) <= t * (1 + 1e-12)) byCorners++
          else {
            const top = archAround(corners, centre, bends, diagonal)
            assert.ok(top <= t * (1 + 1e-12), `seed ${seed}: box ${box.corner} closed below ${t} with ${top}`)
            byCentre++
          }
        }
      })
    })
  }
  assert.ok(byCorners > 100 && byCentre > 20, `${byCorners} boxes closed by corners, ${byCentre} by centres`)
})

test.run()
