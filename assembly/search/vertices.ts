/** Corners and centres of boxes, shared by all that meet there, and what is known of λ_max(G) at them. */
import { Box, cornerPoint, verticesOf } from './boxes'
import { allocate, List, room } from './heap'
import { item } from './numbers'
import { remaining, state, TRIPLE } from './state'

@unmanaged
export class Vertex {
  point0: f64
  point1: f64
  point2: f64
  /** The highest Rayleigh quotient seen, or level at which a test failed: λ_max(G) is not below it, but for rounding. −1 before the first visit. */
  value: f64
  /** λ_max(G) ≤ ceiling is proven. */
  ceiling: f64
  /** What is hoped for here, or is to be tested. */
  level: f64
  /** An approximate top eigenvector, n × [re im], where there has been a reason to have one; else 0. */
  vector: usize
  /** Room for one. */
  slot: usize
  /** Of the last list of vertices it was put in. */
  stamp: i32
  /** Where in the lists of a visit it is, from 1 on, in those of the last stamp. */
  cold: i32
  far: i32
  warm: i32
  /** How its level is tested (cholesky-tests.ts). */
  precision: i32
  /** Has a ceiling been tried for? */
  tested: bool
  /** Has an ascent begun here? */
  climbed: bool
  /** Has it been taken apart completely? */
  decomposed: bool
}

@inline
export function pointOfVertex(vertex: Vertex): usize {
  return changetype<usize>(vertex)
}

// The vertices by their points: open addressing, at most half full.
let table: usize = 0
let capacity: i32 = 0
let known: i32 = 0

/** Of the list of vertices, or of boxes, that was begun last. */
let stamp: i32 = 0

/** A point that is being named; zeros beyond its axes. */
export const here: usize = memory.data(24, 8)

export function openVertices(): void {
  capacity = 0
  known = 0
  memory.fill(here, 0, TRIPLE)
}

/** Begins a list of vertices or boxes, to which each belongs once. */
export function beginList(): void {
  stamp++
}

export function isNew(vertex: Vertex): bool {
  if (vertex.stamp == stamp) return false
  vertex.stamp = stamp
  vertex.cold = 0
  vertex.far = 0
  vertex.warm = 0
  return true
}

export function isListed(vertex: Vertex): bool {
  return vertex.stamp == stamp
}

export function enlist(box: Box): void {
  box.stamp = stamp
}

export function isEnlisted(box: Box): bool {
  return box.stamp == stamp
}

/** The vertex at the point that is `here`. */
export function vertexHere(): Vertex {
  if (2 * known >= capacity) enlarge()
  let at = placeOf(here)
  const found = load<u32>(at)
  if (found != 0) return changetype<Vertex>(<usize>found)
  const vertex = newVertex(here)
  store<u32>(at, changetype<usize>(vertex))
  known++
  return vertex
}

/** A vertex at a point that no box shares. */
export function newVertex(point: usize): Vertex {
  const vertex = changetype<Vertex>(allocate(offsetof<Vertex>()))
  memory.fill(changetype<usize>(vertex), 0, offsetof<Vertex>())
  memory.copy(pointOfVertex(vertex), point, TRIPLE)
  vertex.value = -1
  vertex.ceiling = Infinity
  return vertex
}

/** The proven ceiling at the point that is `here`. */
export function ceilingHere(): f64 {
  const vertex = changetype<Vertex>(capacity > 0 ? <usize>load<u32>(placeOf(here)) : 0)
  return changetype<usize>(vertex) == 0 ? Infinity : vertex.ceiling
}

/** Where in the table a point's vertex is, or belongs. */
function placeOf(point: usize): usize {
  let hash: u64 = 0
  for (let d = 0; d < 3; d++) hash = (hash ^ <u64>item(point, d)) * 0x9e3779b97f4a7c15
  let slot = <i32>(hash >> 32)
  let at: usize = 0
  let vertex = changetype<Vertex>(0)
  do {
    at = table + ((<usize>(slot++ & (capacity - 1))) << 2)
    vertex = changetype<Vertex>(<usize>load<u32>(at))
  } while (changetype<usize>(vertex) != 0 && !isAt(vertex, point))
  return at
}

function isAt(vertex: Vertex, point: usize): bool {
  return item(point, 0) == vertex.point0 && item(point, 1) == vertex.point1 && item(point, 2) == vertex.point2
}

function enlarge(): void {
  const old = table
  const size = capacity
  capacity = max(64, 4 * size)
  table = allocate((<usize>capacity) << 2)
  memory.fill(table, 0, (<usize>capacity) << 2)
  for (let slot = 0; slot < size; slot++) {
    const vertex = load<u32>(old + ((<usize>slot) << 2))
    if (vertex != 0) store<u32>(placeOf(<usize>vertex), vertex)
  }
}

/** A corner of a box. */
export function corner(box: Box, i: i32): Vertex {
  if (box.mirrored < 0) {
    box.mirrored = 0
    for (let bits = 0; bits < 1 << state.axes; bits++) {
      if (cornerPoint(box, bits, here)) box.mirrored |= 1 << bits
      store<u32>(verticesOf(box) + ((<usize>bits) << 2), changetype<usize>(vertexHere()))
    }
  }
  return changetype<Vertex>(<usize>load<u32>(verticesOf(box) + ((<usize>i) << 2)))
}

@inline
export function isMirrored(box: Box, i: i32): bool {
  return ((box.mirrored >> i) & 1) == 1
}

/** How many vertices are not visited yet among the corners of boxes. */
export function pending(boxes: List): i32 {
  let fresh = 0
  beginList()
  for (let b = 0; b < boxes.length; b++)
    for (let i = 0; i < 1 << state.axes; i++) {
      const vertex = corner(changetype<Box>(boxes.get(b)), i)
      if (vertex.value < 0 && isNew(vertex)) fresh++
    }
  return fresh
}

/** Room for its vector. */
export function giveSlot(vertex: Vertex): void {
  if (vertex.slot == 0) vertex.slot = allocate((<usize>state.gram.n) << 4)
}

/** Would a visit to all corners of these boxes be beyond the budget? They are only counted where it might. */
export function exceeds(boxes: List): bool {
  const most = remaining()
  return <f64>(boxes.length << state.axes) > most && <f64>pending(boxes) > most
}

/** Puts vertices in order, the highest values first, and those of equal values as they were. */
export function sortByValue(list: List): void {
  const half = room(4 * <f64>list.length)
  for (let width = 1; width < list.length; width *= 2) {
    for (let from = 0; from + width < list.length; from += 2 * width) {
      const end = min(from + 2 * width, list.length)
      memory.copy(half, list.items + ((<usize>from) << 2), (<usize>width) << 2)
      let left = 0
      let right = from + width
      for (let to = from; left < width; to++) {
        const one = <usize>load<u32>(half + ((<usize>left) << 2))
        const other = right < end && changetype<Vertex>(list.get(right)).value > changetype<Vertex>(one).value
        list.set(to, other ? list.get(right) : one)
        if (other) right++
        else left++
      }
    }
  }
}
