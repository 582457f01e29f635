import { SLOPES, type Slopes } from '../../network/activation.ts'
import { nextUp } from '../../rounding.ts'
import type { Numbers } from './numbers.ts'
import { ELEMENTARY_ERROR, erf, exp, log, sigmoid, softplus, tanh } from './elementary.ts'
import { type Pointwise, pointwiseStep } from './steps.ts'
import { cannotBound, exactAt, numberAt, operand, type Rule, scalarAt, type View, wordAt } from './step.ts'
import { broadcast, sourcesOf } from './pieces.ts'
import { take } from './steps.ts'

type Real = (x: number) => number

/** An activation of `SLOPES` with its value and derivative. */
function smooth(name: keyof typeof SLOPES, value: Real, slope: (x: number, y: number) => number, error = ELEMENTARY_ERROR): Rule {
  const { first }: Slopes = SLOPES[name]
  return view => [
    pointwiseStep(operand(view, 0).shape, { rule: `${name}: slope at most ${first}`, gain: first, value, slope, error }),
  ]
}

/** An activation whose slopes are the parameters of the node. */
function withSlopes(make: (view: View) => Pointwise): Rule {
  return view => [pointwiseStep(operand(view, 0).shape, make(view))]
}

export const relu = smooth(
  'relu',
  x => Math.max(x, 0),
  x => (x > 0 ? 1 : 0),
  0,
)
export const abs = smooth('abs', Math.abs, x => (x < 0 ? -1 : 1), 0)
export const tanhRule = smooth('tanh', tanh, (_, y) => 1 - y * y)
export const sigmoidRule = smooth('sigmoid', sigmoid, (_, y) => y * (1 - y))
export const softplusRule = smooth('softplus', softplus, sigmoid)
export const softsign = smooth(
  'softsign',
  x => x / (1 + Math.abs(x)),
  x => 1 / ((1 + Math.abs(x)) * (1 + Math.abs(x))),
)
export const erfRule = smooth('erf', erf, x => 1.1283791670955126 * exp(-x * x))
/** x·clip(αx + ½), α about a sixth (what exporters round it to): the slope is at most 3/2 whatever α > 0 is, reached where the clip ends. */
export const hardSwish: Rule = view => {
  const alpha = numberAt(view, 'alpha', 1 / 6)
  const gate = (x: number): number => Math.min(1, Math.max(0, alpha * x + 0.5))
  const slope = (x: number): number => (gate(x) === 0 ? 0 : gate(x) === 1 ? 1 : 2 * alpha * x + 0.5)
  return smooth('hard-swish', x => x * gate(x), slope)(view)
}
export const mish = smooth('mish', x => x * tanh(softplus(x)), mishSlope)
export const silu = smooth(
  'silu',
  x => x * sigmoid(x),
  x => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
)
export const geluExact = smooth('gelu', x => (x / 2) * (1 + erf(x / ROOT2)), geluSlope)
export const geluTanh = smooth('gelu-tanh', x => (x / 2) * (1 + tanh(inner(x))), geluTanhSlope)
export const gelu: Rule = view => (wordAt(view, 'approximate', 'none') === 'tanh' ? geluTanh : geluExact)(view)

const ROOT2 = Math.sqrt(2)
const ROOT_2_OVER_PI = 0.7978845608028654

function inner(x: number): number {
  return ROOT_2_OVER_PI * (x + 0.044715 * x * x * x)
}

function geluSlope(x: number): number {
  return (1 + erf(x / ROOT2)) / 2 + (x * ROOT_2_OVER_PI * exp((-x * x) / 2)) / 2
}

function geluTanhSlope(x: number): number {
  const t = tanh(inner(x))
  return (1 + t) / 2 + (x / 2) * (1 - t * t) * ROOT_2_OVER_PI * (1 + 0.134145 * x * x)
}

function mishSlope(x: number): number {
  const t = tanh(softplus(x))
  return t + x * (1 - t * t) * sigmoid(x)
}

export const negate = withSlopes(() => ({ rule: 'sign changed: 1', gain: 1, value: x => -x, slope: () => -1, error: 0 }))

export const leakyRelu = withSlopes(view => {
  const alpha = numberAt(view, 'alpha', 0.01)
  return {
    rule: `leaky relu: slopes 1 and ${alpha}`,
    gain: Math.max(1, Math.abs(alpha)),
    value: x => (x < 0 ? alpha * x : x),
    slope: x => (x < 0 ? alpha : 1),
    error: 2 ** -52,
  }
})

/** Exponential units; `scale` is 1 but for SELU. */
function exponentialUnit(name: string, parameters: (view: View) => { alpha: number; scale: number; rate: number }): Rule {
  return withSlopes(view => {
    const { alpha, scale, rate } = parameters(view)
    return {
      rule: `${name}: slopes up to ${scale} and ${scale * alpha * rate}`,
      gain: nextUp(nextUp(Math.max(Math.abs(scale), Math.abs(scale * alpha * rate)))),
      value: x => scale * (x > 0 ? x : alpha * (exp(x * rate) - 1)),
      slope: x => scale * (x > 0 ? 1 : alpha * rate * exp(x * rate)),
      error: ELEMENTARY_ERROR * (1 + Math.abs(scale * alpha)),
    }
  })
}

export const elu = exponentialUnit('elu', view => ({ alpha: numberAt(view, 'alpha', 1), scale: 1, rate: 1 }))
export const selu = exponentialUnit('selu', view => ({
  alpha: numberAt(view, 'alpha', 1.6732631921768188),
  scale: numberAt(view, 'gamma', 1.0507010221481323),
  rate: 1,
}))
export const celu = exponentialUnit('celu', view => {
  const alpha = numberAt(view, 'alpha', 1)
  return !(alpha > 0) ? cannotBound(`celu with alpha ${alpha}`) : { alpha, scale: 1, rate: 1 / alpha }
})

export const hardSigmoid = withSlopes(view => {
  const [alpha, beta] = [numberAt(view, 'alpha', 0.2), numberAt(view, 'beta', 0.5)]
  return {
    rule: `hard sigmoid: slope ${alpha}`,
    gain: Math.abs(alpha),
    value: x => Math.min(1, Math.max(0, alpha * x + beta)),
    slope: (_, y) => (y > 0 && y < 1 ? alpha : 0),
    error: 2 ** -50 * (1 + Math.abs(beta)),
  }
})

export const swish = withSlopes(view => {
  // x·σ(αx) = α⁻¹·silu(αx): the slope is silu's at αx.
  const alpha = numberAt(view, 'alpha', 1)
  return {
    rule: `swish: slope at most ${SLOPES.silu.first}`,
    gain: SLOPES.silu.first,
    value: x => x * sigmoid(alpha * x),
    slope: x => sigmoid(alpha * x) * (1 + alpha * x * (1 - sigmoid(alpha * x))),
    error: ELEMENTARY_ERROR * (1 + Math.abs(alpha)),
  }
})

export const clip: Rule = view => {
  const low = scalarAt(view, 1, 'the lower end') ?? numberAt(view, 'min', -Infinity)
  const high = scalarAt(view, 2, 'the upper end') ?? numberAt(view, 'max', Infinity)
  const f = { rule: 'clip: slope at most 1', gain: 1, value: (x: number) => Math.min(high, Math.max(low, x)), error: 0 }
  return [pointwiseStep(operand(view, 0).shape, { ...f, slope: (x, y) => (x === y ? 1 : 0) })]
}

/** One slope an entry, spread over the input. */
export const prelu: Rule = view => {
  const { shape } = operand(view, 0)
  const slopes = exactAt(view, 1, 'the slopes') ?? cannotBound('no slopes are given')
  let spread: Float64Array | undefined
  const at = (i: number): number => {
    spread ??= take(slopes.data, sourcesOf(broadcast(slopes.shape, shape)), 0)
    return spread[i]
  }
  const largest = slopes.data.reduce((most, slope) => Math.max(most, Math.abs(slope)), 1)
  const step: Pointwise = {
    rule: `prelu: slopes 1 and up to ${largest} in size`,
    gain: largest,
    value: (x, i) => (x < 0 ? at(i) * x : x),
    slope: (x, _, i) => (x < 0 ? at(i) : 1),
    error: 2 ** -52,
  }
  return [pointwiseStep(shape, step)]
}

/** Functions without a bound on their slope: of use on constants only. `spread` bounds what an error r of x does, where that is known. */
function onlyConstants(why: string, f: Real, error = ELEMENTARY_ERROR, spread?: (x: number, r: number) => number): Rule {
  return view => {
    const { shape, constant } = operand(view, 0)
    if (!constant || (constant.radius && !spread)) cannotBound(why)
    const step = pointwiseStep(shape, { rule: 'constant', gain: Infinity, value: f, slope: () => 0, error })
    return [
      { ...step, evaluate: ([x], careful) => withError(step.evaluate([{ ...x!, radius: undefined }], careful), x!, spread) },
    ]
  }
}

function withError(y: Numbers, x: Numbers, spread?: (x: number, r: number) => number): Numbers {
  const { radius } = x
  if (!radius || !spread) return y
  return { ...y, radius: y.data.map((_, i) => (y.radius?.[i] ?? 0) + spread(x.data[i], radius[i]) * (1 + 2 ** -48)) }
}

const rootSpread = (x: number, r: number): number => (r < x ? r / Math.sqrt(x - r) : Infinity)
const inverseSpread = (x: number, r: number): number => (r < Math.abs(x) ? r / Math.abs(x) / (Math.abs(x) - r) : Infinity)

export const sqrt = onlyConstants('the slope of a square root is unbounded at 0', Math.sqrt, 2 ** -52, rootSpread)
export const expRule = onlyConstants('the slope of an exponential is unbounded', exp)
export const logRule = onlyConstants('the slope of a logarithm is unbounded at 0', log)
export const reciprocal = onlyConstants('the slope of 1/x is unbounded at 0', x => 1 / x, 2 ** -52, inverseSpread)
export const floor = onlyConstants('floor jumps', Math.floor, 0)
export const ceil = onlyConstants('ceil jumps', Math.ceil, 0)
export const not = onlyConstants('a logical value jumps', x => (x === 0 ? 1 : 0), 0)
