import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/index.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { ascend } from '../../src/torus/ascent.ts'
import { type Ray, TURN } from '../../src/torus/ray.ts'
import { ceilingOf } from '../../src/torus/curvature.ts'
import { closeNeighbourhood, rayAt, setErrors } from './parts.ts'
import { uniform } from './random-layers.ts'

/** Boxes that were closed, and neighbourhoods for which none was. */
const counts = { closed: 0, refused: 0 }

/** Closes what it can around a ray at t, and looks whether anything in there is above t. */
function closes(what: string, gram: GramSymbol, ray: Ray, t: number, tau: readonly number[], cells: readonly number[]): void {
  const axes = tau.length
  const { box } = closeNeighbourhood(gram, { ray, residual: 0, evaluations: 0 }, t, tau, cells, ceilingOf(gram) * (1 + 1e-9))
  if (!box) {
    counts.refused++
    return
  }
  counts.closed++
  const side = axes === 1 ? 41 : 11
  const points = Float64Array.from({ length: axes * side ** axes }, (_, at) => {
    const d = at % axes
    const share = (2 * (Math.floor(Math.floor(at / axes) / side ** d) % side)) / (side - 1) - 1
    return (Math.round(box.point[d] + (box.half[d] === Infinity ? 0 : share * box.half[d])) + 2 * TURN) % TURN
  })
  const highest = gram.climb({ turns: tau.map(() => TURN), points }, 24).reduce((most, { value }) => Math.max(most, value), 0)
  assert.ok(
    highest <= t * (1 + 1e-14),
    `${what}: ${highest / t - 1} above the level of a neighbourhood of half-width ${box.half[0] / TURN}`,
  )
}

function open(data: Float64Array, shape: readonly number[], work: (gram: GramSymbol, tau: number[]) => void): void {
  const tau = shape.slice(2).map(k => (k - 1) / 2)
  withGramSymbol(symbolEverySize(conv({ data, shape })), 0, gram => work(gram, tau))
}

/** The ray of the top eigenvector at a point. */
function topRay(gram: GramSymbol, point: readonly number[]): Ray {
  const at = { turns: point.map(() => TURN), points: Float64Array.from(point) }
  let [ritz] = gram.climb(at, 24)
  for (let k = 0; k < 4; k++) [ritz] = gram.climb(at, 24, [ritz.vector])
  return rayAt(gram, at.turns, point, ritz.vector)
}

const noise = (next: () => number, length: number) => Float64Array.from({ length }, () => next() + next() - 1)

test('nothing in a closed neighbourhood is above its level, around maxima, lower maxima and saddles', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const next = uniform(seed)
    open(noise(next, 108), [4, 3, 3, 3], (gram, tau) => {
      // (0, 0) and (½, 0) are stationary by symmetry and often saddles; the others climb to maxima, not all of them the highest.
      const starts = [
        [0, 0],
        [TURN / 2, 0],
        [0.13 * TURN, 0.71 * TURN],
        [0.37 * TURN, 0.22 * TURN],
        [0.45 * TURN, 0.9 * TURN],
      ]
      for (const start of starts) {
        const { ray } = ascend(gram, start.map(Math.floor), undefined, [0.6, 0.6], 1e-13)
        closes(`seed ${seed}`, gram, ray, ray.value * (1 + 1e-6), tau, [8, 8])
      }
    })
  }
  assert.ok(counts.closed >= 10 && counts.refused >= 1, `${counts.closed} closed, ${counts.refused} refused`)
})

test('one channel: maxima as flat as can be, from which the surface rises with the fourth power of the angle, or the sixth', () => {
  // rows (α, β), a·(1 − z)² and b·(1 − z)³ with z = e^{iθ}: λ = (α + β)² − αβx + a²x² + b²x³, x = |1 − z|²
  counts.closed = counts.refused = 0
  for (let seed = 1; seed <= 600; seed++) {
    const next = uniform(seed)
    const [beta, a, b] = [10 ** (-6 * next()), seed % 3 === 0 ? 0 : next(), seed % 3 === 1 ? 0 : next()]
    const rows = [
      [1, beta, 0, 0],
      [a, -2 * a, a, 0],
      [b, -3 * b, 3 * b, -b],
    ]
    const cells = 2 + 14 * next()
    open(Float64Array.from(rows.flat()), [3, 1, 4], (gram, tau) => {
      const ray = topRay(gram, [0])
      closes(`seed ${seed}`, gram, ray, ray.value * (1 + 1e-9), tau, [cells])
    })
    // the same along one axis of two
    const two = Float64Array.from(rows.flatMap(row => row.flatMap(x => [x, x])))
    open(two, [3, 1, 4, 2], (gram, tau) => {
      const ray = topRay(gram, [0, 0])
      closes(`seed ${seed}, two axes`, gram, ray, ray.value * (1 + 1e-9), tau, [cells, cells])
    })
  }
  assert.ok(counts.closed >= 200 && counts.refused >= 20, `${counts.closed} closed, ${counts.refused} refused`)
})

/** g(θ) = Σ_q c_q cos(qθ) of a row of taps, with its derivatives. */
function polynomialOf(row: readonly number[]): (theta: number) => [number, number] {
  const c = row.map((_, q) => row.reduce((sum, x, p) => sum + (q === 0 ? 1 : 2) * x * (row[p + q] ?? 0), 0))
  return theta => [
    c.reduce((sum, x, q) => sum - q * x * Math.sin(q * theta), 0),
    c.reduce((sum, x, q) => sum - q * q * x * Math.cos(q * theta), 0),
  ]
}

test('one channel: maxima on the point of vanishing, from which the surface rises to one side with the third power', () => {
  // A row of noise and c·(1 + z): slope g′ − 2c² sin θ = 0 and bend g″ − g′ cot θ = −bend, where that has a solution.
  counts.closed = counts.refused = 0
  for (let seed = 1; seed <= 1200; seed++) {
    const next = uniform(seed)
    const row = Array.from(noise(next, 4))
    const g = polynomialOf(row)
    const bend = 10 ** (-0.5 - 2.5 * next())
    const excess = (theta: number) => g(theta)[1] - (g(theta)[0] * Math.cos(theta)) / Math.sin(theta) + bend
    const cells = 3 * 30 ** next()
    for (let k = 1; k < 40; k++) {
      let [low, high] = [(Math.PI * k) / 40, (Math.PI * (k + 1)) / 40 - 1e-9]
      if (excess(low) > 0 === excess(high) > 0) continue
      for (let i = 0; i < 50; i++) {
        const middle = 0.5 * (low + high)
        if (excess(middle) > 0 === excess(low) > 0) low = middle
        else high = middle
      }
      if (!(g(low)[0] > 0)) continue
      const c = Math.sqrt(g(low)[0] / (2 * Math.sin(low)))
      open(Float64Array.from([...row, c, c, 0, 0]), [2, 1, 4], (gram, tau) => {
        const ray = topRay(gram, [Math.round((low / (2 * Math.PI)) * TURN)])
        closes(`seed ${seed}`, gram, ray, ray.value * (1 + 1e-9), tau, [cells])
      })
    }
  }
  assert.ok(counts.closed >= 100 && counts.refused >= 10, `${counts.closed} closed, ${counts.refused} refused`)
})

test('two channels: what couples them grows with the first, second or third power of the angle', () => {
  // F = [[1 + βz, 0], [r, q(1 − z)^k], [0, b]]: G₁₂ = r·q·(1 − z)^k
  counts.closed = counts.refused = 0
  for (let seed = 1; seed <= 900; seed++) {
    const next = uniform(seed)
    const beta = 10 ** (-5 * next())
    const q = 0.3 * next()
    const power = [
      [1, -1, 0, 0],
      [1, -2, 1, 0],
      [1, -3, 3, -1],
    ][seed % 3].map(x => q * x)
    const zeros = [0, 0, 0, 0]
    const rows = [[1, beta, 0, 0], zeros, [next(), 0, 0, 0], power, zeros, [0.9 * next(), 0, 0, 0]]
    open(Float64Array.from(rows.flat()), [3, 2, 4], (gram, tau) => {
      const ray = topRay(gram, [0])
      closes(`seed ${seed}`, gram, ray, ray.value * (1 + 1e-9), tau, [3 + 20 * next()])
    })
  }
  assert.ok(counts.closed >= 200 && counts.refused >= 20, `${counts.closed} closed, ${counts.refused} refused`)
})

test('stationary points of small kernels, whatever they are: skew maxima, saddles, minima, with one channel and two', () => {
  counts.closed = counts.refused = 0
  for (let seed = 1; seed <= 1500; seed++) {
    const next = uniform(seed)
    const columns = 1 + (seed % 2)
    const sides = seed % 3 === 0 ? [2 + (seed % 2), 3] : [2 + Math.floor(4 * next())]
    const shape = [columns + Math.floor(2 * next()), columns, ...sides]
    open(
      noise(
        next,
        shape.reduce((x, y) => x * y, 1),
      ),
      shape,
      (gram, tau) => {
        const cells = tau.map(x => Math.max(2, 4 * x * (0.5 + next())))
        const symmetric = tau.map(() => (next() < 0.5 ? 0 : TURN / 2))
        const ray = topRay(gram, symmetric)
        closes(`seed ${seed}, by symmetry`, gram, ray, ray.value * (1 + 1e-9), tau, cells)
        const start = tau.map(() => Math.floor(next() * TURN))
        const peak = ascend(
          gram,
          start,
          undefined,
          tau.map(() => 0.1),
          1e-15,
        )
        closes(`seed ${seed}, climbed`, gram, peak.ray, peak.ray.value * (1 + 1e-9), tau, cells)
      },
    )
  }
  assert.ok(counts.closed >= 500 && counts.refused >= 200, `${counts.closed} closed, ${counts.refused} refused`)
})

test('beside the maximum, or with a vector that is not the top one: refused at a level just above the value', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = uniform(seed)
    open(noise(next, 27), [3, 3, 3], (gram, tau) => {
      const { ray } = ascend(gram, [Math.floor(next() * TURN)], undefined, [0.6], 1e-15)
      const beside = topRay(gram, [Math.floor(ray.point[0] + (1 + next()) * 2e-3 * TURN) % TURN])
      closes(`seed ${seed}, beside`, gram, beside, beside.value * (1 + 1e-9), tau, [8])
      for (const off of [1e-2, 1e-3]) {
        const v = ray.v.map(x => x + off * (next() - 0.5))
        const length = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))
        const wrong = rayAt(
          gram,
          ray.turns,
          ray.point,
          v.map(x => x / length),
        )
        closes(`seed ${seed}, vector off by ${off}`, gram, wrong, wrong.value + 0.5 * (ray.value - wrong.value), tau, [8])
      }
    })
  }
})

/** A channel that is 1 at one angle: window times cosine and sine, two rows. */
function peaked(window: readonly number[], angle: number): number[][] {
  const size = window.reduce((sum, w) => sum + w, 0)
  return [0, Math.PI / 2].map(turn => window.map((w, p) => (w * Math.cos(angle * p + turn)) / size))
}

test('what rises beside the maximum without being coupled to it is seen: only the tests at the corners can', () => {
  counts.closed = counts.refused = 0
  let beside = 0
  for (let seed = 1; seed <= 1500; seed++) {
    const next = uniform(seed)
    // from a bump as sharp as its taps allow to a broad one
    const middle = 0.05 + next() ** 2
    const angle = Math.PI * (0.4 + 0.2 * next())
    const cells = 4 + 8 * next()
    const apart = ((next() * Math.PI) / cells) * (next() < 0.5 ? -1 : 1)
    const rise = 1 + 10 ** (-1 - 3 * next())
    const rows = [
      peaked([1, middle, 1], angle),
      peaked([1, middle * next(), 1], angle + apart).map(row => row.map(x => x * rise)),
    ]
    const data = Float64Array.from(
      rows.flatMap((pair, channel) => pair.flatMap(row => (channel === 0 ? [...row, 0, 0, 0] : [0, 0, 0, ...row]))),
    )
    open(data, [4, 2, 3], (gram, tau) => {
      const { ray } = ascend(gram, [Math.floor((angle / (2 * Math.PI)) * TURN)], Float64Array.of(1, 0, 0, 0), [0.05], 1e-15)
      const t = ray.value * (1 + 1e-6)
      if (gram.climb({ turns: [TURN], points: Float64Array.from(ray.point) }, 2)[0].value > t) return
      beside++
      closes(`seed ${seed}`, gram, ray, t, tau, [cells])
    })
  }
  assert.ok(beside > 300 && counts.closed > 100, `${beside} tried, ${counts.closed} closed`)
})

/** The half-width closed around the maximum of |1 + 2z + z²|², at θ = 0. */
function halfAround(t: (value: number) => number, change: (gram: GramSymbol) => void = () => {}, ceiling = 1): number {
  return withGramSymbol(symbolEverySize(conv([[[1, 2, 1]]])), 0, gram => {
    const ray = topRay(gram, [0])
    change(gram)
    const found = closeNeighbourhood(
      gram,
      { ray, residual: 0, evaluations: 0 },
      t(ray.value),
      [1],
      [8],
      ceiling * ceilingOf(gram),
    )
    return found.box ? found.box.half[0] : 0
  })
}

test('what enters a neighbourhood: how far the value may be wrong, the error of G, a ceiling of M²', () => {
  const above = (parts: number) => (value: number) => value * (1 + parts * 2 ** -53)
  const plain = halfAround(above(2000))
  assert.ok(plain > 0)
  // ‖F(θ)v‖² errs by 4(m + n + 8)u and four times the error of F(θ)v, √2γ₁₀ + 8u; and the sum that is compared by some u more
  assert.is(halfAround(above(100)), 0)
  assert.is(halfAround(above(160)), 0)
  assert.is(
    halfAround(above(2000), gram => setErrors(gram, { error: 1e-3 })),
    0,
  )
  assert.ok(halfAround(above(2000), undefined, 1e12) < 0.5 * plain)
})

test.run()
