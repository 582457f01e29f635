import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Box } from '../../src/torus/boxes.ts'
import { TURN } from '../../src/torus/ray.ts'
import { arch, archAround, bendsOf, exactly, withSetting } from './parts.ts'
import { uniform } from './random-layers.ts'

/** Σ w_i·values_i + Σ x_d(1 − x_d)·bends_d at one point of the unit cube. */
function height(values: readonly number[], bends: readonly number[], x: readonly number[]): number {
  let sum = bends.reduce((total, bend, d) => total + x[d] * (1 - x[d]) * bend, 0)
  values.forEach((value, bits) => {
    sum += x.reduce((weight, w, d) => weight * ((bits >> d) & 1 ? w : 1 - w), value)
  })
  return sum
}

test('the arch is above every point of its box, and on it where there is one axis', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = uniform(seed)
    const axes = 1 + (seed % 3)
    const values = Array.from({ length: 1 << axes }, () => 4 * next())
    const bends = Array.from({ length: axes }, () => (next() < 0.2 ? 0 : 6 * next() * next()))
    const top = arch(values, bends)
    let highest = -Infinity
    const side = [400, 40, 14][axes - 1]
    for (let i = 0; i < (side + 1) ** axes; i++) {
      const x = Array.from({ length: axes }, (_, d) => (Math.floor(i / (side + 1) ** d) % (side + 1)) / side)
      highest = Math.max(highest, height(values, bends, x))
    }
    assert.ok(top >= highest, `seed ${seed}: ${top} below ${highest}`)
    const largest = Math.max(...values) + 0.25 * bends.reduce((a, b) => a + b)
    assert.ok(top <= largest * (1 + 1e-13) + 1e-13, `seed ${seed}: ${top} above the largest corner's ${largest}`)
    if (axes === 1) assert.ok(top - highest < 1e-4, `seed ${seed}: ${top} for ${highest}`)
  }
})

/** p(θ) = |Σ c_ab e^{i(aθ_1 + bθ_2)}|² with a, b ∈ {−1, 0, 1}: values in [0, μ], and −∂_d²p ≤ 2μ by Bernstein's inequality (τ = 1). */
function squaredModulus(next: () => number): (x: number, y: number) => number {
  const terms = Array.from({ length: 9 }, (_, i) => [(i % 3) - 1, Math.floor(i / 3) - 1, next() - 0.5, next() - 0.5])
  // half of them nearly as narrow as the inequality allows: cos²((θ_1 ± θ_2) …)
  if (next() < 0.5) for (const term of terms) if (term[0] * term[1] === 0) term[2] = term[3] = 0
  return (x, y) => {
    let [re, im] = [0, 0]
    for (const [a, b, c, s] of terms) {
      const [cos, sin] = [Math.cos(a * x + b * y), Math.sin(a * x + b * y)]
      re += c * cos - s * sin
      im += c * sin + s * cos
    }
    return re * re + im * im
  }
}

test('the arch around a centre is above the surface it is for, and lower than the arch without one where the centre is low', () => {
  let closest = Infinity
  let lower = 0
  for (let seed = 1; seed <= 400; seed++) {
    const next = uniform(seed)
    const p = squaredModulus(next)
    let peak = { x: 0, y: 0, value: 0 }
    for (let i = 0; i < 48 * 48; i++) {
      const [x, y] = [((i % 48) * Math.PI) / 24, (Math.floor(i / 48) * Math.PI) / 24]
      if (p(x, y) > peak.value) peak = { x, y, value: p(x, y) }
    }
    const mu = 1.02 * peak.value
    const h = [0.1 + 0.8 * next(), 0.1 + 0.8 * next()]
    // boxes around the maximum, where it bends most
    const [x0, y0] = [peak.x - next() * h[0], peak.y - next() * h[1]]
    const corners = [p(x0, y0), p(x0 + h[0], y0), p(x0, y0 + h[1]), p(x0 + h[0], y0 + h[1])]
    const centre = p(x0 + 0.5 * h[0], y0 + 0.5 * h[1])
    const bends = h.map(side => side * side * mu)
    const diagonal = 0.25 * (bends[0] + bends[1] + 2 * h[0] * h[1] * mu)
    const top = archAround(corners, centre, bends, diagonal)
    for (let i = 0; i <= 40 * 40; i++) {
      const at = p(x0 + (h[0] * (i % 40)) / 39, y0 + (h[1] * Math.floor(i / 40)) / 40)
      assert.ok(at <= top, `seed ${seed}: ${at} above ${top}`)
      closest = Math.min(closest, (top - at) / (0.25 * (bends[0] + bends[1])))
    }
    const mean = corners.reduce((a, b) => a + b) / 4
    if (archAround(corners, Math.min(centre, mean), bends, diagonal) < arch(corners, bends)) lower++
  }
  assert.ok(closest < 0.06, `the arch is never nearer than ${closest} of the bends`)
  assert.ok(lower > 300, `lower in ${lower} of 400`)
})

test('the arch around a centre is the largest sum over its four triangles', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = uniform(seed)
    const corners = Array.from({ length: 4 }, () => 2 * next())
    const centre = 2 * next()
    const bends = [next(), next() < 0.2 ? 0 : next()]
    const diagonal = 0.25 * (Math.sqrt(bends[0]) + Math.sqrt(bends[1])) ** 2
    let highest = 0
    for (const [i, j, bend] of [
      [0, 1, bends[0]],
      [2, 3, bends[0]],
      [0, 2, bends[1]],
      [1, 3, bends[1]],
    ]) {
      for (let s = 0; s < 61 * 61; s++) {
        const [k, w] = [(s % 61) / 60, Math.floor(s / 61) / 60]
        const edge = (1 - w) * corners[i] + w * corners[j]
        highest = Math.max(highest, (1 - k) * centre + k * edge + k * (1 - k) * diagonal + k * k * w * (1 - w) * bend)
      }
    }
    const top = archAround(corners, centre, bends, diagonal)
    assert.ok(top >= highest && top < highest + 2e-3, `seed ${seed}: ${top} for ${highest}`)
  }
  assert.is(archAround([1, 1, 1, 1], Infinity, [1, 1], 1), Infinity)
  assert.is(archAround([1, Infinity, 1, 1], 1, [1, 1], 1), Infinity)
})

test('centres are whole points, named like corners', () => {
  const lattice = { turns: [48, 48], discrete: false }
  withSetting({ lattice }, ({ centre }) => {
    assert.equal(centre({ corner: [2, 40], width: [4, 6] }), { point: [4, 43], mirrored: false })
    assert.equal(centre({ corner: [40, 40], width: [4, 6] }), { point: [6, 5], mirrored: true })
    assert.is(centre({ corner: [2, 40], width: [4, 5] }), undefined)
  })
})

test('a corner without a ceiling leaves the box open, and no bend leaves the largest corner', () => {
  assert.is(arch([1, 2, Infinity, 0], [1, 1]), Infinity)
  assert.is(arch([1, Infinity], [3]), Infinity)
  assert.ok(Math.abs(arch([1, 2, 3, 0, 5, 1, 2, 2], [0, 0, 0]) - 5) < 1e-12)
  assert.is(arch([7], []) > 7 - 1e-12, true)
})

test('boxes that share a face share its corners: they have the same names, mirrored or not', () => {
  withSetting({ lattice: { turns: [48, 48], discrete: false } }, ({ corners }) => {
    const names = (box: Box) => corners(box).map(({ point }) => point.join())
    for (let seed = 1; seed <= 50; seed++) {
      const next = uniform(seed)
      const corner = [Math.floor(next() * 48), Math.floor(next() * 48)]
      for (const axis of [0, 1]) {
        const low = { corner, width: [2, 3] }
        const high = { corner: corner.map((x, d) => (d === axis ? x + low.width[d] : x)), width: [2, 3] }
        const [a, b] = [names(low), names(high)]
        const bit = 1 << axis
        for (let i = 0; i < 4; i++) if (i & bit) assert.is(a[i], b[i & ~bit])
      }
      // and with its mirror image
      const box = { corner, width: [2, 3] }
      const image = { corner: corner.map((x, d) => (96 - x - box.width[d]) % 48), width: [2, 3] }
      const [a, b] = [corners(box), corners(image)]
      a.forEach(({ point, mirrored }, i) => {
        assert.equal(point, b[3 - i].point)
        if (point.some(x => x !== 0 && x !== 24)) assert.is(mirrored, !b[3 - i].mirrored)
      })
    }
  })
})

test('a wave across a box of one, two or three axes stays below the arches that its own second derivatives make', () => {
  // p = ½ + ½cos(κ·θ): −∂_d∂_e p is ½κ_dκ_e at the crest, and no more anywhere
  for (let seed = 1; seed <= 300; seed++) {
    const next = uniform(seed)
    const axes = 1 + (seed % 3)
    const kappa = Array.from({ length: axes }, () => 0.2 + next())
    const h = Array.from({ length: axes }, () => 0.3 * next())
    const from = h.map(side => -side * next())
    const p = (x: readonly number[]) => 0.5 + 0.5 * Math.cos(x.reduce((sum, w, d) => sum + kappa[d] * (from[d] + w * h[d]), 0))
    const { bends, diagonal } = bendsOf(
      h,
      kappa.map(k => 0.5 * k * k),
      axes === 2 ? 0.5 * kappa[0] * kappa[1] : 0,
    )
    const corners = Array.from({ length: 1 << axes }, (_, i) => p(h.map((_, d) => (i >> d) & 1)))
    const side = [400, 40, 14][axes - 1]
    let highest = 0
    for (let i = 0; i < (side + 1) ** axes; i++)
      highest = Math.max(
        highest,
        p(Array.from({ length: axes }, (_, d) => (Math.floor(i / (side + 1) ** d) % (side + 1)) / side)),
      )
    assert.ok(arch(corners, bends) >= highest, `seed ${seed}`)
    if (axes === 2) assert.ok(archAround(corners, p([0.5, 0.5]), bends, diagonal) >= highest, `seed ${seed}, around the centre`)
  }
})

test('a paraboloid over a box of two axes, its axes turned, stays below both arches', () => {
  let tight = 0
  for (let seed = 1; seed <= 2000; seed++) {
    const next = uniform(seed)
    const h = [0.2 + next(), 0.2 + next()]
    const [a, b] = [0.1 + next(), 0.1 + next()]
    const c = (2 * next() - 1) * Math.sqrt(a * b)
    const [x0, y0] = [h[0] * next(), h[1] * next()]
    // −∂₁²p = a, −∂₂²p = b, |∂₁∂₂p| = |c|
    const p = (x: number, y: number) => {
      const [u, v] = [x * h[0] - x0, y * h[1] - y0]
      return 10 - 0.5 * (a * u * u + b * v * v + 2 * c * u * v)
    }
    const { bends, diagonal } = bendsOf(h, [a, b], Math.abs(c))
    const corners = [p(0, 0), p(1, 0), p(0, 1), p(1, 1)]
    const around = archAround(corners, p(0.5, 0.5), bends, diagonal)
    assert.ok(arch(corners, bends) >= 10 && around >= 10, `seed ${seed}: ${around} for 10`)
    if (around < 10 + 0.02 * diagonal) tight++
  }
  assert.ok(tight > 100, `${tight} tight`)
})

test('the arch is rounded up, never down: against whole numbers', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = uniform(seed)
    const axes = 1 + (seed % 3)
    const [low, rise, bend] = [next(), next(), 1 + 2 * next()]
    // rises along the first axis alone: ½(a + b) + ¼(c + (b − a)²/c), times c to stay whole
    const values = Array.from({ length: 1 << axes }, (_, i) => low + (i & 1 ? rise : 0))
    const bends = Array.from({ length: axes }, (_, d) => (d === 0 ? bend : 0))
    const [a, b, c] = [exactly(values[0]), exactly(values[1]), exactly(bend)]
    const truth = 2n * (a + b) * c + c * c + (b - a) * (b - a)
    assert.ok(4n * exactly(arch(values, bends)) * c >= truth, `seed ${seed}`)
  }
})

test('bends are rounded up: ½(2π·w/turns)²C to forty digits', () => {
  const turnInUnits = 6283185307179586476925286766559005768394n
  const unit = 10n ** 39n
  for (const [width, turns] of [
    [1, 1],
    [1, 3],
    [5, 7],
    [1, 3 * 2 ** 22],
    [4097, 3 * 2 ** 22],
  ]) {
    const lattice = { turns: [turns], discrete: false }
    const [bend] = withSetting({ lattice, data: [1] }, ({ curvatures, bends }) => {
      curvatures(1)
      return bends({ corner: [0], width: [width] }, 1).bends
    })
    const scaled = 2n * exactly(bend) * BigInt(turns) ** 2n * unit ** 2n
    assert.ok(scaled >= ((turnInUnits * BigInt(width)) ** 2n) << 1100n, `${width} of ${turns}`)
    assert.ok(bend <= 0.5 * ((2 * Math.PI * width) / turns) ** 2 * (1 + 2e-14))
  }
})

test('what closes a box is below t by a quarter of its bends; half a diagonal bends by ½(¼h₁²C₁ + ¼h₂²C₂ + ½h₁h₂C₁₂)', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const next = uniform(seed)
    const data = [next(), next()]
    const width = [1 + Math.floor(next() * 9), 1 + Math.floor(next() * 9)]
    const lattice = { turns: [64, 96], discrete: false }
    const found = withSetting({ lattice, data }, ({ curvatures, bends }) => {
      assert.ok(Math.abs(curvatures(2).across / Math.sqrt(data[0] * data[1]) - 1) < 1e-13)
      return bends({ corner: [0, 0], width }, 2)
    })
    const h = width.map((w, d) => (2 * Math.PI * w) / lattice.turns[d])
    const least = bendsOf(h, data, Math.sqrt(data[0] * data[1]))
    for (const [d, bend] of found.bends.entries()) assert.ok(bend >= least.bends[d] && bend < least.bends[d] * (1 + 1e-13))
    assert.ok(found.diagonal >= least.diagonal && found.diagonal < least.diagonal * (1 + 1e-13))
    const level = 2 - 0.25 * (least.bends[0] + least.bends[1])
    assert.ok(found.level <= level && found.level > level - 1e-12)
  }
})

test('a discrete box has nothing inside only where it is a single step wide', () => {
  const lattice = { turns: [12, 12], discrete: true }
  const [one, two] = withSetting({ lattice, data: [1, 1] }, ({ curvatures, bends }) => {
    curvatures(1)
    return bends({ corner: [0, 0], width: [1, 2] }, 1).bends
  })
  assert.is(one, 0)
  assert.ok(two > 0.5)
})

test('inside a neighbourhood, or its mirror image: every corner is', () => {
  const lattice = { turns: [64, 64], discrete: false }
  const unit = TURN / 64
  for (let seed = 1; seed <= 2000; seed++) {
    const next = uniform(seed)
    const whole = (most: number) => Math.floor(next() * most)
    const point = [whole(64) * unit, whole(64) * unit]
    const half = [unit * (1 + whole(12)), next() < 0.2 ? Infinity : unit * (1 + whole(12))]
    const box = { corner: [whole(64), whole(64)], width: [1 + whole(8), 1 + whole(8)] }
    const holds = (sign: number) =>
      [0, 1].every(d => {
        const from = (box.corner[d] - (sign * point[d]) / unit + 128) % 64
        // the box begins at `from` units past the middle, or so many less than a turn
        const begins = from < 32 ? from : from - 64
        return begins >= -half[d] / unit && begins + box.width[d] <= half[d] / unit
      })
    const found = withSetting({ lattice }, ({ inside }) => inside(box, point, half))
    assert.is(found, holds(1) || holds(-1), `seed ${seed}`)
  }
})

test.run()
