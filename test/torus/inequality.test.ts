import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { ascend } from '../../src/torus/ascent.ts'
import { ceilingOf } from '../../src/torus/curvature.ts'
import { TURN } from '../../src/torus/ray.ts'
import { closeNeighbourhood, rayAt, setErrors } from './parts.ts'
import { uniform } from './random-layers.ts'

const open = <T>(data: ArrayLike<number>, shape: readonly number[], work: (gram: GramSymbol) => T): T =>
  withGramSymbol(symbolEverySize(conv({ data: Float64Array.from(data), shape })), 0, work)

test('two channels coupled at the point already, more to one side: the level leaves room for that side', () => {
  let closed = 0
  let refused = 0
  for (let seed = 1; seed <= 1500; seed++) {
    const next = uniform(seed)
    // |column 1|² is highest at some angle; the other channel is coupled to it through one row, by r·(q₀ + q₁z + q₂z²)
    const angle = Math.PI * (0.3 + 0.4 * next())
    const size = 0.05 + next()
    const window = [1, 0.3 + next(), 1]
    const peak = [0, Math.PI / 2].map(turn => window.map((w, p) => size * w * Math.cos(angle * p + turn)))
    // couples with 0 near an angle beside that one
    const aside = angle + (next() < 0.5 ? 1 : -1) * 10 ** (-0.5 - 2 * next())
    const strength = next()
    const coupling = [1, -2 * Math.cos(aside), 1].map(x => x * strength)
    const zeros = [0, 0, 0]
    const rows = [peak[0], zeros, peak[1], zeros, [1, 0, 0], coupling, zeros, [0.5 * next(), 0, 0]]
    const data = Float64Array.from(rows.flat())
    const column = Float64Array.from([...peak[0], ...peak[1], 1, 0, 0])
    // the highest point of the first column alone
    let at = Math.round((angle / (2 * Math.PI)) * TURN)
    open(column, [3, 1, 3], gram => {
      for (let k = 0; k < 50; k++) {
        const { gradient, hessian } = rayAt(gram, [TURN], [at], Float64Array.of(1, 0))
        if (!(hessian[0] < 0)) break
        const step = Math.round((-gradient[0] / hessian[0] / (2 * Math.PI)) * TURN)
        if (Math.abs(step) > TURN / 20 || step === 0) break
        at = (at + step + TURN) % TURN
      }
    })
    open(data, [4, 2, 3], gram => {
      const ray = rayAt(gram, [TURN], [at], Float64Array.of(1, 0, 0, 0))
      const [here] = gram.climb({ turns: [TURN], points: Float64Array.of(at) }, 24)
      const t = ray.value + (here.value - ray.value) * (1 + next()) + 1e-9 * ray.value
      const cells = 3 * 100 ** next()
      const { box } = closeNeighbourhood(
        gram,
        { ray, residual: 0, evaluations: 0 },
        t,
        [1],
        [cells],
        ceilingOf(gram) * (1 + 1e-9),
      )
      if (!box) {
        refused++
        return
      }
      closed++
      const points = Float64Array.from({ length: 41 }, (_, i) => (Math.round(at + (i / 20 - 1) * box.half[0]) + 2 * TURN) % TURN)
      const highest = gram.climb({ turns: [TURN], points }, 24).reduce((most, { value }) => Math.max(most, value), 0)
      assert.ok(highest <= t * (1 + 1e-14), `seed ${seed}: ${highest / t - 1} above the level`)
    })
  }
  assert.ok(closed > 100 && refused > 100, `${closed} closed, ${refused} refused`)
})

type Complex = [number, number]

/** What the inequality knows of two channels at a point: a = vᴴGv and c = uᴴGv with all derivatives up to the fourth, u the unit vector beside v, and b = uᴴGu there and elsewhere. */
function expansionOf(data: Float64Array, shape: readonly number[], theta: readonly number[], v: Float64Array) {
  const [m, , ...sides] = shape
  const places = sides.reduce<number[][]>((all, k) => all.flatMap(p => Array.from({ length: k }, (_, i) => [...p, i])), [[]])
  // u = (−v̄₂, v̄₁)
  const u = Float64Array.of(-v[2], v[3], v[0], -v[1])
  const images = (x: Float64Array) =>
    places.map((_, p) =>
      Array.from({ length: m }, (_, o): Complex => {
        const [a, b] = [data[o * 2 * places.length + p], data[(o * 2 + 1) * places.length + p]]
        return [a * x[0] + b * x[2], a * x[1] + b * x[3]]
      }),
    )
  const [along, beside] = [images(v), images(u)]
  /** Σ (iq)^α e^{iq·θ} (A_p x)ᴴ(A_r y), q = r − p */
  const form = (x: Complex[][], y: Complex[][], axes: readonly number[], at: readonly number[]): Complex => {
    let [re, im] = [0, 0]
    for (const [i, p] of places.entries()) {
      for (const [k, r] of places.entries()) {
        const q = r.map((z, d) => z - p[d])
        let angle = q.reduce((sum, z, d) => sum + z * at[d], 0)
        let size = 1
        for (const d of axes) {
          size *= q[d]
          angle += Math.PI / 2
        }
        let [dre, dim] = [0, 0]
        for (let o = 0; o < m; o++) {
          dre += x[i][o][0] * y[k][o][0] + x[i][o][1] * y[k][o][1]
          dim += x[i][o][0] * y[k][o][1] - x[i][o][1] * y[k][o][0]
        }
        re += size * (Math.cos(angle) * dre - Math.sin(angle) * dim)
        im += size * (Math.cos(angle) * dim + Math.sin(angle) * dre)
      }
    }
    return [re, im]
  }
  return {
    a: (...axes: number[]) => form(along, along, axes, theta)[0],
    c: (...axes: number[]) => form(beside, along, axes, theta),
    b: (at: readonly number[]) => form(beside, beside, [], at)[0],
  }
}

/** All ordered lists of so many axes. */
const tuples = (axes: number, order: number): number[][] =>
  Array.from({ length: axes ** order }, (_, i) => Array.from({ length: order }, (_, k) => Math.floor(i / axes ** k) % axes))

function lowest(rows: readonly number[][]): number {
  if (rows.length === 1) return rows[0][0]
  const [[a, b], [, d]] = rows
  return 0.5 * (a + d) - Math.hypot(0.5 * (a - d), b)
}

test('two channels: a box is no wider than the inequality allows, with all its terms, at the largest share the corners leave', () => {
  let closed = 0
  let refused = 0
  for (let seed = 1; seed <= 3000; seed++) {
    const next = uniform(seed)
    const axes = 1 + (seed % 2)
    const all = Array.from({ length: axes }, (_, d) => d)
    const sides = Array.from({ length: axes }, () => 2 + Math.floor([4, 2][axes - 1] * next()))
    const [m, taps] = [2 + Math.floor(3 * next()), sides.reduce((x, y) => x * y, 1)]
    const shape = [m, 2, ...sides]
    // the second column is weak, or couples with the first one through a high difference, or is anything
    const weak = next() < 0.5 ? 1 : next()
    const data = Float64Array.from(
      { length: m * 2 * taps },
      (_, at) => (next() + next() - 1) * (Math.floor(at / taps) % 2 ? weak : 1),
    )
    if (seed % 3 === 0 && axes === 1) {
      const power = sides[0] - 1
      const q = next()
      data.fill(0)
      for (let p = 0, c = 1; p <= power; c = (-c * (power - p)) / (p + 1), p++) data[3 * taps + p] = q * c
      data[0] = 1
      data[1] = 10 ** (-4 * next())
      data[2 * taps] = next()
      data[taps] = next() * 10 ** (-5 * next())
    }
    const most = data.reduce((x, y) => Math.max(x, Math.abs(y)), 0)
    for (const [i, x] of data.entries()) data[i] = (0.75 * x) / most
    const tau = sides.map(k => (k - 1) / 2)
    const turns = tau.map(() => TURN)
    open(data, shape, gram => {
      if (gram.n !== 2 || gram.m !== m) return
      const start = seed % 3 === 0 ? all.map(() => 0) : all.map(() => Math.floor(next() * TURN))
      const peak =
        seed % 3 === 0
          ? undefined
          : ascend(
              gram,
              start,
              undefined,
              all.map(() => 0.3),
              1e-15,
            )
      const point = peak ? [...peak.ray.point] : start
      const at = { turns, points: Float64Array.from(point) }
      let [ritz] = gram.climb(at, 24)
      ;[ritz] = gram.climb(at, 24, [ritz.vector])
      // a vector that is a little off
      const off = next() < 0.5 ? 0 : 10 ** (-1.5 - 4 * next())
      const w = ritz.vector.map(x => x + off * (next() - 0.5))
      const length = Math.hypot(...w)
      const ray = rayAt(
        gram,
        turns,
        point,
        w.map(x => x / length),
      )
      const error = next() < 0.5 ? gram.error : ray.value * 10 ** (-5 - 5 * next())
      setErrors(gram, { error })
      const t = ray.value + (1 + 3 * next()) * (ritz.value - ray.value) + ray.value * 10 ** (-1 - 7 * next())
      const cells = tau.map(x => Math.max(2, 4 * x * (0.5 + 8 * next() ** 2)))
      const ceiling = ceilingOf(gram) * (1 + 1e-9)
      const { box } = closeNeighbourhood(gram, { ray, residual: 0, evaluations: 0 }, t, tau, cells, ceiling)
      if (!box) {
        refused++
        return
      }
      closed++
      const theta = point.map(x => (2 * Math.PI * x) / TURN)
      const { a, b, c } = expansionOf(data, shape, theta, ray.v)
      assert.ok(Math.abs(a() / ray.value - 1) < 1e-12 && Math.abs(a(0) - ray.gradient[0]) < 1e-11 * ray.value, `seed ${seed}`)
      const half = box.half.map(x => (2 * Math.PI * x) / TURN)
      const [r, tau2] = [Math.max(...half), tau.reduce((sum, x) => sum + x * x, 0)]
      const T5 = tau2 ** 2.5
      // beside v there is one direction
      const B = t - b(theta)
      const corners = Array.from({ length: 1 << axes }, (_, i) => b(theta.map((x, d) => x + ((i >> d) & 1 ? half[d] : -half[d]))))
      const share = 1 - (tau2 * r * r * t + Math.max(...corners) - b(theta) + 2 * error) / B
      const floor = 0.8 * B
      const reach = 1 + Math.max(...sides.map(k => k - 1))
      const slack = (order: number) => 2 * error * reach ** order
      const size = (x: Complex) => Math.hypot(...x) / Math.sqrt(B)
      const square = (list: number[]) => (size(c(...list)) + slack(list.length) / Math.sqrt(floor)) ** 2
      const sum = (order: number) => tuples(axes, order).reduce((total, list) => total + square(list), 0)
      const inner = (x: Complex, y: Complex) => (x[0] * y[0] + x[1] * y[1]) / B
      const rho = Math.sqrt(axes) * r
      const quintic = (4 / 15) * T5 * rho ** 3
      const least = Math.sqrt(share * floor)
      const first = slack(1) / Math.sqrt(floor)
      const steepest = Math.max(...all.map(d => size(c(d))))
      const gamma = all.map(d =>
        all.map(e => (inner(c(d), c(e)) + (d === e ? first * (first + 2 * steepest) * axes : 0)) / share),
      )
      const steep = Math.sqrt(-lowest(gamma.map(row => row.map(x => -x))))
      const rest0 = Math.sqrt(sum(0) / share)
      const bent = 0.5 * Math.sqrt(sum(2) / share)
      const rest = (rho / 6) * Math.sqrt(sum(3) / share) + (rho ** 2 / 24) * Math.sqrt(sum(4) / share) + (quintic * t) / least
      const growth = (quintic * rho * rho) / least
      const largest = rest0 + steep * rho + (bent + rest) * rho * rho + growth * (ceiling - t)
      const told = `seed ${seed}: half-width ${r}, share ${share}`
      assert.ok(share > 0 && 2 * largest * growth + 0.5 * quintic * rho * rho < 1 + 1e-6 && tau2 * r * r < 1, told)
      const cubic = Math.hypot(
        ...tuples(axes, 3).map(([d, e, f]) => {
          const mixed = inner(c(d), c(e, f)) + inner(c(e), c(d, f)) + inner(c(f), c(d, e))
          return a(d, e, f) / 6 + mixed / 3 / share
        }),
      )
      const fourth = Math.hypot(...tuples(axes, 4).map(list => Math.abs(a(...list)) + slack(4)))
      const extra =
        2 * rho * cubic + (rho * rho * fourth) / 12 + quintic * t + 4 * rest * rho * steep + 2 * (bent + rest) ** 2 * rho * rho
      const bowl = all.map(d => all.map(e => -a(d, e) - 2 * gamma[d][e] - (d === e ? extra + slack(2) * axes : 0)))
      const smallest = lowest(bowl) + 1e-9 * t
      assert.ok(smallest > 0, told)
      const tilt = 2 * rest0 * (steep + (bent + rest) * rho)
      const squares = all.reduce((total, d) => total + (Math.abs(a(d)) + slack(1) + tilt) ** 2, 0)
      const top = a() + rest0 ** 2 + squares / (2 * smallest)
      assert.ok(top <= t * (1 + 1e-9), `${told}: ${top / t - 1} above the level`)
    })
  }
  assert.ok(closed > 500 && refused > 200, `${closed} closed, ${refused} refused`)
})

test.run()
