import { RADIANS, TURN } from './ray.ts'

/**
 * Boxes on the torus with corners in whole numbers: θ_d = 2π·x_d/turns[d]. For every size turns is a power of two; for a circular
 * operator it is the number of its frequencies along the axis, and only whole x are asked about.
 */
export interface Box {
  readonly corner: readonly number[]
  readonly width: readonly number[]
  /** The box it is a half of. */
  readonly parent?: Box
}

export interface Lattice {
  readonly turns: readonly number[]
  /** True if only the whole points count, so that a box of width 1 has nothing between its corners. */
  readonly discrete: boolean
}

/** Turns of a lattice that is as good as continuous: a multiple of all small numbers of boxes, so that they can be halved many times. */
const FINEST = 105 * 2 ** 17

/** The lattice of box corners for every size: one point along axes without degree. */
export function fineLattice(tau: readonly number[]): Lattice {
  return { turns: tau.map(x => (x > 0 ? FINEST : 1)), discrete: false }
}

/** τ: half the degree of Σ A_q e^{iq·θ} along each axis. */
export function spreads(offsets: readonly (readonly number[])[]): number[] {
  return offsets.map(q => (q[q.length - 1] - q[0]) / 2)
}

/** Sides in radians, rounded up; 0 for a discrete side with nothing inside. */
export function sides(box: Box, { turns, discrete }: Lattice): number[] {
  return box.width.map((w, d) => (discrete && w <= 1 ? 0 : ((RADIANS * w) / turns[d]) * (1 + 4e-16)))
}

/**
 * How far a function may bend over a box with sides h, rounded up: ½h_d²C_d along each axis, and along half a diagonal of two axes
 * ½(¼h₁²C₁ + ¼h₂²C₂ + ½h₁h₂C₁₂).
 *
 * @param along C_d      @param across C₁₂
 */
export function bendsOf(h: readonly number[], along: readonly number[], across: number): { bends: number[]; diagonal: number } {
  const bends = h.map((side, d) => (side === 0 ? 0 : 0.5 * side * side * along[d] * (1 + 1e-14)))
  return { bends, diagonal: h.length === 2 ? 0.25 * (bends[0] + bends[1] + h[0] * h[1] * across) * (1 + 1e-14) : 0 }
}

/** A point of the lattice, named by the smaller of θ and −θ: G(−θ) is the conjugate of G(θ) for a real kernel. */
export interface Place {
  readonly point: readonly number[]
  /** True where the name is that of −θ. */
  readonly mirrored: boolean
}

/** The 2^D corners; bit d of an index says on which side of axis d. */
export function cornersOf(box: Box, { turns }: Lattice): Place[] {
  const axes = turns.length
  const corners: Place[] = []
  for (let bits = 0; bits < 1 << axes; bits++) {
    const point = new Array<number>(axes)
    for (let d = 0; d < axes; d++) point[d] = (box.corner[d] + (bits & (1 << d) ? box.width[d] : 0)) % turns[d]
    corners.push(placeOf(point, turns))
  }
  return corners
}

/** The point in the middle, where the lattice has one. */
export function centreOf(box: Box, { turns }: Lattice): Place | undefined {
  if (box.width.some(w => w % 2 !== 0)) return undefined
  return placeOf(
    box.corner.map((x, d) => (x + box.width[d] / 2) % turns[d]),
    turns,
  )
}

/** Names a point; its array is used up. */
function placeOf(point: number[], turns: readonly number[]): Place {
  const mirrored = inSecondHalf(point, turns)
  if (mirrored) for (let d = 0; d < turns.length; d++) point[d] = (turns[d] - point[d]) % turns[d]
  return { point, mirrored }
}

/** Is the first coordinate that tells θ from −θ in the second half turn? */
function inSecondHalf(point: readonly number[], turns: readonly number[]): boolean {
  const d = point.findIndex((x, axis) => x !== 0 && 2 * x !== turns[axis])
  return d >= 0 && 2 * point[d] > turns[d]
}

/**
 * sup over x ∈ [0, 1]^D of Σ_i w_i(x)·values_i + Σ_d x_d(1 − x_d)·bends_d, w the weights of multilinear interpolation, bounded by taking the
 * supremum along one axis after the other (exact for D = 1); the better of the D cyclic orders. Rounded up, for values that are not negative.
 */
export function arch(values: readonly number[], bends: readonly number[]): number {
  const axes = bends.length
  if (axes === 2) {
    const [a, b, c, d] = values
    const [x, y] = bends
    return Math.min(crest(crest(a, b, x), crest(c, d, x), y), crest(crest(a, c, y), crest(b, d, y), x)) * (1 + 1e-14)
  }
  let best = axes === 0 ? values[0] : Infinity
  for (let first = 0; first < axes; first++) {
    let faces = values
    for (let k = 0; k < axes; k++) faces = collapse(faces, k < axes - first ? first : 0, bends[(first + k) % axes])
    best = Math.min(best, faces[0])
  }
  return best * (1 + 1e-14)
}

/** The supremum along the axis whose corners are told apart by bit `place`, for each place on the others. */
function collapse(values: readonly number[], place: number, bend: number): number[] {
  const faces = new Array<number>(values.length / 2)
  const below = (1 << place) - 1
  for (let i = 0; i < faces.length; i++) {
    const at = ((i & ~below) << 1) | (i & below)
    faces[i] = crest(values[at], values[at + 1 + below], bend)
  }
  return faces
}

/** sup (1 − x)a + xb + x(1 − x)c over [0, 1] */
function crest(a: number, b: number, c: number): number {
  const rise = Math.abs(b - a)
  return rise < c ? 0.5 * (a + b) + 0.25 * (c + (rise * rise) / c) : Math.max(a, b)
}

/**
 * The same bound of a box of two axes whose centre is known too: the four triangles between an edge and the centre, each by segments along
 * its edge between two half diagonals. Rounded up, for values that are not negative.
 *
 * @param diagonal ½sup(−p'') along half a diagonal, for p as a function on [0, 1]; at least ¼ of either bend
 */
export function archAround(values: readonly number[], centre: number, bends: readonly number[], diagonal: number): number {
  if (centre === Infinity) return Infinity
  const [a, b, c, d] = values
  const [x, y] = bends
  const top = Math.max(
    gable(a, b, x, centre, diagonal),
    gable(c, d, x, centre, diagonal),
    gable(a, c, y, centre, diagonal),
    gable(b, d, y, centre, diagonal),
  )
  return top * (1 + 1e-14)
}

/**
 * sup over k, w ∈ [0, 1] of (1 − k)m + k((1 − w)a + wb) + k(1 − k)d + k²w(1 − w)x: k = 0 is the centre, k = 1 the edge. Over w it is k·max(a, b) up to
 * k = |b − a|/x, and ½k(a + b) + ¼(k²x + (b − a)²/x) from there; both sums are concave in k since d ≥ ¼x.
 */
function gable(a: number, b: number, x: number, m: number, d: number): number {
  const rise = Math.abs(b - a)
  const turn = rise < x ? rise / x : 1
  const low = vertexOf(m, Math.max(a, b) - m + d, -d, 0, turn)
  if (turn === 1) return low
  return Math.max(low, vertexOf(m + (0.25 * rise * rise) / x, 0.5 * (a + b) - m + d, 0.25 * x - d, turn, 1))
}

/** sup p + qk + rk² over [from, to], r ≤ 0 */
function vertexOf(p: number, q: number, r: number, from: number, to: number): number {
  const k = r < 0 ? Math.min(to, Math.max(from, (-0.5 * q) / r)) : q > 0 ? to : from
  return p + k * (q + k * r)
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
    { corner: box.corner, width: width(lower), parent: box },
    { corner: box.corner.map((x, d) => (d === axis ? x + lower : x)), width: width(box.width[axis] - lower), parent: box },
  ]
}

/** Is the box inside point ± half, or inside its mirror image? */
export function inside(box: Box, lattice: Lattice, point: readonly number[], half: readonly number[]): boolean {
  return within(box, lattice, point, half, 1) || within(box, lattice, point, half, -1)
}

function within(
  { corner, width }: Box,
  { turns }: Lattice,
  point: readonly number[],
  half: readonly number[],
  sign: number,
): boolean {
  for (let d = 0; d < corner.length; d++) {
    if (half[d] === Infinity) continue
    const unit = TURN / turns[d]
    const from = wrap(corner[d] * unit - sign * point[d])
    if (!(Math.abs(from) <= half[d] && Math.abs(from + width[d] * unit) <= half[d])) return false
  }
  return true
}

/** The representative of a position in [−½, ½) turns. */
function wrap(x: number): number {
  const y = ((x % TURN) + TURN) % TURN
  return y >= TURN / 2 ? y - TURN : y
}
