import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { arch, archAround, bendsOf, type Box, centreOf, cornersOf, sides } from '../../src/torus/boxes.ts'
import { curvatures } from '../../src/torus/curvature.ts'
import { enclose } from '../../src/torus/search.ts'
import { uniform } from './random-layers.ts'

const LATTICE = { turns: [105 * 2 ** 17, 105 * 2 ** 17], discrete: false }

/** The same symbol, of whose ceilings one in twelve is lost, as if its test had failed; what is not lost is kept by point. */
function forgetful(gram: GramSymbol, next: () => number, ceilings: Map<string, number>): GramSymbol {
  const learn = (points: Float64Array, i: number, ceiling: number) => {
    const name = points.subarray(2 * i, 2 * i + 2).join()
    ceilings.set(name, Math.min(ceiling, ceilings.get(name) ?? Infinity))
  }
  const bracket: GramSymbol['bracket'] = (frequencies, t, steps, starts) => {
    const found = gram.bracket(frequencies, t, steps, starts)
    found.ceilings.forEach((ceiling, i) => {
      if (next() < 0.08) found.ceilings[i] = Infinity
      else learn(frequencies.points, i, ceiling)
    })
    return found
  }
  const tested =
    (test: GramSymbol['belowRoughly']): GramSymbol['belowRoughly'] =>
    (frequencies, levels) => {
      const passed = test(frequencies, levels)
      for (const [i, level] of levels.entries()) if (passed[i]) learn(frequencies.points, i, level)
      return passed
    }
  return Object.create(gram, {
    bracket: { value: bracket },
    below: { value: tested((frequencies, levels) => gram.below(frequencies, levels)) },
    belowRoughly: { value: tested((frequencies, levels) => gram.belowRoughly(frequencies, levels)) },
  })
}

test('a box is closed by proven ceilings of its corners and its centre, never by values', () => {
  let byCentre = 0
  let byCorners = 0
  for (let seed = 1; seed <= 30; seed++) {
    const next = uniform(seed)
    const n = 6 + (seed % 12)
    const data = Float64Array.from({ length: n * n * 9 }, () => next() + next() - 1)
    withGramSymbol(symbolEverySize(conv({ data, shape: [n, n, 3, 3] })), 0, gram => {
      const ceilings = new Map<string, number>()
      const boxes: Box[] = []
      const observe = (closed: object) => {
        if ('corner' in closed) boxes.push(closed as Box)
      }
      const goal = { gap: 1e-3, maxEvaluations: 20_000, observe }
      const { upper, converged } = enclose(forgetful(gram, next, ceilings), [1, 1], LATTICE, goal)
      assert.ok(converged, `seed ${seed}`)
      const t = upper * upper
      const { along, across } = curvatures(gram, [1, 1], LATTICE, t)
      for (const box of boxes) {
        const known = (place: { point: readonly number[] }) => ceilings.get(place.point.join()) ?? Infinity
        const corners = cornersOf(box, LATTICE).map(known)
        const { bends, diagonal } = bendsOf(sides(box, LATTICE), along, across)
        if (arch(corners, bends) <= t * (1 + 1e-12)) byCorners++
        else {
          const top = archAround(corners, known(centreOf(box, LATTICE)!), bends, diagonal)
          assert.ok(top <= t * (1 + 1e-12), `seed ${seed}: box ${box.corner} closed below ${t} with ${top}`)
          byCentre++
        }
      }
    })
  }
  assert.ok(byCorners > 100 && byCentre > 20, `${byCorners} boxes closed by corners, ${byCentre} by centres`)
})

test.run()
