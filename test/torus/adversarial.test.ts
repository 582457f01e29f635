import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, gapOf, spectralNorm } from '../../src/index.ts'
import type { Layer } from './aliases.ts'
import { rotated, uniform } from './random-layers.ts'
import { supremum } from './supremum.ts'

/** Kernels made to fool the search, against the oracle at every gap. */
const GAPS = [1e-3, 1e-6, 1e-9]

type Entry = (o: number, i: number, p: readonly number[]) => number

function layer(shape: readonly number[], entry: Entry, geometry: { stride?: number; dilation?: number } = {}): Layer {
  const [, columns, ...sides] = shape
  const taps = sides.reduce((a, b) => a * b, 1)
  const kernel = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, flat) => {
    let rest = flat % taps
    const p = sides.map(() => 0)
    for (let d = sides.length - 1; d >= 0; d--) {
      p[d] = rest % sides[d]
      rest = Math.floor(rest / sides[d])
    }
    return entry(Math.floor(flat / taps / columns), Math.floor(flat / taps) % columns, p)
  })
  const each = (n = 1) => sides.map(() => n)
  return { kernel, shape, groups: 1, stride: each(geometry.stride), dilation: each(geometry.dilation) }
}

/** lower ≤ oracle ≤ upper at every gap, and the gap reached unless `open`; where channels have nothing in common, for a layer too that cannot be taken apart. */
function holds(what: string, tried: Layer, open: 'never' | 'mixed' | 'always' = 'never'): void {
  brackets(what, tried, open === 'always')
  const { kernel, shape } = tried
  const taps = kernel.length / shape[0] / shape[1]
  const apart = (pair: number) => Array.from({ length: taps }, (_, p) => kernel[pair * taps + p]).every(x => x === 0)
  if (Array.from({ length: shape[0] * shape[1] }, (_, pair) => pair).some(apart))
    brackets(`${what}, mixed`, { ...tried, kernel: rotated(kernel, shape[0], shape[1]) }, open !== 'never')
}

function brackets(what: string, tried: Layer, open: boolean): void {
  const { kernel, shape, stride, dilation } = tried
  let truth = supremum(tried)
  for (const gap of GAPS) {
    const bound = spectralNorm(conv({ data: kernel, shape }, { stride, dilation }), { gap, maxEvaluations: open ? 3000 : 20_000 })
    if (bound.lower > truth * (1 + 1e-13)) truth = supremum(tried, 3)
    const told = `${what}, gap ${gap}: ${bound.lower} ≤ ${truth} ≤ ${bound.upper}`
    assert.ok(bound.lower <= truth * (1 + 1e-13) && bound.upper >= truth * (1 - 1e-13), told)
    if (open) continue
    assert.ok(bound.converged && gapOf(bound) <= gap, told)
  }
}

const dot = (a: readonly number[], p: readonly number[]) => p.reduce((sum, x, d) => sum + x * a[d], 0)

/** Irrational parts of a turn. */
const ANGLES = [
  [2.3456789, 1.2345, 0.7],
  [Math.SQRT2, Math.E, 2.9],
  [0.5, 3.1, Math.sqrt(5)],
]

test('narrow peaks between all grid points: long kernels with taps in phase at one odd angle', () => {
  for (const at of ANGLES) {
    holds(
      '11×11',
      layer([1, 1, 11, 11], (_, __, p) => Math.cos(dot(at, p))),
    )
    holds(
      '5×5, strided',
      layer([2, 2, 5, 5], (o, i, p) => Math.cos(dot(at, p) + 2 * o - i), { stride: 2 }),
    )
    holds(
      '4×4×4',
      layer([1, 1, 4, 4, 4], (_, __, p) => Math.cos(dot(at, p))),
    )
    holds(
      '48 taps',
      layer([2, 1, 48], (o, _, p) => Math.cos(at[0] * p[0] + o)),
    )
    holds(
      '24 dilated taps',
      layer([1, 2, 24], (_, i, p) => Math.cos(at[0] * p[0] + i), { dilation: 3 }),
    )
  }
})

test('a broad hill on the grid, and beside it a needle higher by 1e-4, in a channel of its own', () => {
  for (const [at] of ANGLES) {
    const needle = layer([1, 1, 40], (_, __, [p]) => Math.cos(at * p))
    const scale = (1 + 1e-4) / supremum(needle)
    holds(
      'needle',
      layer([2, 2, 40], (o, i, [p]) =>
        o !== i ? 0 : o === 0 ? (p === 20 ? 0.8 : Math.abs(p - 20) === 1 ? 0.1 : 0) : scale * Math.cos(at * p),
      ),
    )
  }
})

/** Channels that share nothing, of two or three taps each, whose peaks are within two per cent. */
function crowd(seed: number): { rows: Float64Array[]; k: number } {
  const next = uniform(seed)
  const [n, k] = [2 + Math.floor(4 * next()), 3 + Math.floor(9 * next())]
  const rows = Array.from({ length: n }, () => {
    const row = new Float64Array(k)
    const count = 2 + Math.floor(2 * next())
    for (let i = 0; i < count; i++) {
      const at = i === 0 ? 0 : i === 1 && next() < 0.5 ? k - 1 : Math.floor(k * next())
      row[at] += (next() < 0.5 ? -1 : 1) * (i < 2 ? 1 : next() * 0.3)
    }
    const most = row.reduce((sum, x) => sum + Math.abs(x), 0) || 1
    return row.map(x => (x * (1 + 0.02 * next())) / most)
  })
  return { rows, k }
}

test('crowds of peaks, more than are climbed: what no ascent has seen has to be proven', () => {
  // On the seeds at the end a search whose arches are a tenth too flat closes a box over the highest peak.
  const seeds = [...Array.from({ length: 60 }, (_, i) => i + 1), 2729, 3363, 4461, 5127, 5739, 7991, 8301, 8363]
  for (const seed of seeds) {
    const { rows, k } = crowd(seed)
    const n = rows.length
    const together = layer([n, n, k], (o, i, [p]) => (o === i ? rows[o][p] : 0))
    const truth = Math.max(...rows.map(kernel => supremum({ ...together, kernel, shape: [1, 1, k] })))
    const bound = spectralNorm(conv({ data: together.kernel, shape: together.shape }), {
      gap: GAPS[seed % 3],
      maxEvaluations: 5000,
    })
    const told = `seed ${seed}: ${bound.lower} ≤ ${truth} ≤ ${bound.upper}`
    assert.ok(bound.lower <= truth * (1 + 1e-13) && bound.upper >= truth * (1 - 1e-13), told)
  }
})

test('near ties: two channels, and two places of one, whose maxima differ by 1e-12', () => {
  for (const [a, b] of ANGLES) {
    const one = layer([1, 1, 9], (_, __, [p]) => Math.cos(a * p))
    const other = layer([1, 1, 9], (_, __, [p]) => Math.cos(b * p) + 0.2 * Math.cos(2 * a * p))
    const ratio = supremum(one) / supremum(other)
    for (const factor of [1 - 1e-12, 1, 1 + 1e-12]) {
      holds(
        `factor ${factor}`,
        layer([2, 2, 9], (o, i, [p]) => (o !== i ? 0 : o === 0 ? one.kernel[p] : other.kernel[p] * ratio * factor)),
      )
      // maxima at θ and θ + π
      holds(
        `half a turn apart, factor ${factor}`,
        layer([2, 2, 9], (o, i, [p]) => (o !== i ? 0 : one.kernel[p] * (o === 1 ? factor * (p % 2 ? -1 : 1) : 1))),
      )
    }
  }
})

test('the second eigenvalue touches the first one at the maximum, alike or more sharply, or is the maximum everywhere', () => {
  const windows = { short: [0, 0, 0, 1, 2, 1, 0, 0, 0], long: [1, 1, 1, 1, 1, 1, 1, 1, 1], flat: [0, 0, 0, 0, 1, 0, 0, 0, 0] }
  const sum = (x: readonly number[]) => x.reduce((a, b) => a + b)
  const pair = (a: readonly number[], b: readonly number[]) =>
    layer([2, 2, 9], (o, i, [p]) => (o !== i ? 0 : o === 0 ? a[p] / sum(a) : b[p] / sum(b)))
  holds('alike', pair(windows.long, windows.long))
  holds('more sharply', pair(windows.short, windows.long))
  holds('flat', pair(windows.flat, windows.long), 'mixed')
})

test('ill scaling between layers and between the channels of one kernel', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const next = uniform(seed)
    const noise = Float64Array.from({ length: 3 * 4 * 9 }, () => next() + next() - 1)
    const at = (o: number, i: number, [p, q]: readonly number[]) => noise[((o * 4 + i) * 3 + p) * 3 + q]
    for (const factor of [1e-150, 1e150])
      holds(
        `all times ${factor}`,
        layer([3, 4, 3, 3], (o, i, p) => factor * at(o, i, p)),
      )
    for (const reach of [37, 150, 300]) {
      const weights = Array.from({ length: 7 }, () => 10 ** (reach * (next() - 0.5)))
      weights[seed % 7] = 10 ** (reach / 2)
      holds(
        `rows 1e±${reach / 2}`,
        layer([3, 4, 3, 3], (o, i, p) => weights[o] * at(o, i, p)),
      )
      holds(
        `columns 1e±${reach / 2}`,
        layer([3, 4, 3, 3], (o, i, p) => weights[3 + i] * at(o, i, p)),
      )
      if (reach < 300)
        holds(
          `both 1e±${reach / 2}`,
          layer([3, 4, 3, 3], (o, i, p) => weights[o] * weights[3 + i] * at(o, i, p)),
        )
    }
  }
})

test('flat symbols: exactly, and but for a ripple at the gap, above it and below it', () => {
  for (const ripple of [0, 1e-12, 1e-9, 1e-6, 1e-3]) {
    const next = uniform(9)
    const places = Array.from({ length: 4 }, () => [Math.floor(3 * next()), Math.floor(3 * next())].join())
    holds(
      `shifts and ${ripple}`,
      layer([4, 4, 3, 3], (o, i, p) => (i === (o + 1) % 4 && p.join() === places[o] ? 1 : 0) + ripple * (next() - 0.5)),
    )
    // constant along a line: θ₁ + θ₂ alone counts
    holds(
      `a diagonal and ${ripple}`,
      layer([2, 2, 3, 3], (o, i, [p, q]) => (p === q ? [1, 2, 1][p] * (o === i ? 1 : 0.5) : 0) + ripple * (next() - 0.5)),
    )
  }
})

test('maxima on the corners of boxes: at 0, half, quarter, third, sixth and eighth of a turn', () => {
  for (const part of [0, 1 / 2, 1 / 4, 1 / 3, 1 / 6, 1 / 8]) {
    const at = 2 * Math.PI * part
    for (const k of [3, 5, 6])
      holds(
        `${part} of a turn, ${k} taps`,
        layer([2, 1, k], (o, _, [p]) => Math.cos(at * p + (o === 0 ? 0 : Math.PI / 2))),
      )
    holds(
      `${part} of a turn in one axis and 0 in the other`,
      layer([2, 1, 3, 3], (o, _, [p, q]) => Math.cos(at * p + (o === 0 ? 0 : Math.PI / 2)) * (q === 1 ? 2 : 1)),
    )
  }
})

/** A few hundred evaluations at any gap. */
function atOnce(what: string, tried: Layer, most: number): void {
  const { kernel, shape } = tried
  const truth = supremum(tried)
  for (const gap of GAPS) {
    const bound = spectralNorm(conv({ data: kernel, shape }), { gap })
    const told = `${what}, gap ${gap}: ${bound.lower} ≤ ${truth} ≤ ${bound.upper}, ${bound.work} evaluations`
    assert.ok(bound.lower <= truth * (1 + 1e-13) && bound.upper >= truth * (1 - 1e-13), told)
    assert.ok(bound.converged && gapOf(bound) <= gap && bound.work <= most, told)
  }
}

test('symbols constant along a line, on a plane or everywhere cost no more than others', () => {
  for (let seed = 1; seed <= 3; seed++) {
    const next = uniform(seed)
    const weight = () => next() + next() - 1
    const on = (line: boolean) => (line ? weight() : 0)
    atOnce(
      'diagonal',
      layer([4, 4, 3, 3], (_, __, [y, x]) => on(y === x)),
      60,
    )
    atOnce(
      'the other diagonal',
      layer([4, 4, 3, 3], (_, __, [y, x]) => on(y + x === 2)),
      60,
    )
    atOnce(
      "a knight's move",
      layer([4, 4, 3, 3], (_, __, [y, x]) => on((y === 0 && x === 1) || (y === 2 && x === 2))),
      60,
    )
    atOnce(
      'a line in space',
      layer([3, 3, 3, 3, 3], (_, __, [z, y, x]) => on(z === y && x === 2 - y)),
      60,
    )
    atOnce(
      'a plane in space',
      layer([2, 2, 3, 3, 3], (_, __, [z, y, x]) => on(x + y + z === 3)),
      400,
    )
    const places = Array.from({ length: 12 }, () => [Math.floor(2 * next()), Math.floor(2 * next())])
    const displaced =
      (noise: number): Entry =>
      (o, i, p) =>
        weight() * (p.every((x, d) => x === places[o][d] + places[6 + i][d]) ? 1 : noise)
    atOnce('displaced channels', layer([6, 6, 3, 3], displaced(0)), 3)
    atOnce('displaced channels and noise', layer([6, 6, 3, 3], displaced(1e-3)), 1500)
    atOnce(
      'two lines, each in a block of channels',
      layer([4, 4, 3, 3], (o, i, [y, x]) => (o % 2 !== i % 2 ? 0 : on(o % 2 ? y === x : y + x === 2))),
      100,
    )
  }
})

test('each weight of an order of its own: what is nothing beside the largest is no reason to search', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const next = uniform(seed)
    const tried = layer([4, 4, 3, 3], () => (next() - 0.5) * 10 ** (300 * (next() - 0.5)))
    atOnce(`300 decades, seed ${seed}`, tried, 1500)
  }
})

test.run()
