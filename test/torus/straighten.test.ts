import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize, tapPositions, type TrigonometricPolynomial } from '../../src/symbol.ts'
import { piecesOf } from '../../src/torus/pieces.ts'
import { type Maximiser, TURN } from '../../src/torus/ray.ts'
import { straightened } from '../../src/torus/straighten.ts'
import { rayAt } from './parts.ts'
import { randomLayer, uniform } from './random-layers.ts'

const NEGLIGIBLE = 2 ** -20

/** ‖F(θ)v − image‖ and ‖Fᴴ(θ)image − value·v‖, with F from the definition. */
function misses(
  { rows, columns, offsets, taps }: TrigonometricPolynomial,
  { point, turns, v, image, value }: Maximiser,
): number[] {
  const places = tapPositions(offsets)
  const plane = rows * columns
  const [forth, back] = [new Float64Array(2 * rows), new Float64Array(2 * columns)]
  places.forEach((q, p) => {
    const angle = 2 * Math.PI * q.reduce((sum, x, d) => sum + (x * point[d]) / turns[d], 0)
    const [c, s] = [Math.cos(angle), Math.sin(angle)]
    for (let j = 0; j < columns; j++)
      for (let i = 0; i < rows; i++) {
        const [re, im] = [c * taps[p * plane + j * rows + i], s * taps[p * plane + j * rows + i]]
        forth[2 * i] += re * v[2 * j] - im * v[2 * j + 1]
        forth[2 * i + 1] += re * v[2 * j + 1] + im * v[2 * j]
        back[2 * j] += re * image[2 * i] + im * image[2 * i + 1]
        back[2 * j + 1] += re * image[2 * i + 1] - im * image[2 * i]
      }
  })
  return [Math.hypot(...forth.map((x, i) => x - image[i])), Math.hypot(...back.map((x, j) => x - value * v[j]))]
}

test('at any frequency of the new names the old symbol has the same top pair, but for what was left out', () => {
  let [changed, torn, thinned] = [0, 0, 0]
  for (let seed = 1; seed <= 1500; seed++) {
    const { kernel, shape, stride, dilation, groups } = randomLayer(seed)
    const symbol = symbolEverySize(conv({ data: kernel, shape }, { stride, dilation, groups }))
    const next = uniform(seed)
    for (let group = 0; group < groups; group++) {
      const { pieces, rest } = piecesOf(symbol, group, NEGLIGIBLE)
      const whole = {
        ...symbol,
        groups: 1,
        taps: symbol.taps.slice((group * symbol.taps.length) / groups, ((group + 1) * symbol.taps.length) / groups),
      }
      if (pieces.length > 1) torn++
      if (rest > 0) thinned++
      for (const piece of pieces) {
        assert.ok(piece.symbol.rows >= piece.symbol.columns)
        const straight = straightened(piece.symbol, 1e-6)
        if (straight.symbol !== piece.symbol) changed++
        const point = straight.symbol.offsets.map(() => Math.floor(next() * TURN))
        const turns = point.map(() => TURN)
        const ray = withGramSymbol(straight.symbol, 0, gram =>
          rayAt(gram, turns, point, gram.topVector({ turns, points: Float64Array.from(point) })),
        )
        const [forth, back] = misses(whole, piece.back(straight.back(ray)))
        const size = 1 + Math.sqrt(ray.value)
        assert.ok(
          forth <= rest + 1e-12 * size && back <= rest * size + 1e-12 * size * size,
          `seed ${seed}: ${forth}, ${back}, rest ${rest}`,
        )
      }
    }
  }
  assert.ok(changed > 100 && torn > 30 && thinned > 30, `${changed} changed, ${torn} torn, ${thinned} thinned`)
})

const positions = ({ offsets }: TrigonometricPolynomial) => offsets.map(axis => axis.length)

function symbolOf(channels: number, sides: readonly number[], entry: (o: number, i: number, p: readonly number[]) => number) {
  const count = sides.reduce((a, b) => a * b, 1)
  const data = Float64Array.from({ length: channels * channels * count }, (_, flat) => {
    let rest = flat % count
    const p = [...sides]
    for (let d = sides.length - 1; d >= 0; d--) {
      p[d] = rest % sides[d]
      rest = Math.floor(rest / sides[d])
    }
    return entry(Math.floor(flat / count / channels), Math.floor(flat / count) % channels, p)
  })
  return symbolEverySize(conv({ data, shape: [channels, channels, ...sides] }))
}

test('lines and planes across the axes lose the axes they do not need', () => {
  const noise = uniform(5)
  const weigh = (on: boolean) => (on ? noise() - 0.5 : 0)
  const diagonal = symbolOf(3, [3, 3], (_, __, [y, x]) => weigh(y === x))
  assert.equal(positions(straightened(diagonal, 1e-6).symbol).sort(), [1, 3])
  const steep = symbolOf(3, [5, 3], (_, __, [y, x]) => weigh(y === 2 * x))
  assert.equal(positions(straightened(steep, 1e-6).symbol).sort(), [1, 3])
  const space = symbolOf(2, [3, 3, 3], (_, __, [z, y, x]) => weigh(z === y && x === 2 - y))
  assert.equal(positions(straightened(space, 1e-6).symbol).sort(), [1, 1, 3])
  const plane = symbolOf(2, [3, 3, 3], (_, __, [z, y, x]) => weigh(x + y + z === 3))
  assert.equal(Math.min(...positions(straightened(plane, 1e-6).symbol)), 1)
})

test('rows and columns that look at places of their own are shifted onto one tap', () => {
  const noise = uniform(7)
  const places = Array.from({ length: 12 }, () => [Math.floor(noise() * 2), Math.floor(noise() * 2)])
  const displaced = symbolOf(6, [3, 3], (o, i, p) =>
    p.every((x, d) => x === places[o][d] + places[6 + i][d]) ? noise() - 0.5 : 0,
  )
  assert.equal(positions(straightened(displaced, 1e-6).symbol), [1, 1])
})

test('ordinary kernels stay as they are: noise, and noise in part of the taps along an axis', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const noise = uniform(seed)
    const plain = symbolOf(1 + (seed % 5), [3, 3], () => noise() - 0.5)
    assert.is(straightened(plain, 1e-6).symbol, plain)
    const { pieces, rest } = piecesOf(plain, 0, NEGLIGIBLE)
    assert.is(pieces.length, 1)
    assert.is(rest, 0)
    assert.is(pieces[0].symbol.taps.buffer, plain.taps.buffer)
  }
})

test('what is left out sums to no more than the rest, which is no more than was allowed', () => {
  const next = uniform(11)
  const symbol = symbolOf(4, [3, 3], () => (next() - 0.5) * 10 ** (-12 * next()))
  for (const negligible of [1e-3, 1e-6, 1e-9, 2 ** -60]) {
    const { pieces, rest } = piecesOf(symbol, 0, negligible)
    const kept = pieces.reduce((sum, piece) => sum + piece.symbol.taps.reduce((inner, x) => inner + Math.abs(x), 0), 0)
    const all = symbol.taps.reduce((sum, x) => sum + Math.abs(x), 0)
    assert.ok(
      all - kept <= rest + 1e-15 && rest <= 0.5 * negligible * (1 + 1e-12),
      `${all - kept} ≤ ${rest} ≤ ${0.5 * negligible}`,
    )
  }
})

test.run()
