import { sizeOf } from '../../tensor.ts'
import type { Attribute, Weights } from '../../formats/model.ts'
import { isShape, MOST_MADE, type Numbers, numbersOf } from './numbers.ts'
import { cannotBound, constantAt, exactAt, numberAt, operand, type Rule, scalarAt, type Step } from './step.ts'
import { sameNumbers } from './steps.ts'

/** Values that only say how large something is: known from the graph. */
export const shapeOfOperand: Rule = view => {
  const { shape } = operand(view, 0)
  const from = numberAt(view, 'start', 0)
  const to = numberAt(view, 'end', shape.length)
  return [known(shape.slice(from, to), [shape.slice(from, to).length])]
}

export const sizeOfOperand: Rule = view => [known([sizeOf(operand(view, 0).shape)], [])]

export const constantOfShape: Rule = view => {
  const shape = Array.from(exactAt(view, 0, 'the shape')?.data ?? cannotBound('no shape is given'))
  if (!isShape(shape) || sizeOf(shape) > MOST_MADE) cannotBound(`a constant of shape [${shape.join(', ')}]`)
  const held = view.node.attributes.value
  const { data, integer } = held === undefined ? ZERO : numbersOf(weightsIn(held), 'value')
  return [known(new Array<number>(sizeOf(shape)).fill(data[0]), shape, integer)]
}

const ZERO: Numbers = { shape: [1], data: Float64Array.of(0), integer: false }

function weightsIn(held: Attribute): Weights {
  return typeof held === 'object' && 'dtype' in held && sizeOf(held.shape) === 1 ? held : cannotBound('a value that is not read')
}

export const range: Rule = view => {
  const bounds = [0, 1, 2].map(i => scalarAt(view, i, 'a bound of the range') ?? cannotBound('a bound of the range is missing'))
  const [start, limit, delta] = bounds
  // Fractions would be rounded, and so would how many there are.
  if (!bounds.every(Number.isSafeInteger)) cannotBound('a range of numbers that are not whole')
  const count = Math.max(0, Math.ceil((limit - start) / delta))
  if (!(count <= MOST_MADE)) cannotBound(`a range of ${count} numbers`)
  const numbers = Array.from({ length: count }, (_, i) => start + i * delta)
  return [known(numbers, [count], constantAt(view, 0)?.integer)]
}

function known(numbers: readonly number[], shape: readonly number[], integer = true): Step {
  return {
    ...sameNumbers(shape, 'known from the graph'),
    known: true,
    gains: [0, 0, 0],
    evaluate: () => ({ shape, data: Float64Array.from(numbers), integer }),
  }
}
