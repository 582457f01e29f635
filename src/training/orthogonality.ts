import type { Bound, Start } from '../bound.ts'
import { type Conv, conv, dense } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { asLayer, asOptions } from '../methods/operand.ts'
import { tensorNorm } from '../methods/tensor-norm.ts'
import { flipPlanes } from '../symbol.ts'
import { sizeOf, type Tensor } from '../tensor.ts'
import { type LayerRows, layerRows } from './layer-rows.ts'
import { autocorrelation, autocorrelationVjp, type MatrixPolynomial } from './matrix-polynomial.ts'
import { type BoundMethod, differentiated } from './penalty.ts'
import { peakOf } from '../summation.ts'

export interface Orthogonality {
  readonly value: number
  /** ∂value/∂kernel, in the kernel's own shape and layout. */
  readonly gradient: Tensor
  /** 'tensor-norm': the bound of ‖W Wᴴ − I‖ that `value` is. 'ratio': that of the layer's own norm. */
  readonly bound: Bound
  /** For the next step, where the method keeps vectors. */
  readonly start?: Start
}

export interface OrthogonalityOptions {
  /** The norm in 'ratio'; default `tensorNorm`. */
  readonly bound?: BoundMethod<Conv>
  /** `start` of the step before; the value is an estimate then. */
  readonly start?: Start
}

/**
 * How far a layer is from orthogonal, to be made small in training.
 *
 * - `'tensor-norm'`: the tensor-norm bound of K⋆Kᵀ − δI, so ‖W Wᴴ − I‖ ≤ value on the infinite grid and with circular padding at every size
 *   (on the smaller side: WᴴW − I where the layer has more outputs than inputs). Zero exactly for layers that are orthogonal there; with zero
 *   padding rows near the border lose taps, which this does not see.
 * - `'ratio'`: the layer's norm bound over ‖K‖_F, smallest where all singular values are equal; indifferent to scale.
 *
 * Costs (2k − 1)^D · min(cin, cout)² · max(cin, cout) multiplications for the first, and the bound.
 *
 * Grishina, Gorbunov, Rakhuba 2024, arXiv:2409.11859; METHODS §5.
 *
 * @throws OpnormError `option`; `nonfinite` where K⋆Kᵀ leaves the range
 * @example orthogonality(dense([[0, 2], [2, 0]]), 'tensor-norm').value  // 3.000000003, where ‖4I − I‖ = 3
 */
export function orthogonality(layer: Conv, kind: 'tensor-norm' | 'ratio', options: OrthogonalityOptions = {}): Orthogonality {
  asLayer(layer, 'orthogonality')
  asOptions(options, 'orthogonality')
  if (kind === 'tensor-norm') return distance(layer, options.start)
  if (kind === 'ratio') return ratio(layer, options)
  return fail('option', 'kind', "'tensor-norm' or 'ratio'", show(kind), 'Check the spelling')
}

function distance(layer: Conv, start: Start | undefined): Orthogonality {
  const groups = Array.from({ length: layer.groups }, (_, g) => smallerSide(layer, layerRows(layer, g)))
  const { rows: side, sides } = autocorrelation(groups[0])
  const taps = sizeOf(sides)
  const plane = side * side
  // [group·i, j, q…] from (q·side + i)·side + j
  const place = (g: number, e: number) => (g * plane + (e % plane)) * taps + Math.floor(e / plane)
  const data = new Float64Array(groups.length * plane * taps)
  groups.forEach((rows, g) => {
    const product = autocorrelation(rows).taps
    for (let i = 0; i < side; i++) product[((taps - 1) / 2) * plane + i * side + i] -= 1
    product.forEach((x, e) => {
      data[place(g, e)] = x
    })
  })
  if (!data.every(Number.isFinite)) {
    const peak = String(peakOf(layer.kernel.data))
    fail(
      'nonfinite',
      'kernel',
      'weights whose squares are finite numbers, below 1e150',
      peak,
      'TTᵀ − I is beyond doubles; scale the layer down',
    )
  }
  const shape = [groups.length * side, side, ...sides]
  const remainder = sides.length > 0 ? conv({ data, shape }, { groups: groups.length }) : dense({ data, shape })
  // Away from a stationary point the gradient is that of the factors held fixed; more sweeps than tensorNorm's own 50 get there.
  const bound = tensorNorm(remainder, { gradient: true, sweeps: 300, ...(start && { start }) })
  const gradient = new Float64Array(layer.kernel.data.length)
  groups.forEach((rows, g) => {
    const cotangent = Float64Array.from({ length: plane * taps }, (_, e) => bound.gradient!.data[place(g, e)])
    rows.fold(autocorrelationVjp(rows, cotangent), gradient)
  })
  return resultOf(layer, bound.value, gradient, bound)
}

/** The layer, or its transpose where that has fewer rows, with those that no tap meets; without the bookkeeping of output phases, which nothing here needs. */
function smallerSide({ transposed }: Conv, w: LayerRows): MatrixWithFold {
  const { rows, columns, taps, fold, untouched } = w
  const [outputs, inputs] = transposed ? [rows + untouched, columns] : [rows, columns + untouched]
  if (transposed ? outputs < inputs : outputs <= inputs) return withRows(w, outputs)
  const transpose = {
    ...w,
    rows: columns,
    columns: rows,
    taps: flipPlanes(taps, columns, rows),
    fold: (gradient: Float64Array, kernel: Float64Array) => fold(flipPlanes(gradient, rows, columns), kernel),
  }
  return withRows(transpose, inputs)
}

type MatrixWithFold = MatrixPolynomial & Pick<LayerRows, 'fold'>

/** With rows of zeros after those there are, up to `count`. */
function withRows(w: MatrixWithFold, count: number): MatrixWithFold {
  if (count === w.rows) return w
  const [size, room] = [w.rows * w.columns, count * w.columns]
  const planes = Array.from({ length: w.taps.length / size }, (_, p) => p)
  const taps = new Float64Array(planes.length * room)
  for (const p of planes) taps.set(w.taps.subarray(p * size, (p + 1) * size), p * room)
  const fold = (gradient: Float64Array, kernel: Float64Array) => {
    const own = new Float64Array(w.taps.length)
    for (const p of planes) own.set(gradient.subarray(p * room, p * room + size), p * size)
    w.fold(own, kernel)
  }
  return { ...w, rows: count, taps, fold }
}

/** σ/‖K‖_F, and (∂σ − (σ/‖K‖_F²)·K)/‖K‖_F; the kernel's largest entry is taken out first, so that no square leaves the range. */
function ratio(layer: Conv, { bound: method = tensorNorm, start }: OrthogonalityOptions): Orthogonality {
  const { data } = layer.kernel
  const peak = peakOf(data)
  if (peak === 0) fail('option', 'kernel', 'some entry other than zero', 'all zeros', 'A ratio of norms needs a norm')
  const bound = differentiated(method, layer, start)
  if (bound.value === Infinity)
    fail(
      'nonfinite',
      'kernel',
      'weights whose norm is a finite number',
      String(peak),
      'Scale the layer down: the ratio is the same',
    )
  const slope = bound.gradient
  const length = Math.sqrt(data.reduce((sum, x) => sum + (x / peak) * (x / peak), 0))
  const value = bound.value / peak / length
  const gradient = data.map((x, i) => (slope.data[i] - (value * (x / peak)) / length) / length / peak)
  return resultOf(layer, value, gradient, bound)
}

function resultOf(layer: Conv, value: number, data: Float64Array, bound: Bound): Orthogonality {
  return { value, gradient: { data, shape: layer.kernel.shape }, bound, ...(bound.start && { start: bound.start }) }
}
