/**
 * Encloses sup ‖F(θ)‖₂ over the torus, or over a lattice's points, by branch and bound (METHODS §7, docs/enclosure.md).
 *
 * A level t = (lower·(1 + gap))² is to be proven for λ_max(G) everywhere. Every corner has a proven ceiling of λ_max(G). A box with sides h is closed when the arch
 * over the ceilings of its corners, their multilinear interpolation plus Σ½x_d(1 − x_d)h_d²C_d, stays below t; C_d is the better of Bernstein's 2τ_d²t and
 * Σq_d²‖G_q‖. A box that is not is halved along its most curved axis. The neighbourhood of each maximum found by ascent is closed in one piece beforehand. A corner
 * found higher raises the lower end, and t with it; what was proven at a lower t stays proven.
 */
import {
  arch, archAround, bend, bendAt, bendsOf, Box, cellsFor, cornerOf, cover, curvatureAlong, inside, named, newBox, split, steepest, widthOf,
} from './boxes'
import { Gram } from './gram-symbol'
import { List, openHeap, openList } from './heap'
import {
  climbFromVertex, closeAround, lookHigher, nextUp, openMaxima, raise, rayFrom, sortByValue, stuckCorners, suspects, useDecompositions,
} from './maxima'
import { item, Ray, setItem } from './ray'
import { cells, closed, observations, peaks, Problem, remaining, spent, State, state, turnsOf } from './state'
import {
  beginList, ceilingHere, corner, enlist, here, isEnlisted, isListed, isNew, openVertices, pending, pointOfVertex, survey, testLevels, Vertex,
  visit, visitCentres,
} from './vertices'

/** Coarsest boxes: those whose curvature term is a sixth of the level along each axis. */
const COARSE: f64 = 0.16
/** From that many channels on the surface may be flat enough for a finer first grid to be worth an estimate. */
const CROWDED: i32 = 32
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

/** What a search does next. */
const ENDED: i32 = -1

/** The boxes to be closed, those of the round before, and those of this round that are still open. */
let live = changetype<List>(memory.data(12, 4))
let visited = changetype<List>(memory.data(12, 4))
const round = changetype<List>(memory.data(12, 4))
const some = changetype<List>(memory.data(12, 4))
const left = changetype<List>(memory.data(12, 4))
/** Vertices. */
const starts = changetype<List>(memory.data(12, 4))
const centres = changetype<List>(memory.data(12, 4))

const heights: usize = memory.data(64, 8)
const counts: usize = memory.data(24, 8)

/**
 * Begins a search. Call `searchRound` until it has ended; what it has found is in the state.
 *
 * @param heap where its memory begins
 */
export function openSearch(gram: Gram, problem: Problem, heap: usize): void {
  openHeap(heap)
  memory.fill(changetype<usize>(state), 0, offsetof<State>())
  state.gram = gram
  state.problem = problem
  state.axes = gram.axes
  state.discrete = problem.discrete != 0
  state.lower = problem.known
  state.step = state.discrete ? 2.2737367544323206e-13 : 1.4551915228366852e-11
  openVertices()
  openMaxima()
  openList(live)
  openList(visited)
  openList(round)
  openList(some)
  openList(left)
  openList(starts)
  openList(centres)
}

/** Would a visit to all corners of these boxes be beyond the budget? They are only counted where it might. */
function exceeds(boxes: List): bool {
  const most = remaining()
  return <f64>(boxes.length << state.axes) > most && <f64>pending(boxes) > most
}

/** First boxes, first maxima, first level. */
function begin(): void {
  const gram = state.gram
  const problem = state.problem
  const origin = newBox(changetype<Box>(0))
  memory.fill(cornerOf(origin), 0, 48)
  const first = corner(origin, 0)
  starts.push(changetype<usize>(first))
  survey(starts)
  // M² is at least the mean of G, which is G₀; at θ = 0 there may be nothing.
  const scale = Math.max(first.value, Math.max(0.5 * problem.centreNorm, problem.known * problem.known))
  bendAt(scale)
  for (let d = 0; d < state.axes; d++) setItem(cells, d, cellsFor(curvatureAlong(d) / scale, COARSE, item(turnsOf(problem), d)))
  cover(cells, live)
  if (exceeds(live)) {
    raise(rayFrom(pointOfVertex(first), first.vector))
    return
  }
  starts.length = 0
  listCorners(live, starts)
  survey(starts)
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
  if (!state.discrete && gram.n >= CROWDED) refine()
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
 * The grid to begin with, now that the surface has been surveyed at `starts`: the one that promises the fewest evaluations. Halving every box of a coarse grid would
 * come to the same, but only at every other size.
 */
function refine(): void {
  const t = state.t
  const axes = state.axes
  let least = Infinity
  let chosen = 0
  bendAt(t)
  for (let k = 0; k < FINER; k++) {
    finerCounts(item(finer, k))
    let rise: f64 = 0
    let product: f64 = 0
    for (let d = 0; d < axes; d++) rise += (4.94 * (curvatureAlong(d) / t)) / (item(counts, d) * item(counts, d))
    for (let i = 0; i < starts.length; i++) {
      const room = ROOM_LEFT * (1 - changetype<Vertex>(starts.get(i)).value / t)
      product += expected(rise / Math.max(room, 1e-3), axes)
    }
    product /= <f64>starts.length
    for (let d = 0; d < axes; d++) product *= item(counts, d)
    if (!(product < least)) continue
    least = k == 0 ? WORTH * product : product
    chosen = k
  }
  if (chosen == 0) return
  finerCounts(item(finer, chosen))
  some.length = 0
  cover(counts, some)
  for (let b = 0; b < some.length; b++) {
    const box = changetype<Box>(some.get(b))
    for (let k = 0; k < live.length; k++) if (holdsCentre(changetype<Box>(live.get(k)), box)) box.parent = changetype<Box>(live.get(k))
  }
  // A budget that ends here is better spent on boxes whose corners have been seen.
  if (exceeds(some)) return
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
function holdsCentre(coarse: Box, box: Box): bool {
  const unit = widthOf(changetype<Box>(live.get(0)))
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

/** Copies the ceilings of a box's corners, or their values, to where `arch` reads them. */
function readCorners(box: Box, ceilings: bool): void {
  for (let i = 0; i < 1 << state.axes; i++) setItem(heights, i, ceilings ? corner(box, i).ceiling : corner(box, i).value)
}

function isClosed(box: Box): bool {
  if (!(box.level > 0)) return false
  readCorners(box, true)
  return arch(state.axes, heights, bendsOf(box)) <= state.t
}

/** Corners without a value count as 0. */
function mayClose(box: Box): bool {
  if (!(box.level > 0)) return false
  readCorners(box, false)
  return arch(state.axes, heights, bendsOf(box)) < state.t
}

/** Those of the boxes that no closed neighbourhood holds. */
function outside(boxes: List, to: List): void {
  to.length = 0
  for (let b = 0; b < boxes.length; b++) {
    const box = changetype<Box>(boxes.get(b))
    let held = false
    for (let k = 0; k < closed.length && !held; k++) held = inside(box, closed.get(k), closed.get(k) + 24)
    if (!held) to.push(changetype<usize>(box))
  }
}

/**
 * At first what `begin` does; then visits the corners of all live boxes and closes what it can; the rest comes back in halves.
 *
 * @returns ENDED, or how many `suspects` wait for a decomposition: `endRound` has to follow if there are any
 */
export function searchRound(): i32 {
  if (!state.begun) {
    begin()
    // The first boxes may be all there is time for: their corners have values already.
    if (pending(live) == 0) for (let i = 0; i < live.length; i++) visited.push(live.get(i))
    state.begun = true
    return 0
  }
  if (live.length == 0) {
    finish(state.t)
    return ENDED
  }
  if (exceeds(live)) {
    cutShort(visited)
    return ENDED
  }
  const before = state.visited
  state.before = state.t
  outside(live, round)
  bendAt(state.t)
  some.length = 0
  for (let b = 0; b < round.length; b++) {
    const box = changetype<Box>(round.get(b))
    bend(box, state.t)
    // What its corners' values cannot close needs no proof.
    if (mayClose(box)) some.push(changetype<usize>(box))
  }
  visit(some, state.t)
  keepOpen(round, some)
  tighten(some)
  keepOpen(some, left)
  closeByCentres()
  if (state.problem.observed != 0) observe()
  // Without a new corner the torus looks as it did; the points of a lattice are compared more closely every time.
  if (state.discrete || state.visited > before) lookHigher(state.discrete ? round : left)
  // Nothing lies between these corners, and they fail.
  some.length = 0
  for (let b = 0; b < left.length; b++) if (!isDivisible(changetype<Box>(left.get(b)))) some.push(left.get(b))
  if (some.length > 0 && state.t == state.before) {
    if (stuckCorners(some) > 0) return suspects.length
    widen()
  }
  divide()
  return 0
}

/** Once the vectors of their decompositions are in the slots of the `suspects`. */
export function endRound(): void {
  if (!useDecompositions()) widen()
  divide()
}

/** The last digits of t are below what can be proven here. */
function widen(): void {
  state.t *= 1 + state.step
  state.step *= 2
}

function isDivisible(box: Box): bool {
  return item(widthOf(box), steepest(box)) >= 2
}

/** The boxes of the next round. */
function divide(): void {
  const last = visited
  visited = live
  live = last
  live.length = 0
  for (let b = 0; b < left.length; b++) {
    const box = changetype<Box>(left.get(b))
    if (isDivisible(box)) split(box, steepest(box), live)
    else live.push(changetype<usize>(box))
  }
}

/** Those of the boxes that their corners do not close. */
function keepOpen(boxes: List, to: List): void {
  to.length = 0
  for (let b = 0; b < boxes.length; b++) if (!isClosed(changetype<Box>(boxes.get(b)))) to.push(boxes.get(b))
}

/** Boxes that their corners' values would close, but not their ceilings: tests with all the room there is. */
function tighten(open: List): void {
  starts.length = 0
  beginList()
  for (let b = 0; b < open.length; b++) {
    const box = changetype<Box>(open.get(b))
    readCorners(box, false)
    const room = state.t - arch(state.axes, heights, bendsOf(box))
    let loose: f64 = 0
    for (let i = 0; i < 1 << state.axes; i++) loose = Math.max(loose, corner(box, i).ceiling - corner(box, i).value)
    if (box.level <= 0 || room < 0.3 * loose) continue
    for (let i = 0; i < 1 << state.axes; i++) {
      const vertex = corner(box, i)
      const level = vertex.value + 0.9 * room
      if (!(vertex.ceiling > level)) continue
      if (isNew(vertex)) {
        starts.push(changetype<usize>(vertex))
        vertex.level = Infinity
      }
      vertex.level = Math.min(level, vertex.level)
    }
  }
  testLevels(starts)
}

/** Takes out of `left` the boxes of two axes that a look at their centre closes; visits those that are likely to be. */
function closeByCentres(): void {
  if (state.axes != 2) return
  some.length = 0
  for (let b = 0; b < left.length; b++) {
    const box = changetype<Box>(left.get(b))
    readCorners(box, true)
    const mean = 0.25 * (item(heights, 0) + item(heights, 1) + item(heights, 2) + item(heights, 3))
    // nothing lies between corners that do not bend, or that have no ceiling
    if (box.level <= 0 || mean == Infinity || box.bend0 == 0 || box.bend1 == 0) continue
    if (archAround(heights, mean, bendsOf(box), box.diagonal) < state.t) some.push(changetype<usize>(box))
  }
  if (some.length == 0 || <f64>some.length > remaining()) return
  visitCentres(some, state.t, centres)
  beginList()
  for (let b = 0; b < some.length; b++) {
    const box = changetype<Box>(some.get(b))
    const centre = changetype<Vertex>(centres.get(b))
    if (changetype<usize>(centre) == 0) continue
    readCorners(box, true)
    if (archAround(heights, centre.ceiling, bendsOf(box), box.diagonal) <= state.t) enlist(box)
  }
  let kept = 0
  for (let b = 0; b < left.length; b++) {
    if (isEnlisted(changetype<Box>(left.get(b)))) continue
    left.set(kept, left.get(b))
    kept++
  }
  left.length = kept
}

/** Keeps the boxes that this round has closed. */
function observe(): void {
  beginList()
  for (let b = 0; b < left.length; b++) enlist(changetype<Box>(left.get(b)))
  for (let b = 0; b < round.length; b++) if (!isEnlisted(changetype<Box>(round.get(b)))) observations.push(round.get(b))
}

function finish(t: f64): void {
  state.upper = nextUp(nextUp(Math.sqrt(t)))
}

/** The budget is spent: the lowest level that the boxes visited last can prove, found by raising t. */
function cutShort(boxes: List): void {
  const base = state.lower * state.lower
  const last = state.problem.ceiling
  for (let more = Math.max(state.t - base, base * 1e-6); boxes.length > 0 && base + more < last; more *= 2) {
    state.t = Math.max(state.t, base + more)
    outside(boxes, round)
    bendAt(state.t)
    for (let b = 0; b < round.length; b++) bend(changetype<Box>(round.get(b)), state.t)
    visit(round, state.t)
    keepOpen(round, left)
    if (left.length > 0) continue
    finish(state.t)
    return
  }
  finish(last)
}

/** Lists of addresses: vertices that wait for a decomposition, closed boxes and neighbourhoods. */
export function searchList(which: i32): usize {
  return changetype<usize>(which == 0 ? suspects : observations)
}

/** The proven ceiling at a point of the lattice. */
export function ceilingAt(point: usize): f64 {
  memory.copy(here, point, <usize>state.axes << 3)
  named(here)
  return ceilingHere()
}

export function searchState(): usize {
  return changetype<usize>(state)
}
