import { overUp, plusUp, timesUp } from '../../network/outward.ts'
import { nextDown, nextUp } from '../../rounding.ts'
import { isWhole, type Numbers, rounded } from './numbers.ts'
import { broadcast, broadcastShape, gainOf, sourcesOf } from './pieces.ts'
import { cannotBound, type Linear, type Operand, operand, type Rule, type Step, type View } from './step.ts'
import { giveBack, scaledBy, take } from './steps.ts'

/** Entry by entry on two operands that broadcast against each other. */
interface Operation {
  value(a: number, b: number): number
  /** ∂/∂a and ∂/∂b */
  slopes(a: number, b: number): [number, number]
  /** ≥ the error of the result that errors r and s of a and b cause */
  carried(a: number, b: number, r: number, s: number): number
  /** of whole numbers: whole again */
  whole?(a: number, b: number): number
}

const sum: Operation = { value: (a, b) => a + b, slopes: () => [1, 1], carried: (_a, _b, r, s) => r + s, whole: (a, b) => a + b }
const difference: Operation = { ...sum, value: (a, b) => a - b, slopes: () => [1, -1], whole: (a, b) => a - b }
const product: Operation = {
  value: (a, b) => a * b,
  slopes: (a, b) => [b, a],
  carried: (a, b, r, s) => Math.abs(a) * s + Math.abs(b) * r + r * s,
  whole: (a, b) => a * b,
}
const quotient: Operation = {
  value: (a, b) => a / b,
  slopes: (a, b) => [1 / b, -a / b / b],
  carried: (a, b, r, s) =>
    s === 0 ? r / Math.abs(b) : s < Math.abs(b) ? (r + Math.abs(a / b) * s) / (Math.abs(b) - s) : Infinity,
  whole: (a, b) => (b === 0 ? 0 : (a - (a % b)) / b),
}
const maximum: Operation = {
  value: Math.max,
  slopes: (a, b) => (a >= b ? [1, 0] : [0, 1]),
  carried: (_a, _b, r, s) => Math.max(r, s),
  whole: Math.max,
}
const minimum: Operation = { ...maximum, value: Math.min, slopes: (a, b) => (a <= b ? [1, 0] : [0, 1]), whole: Math.min }

export const add: Rule = view => [affine(view, sum)]
export const subtract: Rule = view => [affine(view, difference)]
export const max: Rule = view => [extreme(view, maximum)]
export const min: Rule = view => [extreme(view, minimum)]

/** A constant factor scales each entry; the product of two computed values has slopes as large as the values. */
export const multiply: Rule = view => {
  const [a, b] = pair(view)
  if (!a.constant && !b.constant) cannotBound('two computed values are multiplied: no Lipschitz constant holds for all inputs')
  const factor = a.constant ?? b.constant!
  const largest = largestOf(factor)
  return [scaling(view, product, largest, `constant factors up to ${largest} in size`)]
}

export const divide: Rule = view => {
  const [a, b] = pair(view)
  if (!b.constant) cannotBound('a computed value is the divisor: its inverse has no Lipschitz constant')
  if (a.constant) return [scaling(view, quotient, 1, 'constant')]
  const { data, radius } = b.constant
  const smallest = data.reduce(
    (least, x, i) => Math.min(least, Math.abs(x) - (radius ? radius[i] * (1 + 2 ** -50) : 0)),
    Infinity,
  )
  if (!(smallest > 0)) cannotBound('a divisor is 0')
  return [
    scaling(view, quotient, overUp(1, radius ? nextDown(smallest) : smallest), `constant divisors down to ${smallest} in size`),
  ]
}

/** Only the first power is Lipschitz everywhere (and the zeroth, a constant). */
export const power: Rule = view => {
  const [a, b] = pair(view)
  const exponent = !b.constant?.radius && b.constant?.data.every(x => x === b.constant!.data[0]) ? b.constant.data[0] : undefined
  if (exponent === undefined || !Number.isInteger(exponent) || Math.abs(exponent) > 64)
    cannotBound('a power that is no small whole number')
  if (exponent !== 1 && !a.constant) cannotBound(`the slope of a power of ${exponent} is unbounded`)
  const raise = (x: number): number => {
    let result = 1
    for (let i = 0; i < Math.abs(exponent); i++) result *= x
    return exponent < 0 ? 1 / result : result
  }
  if (a.constant?.radius && exponent !== 1) cannotBound('a power of a rounded constant')
  const power: Operation = {
    ...sum,
    value: raise,
    slopes: () => [1, 0],
    carried: (x, _b, r) => r + Math.abs(raise(x)) * 65 * 2 ** -52,
    whole: raise,
  }
  return [scaling(view, power, 1, 'first power: 1')]
}

/** Sums of any number of operands, and their mean. */
export const sumAll: Rule = view => [manyOf(view, 1)]
export const meanAll: Rule = view => [manyOf(view, view.operands.length)]

/** Comparisons of constants, which masks and shapes are made of: exact, or not at all. */
function comparison(holds: (a: number, b: number) => boolean): Rule {
  return view => {
    const [a, b] = pair(view)
    if (!a.constant || !b.constant) cannotBound('a comparison jumps')
    const value = (x: number, y: number): number => (holds(x, y) ? 1 : 0)
    const carried = (x: number, y: number, r: number, s: number): number =>
      (r === 0 && s === 0) || areApart(x, y, r, s) ? 0 : cannotBound('a comparison that rounding may turn')
    const step = scaling(view, { ...sum, value, carried, whole: value }, 0, 'constant')
    return [
      {
        ...step,
        evaluate(inputs, careful) {
          const { shape, data } = step.evaluate(inputs, careful)
          return { shape, data, integer: true }
        },
      },
    ]
  }
}

/** Whether x ± r and y ± s have nothing in common: then every number of the one compares with every number of the other as x with y. */
function areApart(x: number, y: number, r: number, s: number): boolean {
  return nextUp(x + r) < nextDown(y - s) || nextUp(y + s) < nextDown(x - r)
}

export const equal = comparison((a, b) => a === b)
export const greater = comparison((a, b) => a > b)
export const less = comparison((a, b) => a < b)
export const greaterOrEqual = comparison((a, b) => a >= b)
export const lessOrEqual = comparison((a, b) => a <= b)
// Of logical values, which are never rounded.
export const and = comparison((a, b) => a !== 0 && b !== 0)
export const or = comparison((a, b) => a !== 0 || b !== 0)

function pair(view: View): [Operand, Operand] {
  if (view.operands.length > 2) cannotBound('more than two operands')
  if (view.node.attributes.axis !== undefined) cannotBound('operands that meet at a given axis, as before version 7')
  return [operand(view, 0), operand(view, 1)]
}

/** ≥ the largest entry in size, rounding of the constant included. */
function largestOf({ data, radius }: Numbers): number {
  return data.reduce((most, x, i) => Math.max(most, radius ? plusUp(Math.abs(x), radius[i]) : Math.abs(x)), 0)
}

/** Sums: each operand by itself, √copies where it is spread over more entries than it has. */
function affine(view: View, operation: Operation): Step {
  pair(view)
  const spread = spreads(view)
  const moving = view.operands.filter(x => x && !x.constant).length
  const copied = spread.some(gain => gain > 1) ? ', √copies of what is broadcast' : ''
  const rule = moving > 1 ? `sum: the constants add${copied}` : `a constant added: 1${copied}`
  return { ...binary(view, operation), rule, combine: 'sum', gains: spread }
}

/** The larger of two differences is at most the root of the sum of their squares. */
function extreme(view: View, operation: Operation): Step {
  const spread = spreads(view)
  if (view.operands.length === 1) return { ...binary(view, operation), rule: 'one operand: 1', combine: 'sum', gains: spread }
  if (view.operands.length > 2) cannotBound('more than two operands')
  return { ...binary(view, operation), rule: 'each entry from one operand: squares add', combine: 'stack', gains: spread }
}

function scaling(view: View, operation: Operation, factor: number, rule: string): Step {
  const gains = spreads(view).map(gain => timesUp(gain, factor))
  return { ...binary(view, operation), rule, combine: 'sum', gains }
}

/** √copies of each operand in the common shape; 0 for constants. */
function spreads(view: View): number[] {
  const all = view.operands.map((_, i) => operand(view, i))
  const shape = all.reduce<readonly number[]>((common, x) => broadcastShape(common, x.shape), [])
  return all.map(x => (x.constant ? 0 : gainOf(broadcast(x.shape, shape))))
}

function binary(view: View, operation: Operation): Pick<Step, 'shape' | 'evaluate' | 'linearize'> {
  const shapes = [operand(view, 0).shape, (view.operands[1] ?? operand(view, 0)).shape]
  const shape = broadcastShape(shapes[0], shapes[1])
  let made: (Int32Array | undefined)[] | undefined
  const spread = (x: Float64Array, which: number): Float64Array => {
    made ??= shapes.map(from => (isSame(from, shape) ? undefined : sourcesOf(broadcast(from, shape))))
    const sources = made[which]
    return sources ? take(x, sources, 0) : x
  }
  return {
    shape,
    evaluate([x, y = x], careful) {
      const [a, b] = [spread(x!.data, 0), spread(y!.data, 1)]
      const integer = x!.integer === true && y!.integer === true
      const value = (integer && operation.whole) || operation.value
      const data = a.map((v, i) => value(v, b[i]))
      if (integer && !data.every(Number.isSafeInteger)) cannotBound('whole numbers beyond what can be counted')
      if (!careful || integer || (isWhole(x!) && isWhole(y!) && data.every(Number.isSafeInteger))) return { shape, data, integer }
      const [r, s] = [x!.radius && spread(x!.radius, 0), y!.radius && spread(y!.radius, 1)]
      return { shape, data, radius: rounded(data, i => operation.carried(a[i], b[i], r ? r[i] : 0, s ? s[i] : 0)) }
    },
    linearize([x, y = x]) {
      const [a, b] = [spread(x!.data, 0), spread(y!.data, 1)]
      const slopes = a.map((v, i) => operation.slopes(v, b[i])[0])
      const others = a.map((v, i) => operation.slopes(v, b[i])[1])
      return both([x!, y!], slopes, others, spread, () => made!)
    },
  }
}

function both(
  inputs: readonly [Numbers, Numbers],
  slopes: Float64Array,
  others: Float64Array,
  spread: (x: Float64Array, which: number) => Float64Array,
  sources: () => (Int32Array | undefined)[],
): Linear {
  const parts = [scaledBy(slopes), scaledBy(others)]
  return {
    forward(moves) {
      const [a, b] = parts.map((part, which) => moves[which] && part.forward([spread(moves[which], which)]))
      return a && b ? a.map((v, i) => v + b[i]) : (a ?? b)!
    },
    backward: pull =>
      parts.map((part, which) => {
        const [whole] = part.backward(pull)
        const from = sources()[which]
        return from ? giveBack(whole!, from, inputs[which].data.length) : whole
      }),
  }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, d) => side === b[d])
}

/** Σ x_j / divisor over operands of one shape. */
function manyOf(view: View, divisor: number): Step {
  const { shape } = operand(view, 0)
  if (view.operands.some(x => !x || !isSame(x.shape, shape))) cannotBound('a sum of operands of different shapes')
  const gain = overUp(1, divisor)
  return {
    shape,
    rule: `sum of ${view.operands.length}${divisor > 1 ? ', divided by their number' : ''}: the constants add`,
    combine: 'sum',
    gains: view.operands.map(x => (x!.constant ? 0 : gain)),
    evaluate(inputs) {
      const data = new Float64Array(inputs[0]!.data.length)
      const radius = new Float64Array(data.length)
      for (const x of inputs)
        for (let i = 0; i < data.length; i++) {
          data[i] += x!.data[i] / divisor
          radius[i] += ((x!.radius?.[i] ?? 0) + Math.abs(x!.data[i]) * 2 ** -40) / divisor + 2 ** -1000
        }
      return { shape, data, radius }
    },
    linearize: inputs => ({
      forward: moves => {
        const total = new Float64Array(inputs[0]!.data.length)
        for (const move of moves) if (move) for (let i = 0; i < total.length; i++) total[i] += move[i] / divisor
        return total
      },
      backward: pull => inputs.map(() => pull.map(v => v / divisor)),
    }),
  }
}
