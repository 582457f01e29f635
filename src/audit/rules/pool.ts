import { rootUp } from '../../network/outward.ts'
import { sizeOf } from '../../tensor.ts'
import { type AxisMatrix, LONGEST_AXIS, type Rows, rowsOf, separable } from './axis-matrix.ts'
import type { Numbers } from './numbers.ts'
import { axisOf, cannotBound, layoutOf, numberAt, operand, type Rule, type Step, type View, wholesAt } from './step.ts'
import { giveBack, take } from './steps.ts'
import { overlapOf, rowsOfWindows, windowsOf } from './windows.ts'

export const maxPool: Rule = view => {
  const { shape } = operand(view, 0)
  if (view.node.outputs[1]) cannotBound('the positions of maxima jump')
  const { spatial } = layoutOf(view, shape.length)
  const { axes, words } = windowsOf(
    view,
    spatial.map(d => shape[d]),
  )
  const overlap = axes.map(overlapOf).reduce((a, b) => a * b, 1)
  const rule = `max-pool ${words}: a pixel is in up to ${overlap} windows, its root`
  return [
    largestStep(
      shape,
      spatial.map((axis, i) => ({ axis, count: axes[i].count, windows: () => rowsOfWindows(axes[i], () => 1) })),
      rootUp(overlap),
      rule,
    ),
  ]
}

export const averagePool: Rule = view => {
  const { shape } = operand(view, 0)
  const { spatial } = layoutOf(view, shape.length)
  const { axes, words } = windowsOf(
    view,
    spatial.map(d => shape[d]),
  )
  const whole = numberAt(view, 'count_include_pad', 0) !== 0
  const weight = (seen: number, extent: number): number => 1 / (whole ? extent : seen)
  const matrices = spatial.map((axis, i) => ({
    axis,
    columns: shape[axis],
    count: axes[i].count,
    longest: axes[i].size,
    rows: () => rowsOfWindows(axes[i], weight),
  }))
  const output = shape.map((side, d) => matrices.find(m => m.axis === d)?.count ?? side)
  return [separable(view, shape, matrices, output, `average ${words}: a linear filter, its norm axis by axis`, 2 ** -52)]
}

export const globalAveragePool: Rule = view => [
  reduced(view, layoutOf(view, operand(view, 0).shape.length).spatial, true, 'mean'),
]

export const globalMaxPool: Rule = view => {
  const { shape } = operand(view, 0)
  return [largestOver(shape, layoutOf(view, shape.length).spatial, true)]
}

export const reduceMean: Rule = view => [reduced(view, ...axesAt(view), 'mean')]
export const reduceSum: Rule = view => [reduced(view, ...axesAt(view), 'sum')]
export const reduceMax: Rule = view => [largestOver(operand(view, 0).shape, ...axesAt(view))]

export const reduceMin: Rule = view => {
  const step = largestOver(operand(view, 0).shape, ...axesAt(view))
  const minus = (x: Numbers): Numbers => ({ ...x, data: x.data.map(v => -v) })
  const negative = (inputs: readonly (Numbers | undefined)[]): Numbers[] => [minus(inputs[0]!)]
  return [
    {
      ...step,
      rule: step.rule.replace('largest', 'smallest'),
      evaluate: (inputs, careful) => minus(step.evaluate(negative(inputs), careful)),
      linearize: (inputs, output) => step.linearize(negative(inputs), minus(output)),
    },
  ]
}

/** Products of whole constants: how sizes of shapes are computed. */
export const reduceProduct: Rule = view => {
  const { constant } = operand(view, 0)
  if (!constant || constant.radius) cannotBound('a product of computed values has no Lipschitz constant')
  const [axes, keep] = axesAt(view)
  if (axes.length !== constant.shape.length) cannotBound('a product along some axes')
  const data = Float64Array.of(constant.data.reduce((a, b) => a * b, 1))
  if (!constant.data.every(Number.isSafeInteger) || !Number.isSafeInteger(data[0]))
    cannotBound('a product that is no whole number')
  const shape = keep ? constant.shape.map(() => 1) : []
  return [
    { ...largestOver(constant.shape, axes, keep), shape, rule: 'constant', evaluate: () => ({ shape, data, integer: true }) },
  ]
}

function axesAt(view: View): [number[], boolean] {
  const { shape } = operand(view, 0)
  const given = wholesAt(view, 'axes', view.operands[1] ? 1 : undefined)
  const none = numberAt(view, 'noop_with_empty_axes', 0) !== 0
  const all = given === undefined || given.length === 0
  if (all && none) cannotBound('a reduction over nothing')
  const axes = all ? shape.map((_, d) => d) : given.map(axis => axisOf(axis, shape.length))
  if (new Set(axes).size < axes.length) cannotBound(`axes [${axes.join(', ')}] with one twice`)
  return [axes, numberAt(view, 'keepdims', 1) !== 0]
}

/** Sums or means over whole axes: one row of equal weights an axis, √n or 1/√n. */
function reduced(view: View, axes: readonly number[], keep: boolean, kind: 'mean' | 'sum'): Step {
  const { shape } = operand(view, 0)
  checkAxes(shape, axes)
  const matrices: AxisMatrix[] = axes.map(axis => {
    const weight = kind === 'mean' ? 1 / shape[axis] : 1
    return { axis, columns: shape[axis], count: 1, longest: shape[axis], rows: () => wholeAxis(shape[axis], weight) }
  })
  const n = sizeOf(axes.map(axis => shape[axis]))
  if (n === 0) cannotBound('a reduction of nothing')
  const rule = kind === 'mean' ? `mean of ${n}: 1/√${n}` : `sum of ${n}: √${n}`
  return separable(view, shape, matrices, outputOf(shape, axes, keep), rule, 2 ** -52)
}

/** One row over all of an axis. */
function wholeAxis(side: number, weight: number): Rows {
  return rowsOf(1, side, (_, put) => {
    for (let at = 0; at < side; at++) put(at, weight)
  })
}

function outputOf(shape: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return keep ? shape.map((side, d) => (axes.includes(d) ? 1 : side)) : shape.filter((_, d) => !axes.includes(d))
}

function largestOver(shape: readonly number[], axes: readonly number[], keep: boolean): Step {
  checkAxes(shape, axes)
  const steps = axes.map(axis => ({ axis, count: 1, windows: () => wholeAxis(shape[axis], 1) }))
  return largestStep(shape, steps, 1, 'largest of disjoint groups: 1', outputOf(shape, axes, keep))
}

function checkAxes(shape: readonly number[], axes: readonly number[]): void {
  const long = axes.find(axis => shape[axis] > LONGEST_AXIS)
  if (long !== undefined) cannotBound(`an axis of ${shape[long]} entries`)
}

interface Slide {
  readonly axis: number
  readonly count: number
  readonly windows: () => Rows
}

/** A slide with its windows at hand. */
type Span = Omit<Slide, 'windows'> & Rows

/** Maxima over boxes, axis after axis; where each came from is its derivative. */
function largestStep(
  from: readonly number[],
  slides: readonly Slide[],
  gain: number,
  rule: string,
  final?: readonly number[],
): Step {
  const shape = final ?? from.map((side, d) => slides.find(slide => slide.axis === d)?.count ?? side)
  let held: readonly Span[] | undefined
  const spans = (): readonly Span[] => {
    held ??= slides.map(slide => ({ ...slide, ...slide.windows() }))
    return held
  }
  let last: { of: Float64Array; sources: Int32Array } | undefined
  const sourcesFor = (x: Float64Array): Int32Array => {
    if (last?.of !== x) last = { of: x, sources: maxima(x, from, spans()) }
    return last.sources
  }
  return {
    shape,
    rule,
    combine: 'sum',
    gains: [gain],
    evaluate([x], careful) {
      const data = take(x!.data, sourcesFor(x!.data), 0)
      const integer = x!.integer && { integer: true }
      if (!careful || !x!.radius) return { shape: shape, data, ...integer }
      // |max − max̂| is at most the largest error within the window.
      return { shape: shape, data, radius: take(x!.radius, maxima(x!.radius, from, spans()), 0) }
    },
    linearize: ([x]) => ({
      forward: ([dx]) => take(dx!, sourcesFor(x!.data), 0),
      backward: dy => [giveBack(dy, sourcesFor(x!.data), x!.data.length)],
    }),
  }
}

function maxima(x: Float64Array, from: readonly number[], spans: readonly Span[]): Int32Array {
  let sources = Int32Array.from({ length: x.length }, (_, i) => i)
  const sides = [...from]
  for (const { axis, count, starts, at } of spans) {
    const [outer, inner] = [sizeOf(sides.slice(0, axis)), sizeOf(sides.slice(axis + 1))]
    const next = new Int32Array(outer * count * inner)
    for (let o = 0; o < outer; o++)
      for (let w = 0; w < count; w++)
        for (let i = 0; i < inner; i++) {
          let best = -1
          for (let k = starts[w]; k < starts[w + 1]; k++) {
            const source = sources[(o * sides[axis] + at[k]) * inner + i]
            if (best < 0 || x[source] > x[best]) best = source
          }
          next[(o * count + w) * inner + i] = best
        }
    sides[axis] = count
    sources = next
  }
  return sources
}
