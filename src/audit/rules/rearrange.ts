import { sizeOf, stridesOf } from '../../tensor.ts'
import { nextDown, nextUp } from '../../rounding.ts'
import { isShape, type Numbers } from './numbers.ts'
import {
  axisOf,
  cannotBound,
  isOldTraining,
  numberAt,
  operand,
  type Rule,
  scalarAt,
  type Step,
  type View,
  wholesAt,
  wordAt,
} from './step.ts'
import { chosenEntries, sameNumbers } from './steps.ts'

/** Rearrangements: every entry once, so distances do not change. */
const KEEPS = 'the same entries: 1'

export const identity: Rule = view => [sameNumbers(operand(view, 0).shape, KEEPS)]

export const dropout: Rule = view =>
  scalarAt(view, 2, 'training_mode') || isOldTraining(view) ? cannotBound('dropout that draws at random') : identity(view)

export const reshape: Rule = view => {
  const { shape } = operand(view, 0)
  const wanted = wholesAt(view, 'shape', 1) ?? cannotBound('no shape is given')
  const sized = wanted.map((side, d) => (side === 0 && numberAt(view, 'allowzero', 0) === 0 ? shape[d] : side))
  const open = sized.indexOf(-1)
  if (open >= 0) sized[open] = sizeOf(shape) / sizeOf(sized.filter((_, d) => d !== open))
  return [sameNumbers(sameSize(sized, shape), KEEPS)]
}

export const flatten: Rule = view => {
  const { shape } = operand(view, 0)
  const given = numberAt(view, 'axis', 1)
  const axis = given === shape.length ? given : axisOf(given, shape.length)
  return [sameNumbers([sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))], KEEPS)]
}

export const squeeze: Rule = view => {
  const { shape } = operand(view, 0)
  const axes = wholesAt(view, 'axes', 1)?.map(axis => axisOf(axis, shape.length))
  const kept = shape.filter((side, d) => (axes ? !axes.includes(d) : side !== 1))
  return [sameNumbers(sameSize(kept, shape), KEEPS)]
}

export const unsqueeze: Rule = view => {
  const { shape } = operand(view, 0)
  const given = wholesAt(view, 'axes', 1) ?? cannotBound('no axes are given')
  const rank = shape.length + given.length
  const axes = given.map(axis => axisOf(axis, rank))
  const rest = [...shape]
  const result = Array.from({ length: rank }, (_, d) => (axes.includes(d) ? 1 : rest.shift()!))
  return [sameNumbers(sameSize(result, shape), KEEPS)]
}

export const transpose: Rule = view => {
  const { shape } = operand(view, 0)
  const order = wholesAt(view, 'perm') ?? shape.map((_, d) => shape.length - 1 - d)
  return [permuted(shape, order)]
}

/** Blocks of channels to blocks of pixels; ONNX calls the two orders DCR and CRD. */
export const depthToSpace: Rule = view => {
  const { shape } = operand(view, 0)
  const b = blockOf(view)
  if (shape.length !== 4) cannotBound(`an input of rank ${shape.length} where 4 is expected`)
  const word = wordAt(view, 'mode', 'DCR')
  if (view.graph.channels === 'last') {
    const [n, h, w, c] = shape
    return [permuted([n, h, w, b, b, c / (b * b)], [0, 1, 3, 2, 4, 5], [n, h * b, w * b, c / (b * b)])]
  }
  const [n, c, h, w] = shape
  const d = c / (b * b)
  const final = [n, d, h * b, w * b]
  return [
    word === 'CRD'
      ? permuted([n, d, b, b, h, w], [0, 1, 4, 2, 5, 3], final)
      : permuted([n, b, b, d, h, w], [0, 3, 4, 1, 5, 2], final),
  ]
}

export const spaceToDepth: Rule = view => {
  const { shape } = operand(view, 0)
  const b = blockOf(view)
  if (shape.length !== 4) cannotBound(`an input of rank ${shape.length} where 4 is expected`)
  if (view.graph.channels === 'last') {
    const [n, h, w, c] = shape
    return [permuted([n, h / b, b, w / b, b, c], [0, 1, 3, 2, 4, 5], [n, h / b, w / b, c * b * b])]
  }
  const [n, c, h, w] = shape
  return [permuted([n, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4], [n, c * b * b, h / b, w / b])]
}

/** Casts between floating-point types stand for the same real numbers; to whole numbers they jump. */
export const cast: Rule = view => {
  const source = operand(view, 0)
  const to = numberAt(view, 'to', 1)
  const float = to === 1 || to === 10 || to === 11 || to === 16
  if (!source.constant) return float ? identity(view) : cannotBound('a cast to whole numbers jumps')
  const step = sameNumbers(source.shape, 'constant')
  if (float) return [{ ...step, evaluate: ([x]) => ({ ...x!, integer: false }) }]
  return [{ ...step, evaluate: ([x]) => ({ shape: x!.shape, data: truncated(x!, to), integer: true }) }]
}

/** Ranges of ONNX's whole types by their numbers; beyond them a cast gives what the machine pleases. */
const RANGES: Readonly<Record<number, readonly [number, number]>> = {
  2: [0, 2 ** 8 - 1],
  3: [-(2 ** 7), 2 ** 7 - 1],
  4: [0, 2 ** 16 - 1],
  5: [-(2 ** 15), 2 ** 15 - 1],
  6: [-(2 ** 31), 2 ** 31 - 1],
  7: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  12: [0, 2 ** 32 - 1],
  13: [0, Number.MAX_SAFE_INTEGER],
}

/** Constants as whole numbers, cut off towards 0, or as logical values: known only where all that a rounded one may be is cut to the same. */
function truncated({ data, radius }: Numbers, to: number): Float64Array {
  const [least, most] = to === 9 ? [0, 1] : (RANGES[to] ?? cannotBound(`a cast to type ${to}`))
  const cut = (x: number): number => (to === 9 ? (x === 0 ? 0 : 1) : Math.trunc(x))
  return data.map((x, i) => {
    const whole = cut(x)
    if (!(whole >= least && whole <= most)) cannotBound(`a cast of ${x} to a type that does not hold it`)
    if (!radius) return whole
    const [low, high] = [nextDown(x - radius[i]), nextUp(x + radius[i])]
    const jumps = !(cut(low) === whole && cut(high) === whole && (to !== 9 || low > 0 || high < 0))
    return jumps ? cannotBound('a cast of a constant that rounding may move to another whole number') : whole
  })
}

function permuted(shape: readonly number[], order: readonly number[], final?: readonly number[]): Step {
  if (order.length !== shape.length || !shape.every((_, d) => order.includes(d)))
    cannotBound(`[${order.join(', ')}] is no order of the axes`)
  if (!isShape(shape)) cannotBound(`blocks that do not divide the shape`)
  const result = order.map(d => shape[d])
  const make = (): Int32Array => {
    const strides = stridesOf(shape)
    const steps = order.map(d => strides[d])
    const sources = new Int32Array(sizeOf(shape))
    const index = new Array<number>(result.length).fill(0)
    for (let i = 0, at = 0; i < sources.length; i++) {
      sources[i] = at
      for (let d = result.length - 1; d >= 0; d--) {
        at += steps[d]
        if (++index[d] < result[d]) break
        at -= steps[d] * result[d]
        index[d] = 0
      }
    }
    return sources
  }
  return chosenEntries(final ?? result, 1, KEEPS, make)
}

function blockOf(view: View): number {
  const block = numberAt(view, 'blocksize', 0)
  return Number.isInteger(block) && block > 0 ? block : cannotBound('no block size is given')
}

function sameSize(shape: number[], from: readonly number[]): number[] {
  if (!isShape(shape) || sizeOf(shape) !== sizeOf(from))
    cannotBound(`[${from.join(', ')}] does not fit into [${shape.join(', ')}]`)
  return shape
}
