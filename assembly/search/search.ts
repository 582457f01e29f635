/**
 * Encloses sup ‖F(θ)‖₂ over the torus, or over a lattice's points, by branch and bound (METHODS §7, docs/enclosure.md).
 *
 * A level t = (lower·(1 + gap))² is to be proven for λ_max(G) everywhere. Every corner has a proven ceiling of λ_max(G). A box with sides h is closed when the arch
 * over the ceilings of its corners, their multilinear interpolation plus Σ½x_d(1 − x_d)h_d²C_d, stays below t; C_d is the better of Bernstein's 2τ_d²t and
 * Σq_d²‖G_q‖. A box that is not is halved along its most curved axis. The neighbourhood of each maximum found by ascent is closed in one piece beforehand. A corner
 * found higher raises the lower end, and t with it; what was proven at a lower t stays proven.
 */
import { arch, archAround } from './arch'
import { bendsOf, Box, isHeld, named, split, steepest, widthOf } from './boxes'
import { bend, bendAt } from './curvature'
import { begin } from './first-grid'
import { Gram } from './gram-symbol'
import { List, openHeap, openList } from './heap'
import { nets } from './net'
import { openNets, provenByNets } from './nets'
import { lookHigher, openMaxima, stuckCorners, suspects, useDecompositions } from './maxima'
import { item, nextUp, setItem } from './numbers'
import { observations, Problem, remaining, State, state } from './state'
import { beginList, ceilingHere, corner, enlist, exceeds, here, isEnlisted, isNew, openVertices, Vertex } from './vertices'
import { openVisits, testLevels, visit, visitCentres } from './visits'

/** From that many channels on tests of new corners, far below t and in fixed point, cost less than closer ones of known corners. */
const CROWDED: i32 = 200

/** What a search does next. */
const ENDED: i32 = -1

/** The boxes to be closed, those of the round before, and those of this round that are still open. */
let live = changetype<List>(memory.data(12, 4))
let visited = changetype<List>(memory.data(12, 4))
const round = changetype<List>(memory.data(12, 4))
const some = changetype<List>(memory.data(12, 4))
const left = changetype<List>(memory.data(12, 4))
/** The first grid, all of whose corners have been surveyed. */
const roots = changetype<List>(memory.data(12, 4))
/** Vertices. */
const starts = changetype<List>(memory.data(12, 4))
const centres = changetype<List>(memory.data(12, 4))

const heights: usize = memory.data(64, 8)

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
  openVisits()
  openMaxima()
  openNets()
  openList(live)
  openList(visited)
  openList(round)
  openList(some)
  openList(left)
  openList(roots)
  openList(starts)
  openList(centres)
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
    if (!isHeld(box)) to.push(changetype<usize>(box))
  }
}

/**
 * At first what `begin` does; then visits the corners of all live boxes and closes what it can; the rest comes back in halves.
 *
 * @returns ENDED, or how many `suspects` wait for a decomposition: `endRound` has to follow if there are any
 */
export function searchRound(): i32 {
  if (!state.begun) {
    begin(live, roots, starts, some)
    // The first grid may be all there is time for: its corners have values already.
    for (let i = 0; i < roots.length; i++) visited.push(roots.get(i))
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
  if (state.gram.n < CROWDED) tighten(some)
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

/** Have all corners been visited? */
function isSeen(box: Box): bool {
  for (let i = 0; i < 1 << state.axes; i++) if (corner(box, i).value < 0) return false
  return true
}

/**
 * Boxes that hold all these and have no corner that was not visited, unless the budget is enough for those: boxes whose corners' values promised nothing were halved
 * unseen, and stand back for what they are parts of, or for the first grid.
 */
function affordable(boxes: List, to: List): void {
  to.length = 0
  if (!exceeds(boxes)) {
    for (let b = 0; b < boxes.length; b++) to.push(boxes.get(b))
    return
  }
  beginList()
  for (let b = 0; b < boxes.length; b++) {
    let box = changetype<Box>(boxes.get(b))
    while (!isSeen(box) && box.half) box = box.parent
    if (!isSeen(box)) {
      to.length = 0
      for (let k = 0; k < roots.length; k++) to.push(roots.get(k))
      return
    }
    if (isEnlisted(box)) continue
    enlist(box)
    to.push(changetype<usize>(box))
  }
}

/** The budget is spent: the lowest level that the boxes visited last can prove, found by raising t. */
function cutShort(last: List): void {
  const boxes = some
  affordable(last, boxes)
  const base = state.lower * state.lower
  const least = Math.max(state.t - base, base * 1e-6)
  let ceiling = state.problem.ceiling
  for (let more = least; nets.length > 0 && base + more < ceiling; more *= 2) if (provenByNets(base + more)) ceiling = base + more
  for (let more = least; boxes.length > 0 && base + more < ceiling; more *= 2) {
    state.t = Math.max(state.t, base + more)
    outside(boxes, round)
    bendAt(state.t)
    for (let b = 0; b < round.length; b++) bend(changetype<Box>(round.get(b)), state.t)
    visit(round, state.t)
    keepOpen(round, left)
    if (left.length > 0) continue
    if (state.problem.observed != 0) observe()
    finish(state.t)
    return
  }
  finish(ceiling)
}

/** Lists of addresses: vertices that wait for a decomposition, closed boxes and neighbourhoods, nets. */
export function searchList(which: i32): usize {
  return changetype<usize>(which == 0 ? suspects : which == 1 ? observations : nets)
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
