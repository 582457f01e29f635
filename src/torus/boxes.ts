import { RADIANS, TURN } from './ray.ts'

/**
 * Boxes on the torus with corners in whole numbers: θ_d = 2π·x_d/turns[d]. For every size turns is a power of two; for a circular
 * operator it is the number of its frequencies along the axis, and only whole x are asked about.
 */
export interface Box {
  readonly corner: readonly number[]
  readonly width: readonly number[]
}

export interface Lattice {
  readonly turns: readonly number[]
  /** True if only the whole points count, so that a box of width 1 has nothing between its corners. */
  readonly discrete: boolean
}

/** Sides in radians, rounded up; 0 for a discrete side with nothing inside. */
export function sides(box: Box, { turns, discrete }: Lattice): number[] {
  return box.width.map((w, d) => (discrete && w <= 1 ? 0 : ((RADIANS * w) / turns[d]) * (1 + 4e-16)))
}

/** The 2^D corners, each named by the smaller of θ and −θ: λ_max(G) is the same at both for a real kernel. */
export function cornersOf(box: Box, { turns }: Lattice): number[][] {
  const axes = turns.length
  const corners: number[][] = []
  for (let bits = 0; bits < 1 << axes; bits++) {
    const point = new Array<number>(axes)
    for (let d = 0; d < axes; d++) point[d] = (box.corner[d] + (bits & (1 << d) ? box.width[d] : 0)) % turns[d]
    corners.push(canonical(point, turns))
  }
  return corners
}

/** θ or −θ, in place: the one whose first coordinate that tells them apart is in the first half turn. */
function canonical(point: number[], turns: readonly number[]): number[] {
  let d = 0
  while (d < point.length && (point[d] === 0 || 2 * point[d] === turns[d])) d++
  if (d < point.length && 2 * point[d] > turns[d])
    for (let e = d; e < point.length; e++) point[e] = (turns[e] - point[e]) % turns[e]
  return point
}

/**
 * Boxes that cover half the torus (the other half is its mirror image), `cells[d]` to a turn of each axis; fewer where the lattice has no
 * more points.
 */
export function cover(cells: readonly number[], { turns }: Lattice): Box[] {
  let boxes: Box[] = [{ corner: [], width: [] }]
  let halved = false
  turns.forEach((turn, d) => {
    const halve = !halved && turn > 1 && cells[d] > 1
    halved ||= halve
    const end = halve ? Math.ceil(turn / 2) : turn
    const count = Math.max(1, Math.min(halve ? Math.ceil(cells[d] / 2) : cells[d], end))
    const cuts = Array.from({ length: count + 1 }, (_, i) => Math.round((i * end) / count))
    boxes = boxes.flatMap(box =>
      cuts.slice(1).map((cut, i) => ({ corner: [...box.corner, cuts[i]], width: [...box.width, cut - cuts[i]] })),
    )
  })
  return boxes
}

/** The two halves of a box along an axis. */
export function split(box: Box, axis: number): [Box, Box] {
  const lower = Math.ceil(box.width[axis] / 2)
  const width = (w: number) => box.width.map((x, d) => (d === axis ? w : x))
  return [
    { corner: box.corner, width: width(lower) },
    { corner: box.corner.map((x, d) => (d === axis ? x + lower : x)), width: width(box.width[axis] - lower) },
  ]
}

/** Is the box inside point ± half, or inside its mirror image? */
export function inside(box: Box, { turns }: Lattice, point: readonly number[], half: readonly number[]): boolean {
  return [1, -1].some(sign =>
    box.corner.every((x, d) => {
      if (half[d] === Infinity) return true
      const unit = TURN / turns[d]
      const from = wrap(x * unit - sign * point[d])
      return Math.abs(from) <= half[d] && Math.abs(from + box.width[d] * unit) <= half[d]
    }),
  )
}

/** The representative of a position in [−½, ½) turns. */
function wrap(x: number): number {
  const y = ((x % TURN) + TURN) % TURN
  return y >= TURN / 2 ? y - TURN : y
}
