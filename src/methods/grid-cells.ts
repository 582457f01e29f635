import { nextDown, nextUp } from '../rounding.ts'
import { cosineOfTurn } from '../runtime/phases.ts'
import { indexOf, sizeOf } from '../tensor.ts'

/** A box between points of a grid: its first corner, and its sides in points. */
export interface Cell {
  readonly corner: readonly number[]
  readonly width: readonly number[]
}

/** Sides of the largest cells whose corners can prove anything: τh below a half, a power of two; the whole axis where nothing varies. */
export function widestOf(grid: readonly number[], tau: readonly number[]): number[] {
  return grid.map((n, d) => {
    if (tau[d] === 0) return n
    let width = 1
    while (4 * width * 2 * Math.PI * tau[d] <= 2 * n) width *= 2
    return width
  })
}

/** Cells of a half of the torus: the conjugate half mirrors it. */
export function cover(grid: readonly number[], width: readonly number[]): Cell[] {
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

/** The parts of a cell no wider than `side`. */
export function partsOf({ corner, width }: Cell, side: readonly number[]): Cell[] {
  let parts: Cell[] = [{ corner: [], width: [] }]
  corner.forEach((x, d) => {
    const [w, s] = [width[d], side[d]]
    const pieces = w > s ? [[x, s] as const, [x + s, w - s] as const] : [[x, w] as const]
    parts = parts.flatMap(part => pieces.map(([at, size]) => ({ corner: [...part.corner, at], width: [...part.width, size] })))
  })
  return parts
}

/** The corners as numbers of points. */
export function cornersOf({ corner, width }: Cell, grid: readonly number[]): number[] {
  return Array.from({ length: 1 << corner.length }, (_, bits) =>
    numberOf(
      corner.map((x, d) => x + ((bits >> d) & 1 ? width[d] : 0)),
      grid,
    ),
  )
}

/** The number of a point of the grid, or of its mirror image, whichever is smaller. */
export function numberOf(point: readonly number[], grid: readonly number[]): number {
  let [flat, mirror] = [0, 0]
  point.forEach((x, d) => {
    const at = ((x % grid[d]) + grid[d]) % grid[d]
    flat = flat * grid[d] + at
    mirror = mirror * grid[d] + ((grid[d] - at) % grid[d])
  })
  return Math.min(flat, mirror)
}

/** Points at most a radian of the fastest tap apart, but two dozen of them at least: where to look first. The distance is a power of two. */
export function sampleOf(grid: readonly number[], tau: readonly number[]): { distance: number; flats: number[] } {
  const moving = tau.filter(t => t > 0).length
  const near = (distance: number) => grid.every((n, d) => distance * 2 * Math.PI * tau[d] <= n)
  let distance = 1
  while (near(2 * distance) && sizeOf(grid) >= 48 * (2 * distance) ** moving) distance *= 2
  const width = grid.map((n, d) => (tau[d] === 0 ? n : Math.min(n, distance)))
  return { distance, flats: [...new Set(cover(grid, width).map(({ corner }) => numberOf(corner, grid)))] }
}

/** The 3^D − 1 neighbours at a distance, along axes that vary. */
export function neighboursOf(flat: number, distance: number, grid: readonly number[], tau: readonly number[]): number[] {
  let points: number[][] = [[]]
  indexOf(flat, grid).forEach((x, d) => {
    const steps = tau[d] === 0 ? [0] : [0, -distance, distance]
    points = points.flatMap(point => steps.map(step => [...point, x + step]))
  })
  return points.slice(1).map(point => numberOf(point, grid))
}

/** κ = Π 1/cos(πτ_d/n_d), rounded up, over the axes along which cells have points between their corners: sup g ≤ κ·max over the grid. */
export function overshoot(grid: readonly number[], tau: readonly number[], widest: readonly number[]): number {
  let factor = 1
  grid.forEach((n, d) => {
    if (tau[d] > 0 && widest[d] > 1) factor = nextUp(factor / nextDown(nextDown(cosineOfTurn(2 * tau[d], 4 * n) - 2 ** -52)))
  })
  return factor
}
