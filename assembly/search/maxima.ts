/** The maxima a search has found: ascents, the lower end, and neighbourhoods closed in one piece. */
import { ascend, ascentBytes, TURN } from './ascent'
import { apart, bendsOf, Box, withinTurn } from './boxes'
import { Gram, margin } from './gram-symbol'
import { allocate, List, openList, room } from './heap'
import { closeNeighbourhood, neighbourhoodBytes } from './neighbourhood'
import { gamma, item, nextDown, setItem, UNIT } from './numbers'
import { pointOf, Ray, rayAt, rayBytes, realDot, vectorOf, visit, visitBytes } from './ray'
import { cells, closed, observations, peaks, remaining, state, tauOf, TRIPLE, turnsOf } from './state'
import { beginList, corner, giveSlot, here, isNew, pointOfVertex, sortByValue, Vertex, vertexHere } from './vertices'
import { survey, testLevels } from './visits'

/** Ascents after which failing corners are left to the boxes. */
const MOST_PEAKS: i32 = 40
/** Corners looked at more closely after a round. */
const MOST_SUSPECTS: i32 = 16
/** Share of a box's bends by which a maximum between its corners may rise above them. */
const HOPE: f64 = 0.05

/** Vertices that are looked at more closely, or taken apart. */
export const suspects = changetype<List>(memory.data(12, 4))

const reach: usize = memory.data(24, 8)
const start: usize = memory.data(24, 8)
const spentHere: usize = memory.data(8, 8)

export function openMaxima(): void {
  openList(peaks)
  openList(closed)
  openList(observations)
  openList(suspects)
}

/** Ascends from a vertex as far as the budget goes. */
export function climbFromVertex(vertex: Vertex): Ray {
  vertex.climbed = true
  return climbFrom(pointOfVertex(vertex), vertex.value, vertex.vector)
}

/** Ascends from a point of the lattice and raises the lower end if it can; the peak, if it is a new one, or 0. */
function climbFrom(point: usize, value: f64, vector: usize): Ray {
  const gram = state.gram
  const problem = state.problem
  const tau = tauOf(problem)
  const most = remaining() - (state.discrete ? <f64>(1 << state.axes) : 0)
  if (most < 1) {
    if (value >= 0) raise(rayFrom(point, vector))
    return changetype<Ray>(0)
  }
  const peak = newRay(0)
  for (let d = 0; d < state.axes; d++) {
    setItem(reach, d, item(tau, d) > 0 ? 0.6 / item(tau, d) : 0)
    setItem(pointOf(peak), d, Math.floor((item(point, d) / item(turnsOf(problem), d)) * TURN))
  }
  if (vector != 0) memory.copy(vectorOf(peak), vector, (<usize>gram.n) << 4)
  const accuracy = problem.sharp != 0 ? 1e-17 : Math.max(1e-15, Math.min(1e-7, problem.gap * 3e-3))
  ascend(gram, peak, vector != 0, reach, accuracy, most, room(ascentBytes(gram)))
  state.extra += peak.evaluations
  raise(state.discrete ? bestNearby(peak) : peak)
  for (let i = 0; i < peaks.length; i++)
    if (near(pointOf(changetype<Ray>(peaks.get(i))), pointOf(peak), 1)) return changetype<Ray>(0)
  peaks.push(changetype<usize>(peak))
  return peak
}

function newRay(onLattice: f64): Ray {
  const ray = changetype<Ray>(allocate(rayBytes(state.gram)))
  ray.onLattice = onLattice
  return ray
}

/**
 * How far below t a maximum may lie, as a part of t, for its neighbourhood to be closed in one piece. Boxes take some 25 evaluations for every decade of that
 * distance; the proof needs a factorisation, and with many channels it rarely succeeds, for eigenvalues crowd at the top.
 */
@inline
function worthClosing(n: i32): f64 {
  return n > 100 ? 5e-4 : 0.03
}

/** Closes the neighbourhood of a maximum that is near t; a lower one is left to the boxes. */
export function closeAround(peak: Ray): void {
  const gram = state.gram
  const t = state.t
  if (state.discrete || t - peak.value > worthClosing(gram.n) * t) return
  const box = allocate(2 * TRIPLE)
  memory.copy(box, pointOf(peak), TRIPLE)
  const done = closeNeighbourhood(
    gram, peak, t, tauOf(state.problem), cells, state.problem.ceiling, remaining(), box + TRIPLE, spentHere, room(neighbourhoodBytes(gram)),
  )
  state.extra += load<f64>(spentHere)
  if (!done) {
    leaveSaddle(peak)
    return
  }
  closed.push(box)
  if (state.problem.observed != 0) observations.push(box + 1)
}

/**
 * Where all angles are 0 or half a turn the gradient vanishes by symmetry, at saddles too. If its neighbourhood cannot be closed, the ascent is begun again a
 * little beside it.
 */
function leaveSaddle(peak: Ray): void {
  const tau = tauOf(state.problem)
  for (let d = 0; d < state.axes; d++) {
    const x = item(pointOf(peak), d)
    if (x != 0 && x != TURN / 2) return
  }
  for (let d = 0; d < state.axes; d++) {
    const aside = item(tau, d) > 0 ? (0.011 + 0.007 * <f64>d) / item(tau, d) : 0
    const part = item(pointOf(peak), d) / TURN + aside
    setItem(here, d, Math.round((part - Math.floor(part)) * item(turnsOf(state.problem), d)))
  }
  const beside = vertexHere()
  const next = climbFrom(pointOfVertex(beside), beside.value, vectorOf(peak))
  if (changetype<usize>(next) != 0) closeAround(next)
}

/**
 * Climbs from corners of boxes that are higher than what has been found, and from the highest that may be close to a maximum nobody has climbed yet, judged by how far
 * the surface can bend up over their boxes.
 */
export function lookHigher(boxes: List): void {
  if (state.discrete) {
    lookAround(boxes)
    return
  }
  suspects.length = 0
  beginList()
  for (let b = 0; b < boxes.length; b++) {
    const box = changetype<Box>(boxes.get(b))
    let bends: f64 = 0
    for (let d = 0; d < state.axes; d++) bends += item(bendsOf(box), d)
    for (let i = 0; i < 1 << state.axes; i++) {
      const vertex = corner(box, i)
      const hope = vertex.value + HOPE * bends
      if (isNew(vertex)) {
        suspects.push(changetype<usize>(vertex))
        vertex.level = 0
      }
      vertex.level = Math.max(hope, vertex.level)
    }
  }
  climbFromSuspects(state.t)
}

/** Climbs from visited vertices that are above a level, the highest first. They may be controls of a net, whose ceilings are not those of G that a survey would find. */
export function climbFromAbove(vertices: List, level: f64): void {
  suspects.length = 0
  for (let i = 0; i < vertices.length; i++) {
    const vertex = changetype<Vertex>(vertices.get(i))
    vertex.level = vertex.value > level ? Infinity : 0
    if (vertex.vector != 0 && !vertex.climbed) suspects.push(changetype<usize>(vertex))
  }
  climbFromSuspects(Infinity)
}

/**
 * The highest of the `suspects` from which there is hope for more than t, until one is no higher than the best so far. A peak nearby is no reason to climb once more,
 * unless a value is above `surely`: what was taken for a peak is a saddle then.
 */
function climbFromSuspects(surely: f64): void {
  let kept = 0
  for (let i = 0; i < suspects.length; i++) {
    const vertex = changetype<Vertex>(suspects.get(i))
    if (!(vertex.level > state.t) || (!(vertex.value > surely) && isKnown(vertex))) continue
    suspects.set(kept, changetype<usize>(vertex))
    kept++
  }
  suspects.length = kept
  sortByValue(suspects)
  suspects.length = <i32>Math.min(<f64>kept, Math.max(0, Math.min(<f64>MOST_SUSPECTS, remaining())))
  survey(suspects, state.t)
  for (let i = 0; i < suspects.length; i++) {
    const vertex = changetype<Vertex>(suspects.get(i))
    if (peaks.length > MOST_PEAKS || !(vertex.level > state.t)) return
    if (vertex.climbed || (!(vertex.value > Math.max(surely, state.t)) && isKnown(vertex))) continue
    const before = state.best.value
    const peak = climbFromVertex(vertex)
    if (changetype<usize>(peak) != 0) closeAround(peak)
    if (state.best.value <= before) return
  }
}

/** Is a peak near? */
function isKnown(vertex: Vertex): bool {
  for (let d = 0; d < state.axes; d++) setItem(start, d, (item(pointOfVertex(vertex), d) / item(turnsOf(state.problem), d)) * TURN)
  for (let i = 0; i < peaks.length; i++) if (near(pointOf(changetype<Ray>(peaks.get(i))), start, 8)) return true
  return false
}

/** How far single precision lowers a value, and a little more. */
const IN_DOUBT: f64 = 1.52587890625e-5

/** On a lattice only its points count: those as high as the best, as far as single precision can tell, are looked at once more. */
function lookAround(boxes: List): void {
  suspects.length = 0
  beginList()
  for (let b = 0; b < boxes.length; b++) {
    for (let i = 0; i < 1 << state.axes; i++) {
      const vertex = corner(changetype<Box>(boxes.get(b)), i)
      if (!(vertex.value > state.best.value * (1 - IN_DOUBT))) continue
      if (!isSame(pointOfVertex(vertex), pointOf(state.best)) && isNew(vertex)) suspects.push(changetype<usize>(vertex))
    }
  }
  sortByValue(suspects)
  for (let i = 0; i < min(suspects.length, MOST_SUSPECTS); i++) {
    const vertex = changetype<Vertex>(suspects.get(i))
    const ray = rayFrom(pointOfVertex(vertex), vertex.vector)
    if (ray.value > vertex.value) vertex.value = ray.value
    raise(ray)
  }
}

function isSame(a: usize, b: usize): bool {
  for (let d = 0; d < state.axes; d++) if (item(a, d) != item(b, d)) return false
  return true
}

/** Room below t that a test leaves after a decomposition, which knows λ_max itself. */
const ROOM_LEFT: f64 = 0.1

/**
 * Eigenvalues closer to each other than the residual of a Krylov vector take a complete decomposition. It is made once at corners between which nothing lies: these
 * are found here, and are the `suspects` that wait for it.
 */
export function stuckCorners(boxes: List): i32 {
  suspects.length = 0
  beginList()
  for (let b = 0; b < boxes.length; b++) {
    for (let i = 0; i < 1 << state.axes; i++) {
      const vertex = corner(changetype<Box>(boxes.get(b)), i)
      if (!vertex.decomposed && !(vertex.ceiling <= state.t) && isNew(vertex)) suspects.push(changetype<usize>(vertex))
    }
  }
  sortByValue(suspects)
  suspects.length = min(suspects.length, MOST_SUSPECTS)
  for (let i = 0; i < suspects.length; i++) giveSlot(changetype<Vertex>(suspects.get(i)))
  return suspects.length
}

/** What decompositions have found, now in the slots of the `suspects`, raises t or is tested at once. False where it changed nothing. */
export function useDecompositions(): bool {
  const t = state.t
  for (let i = 0; i < suspects.length; i++) {
    const vertex = changetype<Vertex>(suspects.get(i))
    vertex.decomposed = true
    vertex.vector = vertex.slot
    const ray = newRay(1)
    memory.copy(pointOf(ray), pointOfVertex(vertex), TRIPLE)
    memory.copy(vectorOf(ray), vertex.vector, (<usize>state.gram.n) << 4)
    rayAt(state.gram, turnsOf(state.problem), ray, room(visitBytes(state.gram)))
    vertex.value = ray.value
    raise(ray)
  }
  for (let i = 0; i < suspects.length; i++) {
    const vertex = changetype<Vertex>(suspects.get(i))
    vertex.level = state.t - ROOM_LEFT * (state.t - vertex.value)
  }
  testLevels(suspects)
  if (state.t > t) return true
  for (let i = 0; i < suspects.length; i++) if (changetype<Vertex>(suspects.get(i)).ceiling <= t) return true
  return false
}

/** The ray of the top eigenvector at a point of the lattice, from a vector near it. */
export function rayFrom(point: usize, vector: usize): Ray {
  const gram = state.gram
  const ray = newRay(1)
  memory.copy(pointOf(ray), point, TRIPLE)
  const enough = state.problem.sharp != 0 ? 1e-13 : 1e-8
  const from = vector != 0 ? vector : gram.cold
  visit(gram, turnsOf(state.problem), ray, from, vector != 0 ? 12 : 24, enough, 12, room(visitBytes(gram)))
  return ray
}

/** The highest of the lattice points around a maximum between them. */
function bestNearby(peak: Ray): Ray {
  const turns = turnsOf(state.problem)
  let best = changetype<Ray>(0)
  for (let bits = 0; bits < 1 << state.axes; bits++) {
    // where there is one point to a turn, or the next one is the first again, it has been looked at
    let again = false
    for (let d = 0; d < state.axes; d++) {
      const n = item(turns, d)
      again = again || (n == 1 && ((bits >> d) & 1) == 1)
      const x = Math.floor((item(pointOf(peak), d) / TURN) * n) + <f64>((bits >> d) & 1)
      setItem(start, d, withinTurn(x, n))
    }
    if (again) continue
    state.extra++
    const ray = rayFrom(start, vectorOf(peak))
    if (changetype<usize>(best) == 0 || ray.value > best.value) best = ray
  }
  return best
}

/** Takes a ray's value as the new lower end if it is higher, and sets t to what the gap asks for, or to what rounding allows. */
export function raise(ray: Ray): void {
  const gram = state.gram
  const floor = floorOf(gram, ray)
  if (changetype<usize>(state.best) == 0 || floor > state.lower) state.best = ray
  if (floor > state.lower) state.lower = floor
  // a little less than was asked for, so that the quotient of the rounded ends is not above it
  const wide = state.lower * (1 + state.problem.gap * 0.999)
  const wanted = wide * wide * (1 - 8 * UNIT)
  const highest = Math.max(state.lower * state.lower, Math.min(ray.value, state.best.value))
  const reachable = highest * (1 + 8 * UNIT) + 4 * margin(gram, highest)
  state.t = Math.max(state.t, Math.max(wanted, reachable))
}

/** A proven lower bound of f(θ) = ‖F(θ)‖₂ at the ray's point: ‖F(θ)v‖/‖v‖, rounded down. */
export function floorOf(gram: Gram, ray: Ray): f64 {
  const v = vectorOf(ray)
  const length = Math.sqrt(realDot(2 * gram.n, v, v)) * (1 + gamma(<f64>(gram.n + 4)))
  const image = Math.sqrt(ray.value) * (1 - gamma(<f64>(gram.m + 4)))
  if (!(length > 0)) return 0
  return Math.max(0, nextDown(nextDown((image / length) * (1 - 4 * UNIT) - gram.imageError)))
}

/** Are two points, or one and the mirror image of the other, within a fraction `scale`/200τ of a turn? */
function near(a: usize, b: usize, scale: f64): bool {
  return nearby(a, b, scale, 1) || nearby(a, b, scale, -1)
}

function nearby(a: usize, b: usize, scale: f64, sign: f64): bool {
  for (let d = 0; d < state.axes; d++) {
    const gap = apart(item(a, d), sign * item(b, d))
    if (!(Math.min(gap, TURN - gap) * item(tauOf(state.problem), d) * 200 < TURN * scale)) return false
  }
  return true
}
