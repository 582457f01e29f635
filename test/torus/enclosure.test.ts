import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { seeded } from '../../bench/seeded.ts'
import { conv, dense, exact, gapOf, spectralNorm } from '../../src/index.ts'
import { randomLayer, rotated, uniform } from './random-layers.ts'
import { latticeMaximum, supremum } from './supremum.ts'

test('brackets the oracle on random layers of every geometry', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const layer = randomLayer(seed)
    const { kernel, shape, stride, dilation, groups, transposed, grid } = layer
    const geometry = { stride, dilation, groups, transposed }
    const gap = [1e-3, 1e-6, 1e-9][seed % 3]
    const inputSize = grid.map((n, d) => (transposed ? n : n * stride[d]))
    for (const [scope, sized, truth] of [
      ['every size', {}, supremum(layer)],
      ['circular', { inputSize, padding: 'circular' }, latticeMaximum(layer, grid)],
    ] as const) {
      const bound = spectralNorm(conv({ data: kernel, shape }, { ...geometry, ...sized }), { gap, maxEvaluations: 5000 })
      const what = `seed ${seed}, ${scope}: ${bound.lower} ≤ ${truth} ≤ ${bound.upper}`
      assert.ok(bound.upper >= truth * (1 - 1e-13), what)
      assert.ok(bound.lower <= truth * (1 + 1e-9), what)
      assert.ok(!bound.converged || gapOf(bound) <= gap, what)
      assert.is(bound.value, bound.upper)
    }
  }
})

test('a circular layer that is zero though its kernel is not: an end at rounding, no endless search', () => {
  const bound = spectralNorm(conv([[[1, 0, -1]]], { inputSize: 1, padding: 'circular' }))
  assert.is(bound.lower, 0)
  assert.ok(bound.upper < 1e-6 && !bound.converged)
})

test('a peak between the points of any coarse grid is found', () => {
  // A long comb of taps all in phase at one odd angle: a peak of width 1/24, with side lobes.
  const angle = 2.3456789
  const taps = Float64Array.from({ length: 48 }, (_, p) => Math.cos(angle * (p >> 1) + (p & 1 ? Math.PI / 2 : 0)))
  const kernel = { data: taps, shape: [2, 1, 24] }
  const pairs = Float64Array.from({ length: 48 }, (_, i) => Math.cos(angle * (i % 24) - (i < 24 ? 0 : Math.PI / 2)))
  for (const data of [taps, pairs]) {
    const bound = spectralNorm(conv({ ...kernel, data }), { gap: 1e-9 })
    const truth = supremum({ kernel: data, shape: [2, 1, 24], stride: [1], dilation: [1], groups: 1 })
    assert.ok(bound.lower <= truth * (1 + 1e-9) && bound.upper >= truth * (1 - 1e-13) && gapOf(bound) <= 1e-9)
  }
})

test('two maxima that differ by 1e-12: the higher one bounds', () => {
  // diag(a + b cos θ, (1 + 1e-12)(a − b cos θ)): maxima at 0 and π.
  const twin = (factor: number) => [
    [
      [0.25, 1, 0.25],
      [0, 0, 0],
    ],
    [
      [0, 0, 0],
      [-0.25 * factor, factor, -0.25 * factor],
    ],
  ]
  for (const factor of [1 - 1e-12, 1, 1 + 1e-12]) {
    const bound = spectralNorm(conv(twin(factor)), { gap: 1e-10 })
    const truth = 1.5 * Math.max(1, factor)
    assert.ok(bound.lower <= truth && bound.upper >= truth && gapOf(bound) <= 1e-10, `${factor}: ${bound.lower} ${bound.upper}`)
  }
})

test('repeated top values, flat symbols and constants close at once', () => {
  const repeated = spectralNorm(
    conv([
      [
        [1, 2, 1],
        [0, 0, 0],
      ],
      [
        [0, 0, 0],
        [1, 2, 1],
      ],
    ]),
    { gap: 1e-9 },
  )
  assert.ok(repeated.lower <= 4 && repeated.upper >= 4 && gapOf(repeated) <= 1e-9)
  const shift = spectralNorm(
    conv([
      [
        [0, 0, 1],
        [0, 0, 0],
      ],
      [
        [0, 0, 0],
        [0, 1, 0],
      ],
    ]),
    { gap: 1e-9 },
  )
  assert.ok(shift.lower <= 1 && shift.upper >= 1 && gapOf(shift) <= 1e-9 && shift.work <= 10, `${shift.work}`)
  const pointwise = spectralNorm(conv({ data: [3, 0, 0, 4], shape: [2, 2, 1, 1] }), { gap: 1e-9 })
  assert.ok(pointwise.lower <= 4 && pointwise.upper >= 4 && pointwise.work <= 5)
  assert.is(spectralNorm(conv({ data: new Float64Array(36), shape: [2, 2, 3, 3] })).upper, 0)
  assert.ok(
    spectralNorm(
      dense([
        [3, 0],
        [0, 4],
      ]),
    ).upper >= 4,
  )
})

test('stride at least the kernel: one matrix, one norm', () => {
  const bound = spectralNorm(conv({ data: [1, 2, 3, 4], shape: [1, 1, 2, 2] }, { stride: 2 }), { gap: 1e-9 })
  const truth = Math.sqrt(30)
  assert.ok(bound.lower <= truth && bound.upper >= truth && gapOf(bound) <= 1e-9 && bound.work <= 5)
})

test('orthogonal convolution: within 30 norm evaluations', () => {
  // Two Householder reflections joined by a shift of half the channels: paraunitary of degree one in each axis.
  const n = 16
  const next = uniform(7)
  const reflection = () => {
    const v = Array.from({ length: n }, () => next() - 0.5)
    const square = v.reduce((sum, x) => sum + x * x, 0)
    return (i: number, j: number) => (i === j ? 1 : 0) - (2 * v[i] * v[j]) / square
  }
  const [p, q, r] = [reflection(), reflection(), reflection()]
  const data = new Float64Array(n * n * 9)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < n; b++)
          data[((i * n + j) * 3 + (a < n / 2 ? 1 : 0)) * 3 + (b < n / 3 ? 1 : 0)] += p(i, a) * q(a, b) * r(b, j)
      }
    }
  }
  const bound = spectralNorm(conv({ data, shape: [n, n, 3, 3] }), { gap: 1e-6 })
  assert.ok(bound.lower <= 1 + 1e-12 && bound.upper >= 1 - 1e-12 && gapOf(bound) <= 1e-6)
  assert.ok(bound.work <= 30, `${bound.work} evaluations`)
})

test('the whole range of doubles: enclosures scale, or widen to a denormal', () => {
  for (const scale of [1e-150, 1e150, 1e300, 1e-300]) {
    const bound = spectralNorm(conv([[[1 * scale, 2 * scale, 1 * scale]]]), { gap: 1e-9 })
    assert.ok(bound.lower <= 4 * scale * (1 + 1e-15) && bound.upper >= 4 * scale * (1 - 1e-15) && gapOf(bound) <= 1.01e-9)
  }
  const tiny = spectralNorm(conv([[[5e-324, 1e-323, 5e-324]]]))
  assert.ok(tiny.lower <= 2e-323 && tiny.upper >= 2e-323)
  const huge = spectralNorm(conv([[[1e308, 1e308, 1e308]]]))
  assert.is(huge.upper, Infinity)
  assert.ok(huge.lower > 1e308 && huge.lower < Infinity)
})

test('a saddle that an ascent took for a peak does not hide what is higher beside it', () => {
  // The first ascent ends at (0, ½), where the gradient vanishes by symmetry; the maximum is nearby, 0.16 % higher, and above the level of a gap of 1e-3.
  const n = 128
  const layer = conv({ data: seeded(1011, n * n * 9, Math.sqrt(2 / (n * 9))), shape: [n, n, 3, 3] })
  const bound = spectralNorm(layer, { gap: 1e-3 })
  const close = spectralNorm(layer, { gap: 1e-6 })
  assert.ok(bound.converged && bound.lower <= close.upper && bound.upper >= close.lower)
  assert.ok(bound.work <= 700, `${bound.work} evaluations`)
})

test('converged speaks of the gap that is returned: denormals and what overflows have fewer digits', () => {
  for (const [scale, gap, converged] of [
    [1e-320, 1e-6, false],
    [1e-316, 1e-3, true],
    [1e-310, 1e-6, true],
    [1, 1e-6, true],
    [1.5e308, 1e-6, false],
  ] as const) {
    const data = Float64Array.of(1, 2, -1, 0.5, 3, 1, 2, -2, 1).map(x => (x / 3) * scale)
    const bound = spectralNorm(conv({ data, shape: [1, 1, 3, 3] }), { gap })
    assert.is(bound.converged, converged, `${scale}: ${bound.lower} … ${bound.upper}`)
    assert.is(bound.converged, gapOf(bound) <= gap * 1.0001)
  }
})

test('a gap that was met is called met, whatever it took: one matrix whose first test fails', () => {
  const next = uniform(5)
  for (const n of [96, 128, 160]) {
    const data = Float64Array.from({ length: n * n }, () => next() + next() - 1)
    const bound = spectralNorm(conv({ data, shape: [n, n, 1, 1] }), { gap: 1e-3 })
    assert.is(bound.converged, gapOf(bound) <= 1e-3)
    assert.ok(bound.converged)
  }
})

test('a budget too small for the grid that a flat surface asks for is spent on the boxes whose corners are known', () => {
  const next = uniform(2)
  const layer = conv({ data: Float64Array.from({ length: 64 * 64 * 9 }, () => next() - 0.5), shape: [64, 64, 3, 3] })
  const whole = spectralNorm(layer, { gap: 1e-3 })
  for (const [maxEvaluations, ratio] of [
    [60, 1.3],
    [100, 1.2],
    [150, 1.2],
  ]) {
    const bound = spectralNorm(layer, { gap: 1e-3, maxEvaluations })
    assert.ok(bound.lower <= whole.upper && bound.upper >= whole.lower, `${maxEvaluations}: ${bound.lower} … ${bound.upper}`)
    assert.ok(bound.upper < ratio * bound.lower, `${maxEvaluations}: ${bound.lower} … ${bound.upper}`)
  }
})

test('a budget is never exceeded: neither by ascents nor by neighbourhoods, of one group or more, circular or not', () => {
  for (const shape of [
    [1, 1, 3],
    [4, 4, 3, 3],
    [16, 16, 3, 3],
    [3, 2, 3, 3, 3],
    [40, 40, 3, 3],
  ]) {
    for (const groups of [1, 2]) {
      const next = uniform(shape.length + groups)
      const own = [shape[0] * groups, ...shape.slice(1)]
      const data = Float64Array.from({ length: own.reduce((a, b) => a * b) }, () => next() - 0.5)
      for (const sized of [{}, { padding: 'circular', inputSize: 20 }] as const) {
        const layer = conv({ data, shape: own }, { groups, ...sized })
        const full = spectralNorm(layer, { gap: 1e-6 })
        for (const maxEvaluations of [1, 2, 5, 9, 20, 50, 100, 200]) {
          const bound = spectralNorm(layer, { gap: 1e-9, maxEvaluations })
          assert.ok(bound.work <= maxEvaluations, `${own}: ${bound.work} of ${maxEvaluations}`)
          assert.ok(bound.upper >= full.lower && bound.lower <= full.upper, `${own}: ${bound.lower} … ${bound.upper}`)
        }
      }
    }
  }
})

test('a budget ends the search early, and what it says is true', () => {
  const next = uniform(11)
  const data = Float64Array.from({ length: 8 * 8 * 9 }, () => next() - 0.5)
  const layer = conv({ data, shape: [8, 8, 3, 3] })
  const full = spectralNorm(layer, { gap: 1e-6 })
  for (const maxEvaluations of [1, 10, 50, 100, 150]) {
    const bound = spectralNorm(layer, { gap: 1e-6, maxEvaluations })
    assert.ok(bound.upper >= full.lower && bound.lower <= full.upper)
    assert.ok(bound.converged || gapOf(bound) > 1e-6)
    assert.ok(bound.work <= maxEvaluations, `${bound.work} of ${maxEvaluations}`)
  }
  const below = spectralNorm(layer, { gap: 1e-15 })
  assert.not(below.converged)
  assert.ok(gapOf(below) < 1e-11)
})

test('a thousand depthwise groups: the maximum over them', () => {
  const next = uniform(3)
  const data = Float64Array.from({ length: 9000 }, () => next() - 0.5)
  const bound = spectralNorm(conv({ data, shape: [1000, 1, 3, 3] }, { groups: 1000 }))
  let truth = 0
  for (let g = 0; g < 1000; g++) {
    const kernel = data.subarray(9 * g, 9 * g + 9)
    const reach = kernel.reduce((sum, x) => sum + Math.abs(x), 0)
    if (reach > bound.lower * 0.98)
      truth = Math.max(truth, supremum({ kernel, shape: [1, 1, 3, 3], stride: [1, 1], dilation: [1, 1], groups: 1 }))
  }
  assert.ok(bound.lower <= truth * (1 + 1e-9) && bound.upper >= truth * (1 - 1e-13) && gapOf(bound) <= 1e-6)
})

test('zero padding at one size: M above, the window bound or Lanczos below', () => {
  const bound = spectralNorm(conv([[[1, 2, 1]]], { inputSize: 10 }))
  const truth = 2 + 2 * Math.cos(Math.PI / 11)
  assert.is(bound.scope, 'this-size')
  assert.ok(bound.lower <= truth && bound.lower > truth * (1 - 1e-3) && bound.upper >= 4)
})

test('options that make no sense are refused', () => {
  const layer = conv([[[1, 2, 1]]])
  assert.throws(() => spectralNorm(layer, { gap: 0 }), /^gap: expected a positive number, got 0\. /)
  assert.throws(() => spectralNorm(layer, { gap: Number.NaN }), /gap: expected/)
  assert.throws(() => spectralNorm(layer, { maxEvaluations: 0 }), /maxEvaluations: expected/)
})

test('one matrix whose largest singular values are 1e-3 to 1e-13 apart', () => {
  for (const n of [2, 3, 7, 16, 33])
    for (const step of [1e-3, 1e-6, 1e-9, 1e-11, 1e-13])
      for (const mixed of [false, true]) {
        const diagonal = Float64Array.from({ length: n * n }, (_, e) => (e % (n + 1) === 0 ? 1 + (step * e) / (n + 1) : 0))
        const layer = conv({ data: mixed ? rotated(diagonal, n, n) : diagonal, shape: [n, n, 1, 1] })
        const truth = 1 + step * (n - 1)
        for (const gap of [1e-6, 1e-9, 1e-10]) {
          const bound = spectralNorm(layer, { gap })
          const told = `${n} channels, ${step} apart, gap ${gap}: ${bound.lower} ≤ ${truth} ≤ ${bound.upper}`
          assert.ok(bound.lower <= truth * (1 + 1e-13) && bound.upper >= truth * (1 - 1e-13), told)
          assert.ok(bound.converged && gapOf(bound) <= gap, told)
        }
      }
})

test('gradients of layers that were taken apart, shifted or turned: differences of the norm, in the place of each weight', () => {
  const next = uniform(3)
  const noise = () => next() + next() - 1
  const layers = {
    'a wide block': [[5, 6, 3, 3], ([o, i, ,]) => (o < 2 === i < 4 ? noise() * (o < 2 ? 2 : 1) : 0)],
    'a tall block': [[6, 5, 3, 3], ([o, i, ,]) => (o < 4 === i < 2 ? noise() * (o < 4 ? 2 : 1) : 0)],
    'a diagonal': [[3, 2, 3, 3], ([, , y, x]) => noise() * (y === x ? 1 : 1e-3)],
    'displaced columns': [[4, 4, 3, 3], ([, i, y, x]) => noise() * (y === i >> 1 && x === i % 2 ? 1 : 1e-2)],
    'displaced rows and columns': [
      [3, 4, 3, 3],
      ([o, i, y, x]) => noise() * (y === (o & 1) + (i & 1) && x === i >> 1 ? 1 : 1e-2),
    ],
    'weights that are nothing': [[3, 3, 3, 3], ([o, i, ,]) => noise() * (o === i ? 1 : 1e-22)],
  } satisfies Record<string, [number[], (place: number[]) => number]>
  for (const [name, [shape, entry]] of Object.entries(layers)) {
    const [, columns, height, width] = shape
    const count = shape.reduce((a, b) => a * b)
    const data = Float64Array.from({ length: count }, (_, at) =>
      entry([
        Math.floor(at / columns / height / width),
        Math.floor(at / height / width) % columns,
        Math.floor(at / width) % height,
        at % width,
      ]),
    )
    const { gradient } = spectralNorm(conv({ data, shape }), { gap: 1e-9, gradient: true })
    const norm = (at: number, by: number) =>
      spectralNorm(conv({ data: data.map((x, k) => (k === at ? x + by : x)), shape }), { gap: 1e-10 }).lower
    for (let at = 0; at < count; at += 5) {
      const difference = (norm(at, 1e-5) - norm(at, -1e-5)) / 2e-5
      assert.ok(
        Math.abs(gradient!.data[at] - difference) < 1e-4,
        `${name}, weight ${at}: ${gradient!.data[at]}, differences ${difference}`,
      )
    }
  }
})

test('circular layers are put in order too, but for the axes: the value and the gradient of exact', () => {
  const next = uniform(5)
  const noise = () => next() + next() - 1
  const layers = {
    displaced: [4, 4, ([o, i, y, x]) => noise() * (y === (o & 1) + (i & 1) && x === i >> 1 ? 1 : 1e-3)],
    blocks: [5, 6, ([o, i]) => (o < 2 === i < 4 ? noise() * (o < 2 ? 2 : 1) : 0)],
    diagonal: [3, 2, ([, , y, x]) => noise() * (y === x ? 1 : 1e-3)],
  } satisfies Record<string, [number, number, (place: number[]) => number]>
  for (const [name, [rows, columns, entry]] of Object.entries(layers)) {
    const data = Float64Array.from({ length: rows * columns * 9 }, (_, at) =>
      entry([Math.floor(at / columns / 9), Math.floor(at / 9) % columns, Math.floor(at / 3) % 3, at % 3]),
    )
    const layer = conv({ data, shape: [rows, columns, 3, 3] }, { inputSize: [5, 7], padding: 'circular' })
    const truth = exact(layer, { gradient: true })
    for (const gap of [1e-3, 1e-6, 1e-10]) {
      const bound = spectralNorm(layer, { gap, gradient: true })
      const told = `${name}, gap ${gap}: ${bound.lower} ≤ ${truth.value} ≤ ${bound.upper}`
      assert.ok(bound.lower <= truth.upper && bound.upper >= truth.lower && bound.converged && gapOf(bound) <= gap, told)
      if (gap > 1e-6) continue
      const off = Math.max(...bound.gradient!.data.map((x, at) => Math.abs(x - truth.gradient!.data[at])))
      assert.ok(off < 1e-7, `${told}, gradients ${off} apart`)
    }
  }
  const flat = Float64Array.from({ length: 4 * 4 * 9 }, (_, at) => (at % 9 === Math.floor(at / 9) % 4 ? noise() : 0))
  assert.ok(spectralNorm(conv({ data: flat, shape: [4, 4, 3, 3] }, { inputSize: [64, 48], padding: 'circular' })).work <= 8)
})

test('weights left out are paid for at both ends', () => {
  // One tap of ones and many small weights of the same sign, just below what is left out at this gap: their sum is in the norm.
  for (const gap of [1e-3, 1e-2, 1]) {
    const small = (0.499 * 0.25 * 2 ** -10 * 1e-3) / 9
    for (const sign of [1, -1]) {
      const data = Float64Array.from({ length: 9 }, (_, p) => (p === 4 ? 0.75 : sign * small))
      const truth =
        sign > 0 ? 0.75 + 8 * small : supremum({ kernel: data, shape: [1, 1, 3, 3], stride: [1, 1], dilation: [1, 1], groups: 1 })
      const bound = spectralNorm(conv({ data, shape: [1, 1, 3, 3] }), { gap })
      const [rest, told] = [8 * small, `gap ${gap}, ${sign}: ${bound.lower} ≤ ${truth} ≤ ${bound.upper}`]
      assert.ok(bound.upper >= truth && bound.lower <= truth && bound.converged, told)
      // the ends of the one tap alone are 0.75 and 0.75·(1 + gap)
      assert.ok(bound.lower <= 0.75 - 0.99 * rest, told)
      assert.ok(bound.upper >= 0.75 * (1 + gap * 0.998) + 0.99 * rest, told)
    }
  }
})

test('a group whose ceiling is a little more than the gap above what was found is searched', () => {
  for (const gap of [1e-3, 1e-2]) {
    // √2 with a sum of 2, and √2 with a sum of √2·(1 + 2·gap)
    const c = Math.SQRT2 * (1 - 1e-9)
    const data = [0.5, 1, -0.5, gap * c, c, -gap * c].map(x => x / 2)
    const bound = spectralNorm(conv({ data, shape: [2, 1, 3] }, { groups: 2 }), { gap })
    assert.ok(bound.converged && gapOf(bound) <= gap, `${bound.lower} … ${bound.upper}`)
  }
})

test('a budget is not exceeded by what is visited once it is spent', () => {
  for (const [seed, shape, maxEvaluations] of [
    [22, [7, 5, 3, 3], 96],
    [28, [12, 7, 4, 3], 103],
    [46, [14, 14, 2, 3], 47],
    [106, [10, 9, 3, 4], 110],
    [106, [10, 9, 3, 4], 117],
  ] as [number, number[], number][]) {
    const next = uniform(seed)
    // the draws that made the shape
    const draws = 2 + shape.length - 2
    for (let i = 0; i < draws; i++) next()
    const data = Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => next() - 0.5)
    const { work } = spectralNorm(conv({ data, shape }), { gap: 1e-9, maxEvaluations })
    assert.ok(work <= maxEvaluations, `${shape}: ${work} of ${maxEvaluations}`)
  }
})

test.run()
