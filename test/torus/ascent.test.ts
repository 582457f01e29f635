import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { ascend, polish } from '../../src/torus/ascent.ts'
import { type Ray, TURN } from '../../src/torus/ray.ts'
import { rayAt } from './parts.ts'
import { uniform } from './random-layers.ts'

const LATTICE = [105 * 2 ** 17, 105 * 2 ** 17]

/** The ray of the point of a lattice that is nearest to a maximum. */
function besideMaximum(gram: GramSymbol, turns: readonly number[], start: readonly number[]): Ray {
  const { ray } = ascend(gram, start, undefined, [0.6, 0.6], 1e-15)
  const point = ray.point.map((x, d) => Math.round((x / TURN) * turns[d]) % turns[d])
  return rayAt(gram, turns, point, gram.topVector({ turns, points: Float64Array.from(point) }))
}

const steepest = ({ gradient, value }: Ray) => Math.max(...gradient.map(Math.abs)) / value

function random(seed: number, work: (gram: GramSymbol, start: number[]) => void): void {
  const next = uniform(seed)
  const data = Float64Array.from({ length: 4 * 3 * 9 }, () => next() - 0.5)
  const start = [next(), next()].map(x => Math.floor(x * TURN))
  withGramSymbol(symbolEverySize(conv({ data, shape: [4, 3, 3, 3] })), 0, gram => work(gram, start))
}

test('a ray on a lattice is polished between its points, and says in which turns its point is', () => {
  for (let seed = 1; seed <= 30; seed++) {
    random(seed, (gram, start) => {
      const beside = besideMaximum(gram, LATTICE, start)
      const found = polish(gram, beside, false)
      // half a step of 2⁻⁴⁰ turns from the maximum
      assert.ok(steepest(found) < 1e-11, `seed ${seed}: a slope of ${steepest(found)}, ${steepest(beside)} before`)
      assert.ok(found.value >= beside.value * (1 - 1e-14))
      const again = rayAt(gram, found.turns, found.point, found.v)
      assert.ok(Math.abs(again.value / found.value - 1) < 1e-14, `seed ${seed}: ${again.value} at the point of ${found.value}`)
    })
  }
})

test('where only the points of a lattice count it stays', () => {
  for (let seed = 1; seed <= 30; seed++) {
    random(seed, (gram, start) => {
      const beside = besideMaximum(gram, [12, 7], start)
      const found = polish(gram, beside, true)
      assert.equal([found.point, found.turns], [beside.point, beside.turns])
      assert.ok(Math.abs(found.value / beside.value - 1) < 1e-13)
    })
  }
})

test.run()
