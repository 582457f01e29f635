import { nextDown, nextUp } from '../rounding.ts'
import { type Cell, cornersOf, cover, neighboursOf, overshoot, partsOf, sampleOf, widestOf } from './grid-cells.ts'
import { indexOf } from '../tensor.ts'

/** A norm of F(θ) at points of a lattice. */
export interface GridNorm {
  /** Values to a few per cent: they decide where to look, nothing else. */
  rough(points: Float64Array): Float64Array
  /** Enclosures. */
  evaluate(points: Float64Array): { lower: ArrayLike<number>; upper: ArrayLike<number> }
  /** 1 where ‖F(θ)‖ ≤ level is proven. */
  below(points: Float64Array, level: number): Uint8Array
}

export interface GridMaximum {
  /** No point of the grid has more than `upper`; one has `lower` at least. */
  readonly upper: number
  readonly lower: number
  readonly point: Float64Array
  /** Points visited. */
  readonly work: number
}

/**
 * The maximum of a norm g(θ) = ‖F(θ)‖ over all points 2πj/N of a grid, without visiting most of them.
 *
 * For any norm, g(θ) = max Re⟨W, F(θ)⟩ over the unit ball of its dual, and each such function differs from its multilinear interpolant on a cell
 * with sides h by at most ⅛Σ(τ_d h_d)²·M_g (Bernstein, METHODS §7), M_g = sup g ≤ κ·max over the grid, κ = Π 1/cos(πτ_d/n_d) (§6). So where the corners of a
 * cell are proven to be at most L(1 − ⅛κΣ(τ_d h_d)²), no point in it exceeds L: a larger maximum would contradict itself. L is the best value found; cells
 * that cannot be closed are halved, down to single points, and what is above L there raises it.
 *
 * @param tau half the spread of the symbol's taps along each axis
 * @param floor a value reached elsewhere: only what exceeds it matters
 */
export function gridMaximum(grid: readonly number[], tau: readonly number[], norm: GridNorm, floor: number): GridMaximum {
  const search = openSearch(grid, tau, norm, floor)
  firstLevel(search)
  let side = widestOf(grid, tau)
  let cells: readonly Cell[] = cover(grid, side)
  for (; side.some((w, d) => w > 1 && tau[d] > 0); side = side.map((w, d) => (tau[d] > 0 ? Math.max(1, w >> 1) : w)))
    cells = close(
      search,
      cells.flatMap(cell => partsOf(cell, side)),
      side,
    )
  lookAtPoints(
    search,
    cells.flatMap(cell => partsOf(cell, side)),
  )
  const point = Float64Array.from(search.best < 0 ? grid.map(() => 0) : indexOf(search.best, grid))
  return { upper: search.best < 0 ? 0 : search.level, lower: search.lower, point, work: search.visited.size }
}

interface Search {
  readonly grid: readonly number[]
  readonly tau: readonly number[]
  readonly norm: GridNorm
  readonly kappa: number
  /** Points whose value is known or proven to stay below the level. */
  readonly settled: Set<number>
  readonly visited: Set<number>
  /** Rough values, and levels at which a proof has failed. */
  readonly rough: Map<number, number>
  readonly failed: Map<number, number>
  sample: Float64Array
  /** The upper end of the best value found: what has to be proven of all others. It only rises. */
  level: number
  lower: number
  best: number
}

function openSearch(grid: readonly number[], tau: readonly number[], norm: GridNorm, floor: number): Search {
  const kappa = overshoot(grid, tau, widestOf(grid, tau))
  const [settled, visited] = [new Set<number>(), new Set<number>()]
  const [rough, failed] = [new Map<number, number>(), new Map<number, number>()]
  const found = { sample: new Float64Array(0), level: floor, lower: 0, best: -1 }
  return { grid, tau, norm, kappa, settled, visited, rough, failed, ...found }
}

/** The best of a sample and of what surrounds it. */
function firstLevel(search: Search): void {
  const { grid, tau, rough } = search
  const { distance, flats } = sampleOf(grid, tau)
  search.sample = look(search, flats)
  if (search.level > 0 && search.sample.every(x => x < 0.9 * search.level)) return
  for (let step = distance >> 1; step >= 1; step >>= 1)
    look(search, neighboursOf(highestOf(search, [...rough.keys()])[0], step, grid, tau))
  evaluate(search, highestOf(search, [...rough.keys()]).slice(0, 2))
}

/** Share of the sampled values that has to lie below a level before corners are tested at it. */
const PROMISING = 0.35

/** Tests the corners of cells; returns those that are not closed. */
function close(search: Search, cells: readonly Cell[], side: readonly number[]): readonly Cell[] {
  const { settled, rough, failed, grid, sample } = search
  const level = nextDown(search.level * (1 - bendOf(search, side)))
  if (sample.reduce((count, x) => count + (x < level ? 1 : 0), 0) < PROMISING * sample.length) return cells
  const corners = cells.map(cell => cornersOf(cell, grid))
  const possible = (flat: number) => settled.has(flat) || ((rough.get(flat) ?? 0) < level && (failed.get(flat) ?? 0) < level)
  test(search, new Set(corners.filter(flats => flats.every(possible)).flat()), level)
  return cells.filter((_, i) => !corners[i].every(flat => settled.has(flat)))
}

/** ⅛κΣ(τ_d h_d)² over the axes along which a cell has points between its corners. */
function bendOf({ grid, tau, kappa }: Search, side: readonly number[]): number {
  const sum = side.reduce((total, w, d) => (w > 1 ? total + ((2 * Math.PI * w * tau[d]) / grid[d]) ** 2 : total), 0)
  return nextUp((sum / 8) * kappa * (1 + 1e-14))
}

/** What cannot be proven to stay below the best value is evaluated, the highest first. */
function lookAtPoints(search: Search, cells: readonly Cell[]): void {
  const { grid, settled, rough } = search
  let open = new Set(cells.flatMap(cell => cornersOf(cell, grid)))
  for (let count = 2; ; count *= 2) {
    test(search, open, search.level)
    open = new Set([...open].filter(flat => !settled.has(flat)))
    if (open.size === 0) return
    look(
      search,
      [...open].filter(flat => !rough.has(flat)),
    )
    evaluate(search, highestOf(search, [...open]).slice(0, count))
  }
}

function look(search: Search, flats: readonly number[]): Float64Array {
  const fresh = flats.filter((flat, i) => !search.rough.has(flat) && flats.indexOf(flat) === i)
  if (fresh.length === 0) return new Float64Array(0)
  const values = search.norm.rough(pointsOf(search, fresh))
  fresh.forEach((flat, i) => {
    search.rough.set(flat, values[i])
  })
  return values
}

function test(search: Search, flats: ReadonlySet<number>, level: number): void {
  const { settled, failed } = search
  const fresh = [...flats].filter(flat => !settled.has(flat) && (failed.get(flat) ?? 0) < level)
  if (fresh.length === 0) return
  const proven = search.norm.below(pointsOf(search, fresh), level)
  fresh.forEach((flat, i) => {
    if (proven[i]) settled.add(flat)
    else failed.set(flat, level)
  })
}

function evaluate(search: Search, flats: readonly number[]): void {
  const { lower, upper } = search.norm.evaluate(pointsOf(search, flats))
  flats.forEach((flat, i) => {
    search.settled.add(flat)
    search.lower = Math.max(search.lower, lower[i])
    if (upper[i] <= search.level) return
    search.level = upper[i]
    search.best = flat
  })
}

function pointsOf({ grid, visited }: Search, flats: readonly number[]): Float64Array {
  for (const flat of flats) visited.add(flat)
  return Float64Array.from(flats.flatMap(flat => indexOf(flat, grid)))
}

/** Descending by rough value. */
function highestOf({ rough }: Search, flats: readonly number[]): number[] {
  return [...flats].sort((a, b) => (rough.get(b) ?? 0) - (rough.get(a) ?? 0) || a - b)
}
