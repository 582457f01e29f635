/**
 * Boxes on the torus with corners in whole numbers: θ_d = 2π·x_d/turns[d]. For every size turns is a multiple of many small numbers; for a circular operator it is
 * the number of its frequencies along the axis, and only whole x are asked about.
 */
import { TURN } from './ascent'
import { allocate, List } from './heap'
import { item, setItem } from './numbers'
import { closed, state, TRIPLE, turnsOf } from './state'

/** The width of a point. */
const nothing: usize = memory.data(24, 8)

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
  /** The box it is a half of, or the one of a coarser grid that holds its centre, or 0. */
  parent: Box
  /** Is it a half of its parent? */
  half: i32
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
  box.half = changetype<usize>(parent) != 0 ? 1 : 0
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

/** Names a point by the smaller of θ and −θ, for G(−θ) is the conjugate of G(θ) for a real kernel. True where it is the name of −θ now. */
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

/** The axis along which it bends most. */
export function steepest(box: Box): i32 {
  let most = 0
  for (let d = 1; d < state.axes; d++) if (item(bendsOf(box), d) > item(bendsOf(box), most)) most = d
  return most
}

/** Is the box inside point ± half (in 1/TURN turns), or inside its mirror image? */
export function inside(box: Box, point: usize, half: usize): bool {
  return reachesOver(cornerOf(box), widthOf(box), point, half)
}

/** Is it inside a closed neighbourhood? */
export function isHeld(box: Box): bool {
  return holds(cornerOf(box), widthOf(box))
}

/** Is a point of the lattice? */
export function isPointHeld(point: usize): bool {
  return holds(point, nothing)
}

function holds(corner: usize, width: usize): bool {
  for (let k = 0; k < closed.length; k++) if (reachesOver(corner, width, closed.get(k), closed.get(k) + TRIPLE)) return true
  return false
}

function reachesOver(corner: usize, width: usize, point: usize, half: usize): bool {
  return within(corner, width, point, half, 1) || within(corner, width, point, half, -1)
}

function within(corner: usize, width: usize, point: usize, half: usize, sign: f64): bool {
  for (let d = 0; d < state.axes; d++) {
    const reach = item(half, d)
    if (reach == Infinity) continue
    const unit = TURN / item(turnsOf(state.problem), d)
    const y = apart(item(corner, d) * unit, sign * item(point, d))
    const from = y >= TURN / 2 ? y - TURN : y
    if (!(Math.abs(from) <= reach && Math.abs(from + item(width, d) * unit) <= reach)) return false
  }
  return true
}

/** x − y, in [0, TURN), for two numbers that are no further apart than two turns. */
export function apart(x: f64, y: f64): f64 {
  const z = x - y
  const from = (z >= TURN ? z - TURN : z <= -TURN ? z + TURN : z) + TURN
  return from >= TURN ? from - TURN : from
}
