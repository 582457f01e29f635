import type { Conv } from '../conv.ts'
import { surface } from '../methods/surface.ts'
import type { Picture } from '../report.ts'

/** More singular values than this are never told apart in a picture. */
const MOST_VALUES = 240

/** What a report draws of a layer: samples of its symbol, short enough to be carried along. */
export function pictureOf(layer: Conv): Picture {
  const axes = layer.kernelSize.length
  // Three axes of 24 points would be 7,000 decompositions; the picture shows two of them anyway.
  const { sides, norms, singularValues } = surface(layer, { gridSize: axes === 3 ? 12 : axes === 1 ? 128 : 24 })
  // A norm beyond the largest double: nothing to draw, and JSON would make null of it.
  if (!norms.every(Number.isFinite) || !singularValues.every(Number.isFinite)) return {}
  return {
    ...(axes > 0 && { surface: { sides, values: Array.from(norms, short) } }),
    spectrum: { sides, count: singularValues.length, values: Array.from(thinned(singularValues), short) },
  }
}

/** Evenly spaced by rank, first and last kept. */
function thinned(values: Float64Array): Float64Array {
  if (values.length <= MOST_VALUES) return values
  return Float64Array.from({ length: MOST_VALUES }, (_, i) => values[Math.round((i * (values.length - 1)) / (MOST_VALUES - 1))])
}

/** Six digits: pictures need no more, and files stay small. */
function short(x: number): number {
  return Number(x.toPrecision(6))
}
