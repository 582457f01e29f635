import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { borrow } from '../../src/runtime/arena.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import type { Box, Lattice, Neighbourhood } from '../../src/torus/boxes.ts'
import { bendsOfTaps, betweenPoints, ceilingOf } from '../../src/torus/curvature.ts'
import { TURN } from '../../src/torus/ray.ts'
import { enclose } from '../../src/torus/search.ts'
import { arch, archAround, bendsOf, exactly, provenCeilings, setErrors } from './parts.ts'
import { uniform } from './random-layers.ts'

const open = <T>(data: ArrayLike<number>, shape: readonly number[], work: (gram: GramSymbol) => T): T =>
  withGramSymbol(symbolEverySize(conv({ data: Float64Array.from(data), shape })), 0, work)

/** First grids of a search, by boxes to a turn. */
const COUNTS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]

/** C_d and C_12 at a level, as docs/enclosure.md has them. */
function curvatures(gram: GramSymbol, tau: readonly number[], lattice: Lattice, t: number): { along: number[]; across: number } {
  const between = betweenPoints(tau, lattice)
  const data = bendsOfTaps(gram, tau.length)
  const bernstein = tau.map((x, d) => (lattice.discrete && lattice.turns[d] <= 2 * x ? Infinity : 2 * x * x * t * between))
  const product = (list: number[]) => list.reduce((x, y) => x * y, 1)
  return {
    along: data.map((x, d) => Math.min(x, bernstein[d])),
    across: Math.sqrt(Math.min(product(bernstein) || 0, product(data))),
  }
}

/** Is a box between point − half and point + half, or between their mirror images? */
function inside({ corner, width }: Box, { point, half }: Neighbourhood, turns: readonly number[]): boolean {
  return [1, -1].some(sign =>
    corner.every((x, d) => {
      if (half[d] === Infinity) return true
      const unit = TURN / turns[d]
      const from = (((x * unit - sign * point[d] + half[d]) % TURN) + TURN) % TURN
      return from + width[d] * unit <= 2 * half[d]
    }),
  )
}

/**
 * Does what the last search has left prove a level? Each box of some first grid has to lie in a neighbourhood that was closed, or below t by the ceilings of its corners or of its centre,
 * or so do its halves.
 */
function proves(
  gram: GramSymbol,
  tau: readonly number[],
  lattice: Lattice,
  t: number,
  closed: readonly Neighbourhood[],
  known: Map<string, number>,
): boolean {
  const { turns, discrete } = lattice
  const axes = turns.length
  const { along: most, across } = curvatures(gram, tau, lattice, t)
  const ceiling = (point: number[]) => {
    const key = point.join()
    if (!known.has(key)) known.set(key, provenCeilings([point])[0])
    return known.get(key)!
  }
  const holds = (box: Box): boolean => {
    if (closed.some(neighbourhood => inside(box, neighbourhood, turns))) return true
    const place = (shares: number[]) => shares.map((x, d) => (box.corner[d] + x * box.width[d]) % turns[d])
    const corners = Array.from({ length: 1 << axes }, (_, i) => ceiling(place(turns.map((_, d) => (i >> d) & 1))))
    const h = box.width.map((w, d) => (discrete && w <= 1 ? 0 : (2 * Math.PI * w) / turns[d]))
    const { bends, diagonal } = bendsOf(
      h,
      most.map((c, d) => (h[d] === 0 ? 0 : c)),
      across,
    )
    if (arch(corners, bends) <= t * (1 + 1e-12)) return true
    if (axes === 2 && box.width.every(w => w % 2 === 0))
      if (archAround(corners, ceiling(place([0.5, 0.5])), bends, diagonal) <= t * (1 + 1e-12)) return true
    const axis = bends.indexOf(Math.max(...bends))
    const width = box.width[axis]
    // corners of halves are corners of their parts: without a ceiling only a neighbourhood can hold those
    const open = corners.some((height, i) => {
      const point = place(turns.map((_, d) => (i >> d) & 1))
      return (
        height === Infinity &&
        !closed.some(neighbourhood => inside({ corner: point, width: turns.map(() => 0) }, neighbourhood, turns))
      )
    })
    if (width < 2 || open) return false
    const half = Math.ceil(width / 2)
    return [0, 1].every(side =>
      holds({
        corner: box.corner.map((x, d) => (d === axis ? x + side * half : x)),
        width: box.width.map((w, d) => (d === axis ? (side ? width - half : half) : w)),
      }),
    )
  }
  const sides = turns.map(n => COUNTS.map(count => Math.min(count, n)).filter((count, i, all) => all.indexOf(count) === i))
  const grids = sides.reduce<number[][]>((all, counts) => all.flatMap(grid => counts.map(count => [...grid, count])), [[]])
  return grids.some(counts => {
    // half of the first axis that has more than a box is enough
    const halved = turns.findIndex((n, d) => n > 1 && counts[d] > 1)
    const ends = turns.map((n, d) => (d === halved ? Math.ceil(n / 2) : n))
    const along = counts.map((count, d) => Math.max(1, Math.min(d === halved ? Math.ceil(count / 2) : count, ends[d])))
    const total = along.reduce((x, y) => x * y, 1)
    return Array.from({ length: total }, (_, index) => index).every(index => {
      let rest = index
      const box = { corner: [] as number[], width: [] as number[] }
      for (let d = 0; d < axes; d++) {
        const i = rest % along[d]
        rest = Math.floor(rest / along[d])
        box.corner.push(Math.round((i * ends[d]) / along[d]))
        box.width.push(Math.round(((i + 1) * ends[d]) / along[d]) - box.corner[d])
      }
      return holds(box)
    })
  })
}

test('what a search leaves proves its upper end, whether it was cut short or not', () => {
  let cut = 0
  let ended = 0
  for (let seed = 1; seed <= 120; seed++) {
    const next = uniform(seed)
    const axes = 1 + (seed % 3)
    const discrete = next() < 0.4
    const sides = Array.from({ length: axes }, () => 1 + Math.floor(next() * [6, 4, 3][axes - 1]))
    const shape = [1 + Math.floor(3 * next()), 1 + Math.floor(3 * next()), ...sides]
    const data = Float64Array.from({ length: shape.reduce((x, y) => x * y, 1) }, () => next() + next() - 1)
    const tau = sides.map(k => (k - 1) / 2)
    const lattice = { turns: tau.map(x => (discrete ? 1 + Math.floor(14 * next()) : x > 0 ? 105 * 2 ** 17 : 1)), discrete }
    open(data, shape, gram => {
      // errors so large that many tests fail
      const error = seed % 4 < 2 ? gram.error : 1e-4 * ceilingOf(gram)
      if (seed % 4 > 1) setErrors(gram, { error, errorSingle: seed % 8 < 4 ? 1 : 2 * error })
      for (const maxEvaluations of [4, 7, 12, 20, 35, 60, 110, 4000]) {
        const closed: Neighbourhood[] = []
        const observe = (found: Box | Neighbourhood) => void ('half' in found && closed.push(found))
        const { upper, converged } = enclose(gram, tau, lattice, { gap: 1e-5, maxEvaluations, observe })
        if (upper >= Math.sqrt(ceilingOf(gram))) continue
        if (converged) ended++
        else cut++
        const what = `seed ${seed}, ${shape}, ${discrete ? lattice.turns : 'every size'}, ${maxEvaluations} evaluations`
        const known = new Map<string, number>()
        assert.ok(proves(gram, tau, lattice, upper * upper, closed, known), `${what}: ${upper} is not proven`)
        // and each ceiling is above λ_max by what G may err by
        const found = [...known].filter(([, height]) => height < Infinity)
        const points = Float64Array.from(found.flatMap(([name]) => name.split(',').map(Number)))
        gram.climb({ turns: lattice.turns, points }, 24).forEach(({ value }, i) => {
          assert.ok(found[i][1] >= value + 1.98 * error, `${what}: a ceiling of ${found[i][1]} where ${value} is seen`)
        })
      }
    })
  }
  assert.ok(cut > 60 && ended > 60, `${cut} cut short, ${ended} ended`)
})

test('ceilings of closed boxes leave room for what G may err by, whichever tests of a round passed', () => {
  let seen = 0
  for (let seed = 1; seed <= 150; seed++) {
    const next = uniform(seed)
    const n = 2 + (seed % 7)
    const data = Float64Array.from({ length: n * n * 9 }, () => next() + next() - 1)
    const lattice = { turns: [105 * 2 ** 17, 105 * 2 ** 17], discrete: false }
    open(data, [n, n, 3, 3], gram => {
      const { value } = gram.climb({ turns: [1, 1], points: Float64Array.of(0, 0) }, 24)[0]
      const error = value * 10 ** (-3.5 - next())
      setErrors(gram, { error, errorSingle: 2 * error * 10 ** next() })
      const names = new Set<string>()
      const observe = (box: Box | Neighbourhood) => {
        if (!('corner' in box)) return
        for (let i = 0; i < 4; i++)
          names.add(box.corner.map((x, d) => (x + ((i >> d) & 1) * box.width[d]) % lattice.turns[d]).join())
      }
      enclose(gram, [1, 1], lattice, { gap: 10 ** (-2 - 2 * next()), maxEvaluations: 3000, observe })
      const points = [...names].map(name => name.split(',').map(Number))
      const ceilings = provenCeilings(points)
      const values = gram.climb({ turns: lattice.turns, points: Float64Array.from(points.flat()) }, 24)
      values.forEach(({ value }, i) => {
        seen++
        assert.ok(ceilings[i] >= value + 1.98 * error, `seed ${seed}, ${points[i]}: ${ceilings[i]} for ${value}, error ${error}`)
      })
    })
  }
  assert.ok(seen > 1000, `${seen}`)
})

test('the upper end is the root of the level that was proven, rounded up', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = uniform(seed)
    open(
      Array.from({ length: 12 }, () => next() - 0.5),
      [2, 2, 3],
      gram => {
        const lattice = { turns: [105 * 2 ** 17], discrete: false }
        const { upper } = enclose(gram, [1], lattice, { gap: 1e-6, maxEvaluations: 1000 })
        const t = borrow(arena => arena.f64(arena.routines.searchState(), 2)[1])
        assert.ok(t > 0 && upper < Math.sqrt(t) * (1 + 4 * 2 ** -52))
        assert.ok(exactly(upper) ** 2n >= exactly(t) << 1100n, `seed ${seed}: ${upper} for a level of ${t}`)
      },
    )
  }
})

test.run()
