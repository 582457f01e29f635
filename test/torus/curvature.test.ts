import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import type { Lattice } from '../../src/torus/boxes.ts'
import { bendsOfTaps, betweenPoints, ceilingOf } from '../../src/torus/curvature.ts'
import { withSetting } from './parts.ts'
import { uniform } from './random-layers.ts'

const everywhere = (axes: number) => ({ turns: new Array<number>(axes).fill(2 ** 20), discrete: false })

function curvatures(gram: GramSymbol, tau: number[], lattice: Lattice, t: number) {
  const setting = { lattice, tau, data: bendsOfTaps(gram, tau.length), between: betweenPoints(tau, lattice) }
  return withSetting(setting, boxes => boxes.curvatures(t))
}

/** C_d for the kernel |taps| ≤ ½ (so that nothing is scaled), at a level t. */
function curvatureOf(taps: readonly number[], t: number, lattice: Lattice = everywhere(1)): number {
  const symbol = symbolEverySize(conv({ data: taps, shape: [1, 1, taps.length] }))
  assert.is(symbol.exponent, 0)
  return withGramSymbol(symbol, 0, gram => curvatures(gram, [(taps.length - 1) / 2], lattice, t).along[0])
}

test('two taps at the ends of a kernel reach both constants: −∂²G = 2τ²M² = Σq²‖G_q‖ at the maximum', () => {
  for (const k of [2, 3, 6, 11]) {
    for (const sign of [1, -1]) {
      const taps = Array.from({ length: k }, (_, p) => (p === 0 ? 0.5 : p === k - 1 ? sign * 0.5 : 0))
      // G = ½ ± ½cos((k − 1)θ), M² = 1
      const most = 0.5 * (k - 1) ** 2
      const found = curvatureOf(taps, 1)
      assert.ok(found >= most && found <= most * (1 + 1e-10), `${k} taps: ${found} for ${most}`)
    }
  }
})

test('two taps at opposite corners reach the mixed constant, and one row of taps has none', () => {
  const across = (shape: number[], data: number[]) => {
    const symbol = symbolEverySize(conv({ data, shape: [1, 1, ...shape] }))
    return withGramSymbol(symbol, 0, gram => curvatures(gram, [(shape[0] - 1) / 2, (shape[1] - 1) / 2], everywhere(2), 1).across)
  }
  for (const [k, l] of [
    [2, 2],
    [3, 5],
    [7, 2],
  ]) {
    // G = ½ + ½cos((k − 1)θ_1 + (l − 1)θ_2)
    const taps = Array.from({ length: k * l }, (_, p) => (p === 0 || p === k * l - 1 ? 0.5 : 0))
    const most = 0.5 * (k - 1) * (l - 1)
    const found = across([k, l], taps)
    assert.ok(found >= most && found <= most * (1 + 1e-10), `${k}×${l}: ${found} for ${most}`)
  }
  assert.is(across([1, 3], [0.5, 0, 0.5]), 0)
})

test('no second derivative of a Rayleigh quotient is steeper, where t = M²', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const next = uniform(seed)
    const k = 2 + (seed % 5)
    const taps = Array.from({ length: k }, () => (next() < 0.3 ? 0 : next() - 0.5))
    taps[0] = 0.5
    const g = (theta: number, order: number) => {
      let sum = 0
      for (let p = 0; p < k; p++) {
        for (let q = 0; q < k; q++) sum += taps[p] * taps[q] * (order === 0 ? 1 : -((p - q) ** 2)) * Math.cos((p - q) * theta)
      }
      return sum
    }
    const grid = Array.from({ length: 1000 }, (_, i) => (Math.PI * i) / 999)
    const top = Math.max(...grid.map(theta => g(theta, 0)))
    const steepest = Math.max(...grid.map(theta => -g(theta, 2)))
    assert.ok(curvatureOf(taps, top * 1.0001) >= steepest, `seed ${seed}`)
  }
})

test('on a lattice M² may be between the points: 1/cos² of half a step, and nothing at all where there are few points', () => {
  // ½ − ½cos 2θ has its maximum at a quarter of a turn; six points see ¾ of it, the least that is possible
  const lattice = (turns: number) => ({ turns: [turns], discrete: true })
  for (const [turns, seen] of [
    [6, 0.75],
    [5, 0.5 - 0.5 * Math.cos((4 * Math.PI) / 5)],
    [7, 0.5 - 0.5 * Math.cos((8 * Math.PI) / 7)],
    [2, 0],
    [1, 0],
  ]) {
    const found = curvatureOf([0.5, 0, -0.5], seen, lattice(turns))
    assert.ok(found >= 2 * (1 - 1e-14), `${turns} points: ${found} for 2`)
  }
  // other maxima halfway between: degree 2τ = 4 on 12 points
  const wide = curvatureOf([0.5, 0, 0, 0, -0.5], 0.75, lattice(12))
  assert.ok(wide >= 8 * (1 - 1e-14), `${wide} for 8`)
})

test('the ceiling that costs nothing is above M², and M² where all taps are positive', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const next = uniform(seed)
    const shape = [1, 1, 1 + (seed % 4), 1 + (seed % 3)]
    const data = Float64Array.from({ length: shape[2] * shape[3] }, () => 0.01 + next())
    const symbol = symbolEverySize(conv({ data, shape }))
    const top = data.reduce((a, b) => a + b) ** 2 / 4 ** symbol.exponent
    const ceiling = withGramSymbol(symbol, 0, ceilingOf)
    assert.ok(ceiling >= top * (1 - 1e-15) && ceiling <= top * (1 + 1e-11), `seed ${seed}: ${ceiling} for ${top}`)
  }
})

test.run()
