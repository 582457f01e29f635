/** Where a search begins. */
import { Box, cornerOf, cover, isPointHeld, newBox, widthOf } from './boxes'
import { bendAt, curvatureAlong } from './curvature'
import { List } from './heap'
import { climbFromVertex, closeAround, raise, rayFrom } from './maxima'
import { item, setItem } from './numbers'
import { closeByNets } from './nets'
import { Ray } from './ray'
import { cells, peaks, state, TRIPLE, turnsOf } from './state'
import { beginList, corner, exceeds, isListed, isNew, pointOfVertex, sortByValue, Vertex } from './vertices'
import { survey } from './visits'

/** Coarsest boxes: those whose curvature term is a sixth of the level along each axis. */
const COARSE: f64 = 0.16
/** From that many channels on the surface may be flat enough for a finer first grid to be worth an estimate. */
const CROWDED: f64 = 32
/** Finer grids than that, as multiples of its counts. */
const finer: usize = memory.data<f64>([1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8])
const FINER: i32 = 13
/** What a finer grid has to promise, as a part of what the first one does: that needs no second survey, and estimates err. */
const WORTH: f64 = 0.95
/** What tests above the values leave of the room below t. */
const ROOM_LEFT: f64 = 0.9
/** Evaluations for the parts of a box that had to be split, as a multiple of what parts of the right size would take. */
const SPLIT: f64 = 1.6
/** A second ascent starts from a vertex this close to the highest one. */
const RIVAL: f64 = 0.9

const counts: usize = memory.data(24, 8)

/**
 * First boxes, first maxima, first level.
 *
 *   live    out  the boxes
 *   roots   out  those of the coarsest grid, whose corners have been surveyed
 *   starts  out  their vertices, the highest first
 *   some         scratch
 */
export function begin(live: List, roots: List, starts: List, some: List): void {
  const gram = state.gram
  const problem = state.problem
  // M² is at least the mean of G, which is G₀.
  const least = Math.max(0.5 * problem.centreNorm, problem.known * problem.known)
  layCells(least)
  live.push(changetype<usize>(halfTurns(true)))
  if (exceeds(live)) live.set(0, changetype<usize>(halfTurns(false)))
  listCorners(live, starts)
  live.length = 0
  survey(starts, 0)
  sortByValue(starts)
  const first = changetype<Vertex>(starts.get(0))
  const scale = Math.max(first.value, least)
  layCells(scale)
  cover(cells, live)
  if (exceeds(live)) {
    raise(rayFrom(pointOfVertex(first), first.vector))
    return
  }
  for (let b = 0; b < live.length; b++) roots.push(live.get(b))
  starts.length = 0
  listCorners(live, starts)
  survey(starts, scale)
  sortByValue(starts)
  const highest = changetype<Vertex>(starts.get(0))
  // A second start that is not a neighbour of the first: the coarse grid may mislead.
  beginList()
  for (let b = 0; b < live.length; b++) {
    const box = changetype<Box>(live.get(b))
    let beside = false
    for (let i = 0; i < 1 << state.axes; i++) beside = beside || corner(box, i) == highest
    if (beside) for (let i = 0; i < 1 << state.axes; i++) isNew(corner(box, i))
  }
  let rival = changetype<Vertex>(0)
  for (let i = 0; i < starts.length && changetype<usize>(rival) == 0; i++) {
    const vertex = changetype<Vertex>(starts.get(i))
    if (!isListed(vertex) && vertex.value > RIVAL * highest.value) rival = vertex
  }
  climbFromVertex(highest)
  if (changetype<usize>(rival) != 0) climbFromVertex(rival)
  for (let i = 0, known = peaks.length; i < known; i++) closeAround(changetype<Ray>(peaks.get(i)))
  if (!state.discrete && <f64>gram.n >= Math.min(CROWDED, problem.netted)) refine(live, starts, some)
}

/** Boxes to a turn of the first grid, if M² is about as high as that. */
function layCells(scale: f64): void {
  bendAt(scale)
  for (let d = 0; d < state.axes; d++) setItem(cells, d, cellsFor(curvatureAlong(d) / scale, item(turnsOf(state.problem), d)))
}

/** A box from θ = 0, or the point itself: to half a turn along the axes that will be divided. That is nearly always on the first grid, and lanes are free. */
function halfTurns(divided: bool): Box {
  const box = newBox(changetype<Box>(0))
  memory.fill(cornerOf(box), 0, 2 * TRIPLE)
  for (let d = 0; d < state.axes; d++) {
    const half = item(turnsOf(state.problem), d) / 2
    if (divided && item(cells, d) > 1 && half == Math.floor(half)) setItem(widthOf(box), d, half)
  }
  return box
}

/** The vertices of boxes, each once. */
function listCorners(boxes: List, to: List): void {
  beginList()
  for (let b = 0; b < boxes.length; b++)
    for (let i = 0; i < 1 << state.axes; i++) {
      const vertex = corner(changetype<Box>(boxes.get(b)), i)
      if (isNew(vertex)) to.push(changetype<usize>(vertex))
    }
}

/**
 * What to begin with, now that the surface has been surveyed at `starts`: the grid that promises the fewest evaluations, or nets, where these promise fewer. Halving every
 * box of a coarse grid would come to the same, but only at every other size.
 */
function refine(live: List, starts: List, some: List): void {
  const t = state.t
  const axes = state.axes
  let least = Infinity
  let chosen = 0
  bendAt(t)
  for (let k = 0; k < FINER; k++) {
    finerCounts(item(finer, k))
    let rise: f64 = 0
    let product: f64 = 0
    let seen: f64 = 0
    for (let d = 0; d < axes; d++) rise += (4.94 * (curvatureAlong(d) / t)) / (item(counts, d) * item(counts, d))
    for (let i = 0; i < starts.length; i++) {
      const vertex = changetype<Vertex>(starts.get(i))
      if (isPointHeld(pointOfVertex(vertex))) continue
      const room = ROOM_LEFT * (1 - vertex.value / t)
      product += expected(rise / Math.max(room, 1e-3), axes)
      seen++
    }
    if (seen == 0) return
    product /= seen
    for (let d = 0; d < axes; d++) product *= item(counts, d)
    // Corners of the first grid are corners of one that is a whole number of times as fine.
    if (item(finer, k) == Math.floor(item(finer, k))) product -= 2 * <f64>starts.length
    if (!(product < least)) continue
    least = k == 0 ? WORTH * product : product
    chosen = k
  }
  if (<f64>state.gram.n < state.problem.netted || !closeByNets(starts, least, some)) {
    if (chosen == 0) return
    finerCounts(item(finer, chosen))
    some.length = 0
    cover(counts, some)
    // A budget that ends here is better spent on boxes whose corners have been seen.
    if (exceeds(some)) return
  }
  const unit = widthOf(changetype<Box>(live.get(0)))
  for (let b = 0; b < some.length; b++) {
    const box = changetype<Box>(some.get(b))
    for (let k = 0; k < live.length; k++) if (holdsCentre(unit, changetype<Box>(live.get(k)), box)) box.parent = changetype<Box>(live.get(k))
  }
  live.length = 0
  for (let b = 0; b < some.length; b++) live.push(some.get(b))
}

/** Boxes to a turn of a grid so many times as fine as the first. */
function finerCounts(factor: f64): void {
  for (let d = 0; d < state.axes; d++) {
    const count = item(cells, d)
    setItem(counts, d, count > 1 ? Math.min(Math.round(count * factor), item(turnsOf(state.problem), d)) : count)
  }
}

/** Does the centre of a box lie in the same place of the first grid as the corner of one of its boxes? */
function holdsCentre(unit: usize, coarse: Box, box: Box): bool {
  for (let d = 0; d < state.axes; d++) {
    const centre = item(cornerOf(box), d) + item(widthOf(box), d) / 2
    if (Math.floor(centre / item(unit, d)) != Math.floor(item(cornerOf(coarse), d) / item(unit, d))) return false
  }
  return true
}

/** Evaluations for a box whose arch rises by so many times the room its corners leave: one, its centre too, or halves of halves. */
function expected(rise: f64, axes: i32): f64 {
  if (rise < 1) return 1
  if (axes == 2 && rise < 1.5) return 2
  let parts = SPLIT
  for (let d = 0; d < axes; d++) parts *= Math.sqrt(rise)
  return parts
}

/** The smallest of 1, 2, 3, 4, 6, 8, 12, … boxes to a turn whose curvature term is below COARSE. */
function cellsFor(relative: f64, turns: f64): f64 {
  const wanted = Math.sqrt((Math.PI * Math.PI * relative) / (2 * COARSE))
  let count: f64 = 1
  while (count < wanted && count < turns) {
    const third = count / 3
    count = count < 3 ? count + 1 : third == Math.floor(third) ? third * 4 : (count / 2) * 3
  }
  return Math.min(count, turns)
}
