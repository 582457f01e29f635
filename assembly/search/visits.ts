/** What is found out about vertices: quotients and vectors, ceilings from where a neighbour left off, tests at a level. */
import { bracketBytes, bracketTo, RISING } from './bracket'
import { Box, centrePoint, hasCentre, widthOf } from './boxes'
import { aligned, Gram } from './gram-symbol'
import { List, openList, room } from './heap'
import { item, setItem } from './numbers'
import { state, turnsOf } from './state'
import { below, DOUBLE, FIXED, lossOf, SINGLE } from './cholesky-tests'
import { beginList, corner, giveSlot, here, isMirrored, isNew, pointOfVertex, Vertex, vertexHere } from './vertices'

// Steps of Lanczos: without a start, with one from a neighbour, with one from a box more than twice as wide, before the first test, after a failed one. Spectra of
// many channels are dense at the top.
function coldSteps(n: i32): i32 {
  return n > 300 ? 16 : n > 200 ? 14 : n > 100 ? 12 : n > 64 ? 9 : 7
}

function warmSteps(n: i32): i32 {
  return n > 300 ? 14 : n > 100 ? 10 : 5
}

function farSteps(n: i32): i32 {
  return n > 100 ? 13 : 8
}

function firstSteps(n: i32): i32 {
  return n > 300 ? 10 : n > 100 ? 6 : 1
}

const AGAIN: i32 = 12
/** A test in single precision, or in fixed point, is made where the level is this many times what it loses above the value. */
const ROUGH: f64 = 1.2
const COARSE: f64 = 1.5

/** Vertices to be bracketed, each with the vector to start from (0: none) and whether that has to be conjugated. */
const cold = changetype<List>(memory.data(12, 4))
const far = changetype<List>(memory.data(12, 4))
const warm = changetype<List>(memory.data(12, 4))
const first = changetype<List>(memory.data(12, 4))
const again = changetype<List>(memory.data(12, 4))

export function openVisits(): void {
  openList(cold)
  openList(far)
  openList(warm)
  openList(first)
  openList(again)
}

export function add(list: List, vertex: Vertex, vector: usize, conjugated: bool): void {
  list.push(changetype<usize>(vertex))
  list.push(vector)
  list.push(conjugated ? 1 : 0)
}

/** Rayleigh quotients and vectors for those that have none yet, and ceilings where that is low beside the highest, or beside what is known to be reached. */
export function survey(vertices: List, known: f64): void {
  cold.length = 0
  for (let i = 0; i < vertices.length; i++) {
    const vertex = changetype<Vertex>(vertices.get(i))
    if (vertex.vector == 0) add(cold, vertex, 0, false)
  }
  measure(state.gram, cold, known, coldSteps(state.gram.n), RISING)
}

/**
 * Ceilings below t for the corners of boxes that have none yet: a new one starts Lanczos from the vector of the corner it came from, and is tested a little above
 * what that gives.
 */
export function visit(boxes: List, t: f64): void {
  cold.length = 0
  far.length = 0
  warm.length = 0
  first.length = 0
  again.length = 0
  beginList()
  for (let b = 0; b < boxes.length; b++) {
    const box = changetype<Box>(boxes.get(b))
    for (let i = 0; i < 1 << state.axes; i++) {
      const vertex = corner(box, i)
      if (vertex.ceiling < Infinity || vertex.value >= t) continue
      const fresh = isNew(vertex)
      if (vertex.vector == 0) start(box, i, vertex)
      else if (fresh) add(vertex.tested ? again : first, vertex, vertex.vector, false)
    }
  }
  const n = state.gram.n
  measure(state.gram, cold, t, coldSteps(n), DOUBLE)
  measure(state.gram, far, t, farSteps(n), DOUBLE)
  measure(state.gram, warm, t, warmSteps(n), DOUBLE)
  measure(state.gram, first, t, firstSteps(n), DOUBLE)
  measure(state.gram, again, t, AGAIN, DOUBLE)
}

/** Where a new corner starts from: the vector at the same corner of the smallest box around this one that has one. */
function start(box: Box, i: i32, vertex: Vertex): void {
  for (let from = box.parent; changetype<usize>(from) != 0; from = from.parent) {
    const vector = corner(from, i).vector
    if (vector == 0) continue
    const conjugated = isMirrored(from, i) != isMirrored(box, i)
    let distant = false
    for (let d = 0; d < state.axes; d++) distant = distant || item(widthOf(from), d) > 2.5 * item(widthOf(box), d)
    if (distant) vertex.far = placed(far, vertex, vertex.far, vector, conjugated)
    else vertex.warm = placed(warm, vertex, vertex.warm, vector, conjugated)
    return
  }
  if (vertex.cold == 0) vertex.cold = placed(cold, vertex, 0, 0, false)
}

/** Puts a vertex into a list, or gives it another start where it is in there; returns where, from 1 on. */
function placed(list: List, vertex: Vertex, place: i32, vector: usize, conjugated: bool): i32 {
  if (place == 0) {
    add(list, vertex, vector, conjugated)
    return list.length / 3
  }
  list.set(3 * place - 2, vector)
  list.set(3 * place - 1, conjugated ? 1 : 0)
  return place
}

/** The vertices at the centres of boxes, which are bracketed from the vectors of their highest corners; 0 for a box that has no centre. */
export function visitCentres(boxes: List, t: f64, centres: List): void {
  warm.length = 0
  centres.length = 0
  beginList()
  for (let b = 0; b < boxes.length; b++) {
    const box = changetype<Box>(boxes.get(b))
    if (!hasCentre(box)) {
      centres.push(0)
      continue
    }
    const mirrored = centrePoint(box, here)
    const centre = vertexHere()
    centres.push(changetype<usize>(centre))
    if (centre.ceiling < Infinity || centre.value >= t) continue
    let highest = 0
    for (let i = 0; i < 1 << state.axes; i++) {
      const vertex = corner(box, i)
      if (vertex.vector != 0 && vertex.value > corner(box, highest).value) highest = i
    }
    isNew(centre)
    if (centre.vector != 0) centre.warm = placed(warm, centre, centre.warm, centre.vector, false)
    else
      centre.warm = placed(warm, centre, centre.warm, corner(box, highest).vector, isMirrored(box, highest) != mirrored)
  }
  measure(state.gram, warm, t, warmSteps(state.gram.n), DOUBLE)
}

/** Bytes of vectors that are bracketed together, about. */
const TOGETHER: usize = 1 << 20

/** Brackets the vertices of a list of starts, with tests that are no closer than in the given precision. */
export function measure(gram: Gram, list: List, t: f64, steps: i32, closest: i32): void {
  const count = list.length / 3
  for (let i = 0; i < count; i++) giveSlot(changetype<Vertex>(list.get(3 * i)))
  const most = max(64, <i32>(TOGETHER / ((<usize>gram.n) << 4)))
  for (let first = 0; first < count; first += most) measureSome(gram, list, first, min(most, count - first), t, steps, closest)
}

/** The same for `count` of them. */
function measureSome(gram: Gram, list: List, first: i32, count: i32, t: f64, steps: i32, closest: i32): void {
  const size = (<usize>gram.n) << 4
  const bytes = (<usize>gram.axes) << 3
  const numbers = aligned((<usize>count) << 3)
  const all = <usize>count * size
  const vectors = room(<f64>(all + 2 * numbers + aligned(<usize>count * bytes)) + bracketBytes(gram, count))
  const values = vectors + all
  const ceilings = values + numbers
  const points = ceilings + numbers
  for (let i = 0; i < count; i++) {
    const start = 3 * (first + i)
    memory.copy(points + <usize>i * bytes, list.get(start), bytes)
    const from = list.get(start + 1)
    const to = vectors + <usize>i * size
    memory.copy(to, from == 0 ? gram.cold : from, size)
    if (from != 0 && list.get(start + 2)) for (let k: usize = 8; k < size; k += 16) store<f64>(to + k, -load<f64>(to + k))
  }
  const scratch = points + aligned(<usize>count * bytes)
  bracketTo(closest, gram, turnsOf(state.problem), points, count, t, steps, vectors, values, ceilings, scratch)
  for (let i = 0; i < count; i++) {
    const vertex = changetype<Vertex>(list.get(3 * (first + i)))
    if (vertex.value < 0) state.visited++
    if (item(values, i) > vertex.value) {
      vertex.value = item(values, i)
      vertex.vector = vertex.slot
      memory.copy(vertex.slot, vectors + <usize>i * size, size)
    }
    vertex.ceiling = Math.min(vertex.ceiling, item(ceilings, i))
    vertex.tested = vertex.tested || closest != RISING
  }
}

/** Tries to prove λ_max(G) ≤ level at each vertex of a list; a test that failed says that λ_max is not below the level, less what the test may have lost. */
export function testLevels(vertices: List): void {
  for (let i = 0; i < vertices.length; i++) {
    const vertex = changetype<Vertex>(vertices.get(i))
    vertex.precision = vertex.level - vertex.value > COARSE * lossOf(state.gram, FIXED, vertex.level) ? FIXED : closest(vertex)
  }
  testThose(vertices, FIXED)
  for (let i = 0; i < vertices.length; i++) {
    const vertex = changetype<Vertex>(vertices.get(i))
    if (vertex.precision == FIXED && vertex.ceiling > vertex.level) vertex.precision = closest(vertex)
  }
  testThose(vertices, SINGLE)
  testThose(vertices, DOUBLE)
}

function closest(vertex: Vertex): i32 {
  return vertex.level - vertex.value > ROUGH * lossOf(state.gram, SINGLE, vertex.level) ? SINGLE : DOUBLE
}

function testThose(vertices: List, precision: i32): void {
  const gram = state.gram
  const bytes = (<usize>gram.axes) << 3
  let count = 0
  const most = vertices.length
  const numbers = aligned((<usize>most) << 3)
  const indices = room(<f64>(3 * numbers + aligned(<usize>most * bytes)) + bracketBytes(gram, most))
  const levels = indices + numbers
  const passed = levels + numbers
  const points = passed + numbers
  for (let i = 0; i < most; i++) {
    const vertex = changetype<Vertex>(vertices.get(i))
    if (vertex.precision != precision) continue
    store<u32>(indices + ((<usize>count) << 2), i)
    setItem(levels, count, vertex.level)
    memory.copy(points + <usize>count * bytes, pointOfVertex(vertex), bytes)
    count++
  }
  if (count == 0) return
  below(gram, precision, turnsOf(state.problem), points, count, levels, passed, points + aligned(<usize>most * bytes))
  for (let k = 0; k < count; k++) {
    const vertex = changetype<Vertex>(vertices.get(load<u32>(indices + ((<usize>k) << 2))))
    if (load<u8>(passed + <usize>k)) vertex.ceiling = Math.min(vertex.ceiling, vertex.level)
    else if (precision != FIXED) vertex.value = Math.max(vertex.value, vertex.level - (precision == SINGLE ? lossOf(gram, SINGLE, vertex.level) : 0))
  }
}
