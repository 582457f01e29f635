import { sizeOf } from '../../tensor.ts'
import type { Numbers } from './numbers.ts'
import { broadcast, broadcastShape, gainOf, sourcesOf } from './pieces.ts'
import { axisOf, cannotBound, exactAt, numberAt, operand, type Rule } from './step.ts'
import { giveBack, take } from './steps.ts'

/** Values put one after another: the squares of their constants add. */
export const concat: Rule = view => {
  const shapes = view.operands.map((_, i) => operand(view, i).shape)
  const axis = axisOf(numberAt(view, 'axis', 0), shapes[0].length)
  const fits = shapes.every(
    shape => shape.length === shapes[0].length && shape.every((side, d) => d === axis || side === shapes[0][d]),
  )
  if (!fits) cannotBound('operands of different shapes')
  const shape = shapes[0].map((side, d) => (d === axis ? shapes.reduce((sum, other) => sum + other[axis], 0) : side))
  const outer = sizeOf(shape.slice(0, axis))
  const lengths = shapes.map(other => sizeOf(other.slice(axis)))
  const join = (parts: readonly (Float64Array | undefined)[]): Float64Array => {
    const whole = new Float64Array(sizeOf(shape))
    let at = 0
    for (let o = 0; o < outer; o++)
      for (const [i, length] of lengths.entries()) {
        const part = parts[i]
        if (part) whole.set(part.subarray(o * length, (o + 1) * length), at)
        at += length
      }
    return whole
  }
  return [
    {
      shape,
      rule: 'put one after another: squares add',
      combine: 'stack',
      gains: view.operands.map(x => (x!.constant ? 0 : 1)),
      evaluate(inputs) {
        const data = join(inputs.map(x => x!.data))
        const integer = inputs.every(x => x!.integer)
        return inputs.some(x => x!.radius)
          ? { shape, data, integer, radius: join(inputs.map(x => x!.radius)) }
          : { shape, data, integer }
      },
      linearize: () => ({ forward: join, backward: pull => cut(pull, outer, lengths) }),
    },
  ]
}

function cut(whole: Float64Array, outer: number, lengths: readonly number[]): Float64Array[] {
  const parts = lengths.map(length => new Float64Array(outer * length))
  let at = 0
  for (let o = 0; o < outer; o++)
    for (const [i, length] of lengths.entries()) {
      parts[i].set(whole.subarray(at, at + length), o * length)
      at += length
    }
  return parts
}

/** Each entry from one of two values, by a constant mask. */
export const where: Rule = view => {
  const mask = exactAt(view, 0, 'the condition') ?? cannotBound('no condition is given')
  const [a, b] = [operand(view, 1), operand(view, 2)]
  const shape = broadcastShape(mask.shape, broadcastShape(a.shape, b.shape))
  const spread = (x: Float64Array, from: readonly number[]): Float64Array => take(x, sourcesOf(broadcast(from, shape)), 0)
  let made: Float64Array | undefined
  const chosen = (): Float64Array => {
    made ??= spread(mask.data, mask.shape)
    return made
  }
  const merge = (x: Float64Array | undefined, y: Float64Array | undefined): Float64Array => {
    const [first, second] = [x && spread(x, a.shape), y && spread(y, b.shape)]
    return chosen().map((c, i) => (c !== 0 ? first?.[i] : second?.[i]) ?? 0)
  }
  const sources = (from: readonly number[], holds: boolean): Int32Array =>
    sourcesOf(broadcast(from, shape)).map((at, i) => ((chosen()[i] !== 0) === holds ? at : -1))
  return [
    {
      shape,
      rule: 'each entry from one of two values: squares add',
      combine: 'stack',
      gains: [0, ...[a, b].map(x => (x.constant ? 0 : gainOf(broadcast(x.shape, shape))))],
      evaluate([, x, y]): Numbers {
        const data = merge(x!.data, y!.data)
        const integer = x!.integer === true && y!.integer === true
        return x!.radius || y!.radius ? { shape, data, integer, radius: merge(x!.radius, y!.radius) } : { shape, data, integer }
      },
      linearize: () => ({
        forward: moves => merge(moves[1], moves[2]),
        backward: pull => [
          undefined,
          giveBack(pull, sources(a.shape, true), sizeOf(a.shape)),
          giveBack(pull, sources(b.shape, false), sizeOf(b.shape)),
        ],
      }),
    },
  ]
}
