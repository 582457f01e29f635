import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { type Box, cornersOf, type Lattice } from './boxes.ts'

/** A corner of boxes, shared by all that meet there, and what has been proven about it. */
export interface Vertex {
  readonly point: readonly number[]
  /** λ_max(G) ≤ ceiling is proven. */
  ceiling: number
  /** The highest level at which the proof failed. */
  failed: number
  /** G has been evaluated here: one norm evaluation, however many levels were tested. */
  visited: boolean
}

/** The vertices of one search. */
export interface Vertices {
  /** Norm evaluations so far. */
  visited(): number
  /** How many more it would take to visit all corners of these boxes. */
  pending(boxes: readonly Box[]): number
  at(point: readonly number[]): Vertex
  cornersOf(box: Box): readonly Vertex[]
  /** Marks vertices as visited and returns their frequencies. */
  visit(vertices: readonly Vertex[]): { turns: readonly number[]; points: Float64Array }
  /** Tries to prove λ_max(G) ≤ level at each vertex, many at a time. */
  test(wanted: ReadonlyMap<Vertex, number>): void
}

export function openVertices(gram: GramSymbol, lattice: Lattice): Vertices {
  const { turns } = lattice
  const known = new Map<number | string, Vertex>()
  const corners = new WeakMap<Box, readonly Vertex[]>()
  let visited = 0
  const at = (point: readonly number[]): Vertex => {
    const name = nameOf(point, turns)
    let vertex = known.get(name)
    if (!vertex) {
      vertex = { point, ceiling: Infinity, failed: 0, visited: false }
      known.set(name, vertex)
    }
    return vertex
  }
  const ofBox = (box: Box): readonly Vertex[] => {
    let vertices = corners.get(box)
    if (!vertices) {
      vertices = cornersOf(box, lattice).map(at)
      corners.set(box, vertices)
    }
    return vertices
  }
  const visit = (vertices: readonly Vertex[]) => {
    const points = new Float64Array(vertices.length * turns.length)
    vertices.forEach((vertex, i) => {
      points.set(vertex.point, i * turns.length)
      if (!vertex.visited) visited++
      vertex.visited = true
    })
    return { turns, points }
  }
  return {
    visited: () => visited,
    pending: boxes => new Set(boxes.flatMap(box => ofBox(box).filter(vertex => !vertex.visited))).size,
    at,
    cornersOf: ofBox,
    visit,
    test(wanted) {
      const vertices = [...wanted.keys()]
      const levels = Float64Array.from(wanted.values())
      const passed = gram.below(visit(vertices), levels)
      vertices.forEach((vertex, i) => {
        if (passed[i]) vertex.ceiling = Math.min(vertex.ceiling, levels[i])
        else vertex.failed = Math.max(vertex.failed, levels[i])
      })
    },
  }
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
