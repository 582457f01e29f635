import { rootUp } from '../../network/outward.ts'
import { LONGEST_AXIS, rowsOf, separable } from './axis-matrix.ts'
import { copiesOf, listOf, type Pieces, sourcesOf } from './pieces.ts'
import { cannotBound, constantAt, layoutOf, numberAt, operand, type Rule, type Step, type View, wordAt } from './step.ts'
import { chosenEntries, chosenPieces } from './steps.ts'

/** Resampling: nearest is a choice of entries, √copies; linear interpolation a matrix an axis. */
export const resize: Rule = view => {
  const { shape } = operand(view, 0)
  const { output, scales } = sizesOf(view, shape)
  const mode = wordAt(view, 'mode', 'nearest')
  const changed = shape.map((_, d) => d).filter(d => output[d] !== shape[d] || scales[d] !== 1)
  const { spatial } = layoutOf(view, shape.length)
  if (changed.some(axis => !spatial.includes(axis))) cannotBound('a resize of channels')
  for (const other of ['antialias', 'exclude_outside'])
    if (numberAt(view, other, 0) !== 0) cannotBound(`${other} is not known here`)
  if (changed.some(axis => !(output[axis] >= 1 && output[axis] <= LONGEST_AXIS && shape[axis] <= LONGEST_AXIS)))
    cannotBound(`a resize to [${output.join(', ')}]`)
  const place = placeOf(view, { shape, output, scales })
  if (mode === 'nearest') return [nearest(view, shape, output, changed, place)]
  if (mode !== 'linear' && mode !== 'bilinear') cannotBound(`resampling '${mode}' is not known`)
  const matrices = changed.map(axis => ({
    axis,
    columns: shape[axis],
    count: output[axis],
    longest: 2,
    rows: () => rowsOf(output[axis], 2 * output[axis], (i, put) => between(place(i, axis), shape[axis], put)),
  }))
  return [separable(view, shape, matrices, output, 'linear interpolation: its norm axis by axis', 2 ** -40)]
}

/**
 * Where an entry lies just between two, a runtime in single precision may round to either; such an entry is counted as a copy of both, so
 * that the claim holds for each.
 */
function nearest(
  view: View,
  shape: readonly number[],
  output: readonly number[],
  changed: readonly number[],
  place: Place,
): Step {
  const round = roundingOf(view)
  const listWith = (cut: (x: number) => number, d: number): Int32Array | null =>
    changed.includes(d) ? listOf(output[d], i => Math.min(shape[d] - 1, Math.max(0, round(place(i, d, cut))))) : null
  const pieces: Pieces = { from: shape, lists: shape.map((_, d) => listWith(exactly, d)) }
  const single = shape.map((_, d) => listWith(Math.fround, d))
  const either = pieces.lists.map((list, d) => list && concatenated(list, single[d]!))
  const copies = copiesOf({ from: shape, lists: either })
  const rule = `nearest: an entry up to ${copies} times: its root`
  const certain = either.every((list, d) => list?.length === pieces.lists[d]?.length)
  const gain = rootUp(copies)
  return certain ? chosenPieces(pieces, output, rule) : chosenEntries(output, gain, rule, () => sourcesOf(pieces))
}

/** A list, and behind it what another says otherwise. */
function concatenated(list: Int32Array, other: Int32Array): Int32Array {
  return Int32Array.from([...list, ...other.filter((at, i) => at !== list[i])])
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
  if (sizes) {
    // Any other policy makes other sizes of these, of batch and channels too.
    const policy = wordAt(view, 'keep_aspect_ratio_policy', 'stretch')
    if (policy !== 'stretch') cannotBound(`sizes under the policy '${policy}' are not known here`)
    if (scales || sizes.length !== shape.length) cannotBound(`${sizes.length} sizes for ${shape.length} axes`)
    return { output: sizes, scales: shape.map((side, d) => sizes[d] / side) }
  }
  if (!scales || scales.length !== shape.length || !scales.every(s => s > 0 && s < 2 ** 16)) cannotBound('no sizes are given')
  const output = shape.map((side, d) => Math.floor(side * scales[d]))
  if (output.some((side, d) => side !== Math.floor(Math.fround(shape[d] * scales[d]))))
    cannotBound(`scales [${scales.join(', ')}] whose size single precision rounds to another`)
  return { output, scales }
}

/** Where entry i of the result lies on axis d of the input; `cut` rounds after every operation. */
type Place = (i: number, d: number, cut?: (x: number) => number) => number

const exactly = (x: number): number => x

interface Sizes {
  readonly shape: readonly number[]
  readonly output: readonly number[]
  readonly scales: readonly number[]
}

function placeOf(view: View, { shape, output, scales }: Sizes): Place {
  const word = wordAt(
    view,
    'coordinate_transformation_mode',
    view.node.op === 'Upsample' || (view.graph.opset ?? 13) < 11 ? 'asymmetric' : 'half_pixel',
  )
  // Products of whole numbers and one division: exact where the result is, so that a place between two entries is known for one.
  const unscaled = (x: number, d: number, cut: (x: number) => number): number =>
    scales[d] === output[d] / shape[d] && cut === exactly ? (x * shape[d]) / output[d] : cut(x / cut(scales[d]))
  switch (word) {
    case 'asymmetric':
      return (i, d, cut = exactly) => unscaled(i, d, cut)
    case 'align_corners':
      return (i, d, cut = exactly) => (output[d] > 1 ? cut((i * (shape[d] - 1)) / (output[d] - 1)) : 0)
    case 'pytorch_half_pixel':
      return (i, d, cut = exactly) => (output[d] > 1 ? cut(unscaled(i + 0.5, d, cut) - 0.5) : 0)
    case 'half_pixel':
      return (i, d, cut = exactly) => cut(unscaled(i + 0.5, d, cut) - 0.5)
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
