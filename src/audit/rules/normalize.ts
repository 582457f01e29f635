import { batchNorm } from '../../network/batch-norm.ts'
import { overUp, plusUp, rootDown, rootUp, timesUp } from '../../network/outward.ts'
import { nextDown } from '../../rounding.ts'
import { sizeOf } from '../../tensor.ts'
import { ELEMENTARY_ERROR, exp, log } from './elementary.ts'
import { type Numbers, numbersOf } from './numbers.ts'
import { broadcast, sourcesOf } from './pieces.ts'
import {
  axisOf,
  cannotBound,
  constantAt,
  isOldTraining,
  layoutOf,
  numberAt,
  operand,
  type Rule,
  type Step,
  type View,
} from './step.ts'
import { pointwiseStep, take } from './steps.ts'

/** The numbers of a batch norm at inference, per channel; γ and v stand for the worst that their rounding allows. */
export interface ChannelScales {
  readonly gamma: Float64Array
  readonly beta: Float64Array
  readonly mean: Float64Array
  readonly variance: Float64Array
  readonly epsilon: number
  /** the graph computes one of the four, with rounding */
  readonly rounded: boolean
}

/**
 * Scale, shift, mean and variance of a batch norm node: as the reader found them, else its constant operands. Only an operand that is
 * left out means a scale of 1 or a shift of 0; one that the graph computes has its own numbers, and one that moves ends the certificate.
 */
export function scalesOf(view: Pick<View, 'node' | 'operands' | 'batchNorm'>): ChannelScales {
  const held = view.batchNorm
  if (!held) {
    const own = (index: number): Numbers => constantAt(view as View, index) ?? cannotBound(`operand ${index} is missing`)
    const [gamma, beta, mean, variance] = [1, 2, 3, 4].map(own)
    return {
      gamma: gamma.data.map((g, c) => (gamma.radius ? Math.sign(g || 1) * plusUp(Math.abs(g), gamma.radius[c]) : g)),
      beta: beta.data,
      mean: mean.data,
      variance: variance.data.map((v, c) => (variance.radius ? nextDown(v - variance.radius[c]) : v)),
      epsilon: numberAt(view as View, 'epsilon', 1e-5),
      rounded: [gamma, beta, mean, variance].some(numbers => numbers.radius !== undefined),
    }
  }
  const variance = numbersOf(held.variance, held.name).data
  return {
    gamma: held.gamma ? numbersOf(held.gamma, held.name).data : new Float64Array(variance.length).fill(1),
    beta: held.beta ? numbersOf(held.beta, held.name).data : new Float64Array(variance.length),
    mean: numbersOf(held.mean, held.name).data,
    variance,
    epsilon: held.epsilon,
    rounded: false,
  }
}

/** Batch norm at inference: a scale a channel. Folded into the layer before it where the graph allows. */
export const batchNormalization: Rule = view => {
  const { shape } = operand(view, 0)
  if (numberAt(view, 'training_mode', 0) !== 0) cannotBound('batch statistics depend on the whole batch: not at inference')
  // Before version 14 it is the statistics among its outputs that say so, and before version 7 an attribute that says the opposite.
  if ((view.graph.opset ?? 14) < 14 && view.node.outputs.length > 1) cannotBound('its statistics are outputs: not at inference')
  if (isOldTraining(view)) cannotBound('without is_test it takes the statistics of the batch: not at inference')
  for (const index of [1, 2, 3, 4]) constantAt(view, index)
  const { gamma, beta, mean, variance, epsilon, rounded } = scalesOf(view)
  // Keras names the axis.
  const axis = view.node.attributes.axis
  const channel = typeof axis === 'number' ? axisOf(axis, shape.length) : layoutOf(view, Math.max(2, shape.length)).channel
  const inner = sizeOf(shape.slice(channel + 1))
  for (const { length } of [gamma, beta, mean, variance])
    if (length !== shape[channel]) cannotBound(`${length} numbers of a batch norm for ${shape[channel]} channels`)
  const { upper } = batchNorm({ gamma, variance, epsilon })
  const scales = gamma.map((g, c) => g / Math.sqrt(variance[c] + epsilon))
  const reach = scales.reduce((most, s, c) => Math.max(most, Math.abs(s * mean[c]), Math.abs(beta[c])), 1)
  const at = (i: number): number => Math.floor(i / inner) % shape[channel]
  const step = pointwiseStep(shape, {
    rule: view.foldedInto ? `folded into '${view.foldedInto}'` : `batch norm: largest scale ${upper}`,
    gain: upper,
    value: (x, i) => (x - mean[at(i)]) * scales[at(i)] + beta[at(i)],
    slope: (_x, _y, i) => scales[at(i)],
    error: 2 ** -46 * reach,
  })
  return [{ ...step, ...(view.foldedInto && { gains: [1] }), ...(rounded && { evaluate: notToTheLastBit(step) }) }]
}

/** Values without radii only: constants that are rounded themselves would have to be followed through every entry. */
function notToTheLastBit({ evaluate }: Step): Step['evaluate'] {
  return (inputs, careful) =>
    careful ? cannotBound('a norm whose scales the graph computes with rounding is not evaluated') : evaluate(inputs, careful)
}

/** A map of blocks of n entries, the same on each, with a Jacobian known by its products. */
interface Block {
  readonly n: number
  /** distance of neighbours within a block; blocks themselves are contiguous runs of n·stride */
  readonly stride: number
  readonly gain: number
  readonly rule: string
  value(x: Float64Array): Float64Array
  forward(y: Float64Array, x: Float64Array, dx: Float64Array): Float64Array
  backward(y: Float64Array, x: Float64Array, dy: Float64Array): Float64Array
}

function blockStep(shape: readonly number[], block: Block): Step {
  const over = (numbers: readonly Float64Array[], map: (...parts: Float64Array[]) => Float64Array): Float64Array => {
    const result = new Float64Array(numbers[0].length)
    const { n, stride } = block
    for (let start = 0; start < result.length; start += n * stride)
      for (let inner = 0; inner < stride; inner++) {
        const parts = numbers.map(x => Float64Array.from({ length: n }, (_, j) => x[start + inner + j * stride]))
        map(...parts).forEach((v, j) => {
          result[start + inner + j * stride] = v
        })
      }
    return result
  }
  return {
    shape,
    rule: block.rule,
    combine: 'sum',
    gains: [block.gain],
    evaluate([x], careful) {
      const data = over([x!.data], block.value)
      if (!careful) return { shape, data }
      // An entry errs by at most the norm of its block's error times the Lipschitz constant, besides its own rounding.
      const carried = x!.radius
        ? over([x!.radius], r => r.fill(timesUp(block.gain, Math.sqrt(r.reduce((s, v) => s + v * v, 0)) * 1.0001)))
        : undefined
      // Sums over a block err with its largest entry, however small the result.
      const unit = block.gain * (block.n + 8) * 2 ** -50
      const sums = over([x!.data], b => b.fill(unit * b.reduce((most, v) => Math.max(most, Math.abs(v)), 0)))
      const own = (y: number): number => ELEMENTARY_ERROR * block.n * (1 + Math.abs(y))
      return { shape, data, radius: data.map((y, i) => (carried ? carried[i] : 0) + sums[i] + own(y)) }
    },
    linearize: ([x], y) => ({
      forward: ([dx]) => over([y.data, x!.data, dx!], block.forward),
      backward: dy => [over([y.data, x!.data, dy], block.backward)],
    }),
  }
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0)

function softmaxOf(x: Float64Array): Float64Array {
  const top = x.reduce((a, b) => Math.max(a, b), -Infinity)
  const e = x.map(v => exp(v - top))
  const sum = e.reduce((a, b) => a + b, 0)
  return e.map(v => v / sum)
}

/** Blocks of a softmax: one axis, or before version 13 everything from it on. */
function softmaxBlocks(view: View): { n: number; stride: number } {
  const { shape } = operand(view, 0)
  const old = (view.graph.opset ?? 13) < 13 && view.graph.channels === 'first'
  const axis = axisOf(numberAt(view, 'axis', old ? 1 : -1), shape.length)
  return old ? { n: sizeOf(shape.slice(axis)), stride: 1 } : { n: shape[axis], stride: sizeOf(shape.slice(axis + 1)) }
}

/** diag(p) − ppᵀ is a variance: at most a quarter of the squared range of a unit vector, ½ (Popoviciu). */
export const softmax: Rule = view => {
  const through = (p: Float64Array, _x: Float64Array, d: Float64Array): Float64Array => {
    const mean = dot(p, d)
    return p.map((v, i) => v * (d[i] - mean))
  }
  const blocks = softmaxBlocks(view)
  return [
    blockStep(operand(view, 0).shape, {
      ...blocks,
      gain: 0.5,
      rule: 'softmax: 1/2',
      value: softmaxOf,
      forward: through,
      backward: through,
    }),
  ]
}

/** I − 1pᵀ projects along 1: its norm is that of 1pᵀ, √n·‖p‖ ≤ √n. */
export const logSoftmax: Rule = view => {
  const blocks = softmaxBlocks(view)
  return [
    blockStep(operand(view, 0).shape, {
      ...blocks,
      gain: rootUp(blocks.n),
      rule: `log-softmax of ${blocks.n}: its root`,
      value: x => {
        const top = x.reduce((a, b) => Math.max(a, b), -Infinity)
        const total = top + log(x.reduce((sum, v) => sum + exp(v - top), 0))
        return x.map(v => v - total)
      },
      forward: (y, _x, d) => {
        const mean = y.reduce((sum, v, i) => sum + exp(v) * d[i], 0)
        return d.map(v => v - mean)
      },
      backward: (y, _x, d) => {
        const sum = d.reduce((a, b) => a + b, 0)
        return d.map((v, i) => v - exp(y[i]) * sum)
      },
    }),
  ]
}

/**
 * u ↦ u/√(‖u‖²/n + ε) after the mean is taken off: the gradient of a convex function whose second derivative is at most 1/√ε, reached at
 * constant inputs. `epsilon` above 0 is what makes it Lipschitz at all.
 */
function standardized(n: number, epsilon: number, name: string): Block {
  if (!(epsilon > 0)) cannotBound('without an epsilon it is not continuous')
  const gain = overUp(1, rootDown(epsilon))
  const through = (y: Float64Array, x: Float64Array, d: Float64Array): Float64Array => {
    const mean = x.reduce((a, b) => a + b, 0) / n
    const deviation = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) * (v - mean), 0) / n + epsilon)
    const [shift, along] = [d.reduce((a, b) => a + b, 0) / n, dot(y, d) / n]
    return d.map((v, i) => (v - shift - y[i] * along) / deviation)
  }
  return {
    n,
    stride: 1,
    gain,
    rule: `${name}: 1/√ε, reached at constant inputs`,
    value: x => {
      const mean = x.reduce((a, b) => a + b, 0) / n
      const deviation = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) * (v - mean), 0) / n + epsilon)
      return x.map(v => (v - mean) / deviation)
    },
    forward: through,
    backward: through,
  }
}

export const layerNormalization: Rule = view => {
  const { shape } = operand(view, 0)
  const axis = axisOf(numberAt(view, 'axis', -1), shape.length)
  if (view.node.outputs.slice(1).some(name => name !== '')) cannotBound('its statistics are outputs')
  const step = blockStep(shape, standardized(sizeOf(shape.slice(axis)), numberAt(view, 'epsilon', 1e-5), 'layer norm'))
  return [afterScale(step, constantAt(view, 1), constantAt(view, 2))]
}

export const instanceNormalization: Rule = view => {
  const { shape } = operand(view, 0)
  if (view.graph.channels === 'last') cannotBound('channels come last')
  const step = blockStep(shape, standardized(sizeOf(shape.slice(2)), numberAt(view, 'epsilon', 1e-5), 'instance norm'))
  return [afterScale(step, perChannel(constantAt(view, 1), shape), perChannel(constantAt(view, 2), shape))]
}

export const groupNormalization: Rule = view => {
  const { shape } = operand(view, 0)
  const groups = numberAt(view, 'num_groups', 0)
  if (view.graph.channels === 'last' || !(groups >= 1) || shape[1] % groups !== 0)
    cannotBound('groups that do not divide the channels')
  const step = blockStep(shape, standardized(sizeOf(shape.slice(1)) / groups, numberAt(view, 'epsilon', 1e-5), 'group norm'))
  const [scale, bias] = [constantAt(view, 1), constantAt(view, 2)]
  if ([scale, bias].some(numbers => numbers && numbers.data.length !== shape[1])) cannotBound('one scale a group')
  return [afterScale(step, perChannel(scale, shape), perChannel(bias, shape))]
}

function shown({ shape }: Step): string {
  return `a value of shape [${shape.join(', ')}]`
}

function perChannel(numbers: Numbers | undefined, shape: readonly number[]): Numbers | undefined {
  return numbers && { ...numbers, shape: [shape[1], ...shape.slice(2).map(() => 1)] }
}

/** γ·step + β, both spread over the output. */
function afterScale(step: Step, gamma: Numbers | undefined, beta: Numbers | undefined): Step {
  if (gamma?.radius || beta?.radius) cannotBound('scales that the graph computes with rounding')
  for (const numbers of [gamma, beta])
    if (numbers && numbers.data.length !== sizeOf(numbers.shape)) cannotBound(`${numbers.data.length} scales for ${shown(step)}`)
  const spread = (x: Numbers): Float64Array => take(x.data, sourcesOf(broadcast(x.shape, step.shape)), 0)
  const [scale, shift] = [gamma && spread(gamma), beta && spread(beta)]
  const largest = gamma ? gamma.data.reduce((most, g) => Math.max(most, Math.abs(g)), 0) : 1
  const times = (x: Float64Array): Float64Array => (scale ? x.map((v, i) => v * scale[i]) : x)
  return {
    ...step,
    rule: `${step.rule}, times the largest scale ${largest}`,
    gains: [timesUp(step.gains[0], largest)],
    evaluate(inputs, careful) {
      const y = step.evaluate(inputs, careful)
      const data = times(y.data).map((v, i) => v + (shift ? shift[i] : 0))
      if (!y.radius) return { ...y, data }
      const carried = times(y.radius)
      return {
        ...y,
        data,
        radius: data.map((v, i) => plusUp(Math.abs(carried[i]) * 1.0001, (Math.abs(v) + Math.abs(shift?.[i] ?? 0)) * 2 ** -51)),
      }
    },
    linearize(inputs) {
      const inner = step.linearize(inputs, step.evaluate(inputs, false))
      return { forward: moves => times(inner.forward(moves)), backward: dy => inner.backward(times(dy)) }
    },
  }
}
