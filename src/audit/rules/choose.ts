import { along, broadcastShape, broadcast, gainOf, listOf, type Pieces, shapeOf } from './pieces.ts'
import {
  axisOf,
  cannotBound,
  exactAt,
  numberAt,
  type Operand,
  operand,
  type Rule,
  scalarAt,
  type Step,
  type View,
  wholesAt,
  wordAt,
} from './step.ts'
import { chosenPieces } from './steps.ts'

export const slice: Rule = view => {
  const { shape } = operand(view, 0)
  const starts = wholesAt(view, 'starts', 1) ?? cannotBound('no starts are given')
  const ends = wholesAt(view, 'ends', 2) ?? cannotBound('no ends are given')
  const axes = wholesAt(view, 'axes', 3) ?? starts.map((_, i) => i)
  const steps = wholesAt(view, 'steps', 4) ?? starts.map(() => 1)
  const lists: (Int32Array | null)[] = shape.map(() => null)
  axes.forEach((given, i) => {
    const axis = axisOf(given, shape.length)
    lists[axis] = sliced(shape[axis], starts[i], ends[i], steps[i])
  })
  return [pieceOf({ from: shape, lists })]
}

/** Indices of start:end:step, counted and clamped as ONNX and NumPy do. */
function sliced(side: number, start: number, end: number, step: number): Int32Array {
  if (!step || start === undefined || end === undefined) cannotBound('a slice without a step')
  const place = (at: number): number => (at < 0 ? at + side : at)
  const [low, high] = step > 0 ? [0, side] : [-1, side - 1]
  const from = Math.min(Math.max(place(start), 0), high)
  const to = Math.min(Math.max(end < -side ? low : place(end), low), high)
  const count = Math.max(0, Math.ceil((to - from) / step))
  return listOf(count, i => from + i * step)
}

export const split: Rule = view => {
  const { shape } = operand(view, 0)
  const axis = axisOf(numberAt(view, 'axis', 0), shape.length)
  const count = view.node.outputs.length
  const even = Math.ceil(shape[axis] / count)
  const sizes =
    wholesAt(view, 'split', 1) ?? Array.from({ length: count }, (_, i) => Math.max(0, Math.min(even, shape[axis] - i * even)))
  if (sizes.length !== count || sizes.some(n => n < 0) || sizes.reduce((a, b) => a + b, 0) !== shape[axis])
    cannotBound(`parts of [${sizes.join(', ')}] do not make ${shape[axis]}`)
  let from = 0
  return sizes.map(size => {
    const start = from
    const list = listOf(size, i => start + i)
    from += size
    return pieceOf(along(shape, axis, list))
  })
}

/** Rows by constant indices. Rows taken twice count twice. */
export const gather: Rule = view => {
  const { shape } = operand(view, 0)
  const axis = axisOf(numberAt(view, 'axis', 0), shape.length)
  const indices = exactAt(view, 1, 'indices') ?? cannotBound('no indices are given')
  if (!indices.data.every(i => Number.isInteger(i) && i >= -shape[axis] && i < shape[axis]))
    cannotBound(`an index outside axis ${axis} of ${shape[axis]} entries`)
  const list = Int32Array.from(indices.data, i => (i < 0 ? i + shape[axis] : i))
  const pieces = along(shape, axis, list)
  const result = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)]
  return [chosenPieces(pieces, result, choice(pieces))]
}

export const expand: Rule = view => {
  const { shape } = operand(view, 0)
  const wanted = wholesAt(view, 'shape', 1) ?? cannotBound('no shape is given')
  return [pieceOf(broadcast(shape, broadcastShape(shape, wanted)))]
}

export const tile: Rule = view => {
  const { shape } = operand(view, 0)
  const repeats = wholesAt(view, 'repeats', 1) ?? cannotBound('no repeats are given')
  if (repeats.length !== shape.length || repeats.some(n => n < 0)) cannotBound(`repeats [${repeats.join(', ')}]`)
  const lists = shape.map((side, d) => (repeats[d] === 1 ? null : listOf(side * repeats[d], i => i % side)))
  return [pieceOf({ from: shape, lists })]
}

/** Zeros or a constant around: no entry twice. Reflected, repeated and wrapped borders count their copies. */
export const pad: Rule = view => {
  const source = operand(view, 0)
  const mode = wordAt(view, 'mode', 'constant')
  const given = wholesAt(view, 'pads', 1) ?? wholesAt(view, 'paddings') ?? cannotBound('no pads are given')
  const fill = mode === 'constant' ? (scalarAt(view, 2, 'the value of the border') ?? numberAt(view, 'value', 0)) : 0
  const step = padded(source, padsOf(view, given, source.shape.length), mode)
  return [chosenPieces(step, shapeOf(step), choice(step), fill)]
}

function padsOf(view: View, given: readonly number[], rank: number): number[] {
  const axes = wholesAt(view, 'axes', 3)
  if (!axes) return given.length === 2 * rank ? [...given] : cannotBound(`${given.length} pads for ${rank} axes`)
  const pads = new Array<number>(2 * rank).fill(0)
  axes.forEach((given_, i) => {
    const axis = axisOf(given_, rank)
    pads[axis] = given[i]
    pads[axis + rank] = given[i + axes.length]
  })
  return pads
}

function padded({ shape }: Operand, pads: readonly number[], mode: string): Pieces {
  const rank = shape.length
  const place = PLACES[mode] ?? cannotBound(`padding '${mode}' is not known`)
  return {
    from: shape,
    lists: shape.map((side, d) => {
      const [before, after] = [pads[d], pads[d + rank]]
      if (before === 0 && after === 0) return null
      return listOf(side + before + after, i => place(i - before, side))
    }),
  }
}

const PLACES: Readonly<Record<string, (i: number, side: number) => number>> = {
  constant: (i, side) => (i < 0 || i >= side ? -1 : i),
  edge: (i, side) => Math.min(side - 1, Math.max(0, i)),
  wrap: (i, side) => ((i % side) + side) % side,
  reflect: (i, side) => {
    const period = Math.max(1, 2 * (side - 1))
    const at = ((i % period) + period) % period
    return at < side ? at : period - at
  },
  // TensorFlow's SYMMETRIC: the border itself is repeated.
  symmetric: (i, side) => {
    const period = 2 * side
    const at = ((i % period) + period) % period
    return at < side ? at : period - 1 - at
  },
}

function pieceOf(pieces: Pieces): Step {
  return chosenPieces(pieces, shapeOf(pieces), choice(pieces))
}

function choice(pieces: Pieces): string {
  const gain = gainOf(pieces)
  return gain <= 1 ? 'entries taken at most once: 1' : `an entry up to ${Math.round(gain * gain)} times: its root`
}
