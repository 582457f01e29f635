import type { LayerGeometry } from './model.ts'

/** Output channels of a layer, from its kernel's shape and geometry. */
export function outChannels(op: 'conv' | 'dense', shape: readonly number[], geometry: LayerGeometry): number {
  const rank = shape.length
  if (op === 'dense') return shape[0]
  const [outer, inner] = geometry.layout === 'HWIO' ? [shape[rank - 1], shape[rank - 2]] : [shape[0], shape[1]]
  return geometry.transposed ? inner * (geometry.groups ?? 1) : outer
}
