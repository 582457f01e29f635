import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { type Box, centreOf, cornersOf, type Lattice } from './boxes.ts'

/** A corner of boxes, shared by all that meet there, and what is known of λ_max(G) at it. */
export interface Vertex {
  readonly point: readonly number[]
  /** The highest Rayleigh quotient seen, or level at which a test failed: λ_max(G) is not below it, but for rounding. −1 before the first visit. */
  value: number
  /** λ_max(G) ≤ ceiling is proven. */
  ceiling: number
  /** An approximate top eigenvector, where there has been a reason to have one. */
  vector: Float64Array | undefined
  /** Has a ceiling been tried for? */
  tested: boolean
  /** Has an ascent begun here? */
  climbed: boolean
  /** Has it been taken apart completely? */
  decomposed: boolean
}

/** The corners of a box, and which of them the box has at −θ, where vectors are conjugate. */
interface Corners {
  readonly vertices: readonly Vertex[]
  readonly mirrored: readonly boolean[]
}

/** The vertices of one search. */
export interface Vertices {
  /** Norm evaluations so far. */
  visited(): number
  /** How many more it would take to visit all corners of these boxes. */
  pending(boxes: readonly Box[]): number
  at(point: readonly number[]): Vertex
  cornersOf(box: Box): readonly Vertex[]
  /** Rayleigh quotients and vectors where there are none yet. */
  survey(vertices: Iterable<Vertex>): void
  /**
   * Ceilings below t for the corners that have none yet: a new one starts Lanczos from the vector of the corner it came from, and is tested a
   * little above what that gives.
   */
  visit(wanted: readonly { readonly box: Box }[], t: number): void
  /** The same for the centres of boxes, from the vectors of their highest corners; undefined for a box that has no centre. */
  visitCentres(boxes: readonly Box[], t: number): (Vertex | undefined)[]
  /** Tries to prove λ_max(G) ≤ level at each vertex, many at a time. */
  test(wanted: ReadonlyMap<Vertex, number>): void
}

/**
 * Steps of Lanczos: without a start, with one from a neighbour, with one from a box more than twice as wide, before the first test, after a failed one. Spectra
 * of many channels are dense at the top.
 */
const COLD = (n: number) => (n > 300 ? 16 : n > 200 ? 14 : n > 100 ? 12 : 9)
const WARM = (n: number) => (n > 300 ? 14 : n > 100 ? 10 : 6)
const FAR = (n: number) => (n > 100 ? 13 : 8)
const FIRST = (n: number) => (n > 300 ? 10 : n > 100 ? 6 : 1)
const AGAIN = 12
/** A test in single precision is made where the level is this many times its margin above the value. */
const ROUGH = 1.2

export function openVertices(gram: GramSymbol, lattice: Lattice): Vertices {
  const { turns } = lattice
  const known = new Map<number | string, Vertex>()
  const corners = new WeakMap<Box, Corners>()
  let visited = 0
  const at = (point: readonly number[]): Vertex => {
    const name = nameOf(point, turns)
    let vertex = known.get(name)
    if (!vertex) {
      vertex = { point, value: -1, ceiling: Infinity, vector: undefined, tested: false, climbed: false, decomposed: false }
      known.set(name, vertex)
    }
    return vertex
  }
  const ofBox = (box: Box): Corners => {
    let found = corners.get(box)
    if (!found) {
      const places = cornersOf(box, lattice)
      found = { vertices: places.map(({ point }) => at(point)), mirrored: places.map(({ mirrored }) => mirrored) }
      corners.set(box, found)
    }
    return found
  }
  const frequencies = (vertices: readonly Vertex[]) => {
    const points = new Float64Array(vertices.length * turns.length)
    for (const [i, vertex] of vertices.entries()) points.set(vertex.point, i * turns.length)
    return { turns, points }
  }
  /** The vector at the same corner of the smallest box around this one that has one. */
  const nearby = (box: Box, i: number) => {
    for (let from = box.parent; from; from = from.parent) {
      const { vertices, mirrored } = ofBox(from)
      const { vector } = vertices[i]
      if (vector) return { vector, mirrored: mirrored[i], far: from.width.some((w, d) => w > 2.5 * box.width[d]) }
    }
    return undefined
  }
  const bracket = (starts: ReadonlyMap<Vertex, Float64Array | undefined>, t: number, steps: number) => {
    if (starts.size === 0) return
    const vertices = [...starts.keys()]
    const found = gram.bracket(frequencies(vertices), t, steps, [...starts.values()])
    const size = 2 * gram.n
    for (const [i, vertex] of vertices.entries()) {
      if (vertex.value < 0) visited++
      if (found.values[i] > vertex.value) {
        vertex.value = found.values[i]
        vertex.vector = found.vectors.subarray(size * i, size * (i + 1))
      }
      vertex.ceiling = Math.min(vertex.ceiling, found.ceilings[i])
      vertex.tested ||= t > 0
    }
  }
  /** What tests said; one that failed says that λ_max is not below the level, less what the test may have lost. */
  const settle = (wanted: ReadonlyMap<Vertex, number>, passed: Uint8Array, lost: (level: number) => number) => {
    let i = 0
    for (const [vertex, level] of wanted) {
      if (passed[i++]) vertex.ceiling = Math.min(vertex.ceiling, level)
      else vertex.value = Math.max(vertex.value, level - lost(level))
    }
  }
  return {
    visited: () => visited,
    pending(boxes) {
      const fresh = new Set<Vertex>()
      for (const box of boxes) for (const vertex of ofBox(box).vertices) if (vertex.value < 0) fresh.add(vertex)
      return fresh.size
    },
    at,
    cornersOf: box => ofBox(box).vertices,
    survey(vertices) {
      const cold = new Map<Vertex, undefined>()
      for (const vertex of vertices) if (!vertex.vector) cold.set(vertex, undefined)
      bracket(cold, 0, COLD(gram.n))
    },
    visit(wanted, t) {
      const cold = new Map<Vertex, undefined>()
      const warm = new Map<Vertex, Float64Array>()
      const far = new Map<Vertex, Float64Array>()
      const first = new Map<Vertex, Float64Array>()
      const again = new Map<Vertex, Float64Array>()
      for (const { box } of wanted) {
        const { vertices, mirrored } = ofBox(box)
        for (const [i, vertex] of vertices.entries()) {
          if (vertex.ceiling < Infinity || vertex.value >= t) continue
          if (vertex.vector) {
            if (vertex.tested) again.set(vertex, vertex.vector)
            else first.set(vertex, vertex.vector)
            continue
          }
          const v = nearby(box, i)
          if (v) (v.far ? far : warm).set(vertex, v.mirrored === mirrored[i] ? v.vector : conjugate(v.vector))
          else cold.set(vertex, undefined)
        }
      }
      bracket(cold, t, COLD(gram.n))
      bracket(far, t, FAR(gram.n))
      bracket(warm, t, WARM(gram.n))
      bracket(first, t, FIRST(gram.n))
      bracket(again, t, AGAIN)
    },
    visitCentres(boxes, t) {
      const warm = new Map<Vertex, Float64Array | undefined>()
      const centres = boxes.map(box => {
        const place = centreOf(box, lattice)
        if (!place) return undefined
        const centre = at(place.point)
        if (centre.ceiling < Infinity || centre.value >= t) return centre
        const { vertices, mirrored } = ofBox(box)
        const highest = vertices.reduce((most, vertex, i) => (vertex.vector && vertex.value > vertices[most].value ? i : most), 0)
        const v = centre.vector ?? vertices[highest].vector
        const same = centre.vector !== undefined || mirrored[highest] === place.mirrored
        warm.set(centre, v && !same ? conjugate(v) : v)
        return centre
      })
      bracket(warm, t, WARM(gram.n))
      return centres
    },
    test(wanted) {
      const rough = new Map<Vertex, number>()
      const close = new Map<Vertex, number>()
      for (const [vertex, level] of wanted) {
        const serves = level - vertex.value > ROUGH * gram.roughMargin(level)
        ;(serves ? rough : close).set(vertex, level)
      }
      settle(rough, gram.belowRoughly(frequencies([...rough.keys()]), Float64Array.from(rough.values())), gram.roughMargin)
      settle(close, gram.below(frequencies([...close.keys()]), Float64Array.from(close.values())), () => 0)
    },
  }
}

function conjugate(v: Float64Array): Float64Array {
  const w = v.slice()
  for (let i = 1; i < w.length; i += 2) w[i] = -w[i]
  return w
}

/** A number where the coordinates fit into one, text where they do not. */
function nameOf(point: readonly number[], turns: readonly number[]): number | string {
  let name = 0
  let reach = 1
  for (let d = 0; d < point.length; d++) {
    name = name * turns[d] + point[d]
    reach *= turns[d]
  }
  return reach <= Number.MAX_SAFE_INTEGER ? name : point.join()
}
