import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { type Box, cornersOf, type Lattice } from './boxes.ts'

/** A corner of boxes, shared by all that meet there, and what is known of λ_max(G) at it. */
export interface Vertex {
  readonly point: readonly number[]
  /** The highest Rayleigh quotient seen; −1 before the first visit. */
  value: number
  /** λ_max(G) ≤ ceiling is proven. */
  ceiling: number
  /** The vector of `value`. */
  vector: Float64Array | undefined
}

/** A vertex as a corner of a box: the box may have it at −θ, where vectors are conjugate. */
interface Corner {
  readonly vertex: Vertex
  readonly mirrored: boolean
}

/** The vertices of one search. */
export interface Vertices {
  /** Norm evaluations so far. */
  visited(): number
  /** How many more it would take to visit all corners of these boxes. */
  pending(boxes: readonly Box[]): number
  at(point: readonly number[]): Vertex
  cornersOf(box: Box): readonly Vertex[]
  /** Brackets λ_max(G) below t at the corners that have no ceiling yet; a new one starts from the vector of the corner it came from. */
  visit(boxes: readonly Box[], t: number): void
  /** Tries to prove λ_max(G) ≤ level at each vertex, many at a time. */
  test(wanted: ReadonlyMap<Vertex, number>): void
}

/** Steps of Lanczos without a start, with one from a neighbour (spectra of many channels are dense at the top), and after a failed test. */
const COLD = 12
const WARM = (n: number) => (n > 100 ? 8 : 6)
const AGAIN = 12

export function openVertices(gram: GramSymbol, lattice: Lattice): Vertices {
  const { turns } = lattice
  const known = new Map<number | string, Vertex>()
  const corners = new WeakMap<Box, readonly Corner[]>()
  let visited = 0
  const at = (point: readonly number[]): Vertex => {
    const name = nameOf(point, turns)
    let vertex = known.get(name)
    if (!vertex) {
      vertex = { point, value: -1, ceiling: Infinity, vector: undefined }
      known.set(name, vertex)
    }
    return vertex
  }
  const ofBox = (box: Box): readonly Corner[] => {
    let found = corners.get(box)
    if (!found) {
      found = cornersOf(box, lattice).map(({ point, mirrored }) => ({ vertex: at(point), mirrored }))
      corners.set(box, found)
    }
    return found
  }
  const frequencies = (vertices: readonly Vertex[]) => {
    const points = new Float64Array(vertices.length * turns.length)
    vertices.forEach((vertex, i) => {
      points.set(vertex.point, i * turns.length)
    })
    return { turns, points }
  }
  const bracket = (starts: ReadonlyMap<Vertex, Float64Array | undefined>, t: number, steps: number) => {
    if (starts.size === 0) return
    const vertices = [...starts.keys()]
    const found = gram.bracket(frequencies(vertices), t, steps, [...starts.values()])
    vertices.forEach((vertex, i) => {
      if (vertex.value < 0) visited++
      const { value, vector, ceiling } = found[i]
      if (value > vertex.value) [vertex.value, vertex.vector] = [value, vector]
      vertex.ceiling = Math.min(vertex.ceiling, ceiling)
    })
  }
  return {
    visited: () => visited,
    pending: boxes => new Set(boxes.flatMap(box => ofBox(box).flatMap(({ vertex }) => (vertex.value < 0 ? vertex : [])))).size,
    at,
    cornersOf: box => ofBox(box).map(({ vertex }) => vertex),
    visit(boxes, t) {
      const cold = new Map<Vertex, undefined>()
      const warm = new Map<Vertex, Float64Array>()
      const again = new Map<Vertex, Float64Array>()
      for (const box of boxes) {
        ofBox(box).forEach(({ vertex, mirrored }, i) => {
          if (vertex.ceiling < Infinity || vertex.value >= t) return
          if (vertex.vector) again.set(vertex, vertex.vector)
          else {
            const from = box.parent && ofBox(box.parent)[i]
            const v = from?.vertex.vector
            if (v) warm.set(vertex, from.mirrored === mirrored ? v : conjugate(v))
            else cold.set(vertex, undefined)
          }
        })
      }
      bracket(cold, t, COLD)
      bracket(warm, t, WARM(gram.n))
      bracket(again, t, AGAIN)
    },
    test(wanted) {
      const vertices = [...wanted.keys()]
      const levels = Float64Array.from(wanted.values())
      const passed = gram.below(frequencies(vertices), levels)
      vertices.forEach((vertex, i) => {
        if (passed[i]) vertex.ceiling = Math.min(vertex.ceiling, levels[i])
      })
    },
  }
}

function conjugate(v: Float64Array): Float64Array {
  return v.map((x, i) => (i & 1 ? -x : x))
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
