/**
 * Boxes on the torus with corners in whole numbers: θ_d = 2π·x_d/turns[d]. For every size turns is a multiple of many small numbers; for a circular operator it is
 * the number of its frequencies along the axis, and only whole x are asked about.
 */
import { RADIANS, TURN } from './ascent'
import { allocate, List } from './heap'
import { item, setItem } from './ray'
import { bendsOfTaps, cells, state, TRIPLE, tauOf, turnsOf } from './state'

/** A box, how far the surface may bend over it along each axis, and the level that closes it if all corners are below. */
@unmanaged
export class Box {
  corner0: f64
  corner1: f64
  corner2: f64
  width0: f64
  width1: f64
  width2: f64
  /** ½h_d²C_d */
  bend0: f64
  bend1: f64
  bend2: f64
  /** The same along half a diagonal of two axes. */
  diagonal: f64
  /** Not positive where Bernstein's inequality does not reach that far. */
  level: f64
  /** The box it is a half of, or 0. */
  parent: Box
  /** A bit for each corner that the box has at −θ, where vectors are conjugate; −1 before the corners are known. */
  mirrored: i32
  /** Of the last list it was put in. */
  stamp: i32
}

@inline
export function cornerOf(box: Box): usize {
  return changetype<usize>(box)
}

@inline
export function widthOf(box: Box): usize {
  return changetype<usize>(box) + offsetof<Box>('width0')
}

@inline
export function bendsOf(box: Box): usize {
  return changetype<usize>(box) + offsetof<Box>('bend0')
}

/** Where its 2^D vertices are named; bit d of an index says on which side of axis d. */
@inline
export function verticesOf(box: Box): usize {
  return changetype<usize>(box) + offsetof<Box>()
}

export function newBox(parent: Box): Box {
  const box = changetype<Box>(allocate(offsetof<Box>() + ((<usize>4) << state.axes)))
  box.parent = parent
  box.mirrored = -1
  box.stamp = 0
  return box
}

/** The two halves of a box along an axis. */
export function split(box: Box, axis: i32, to: List): void {
  const width = item(widthOf(box), axis)
  const lower = Math.ceil(width / 2)
  for (let side = 0; side < 2; side++) {
    const half = newBox(box)
    memory.copy(cornerOf(half), cornerOf(box), 2 * TRIPLE)
    setItem(cornerOf(half), axis, item(cornerOf(box), axis) + (side == 0 ? 0 : lower))
    setItem(widthOf(half), axis, side == 0 ? lower : width - lower)
    to.push(changetype<usize>(half))
  }
}

/**
 * Boxes that cover half the torus (the other half is its mirror image), `counts[d]` to a turn of each axis; fewer where the lattice has no more
 * points.
 */
export function cover(counts: usize, to: List): void {
  const turns = turnsOf(state.problem)
  let halved = -1
  for (let d = state.axes - 1; d >= 0; d--) if (item(turns, d) > 1 && item(counts, d) > 1) halved = d
  let all = 1
  for (let d = 0; d < state.axes; d++) all *= <i32>countAlong(d, halved, counts)
  for (let index = 0; index < all; index++) {
    const box = newBox(changetype<Box>(0))
    // the first axis is the slowest
    for (let d = state.axes - 1, rest = index; d >= 0; d--) {
      const count = countAlong(d, halved, counts)
      const end = endAlong(d, halved)
      const i = <f64>(rest % <i32>count)
      rest /= <i32>count
      const from = Math.round((i * end) / count)
      setItem(cornerOf(box), d, from)
      setItem(widthOf(box), d, Math.round(((i + 1) * end) / count) - from)
    }
    to.push(changetype<usize>(box))
  }
}

function endAlong(d: i32, halved: i32): f64 {
  const turn = item(turnsOf(state.problem), d)
  return d == halved ? Math.ceil(turn / 2) : turn
}

function countAlong(d: i32, halved: i32, counts: usize): f64 {
  const count = item(counts, d)
  return Math.max(1, Math.min(d == halved ? Math.ceil(count / 2) : count, endAlong(d, halved)))
}

/** The names of two corners' points: the smaller of θ and −θ, for G(−θ) is the conjugate of G(θ) for a real kernel. True where it is that of −θ. */
export function named(point: usize): bool {
  const turns = turnsOf(state.problem)
  let d = 0
  while (d < state.axes && (item(point, d) == 0 || 2 * item(point, d) == item(turns, d))) d++
  if (d == state.axes || 2 * item(point, d) <= item(turns, d)) return false
  for (d = 0; d < state.axes; d++) if (item(point, d) > 0) setItem(point, d, item(turns, d) - item(point, d))
  return true
}

/** x, less a turn where it is one or more. */
@inline
export function withinTurn(x: f64, turn: f64): f64 {
  return x >= turn ? x - turn : x
}

/** The point of a corner, named. */
export function cornerPoint(box: Box, bits: i32, point: usize): bool {
  for (let d = 0; d < state.axes; d++) {
    const x = item(cornerOf(box), d) + ((bits >> d) & 1 ? item(widthOf(box), d) : 0)
    setItem(point, d, withinTurn(x, item(turnsOf(state.problem), d)))
  }
  return named(point)
}

/** Has the lattice a point in the middle of the box? */
export function hasCentre(box: Box): bool {
  for (let d = 0; d < state.axes; d++) {
    const half = item(widthOf(box), d) / 2
    if (half != Math.floor(half)) return false
  }
  return true
}

export function centrePoint(box: Box, point: usize): bool {
  for (let d = 0; d < state.axes; d++)
    setItem(point, d, withinTurn(item(cornerOf(box), d) + item(widthOf(box), d) / 2, item(turnsOf(state.problem), d)))
  return named(point)
}

/** C_d, and C_12 ≥ sup|∂_1∂_2 vᴴGv| of two axes from the same two inequalities: the geometric means of theirs. */
const curvature: usize = memory.data(24, 8)
let across: f64 = 0

/**
 * C_d ≥ sup λ_max(−∂_d²G) per axis, the better of two (METHODS §7), while λ_max(G) ≤ t is to be proven:
 *
 * (a) 2τ_d²·M² by Bernstein's inequality for vᴴGv ∈ [0, M²]. M² = t may be put in, because a box that contradicts M² = t contradicts every larger M² as well
 *     (docs/enclosure.md). On a lattice M² ≤ t·Π 1/cos²(πτ_d/n_d) (METHODS §6), over the axes with n_d > 2τ_d; on the others only whole points are looked at,
 *     so nothing bounds what lies between.
 * (b) Σ_q q_d²‖G_q‖₂ over all taps of G.
 */
export function bendAt(t: f64): void {
  const problem = state.problem
  let bernstein: f64 = 1
  let data: f64 = 1
  for (let d = 0; d < state.axes; d++) {
    const tau = item(tauOf(problem), d)
    const far = state.discrete && item(turnsOf(problem), d) <= 2 * tau
    const one = far ? Infinity : 2 * tau * tau * t * problem.between * (1 + 1e-14)
    const other = item(bendsOfTaps(problem), d)
    setItem(curvature, d, Math.min(one, other))
    bernstein *= one
    data *= other
  }
  // ∞·0 where nothing bends along one axis
  across = state.axes == 2 ? Math.sqrt(Math.min(bernstein > 0 ? bernstein : 0, data)) * (1 + 1e-14) : 0
}

@inline
export function curvatureAlong(d: i32): f64 {
  return item(curvature, d)
}

export function curvatureAcross(): f64 {
  return across
}

/** Sides in radians, rounded up; 0 for a discrete side with nothing inside. */
function side(box: Box, d: i32): f64 {
  const width = item(widthOf(box), d)
  if (state.discrete && width <= 1) return 0
  return ((RADIANS * width) / item(turnsOf(state.problem), d)) * (1 + 4e-16)
}

/**
 * How far a function may bend over a box with sides h, rounded up: ½h_d²C_d along each axis, and along half a diagonal of two axes
 * ½(¼h₁²C₁ + ¼h₂²C₂ + ½h₁h₂C₁₂). `bendAt` comes first.
 */
export function bend(box: Box, t: f64): void {
  const bends = bendsOf(box)
  let sum: f64 = 0
  for (let d = 0; d < state.axes; d++) {
    const h = side(box, d)
    setItem(bends, d, h == 0 ? 0 : 0.5 * h * h * item(curvature, d) * (1 + 1e-14))
    sum += item(bends, d)
  }
  box.diagonal = state.axes == 2 ? 0.25 * (box.bend0 + box.bend1 + side(box, 0) * side(box, 1) * across) * (1 + 1e-14) : 0
  box.level = t - 0.25 * sum * (1 + 1e-14)
}

/** The axis along which it bends most. */
export function steepest(box: Box): i32 {
  let most = 0
  for (let d = 1; d < state.axes; d++) if (item(bendsOf(box), d) > item(bendsOf(box), most)) most = d
  return most
}

const faces: usize = memory.data(64, 8)

/**
 * sup over x ∈ [0, 1]^D of Σ_i w_i(x)·values_i + Σ_d x_d(1 − x_d)·bends_d, w the weights of multilinear interpolation, bounded by taking the supremum along one
 * axis after the other (exact for D = 1); the better of the D cyclic orders. Rounded up, for values that are not negative.
 */
export function arch(axes: i32, values: usize, bends: usize): f64 {
  if (axes == 2) {
    const a = item(values, 0), b = item(values, 1), c = item(values, 2), d = item(values, 3)
    const x = item(bends, 0), y = item(bends, 1)
    return min(crest(crest(a, b, x), crest(c, d, x), y), crest(crest(a, c, y), crest(b, d, y), x)) * (1 + 1e-14)
  }
  let best = axes == 0 ? item(values, 0) : Infinity
  for (let first = 0; first < axes; first++) {
    memory.copy(faces, values, (<usize>8) << axes)
    for (let k = 0; k < axes; k++) collapse((1 << (axes - k)) >> 1, k < axes - first ? first : 0, item(bends, (first + k) % axes))
    best = Math.min(best, item(faces, 0))
  }
  return best * (1 + 1e-14)
}

/** The supremum along the axis whose corners are told apart by bit `place`, for each of `count` places on the others. */
function collapse(count: i32, place: i32, along: f64): void {
  const below = (1 << place) - 1
  for (let i = 0; i < count; i++) {
    const at = ((i & ~below) << 1) | (i & below)
    setItem(faces, i, crest(item(faces, at), item(faces, at + 1 + below), along))
  }
}

/** sup (1 − x)a + xb + x(1 − x)c over [0, 1] */
function crest(a: f64, b: f64, c: f64): f64 {
  const rise = Math.abs(b - a)
  return rise < c ? 0.5 * (a + b) + 0.25 * (c + (rise * rise) / c) : Math.max(a, b)
}

/**
 * The same bound of a box of two axes whose centre is known too: the four triangles between an edge and the centre, each by segments along its edge between two
 * half diagonals. Rounded up, for values that are not negative.
 *
 * @param diagonal ½sup(−p'') along half a diagonal, for p as a function on [0, 1]; at least ¼ of either bend
 */
export function archAround(values: usize, centre: f64, bends: usize, diagonal: f64): f64 {
  if (centre == Infinity) return Infinity
  const a = item(values, 0), b = item(values, 1), c = item(values, 2), d = item(values, 3)
  const x = item(bends, 0), y = item(bends, 1)
  const top = Math.max(
    Math.max(gable(a, b, x, centre, diagonal), gable(c, d, x, centre, diagonal)),
    Math.max(gable(a, c, y, centre, diagonal), gable(b, d, y, centre, diagonal)),
  )
  return top * (1 + 1e-14)
}

/**
 * sup over k, w ∈ [0, 1] of (1 − k)m + k((1 − w)a + wb) + k(1 − k)d + k²w(1 − w)x: k = 0 is the centre, k = 1 the edge. Over w it is k·max(a, b) up to
 * k = |b − a|/x, and ½k(a + b) + ¼(k²x + (b − a)²/x) from there; both sums are concave in k since d ≥ ¼x.
 */
function gable(a: f64, b: f64, x: f64, m: f64, d: f64): f64 {
  const rise = Math.abs(b - a)
  const turn = rise < x ? rise / x : 1
  const low = summit(m, Math.max(a, b) - m + d, -d, 0, turn)
  if (turn == 1) return low
  return Math.max(low, summit(m + (0.25 * rise * rise) / x, 0.5 * (a + b) - m + d, 0.25 * x - d, turn, 1))
}

/** sup p + qk + rk² over [from, to], r ≤ 0 */
function summit(p: f64, q: f64, r: f64, from: f64, to: f64): f64 {
  const k = r < 0 ? Math.min(to, Math.max(from, (-0.5 * q) / r)) : q > 0 ? to : from
  return p + k * (q + k * r)
}

/** Is the box inside point ± half (in 1/TURN turns), or inside its mirror image? */
export function inside(box: Box, point: usize, half: usize): bool {
  return within(box, point, half, 1) || within(box, point, half, -1)
}

function within(box: Box, point: usize, half: usize, sign: f64): bool {
  for (let d = 0; d < state.axes; d++) {
    const reach = item(half, d)
    if (reach == Infinity) continue
    const unit = TURN / item(turnsOf(state.problem), d)
    const y = apart(item(cornerOf(box), d) * unit, sign * item(point, d))
    const from = y >= TURN / 2 ? y - TURN : y
    if (!(Math.abs(from) <= reach && Math.abs(from + item(widthOf(box), d) * unit) <= reach)) return false
  }
  return true
}

/** x − y, in [0, TURN), for two numbers that are no further apart than two turns. */
export function apart(x: f64, y: f64): f64 {
  const z = x - y
  const from = (z >= TURN ? z - TURN : z <= -TURN ? z + TURN : z) + TURN
  return from >= TURN ? from - TURN : from
}

/** The smallest of 1, 2, 3, 4, 6, 8, 12, … boxes to a turn whose curvature term is below a part of the level. */
export function cellsFor(relative: f64, coarse: f64, turns: f64): f64 {
  const wanted = Math.sqrt((Math.PI * Math.PI * relative) / (2 * coarse))
  let count: f64 = 1
  while (count < wanted && count < turns) {
    const third = count / 3
    count = count < 3 ? count + 1 : third == Math.floor(third) ? third * 4 : (count / 2) * 3
  }
  return Math.min(count, turns)
}
