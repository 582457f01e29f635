import { rootUp } from '../../network/outward.ts'
import { LONGEST_AXIS, rowsOf, separable } from './axis-matrix.ts'
import { copiesOf, listOf, type Pieces } from './pieces.ts'
import { cannotBound, constantAt, layoutOf, numberAt, operand, type Rule, type View, wordAt } from './step.ts'
import { chosenPieces } from './steps.ts'

/** Resampling: nearest is a choice of entries, √copies; linear interpolation a matrix an axis. */
export const resize: Rule = view => {
  const { shape } = operand(view, 0)
  const { output, scales } = sizesOf(view, shape)
  const mode = wordAt(view, 'mode', 'nearest')
  const changed = shape.map((_, d) => d).filter(d => output[d] !== shape[d] || scales[d] !== 1)
  const { spatial } = layoutOf(view, shape.length)
  if (changed.some(axis => !spatial.includes(axis))) cannotBound('a resize of channels')
  if (numberAt(view, 'antialias', 0) !== 0) cannotBound('antialiasing is not known here')
  if (changed.some(axis => !(output[axis] >= 1 && output[axis] <= LONGEST_AXIS && shape[axis] <= LONGEST_AXIS)))
    cannotBound(`a resize to [${output.join(', ')}]`)
  const place = placeOf(view, shape, output, scales)
  if (mode === 'nearest') {
    const round = roundingOf(view)
    const pieces: Pieces = {
      from: shape,
      lists: shape.map((side, d) =>
        changed.includes(d) ? listOf(output[d], i => Math.min(side - 1, Math.max(0, round(place(i, d))))) : null,
      ),
    }
    return [chosenPieces(pieces, output, `nearest: an entry up to ${copiesOf(pieces)} times: its root`)].map(step => ({
      ...step,
      gains: view.operands.map((_, i) => (i === 0 ? rootUp(copiesOf(pieces)) : 0)),
    }))
  }
  if (mode !== 'linear' && mode !== 'bilinear') cannotBound(`resampling '${mode}' is not known`)
  const matrices = changed.map(axis => ({
    axis,
    columns: shape[axis],
    count: output[axis],
    longest: 2,
    rows: () => rowsOf(output[axis], 2 * output[axis], (i, put) => between(place(i, axis), shape[axis], put)),
  }))
  const step = separable(view, shape, matrices, output, 'linear interpolation: its norm axis by axis', 2 ** -40)
  return [{ ...step, gains: view.operands.map((_, i) => (i === 0 ? step.gains[0] : 0)) }]
}

/** The two neighbours of a place, weighted by how near they are. */
function between(place: number, side: number, put: (at: number, weight: number) => void): void {
  const at = Math.min(side - 1, Math.max(0, place))
  const low = Math.min(side - 1, Math.floor(at))
  const weight = at - low
  put(low, 1 - weight)
  if (weight > 0) put(Math.min(side - 1, low + 1), weight)
}

function sizesOf(view: View, shape: readonly number[]): { output: number[]; scales: number[] } {
  const at = (index: number): number[] | undefined => {
    const numbers = constantAt(view, index)
    if (numbers?.radius) cannotBound('sizes that the graph computes with rounding')
    return numbers && numbers.data.length > 0 ? Array.from(numbers.data) : undefined
  }
  if (view.node.attributes.axes !== undefined) cannotBound('a resize of some axes')
  const old = view.node.op === 'Upsample' || view.operands.length === 2
  const held = view.node.attributes.scales
  const scales = (Array.isArray(held) ? (held as number[]) : undefined) ?? at(old ? 1 : 2)
  const sizes = old ? undefined : at(3)
  if (sizes && sizes.length === shape.length) return { output: sizes, scales: shape.map((side, d) => sizes[d] / side) }
  if (!scales || scales.length !== shape.length || !scales.every(s => s > 0 && s < 2 ** 16)) cannotBound('no sizes are given')
  return { output: shape.map((side, d) => Math.floor(side * scales[d])), scales }
}

/** Where entry i of the result lies in the input. */
function placeOf(
  view: View,
  shape: readonly number[],
  output: readonly number[],
  scales: readonly number[],
): (i: number, d: number) => number {
  const word = wordAt(
    view,
    'coordinate_transformation_mode',
    view.node.op === 'Upsample' || (view.graph.opset ?? 13) < 11 ? 'asymmetric' : 'half_pixel',
  )
  switch (word) {
    case 'asymmetric':
      return (i, d) => i / scales[d]
    case 'align_corners':
      return (i, d) => (output[d] > 1 ? (i * (shape[d] - 1)) / (output[d] - 1) : 0)
    case 'pytorch_half_pixel':
      return (i, d) => (output[d] > 1 ? (i + 0.5) / scales[d] - 0.5 : 0)
    case 'half_pixel':
      return (i, d) => (i + 0.5) / scales[d] - 0.5
    default:
      return cannotBound(`coordinates '${word}' are not known`)
  }
}

function roundingOf(view: View): (x: number) => number {
  const word = wordAt(
    view,
    'nearest_mode',
    view.node.op === 'Upsample' || (view.graph.opset ?? 13) < 11 ? 'floor' : 'round_prefer_floor',
  )
  switch (word) {
    case 'floor':
      return Math.floor
    case 'ceil':
      return Math.ceil
    case 'round_prefer_floor':
      return x => Math.ceil(x - 0.5)
    case 'round_prefer_ceil':
      return x => Math.floor(x + 0.5)
    default:
      return cannotBound(`rounding '${word}' is not known`)
  }
}
