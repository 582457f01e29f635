import type { Graph, GraphNode, LayerGeometry } from './model.ts'

/** Output channels of a layer, from its kernel's shape and geometry. */
export function outChannels(op: 'conv' | 'dense', shape: readonly number[], geometry: LayerGeometry): number {
  const rank = shape.length
  if (op === 'dense') return shape[0]
  const [outer, inner] = geometry.layout === 'HWIO' ? [shape[rank - 1], shape[rank - 2]] : [shape[0], shape[1]]
  return geometry.transposed ? inner * (geometry.groups ?? 1) : outer
}

/** Whether a norm scales the channels of a value of this rank: Keras lets it take any axis. */
export function isAlongChannels({ attributes: { axis } }: GraphNode, rank: number | undefined, { channels }: Graph): boolean {
  if (typeof axis !== 'number') return true
  return rank !== undefined && (axis < 0 ? axis + rank : axis) === (channels === 'first' ? 1 : rank - 1)
}
