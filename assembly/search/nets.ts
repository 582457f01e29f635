/**
 * Nearly flat surfaces over two axes, closed by nets (net.ts): a spline bends as much as the surface does at its top, where boxes count with the most that M² allows,
 * so it takes fewer tests. What is open is looked at by a net twice as fine, which needs tests only where means of the coarser values do not serve.
 */
import { Box, cornerOf, isPointHeld, named, newBox } from './boxes'
import { DOUBLE, FIXED, lossOf, SINGLE } from './cholesky-tests'
import { List, openList } from './heap'
import { item, setItem } from './numbers'
import { climbFromAbove } from './maxima'
import { around, bound, controlOf, holderOf, isOpen, lay, markOpen, Net, nets, newNet, rippleOf, wrapped } from './net'
import { cells, observations, remaining, state, tauOf, turnsOf } from './state'
import { here, newVertex, pointOfVertex, Vertex, vertexHere } from './vertices'
import { add, measure } from './visits'

/** The most there are; what is open then is left to boxes. */
const MOST: i32 = 3
/** Cells to a turn of the first net for half degree 1. Corners and centres of all nets have to be points of the lattice (FINEST in src/torus/boxes.ts). */
const sizes: usize = memory.data<i32>([8, 10, 12, 14, 16, 20, 24, 28, 30, 32, 40, 42, 48, 56, 60])
const SIZES: i32 = 15
/** Where one of the first three promises most, a few peaks stand out of the surface, and boxes close all around them sooner than it seems. */
const FLAT: i32 = 3
/** Cells of a first net, at most. */
const CELLS: f64 = 65536
/** Visits that follow one whose value is too high, about. */
const FAILURE: f64 = 3.7
/** A control may be close to a maximum nobody has climbed if it is above t by more than this part of the room up to the cap. */
const HOPE: f64 = 0.35
/** What rounding may take from a test, as a part of the room between t and the cap. */
const ROUGH: f64 = 0.15

const size: usize = memory.data(8, 8)
/** Controls with what they start from. */
const starts = changetype<List>(memory.data(12, 4))
/** Cells, or all their controls. */
const chosen = changetype<List>(memory.data(12, 4))

export function openNets(): void {
  openList(nets)
  openList(starts)
  openList(chosen)
}

/**
 * Closes what it can.
 *
 *   surveyed  in   vertices with values
 *   least          evaluations that boxes are expected to take
 *   live      out  boxes over what is still open
 *
 * @returns false if nets promise no less
 */
export function closeByNets(surveyed: List, least: f64, live: List): bool {
  if (!choose(surveyed, least)) return false
  let net = newNet(changetype<Net>(0), load<i32>(size), load<i32>(size, 4))
  while (leavesOpen(net)) {
    if (lookHigher(net)) continue
    if (nets.length == MOST) break
    net = newNet(net, 2 * net.rows, 2 * net.columns)
  }
  live.length = 0
  for (let c = 0; 2 * c < net.rows * net.columns; c++) if (isOpen(net, c)) live.push(boxOver(net, c))
  if (state.problem.observed != 0) for (let k = 0; k < nets.length; k++) observe(changetype<Net>(nets.get(k)))
  return true
}

/** Does what is known of the control values prove a level everywhere? */
export function provenByNets(t: f64): bool {
  for (let k = 0; k < nets.length; k++) {
    bound(changetype<Net>(nets.get(k)), t)
    if (!markOpen(changetype<Net>(nets.get(k)), t)) return true
  }
  return false
}

/** The first net that promises the fewest visits, if that is fewer than so many and the surface is flat. */
function choose(surveyed: List, least: f64): bool {
  const gram = state.gram
  const tau = tauOf(state.problem)
  const t = state.t
  // with two taps an axis surfaces bend nearly as much as boxes allow for
  if (state.axes != 2 || item(tau, 0) < 1 || item(tau, 1) < 1) return false
  const lost = 1.5 * lossOf(gram, gram.hiddenFixed < Infinity ? FIXED : SINGLE, t)
  const always = state.problem.netted == 0
  if (always) least = Infinity
  let found = false
  for (let k = 0; k < SIZES; k++) {
    const rows = countAlong(0, k)
    const columns = countAlong(1, k)
    if (!isOnLattice(0, rows) || !isOnLattice(1, columns) || <f64>rows * <f64>columns > CELLS) continue
    // at its top a surface bends about half as much as Bernstein's inequality allows
    const x = (2 * Math.PI * item(tau, 0)) / <f64>rows
    const y = (2 * Math.PI * item(tau, 1)) / <f64>columns
    const rise = t * (rippleOf(rows, columns) + 0.125 * (x * x + y * y))
    let visits: f64 = 0
    let seen: f64 = 0
    for (let i = 0; i < surveyed.length; i++) {
      const vertex = changetype<Vertex>(surveyed.get(i))
      if (isPointHeld(pointOfVertex(vertex))) continue
      visits += expected(rise / Math.max(t - lost - vertex.value, 1e-3 * t))
      seen++
    }
    visits *= (0.5 * <f64>(rows * columns)) / seen
    if (!(visits < least) || visits > remaining()) continue
    least = visits
    store<i32>(size, rows)
    store<i32>(size, columns, 4)
    found = always || k >= FLAT
  }
  return found
}

/** The k-th size of an axis: for its half degree, or the next power of two. */
function countAlong(d: i32, k: i32): i32 {
  let scale: f64 = 0.5
  while (scale < item(tauOf(state.problem), d)) scale *= 2
  return <i32>(scale * <f64>load<i32>(sizes + ((<usize>k) << 2)))
}

/** Are corners and centres of the finest net points of the lattice? */
function isOnLattice(d: i32, count: i32): bool {
  const half = item(turnsOf(state.problem), d) / <f64>(count << MOST)
  return half == Math.floor(half)
}

/** Visits for a cell whose control value rises above the surface by so many times the room there is. */
function expected(rise: f64): f64 {
  return rise >= 1 ? 1 + FAILURE * expected(0.25 * rise) : 1
}

/** Visits what may close a cell, the most promising first; true where visits are not enough. */
function leavesOpen(net: Net): bool {
  const gram = net.gram
  bound(net, state.t)
  while (markOpen(net, state.t)) {
    choosePromising(net)
    if (chosen.length == 0) return true
    if (<f64>chosen.length > remaining()) return false
    starts.length = 0
    for (let k = 0; k < chosen.length; k++) start(net, <i32>chosen.get(k))
    // a test above the cap says nothing new
    const t = net.cap * state.t
    let closest = FIXED
    while (closest > DOUBLE && !(lossOf(gram, closest, t) < ROUGH * (t - state.t))) closest--
    measure(gram, starts, t, gram.n > 300 ? 15 : 11, closest)
    bound(net, state.t)
  }
  return false
}

/** Climbs from the highest of the controls; true where that has raised t. */
function lookHigher(net: Net): bool {
  const t = state.t
  chosen.length = 0
  for (let c = 0; 2 * c < net.rows * net.columns; c++) if (changetype<usize>(controlOf(net, c)) != 0) chosen.push(changetype<usize>(controlOf(net, c)))
  climbFromAbove(chosen, t * (1 + HOPE * (net.cap - 1)))
  return state.t > t
}

/** The cells not yet visited that promise more than those around them, by how much their bounds are to blame for open cells; and others to fill the last four lanes. */
function choosePromising(net: Net): void {
  const count = net.rows * net.columns
  score(net)
  chosen.length = 0
  for (let c = 0; 2 * c < count; c++) {
    const own = item(net.scores, c)
    if (own == 0) continue
    const scores = around(net, net.scores, c)
    let highest = true
    // sums in another order differ by their rounding
    for (let k = 0; k < 9; k++) highest = highest && item(scores, k) <= own * (1 + 1e-9)
    if (highest) chosen.push(c)
  }
  for (let k = 0; k < chosen.length; k++) setItem(net.scores, <i32>chosen.get(k), 0)
  while ((chosen.length & 3) != 0) {
    let best = 0
    for (let c = 1; 2 * c < count; c++) if (item(net.scores, c) > item(net.scores, best)) best = c
    if (item(net.scores, best) == 0) return
    setItem(net.scores, best, 0)
    chosen.push(best)
  }
}

/** What visits promise: shares in open cells, times how far a bound is above what is hoped for. */
function score(net: Net): void {
  const last = net.rows * net.columns - 1
  // as far below t as the cap is above
  const hoped = state.t * (2 - net.cap)
  memory.fill(net.scores, 0, (<usize>(last + 1)) << 3)
  for (let c = 0; c <= last; c++) {
    if (!isOpen(net, c)) continue
    for (let a = -1; a <= 1; a++) {
      const row = wrapped(c / net.columns + a, net.rows) * net.columns
      for (let b = -1; b <= 1; b++) {
        const cell = row + wrapped((c % net.columns) + b, net.columns)
        if (changetype<usize>(controlOf(net, min(cell, last - cell))) != 0) continue
        const share = (a == 0 ? 0.6 : 0.2) * (b == 0 ? 0.6 : 0.2)
        setItem(net.scores, cell, item(net.scores, cell) + share * Math.max(0, item(net.values, cell) - hoped))
      }
    }
  }
}

/** The control of a cell, to be bracketed from the vector of the coarser cell that holds it, or of the corner of the first grid that is closest. */
function start(net: Net, c: i32): void {
  const coarser = net.coarser
  centre(net, c)
  const control = newVertex(here)
  store<u32>(net.controls + ((<usize>c) << 2), changetype<usize>(control))
  let from = changetype<Vertex>(0)
  let mirrored = false
  if (changetype<usize>(coarser) != 0) {
    const holder = holderOf(net, c)
    const image = coarser.rows * coarser.columns - 1 - holder
    mirrored = image < holder
    from = controlOf(coarser, min(holder, image))
  } else {
    const turns = turnsOf(state.problem)
    for (let d = 0; d < 2; d++) {
      const side = item(turns, d) / item(cells, d)
      const corner = Math.round(item(here, d) / side) * side
      setItem(here, d, corner < item(turns, d) ? corner : 0)
    }
    mirrored = named(here)
    from = vertexHere()
  }
  const vector = changetype<usize>(from) == 0 ? <usize>0 : from.vector
  add(starts, control, vector, mirrored)
}

/** Puts the centre of a cell `here`. */
function centre(net: Net, c: i32): void {
  const turns = turnsOf(state.problem)
  setItem(here, 0, (<f64>(c / net.columns) + 0.5) * (item(turns, 0) / <f64>net.rows))
  setItem(here, 1, (<f64>(c % net.columns) + 0.5) * (item(turns, 1) / <f64>net.columns))
}

/** A box over a cell, for good. */
function boxOver(net: Net, c: i32): usize {
  const box = newBox(changetype<Box>(0))
  memory.fill(cornerOf(box), 0, 48)
  lay(net, c, box)
  return changetype<usize>(box)
}

/** Keeps the cells that a net has closed. */
function observe(net: Net): void {
  for (let c = 0; 2 * c < net.rows * net.columns; c++) {
    if (isOpen(net, c)) continue
    if (changetype<usize>(net.coarser) == 0 || isOpen(net.coarser, holderOf(net, c))) observations.push(boxOver(net, c))
  }
}
