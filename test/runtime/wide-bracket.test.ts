import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { eigenpairs } from '../../src/runtime/hermitian.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { setErrors, times } from '../torus/parts.ts'
import { uniform } from '../torus/random-layers.ts'

/** More layers of each kind: WIDE_SEEDS=40 node --import tsx test/runtime/wide-bracket.test.ts */
const SEEDS = Number(process.env.WIDE_SEEDS ?? 1)

const TURNS = [48, 48]
const POINTS = Float64Array.of(0, 0, 5, 7, 24, 11, 30, 41, 17, 24)
const COUNT = POINTS.length / 2

type Next = () => number
const normal = (next: Next) => next() + next() + next() - 1.5

/** One weight of a layer, by output, input and tap. */
const KINDS: Record<string, (next: Next, i: number, j: number, tap: number, n: number) => number> = {
  random: next => normal(next),
  'heavy tails': next => normal(next) ** 7,
  sparse: next => (next() < 0.02 ? normal(next) : 0),
  'rows over nine orders': (next, i) => normal(next) * 2 ** -((i * 11) % 30),
  'columns over nine orders': (next, _, j) => normal(next) * 2 ** -((j * 11) % 30),
  'nearly the identity': (next, i, j, tap) => (i === j && tap === 0 ? 1 : 0) + 1e-3 * normal(next),
  'one direction': (next, i, j) => 1 + 0.01 * normal(next) + (i + j) * 1e-3,
  'a spike': (next, i, j, tap, n) => (i === 3 && j === n - 30 && tap === 1 ? 50 : normal(next)),
  'channels that are nothing': (next, i, j, _, n) => (i < n / 2 && j > n / 3 ? normal(next) : 0),
}

function open<T>(kind: string, n: number, seed: number, work: (gram: GramSymbol) => T): T {
  const next = uniform(seed)
  const data = new Float64Array(n * n * 2)
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let tap = 0; tap < 2; tap++) data[at++] = KINDS[kind](next, i, j, tap, n)
  return withGramSymbol(symbolEverySize(conv({ data, shape: [n, n, 1, 2] })), 0, work)
}

function truth(gram: GramSymbol): number[] {
  return Array.from({ length: COUNT }, (_, k) => {
    const at = { turns: TURNS, points: POINTS.subarray(2 * k, 2 * k + 2) }
    const matrix = new Float64Array(2 * gram.n * gram.n)
    for (let j = 0; j < gram.n; j++) {
      const unit = new Float64Array(2 * gram.n)
      unit[2 * j] = 1
      matrix.set(times(gram, at, unit), 2 * gram.n * j)
    }
    return eigenpairs(matrix, gram.n, 1).values[0]
  })
}

for (const kind of Object.keys(KINDS)) {
  test(`many channels, ${kind}: ceilings are above λ_max and below t, in fixed point where t is far enough`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const n = 128 + ((7 * seed) % 41)
      open(kind, n, seed, gram => {
        const exact = truth(gram)
        const most = Math.max(...exact)
        for (const room of [1e-4, 1e-3, 5e-3, 2e-2, 0.1, 1]) {
          const t = most * (1 + room)
          const { values, ceilings } = gram.bracket({ turns: TURNS, points: POINTS }, t, 24, [])
          exact.forEach((top, k) => {
            const which = `${kind}, n = ${n}, seed ${seed}, room ${room}, ${k}`
            // values only steer: where taps cancel, single precision sees what is left of them
            assert.ok(values[k] <= top + 1e-6 * most, `${which}: ${values[k]} above ${top}`)
            assert.ok(ceilings[k] >= top * (1 - 1e-13), `${which}: ${ceilings[k]} below ${top}`)
            assert.ok(ceilings[k] <= t, `${which}: no ceiling below ${t}`)
          })
        }
      })
    }
  })
}

test('tests in fixed point are made: their ceilings are other ones than those of single precision', () => {
  open('random', 130, 1, gram => {
    const t = 1.1 * Math.max(...truth(gram))
    const ceilings = () => [...gram.bracket({ turns: TURNS, points: POINTS }, t, 24, []).ceilings]
    const fixed = ceilings()
    setErrors(gram, { hiddenFixed: Number.POSITIVE_INFINITY })
    for (const [k, ceiling] of ceilings().entries())
      assert.ok(ceiling !== fixed[k] && Math.abs(ceiling - fixed[k]) < 1e-3 * t, `${ceiling} and ${fixed[k]}`)
  })
})

test.run()
