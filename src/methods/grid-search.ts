import { nextUp } from '../rounding.ts'
import { indexOf, sizeOf } from '../tensor.ts'

/** Norms of F at points of a lattice, enclosed. */
export type Evaluate = (points: Float64Array) => { lower: Float64Array; upper: Float64Array }

export interface GridMaximum {
  /** The largest upper end at any point that can be the maximum, and the largest lower end. */
  readonly upper: number
  readonly lower: number
  readonly point: Float64Array
  readonly work: number
}

interface Value {
  readonly lower: number
  readonly upper: number
}

interface Cell {
  readonly corner: readonly number[]
  readonly width: readonly number[]
}

/**
 * The maximum of a norm g(θ) = ‖F(θ)‖ over all points 2πj/N of a grid, without visiting most of them.
 *
 * For any norm, g(θ) = max Re⟨W, F(θ)⟩ over the unit ball of its dual, and each such function differs from its multilinear interpolant on a cell
 * with sides h by at most ⅛Σ(τ_d h_d)²·M_g (Bernstein, METHODS §7), M_g = sup g. So a cell whose corners stay that far below the best value
 * found holds no maximum; the others are halved. The coarsest cells give M_g ≤ max over their corners/(1 − ⅛Σ(τ_d h_d)²).
 *
 * @param tau half the spread of the symbol's taps along each axis
 * @param floor a value reached elsewhere: only what exceeds it matters
 */
export function gridMaximum(grid: readonly number[], tau: readonly number[], evaluate: Evaluate, floor: number): GridMaximum {
  const values = new Map<number, Value>()
  const widest = grid.map((n, d) => coarse(n, tau[d]))
  const turn = 2 * Math.PI
  const bend = (width: readonly number[]) => width.reduce((sum, w, d) => sum + ((turn * w * tau[d]) / grid[d]) ** 2, 0) / 8
  let live = cover(grid, widest)
  visit(live, grid, values, evaluate)
  let best = 0
  for (const { upper } of values.values()) best = Math.max(best, upper)
  const ceiling = nextUp((best / (1 - bend(widest))) * (1 + 1e-14))
  let lower = 0
  while (live.length > 0) {
    for (const value of values.values()) lower = Math.max(lower, value.lower)
    const bar = Math.max(lower, floor)
    live = live
      .filter(cell => cell.width.some(w => w > 1))
      .filter(cell => highest(cell, grid, values) + bend(cell.width) * ceiling * (1 + 1e-14) > bar)
      .flatMap(cell => halves(cell, grid, tau))
    visit(live, grid, values, evaluate)
  }
  let [top, upper] = [0, 0]
  for (const [flat, value] of values)
    if (value.upper > upper || (value.upper === upper && flat < top)) [top, upper] = [flat, value.upper]
  return { upper, lower, point: Float64Array.from(indexOf(top, grid)), work: values.size }
}

/** Width of the first cells: about a seventh of a turn of the fastest tap, a power of two of points. */
function coarse(n: number, tau: number): number {
  if (tau === 0) return n
  let width = 1
  while (2 * width * 2 * Math.PI * tau <= 0.95 * n) width *= 2
  return width
}

/** Cells of a half of the torus: the conjugate half mirrors it. */
function cover(grid: readonly number[], width: readonly number[]): Cell[] {
  let cells: Cell[] = [{ corner: [], width: [] }]
  grid.forEach((n, d) => {
    const end = d === 0 ? Math.floor(n / 2) + 1 : n
    const starts = Array.from({ length: Math.ceil(end / width[d]) }, (_, i) => i * width[d])
    cells = cells.flatMap(({ corner, width: sides }) =>
      starts.map(start => ({ corner: [...corner, start], width: [...sides, Math.min(width[d], n - start)] })),
    )
  })
  return cells
}

function halves({ corner, width }: Cell, grid: readonly number[], tau: readonly number[]): Cell[] {
  let axis = 0
  const bent = (d: number) => (width[d] > 1 ? (width[d] * tau[d]) / grid[d] : -1)
  for (let d = 1; d < width.length; d++) if (bent(d) > bent(axis)) axis = d
  const first = width[axis] >> 1
  return [
    { corner, width: width.map((w, d) => (d === axis ? first : w)) },
    { corner: corner.map((x, d) => (d === axis ? x + first : x)), width: width.map((w, d) => (d === axis ? w - first : w)) },
  ]
}

function corners({ corner, width }: Cell, grid: readonly number[]): number[] {
  const found: number[] = []
  for (let bits = 0; bits < 1 << corner.length; bits++) {
    let [flat, mirror] = [0, 0]
    corner.forEach((x, d) => {
      const at = (x + ((bits >> d) & 1 ? width[d] : 0)) % grid[d]
      flat = flat * grid[d] + at
      mirror = mirror * grid[d] + ((grid[d] - at) % grid[d])
    })
    found.push(Math.min(flat, mirror))
  }
  return found
}

function highest(cell: Cell, grid: readonly number[], values: Map<number, Value>): number {
  return corners(cell, grid).reduce((most, flat) => Math.max(most, values.get(flat)!.upper), 0)
}

function visit(cells: readonly Cell[], grid: readonly number[], values: Map<number, Value>, evaluate: Evaluate): void {
  const fresh = [...new Set(cells.flatMap(cell => corners(cell, grid)))].filter(flat => !values.has(flat))
  if (fresh.length === 0) return
  const { lower, upper } = evaluate(Float64Array.from(fresh.flatMap(flat => indexOf(flat, grid))))
  fresh.forEach((flat, i) => {
    values.set(flat, { lower: lower[i], upper: upper[i] })
  })
}

/** Below this many points there is nothing to save. */
export function worthSearching(grid: readonly number[], tau: readonly number[]): boolean {
  return sizeOf(grid) >= 64 && grid.some((n, d) => tau[d] > 0 && coarse(n, tau[d]) > 1)
}
