import { fail, show } from './errors.ts'
import { isNumbers, sizeOf, stridesOf, type Tensor, type TensorLike, toTensor } from './tensor.ts'

/** How a kernel becomes a layer. Numbers stand for every axis; arrays have one entry an axis. */
export interface Geometry {
  readonly stride?: number | readonly number[]
  readonly dilation?: number | readonly number[]
  readonly groups?: number
  /** What lies beyond the edge: zeros (default) or the other side of the image. */
  readonly padding?: 'zero' | 'circular'
  /** Amount per axis, or 2·D numbers [before…, after…]; 'same' (default) as ONNX SAME_UPPER, 'valid' none. */
  readonly pad?: 'same' | 'valid' | number | readonly number[]
  /** Size of the layer's own input. Absent: every size at once, the infinite grid. */
  readonly inputSize?: number | readonly number[]
  /** The adjoint of a convolution (ConvTranspose); the kernel is [cin, cout/groups, …] then. */
  readonly transposed?: boolean
  readonly outputPadding?: number | readonly number[]
  /** OIHW (PyTorch, ONNX; default) or HWIO (TensorFlow, TF.js). A transposed layer's layout is that of the convolution it is the adjoint of. */
  readonly layout?: 'OIHW' | 'HWIO'
}

/** A kernel and its geometry, checked against each other: the operand of every method. Plain data. */
export interface Conv {
  /** In its own shape and layout, widened to float64. */
  readonly kernel: Tensor
  readonly layout: 'OIHW' | 'HWIO'
  readonly kernelSize: readonly number[]
  readonly inChannels: number
  readonly outChannels: number
  readonly groups: number
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  readonly padding: 'zero' | 'circular'
  /** [before…, after…], where known: 'same' depends on the input size. */
  readonly pad?: readonly number[]
  readonly transposed: boolean
  readonly outputPadding: readonly number[]
  readonly inputSize?: readonly number[]
  readonly outputSize?: readonly number[]
}

/** A layer at one input size; a dense layer has no spatial axes and is always sized. */
export interface SizedConv extends Conv {
  readonly inputSize: readonly number[]
  readonly outputSize: readonly number[]
}

/**
 * A convolution layer `y[o,x] = Σ_{i,p} K[o,i,p] · x[i, s∘x + δ∘p − π]`, or its adjoint (METHODS §0, §1).
 *
 * Kernel and geometry are checked against each other here, once; no method checks them again. The kernel is copied.
 *
 * @param kernel `[cout, cin/groups, k₁ … k_D]`, D = 1, 2, 3 (or HWIO); transposed: `[cin, cout/groups, k₁ … k_D]`
 * @param geometry stride, dilation, groups, boundary, input size; without inputSize the layer stands for every size at once
 * @throws OpnormError `shape`, `nonfinite`, `geometry`
 * @example conv({ data: [3, 0, 0, 4], shape: [2, 2, 1, 1] }).outChannels  // 2
 */
export function conv(kernel: TensorLike, geometry: Geometry & { readonly inputSize: number | readonly number[] }): SizedConv
export function conv(kernel: TensorLike, geometry?: Geometry): Conv
export function conv(kernel: TensorLike, geometry: Geometry = {}): Conv {
  if (typeof geometry !== 'object' || geometry === null) fail('geometry', 'geometry', 'an object', show(geometry), 'Leave it out')
  const tensor = toTensor(kernel, 'kernel')
  const rank = tensor.shape.length
  if (rank < 3 || rank > 5)
    fail('shape', 'kernel', 'rank 3, 4 or 5', `shape ${show([...tensor.shape])}`, 'Use dense() for a matrix')
  if (sizeOf(tensor.shape) === 0)
    fail('shape', 'kernel', 'sides from 1', `shape ${show([...tensor.shape])}`, 'An empty kernel has no norm')
  const layout = oneOf('layout', geometry.layout, ['OIHW', 'HWIO'])
  const axes = rank - 2
  const [outer, inner, kernelSize] =
    layout === 'OIHW'
      ? [tensor.shape[0], tensor.shape[1], tensor.shape.slice(2)]
      : [tensor.shape[rank - 1], tensor.shape[rank - 2], tensor.shape.slice(0, axes)]
  const groups = wholes('groups', geometry.groups ?? 1, 1, 1)[0]
  if (outer % groups !== 0) fail('geometry', 'groups', `a divisor of ${outer} channels`, String(groups), 'Check the layer')
  const transposed = geometry.transposed ?? false
  const outputPadding = wholes('outputPadding', geometry.outputPadding ?? 0, axes, 0)
  if (!transposed && outputPadding.some(n => n > 0))
    fail('geometry', 'outputPadding', '0 for a convolution', show(outputPadding), 'It belongs to transposed layers')
  const shared = {
    kernel: tensor,
    layout,
    kernelSize,
    inChannels: transposed ? outer : inner * groups,
    outChannels: transposed ? inner * groups : outer,
    groups,
    stride: wholes('stride', geometry.stride ?? 1, axes, 1),
    dilation: wholes('dilation', geometry.dilation ?? 1, axes, 1),
    padding: oneOf('padding', geometry.padding, ['zero', 'circular']),
    transposed,
    outputPadding,
  } satisfies Conv
  return place(shared, geometry)
}

/**
 * A dense layer `y = W x`: a convolution with no spatial axes.
 *
 * @param matrix `[rows, columns]`
 * @throws OpnormError `shape`, `nonfinite`
 * @example dense([[3, 0], [0, 4]]).inChannels  // 2
 */
export function dense(matrix: TensorLike): SizedConv {
  const kernel = toTensor(matrix, 'matrix')
  const [rows, columns] = kernel.shape
  if (kernel.shape.length !== 2)
    fail('shape', 'matrix', 'rank 2', `shape ${show([...kernel.shape])}`, 'Use conv() for a convolution kernel')
  if (rows * columns === 0)
    fail('shape', 'matrix', 'sides from 1', `shape ${show([...kernel.shape])}`, 'An empty matrix has no norm')
  return {
    kernel,
    layout: 'OIHW',
    kernelSize: [],
    inChannels: columns,
    outChannels: rows,
    groups: 1,
    stride: [],
    dilation: [],
    padding: 'circular',
    pad: [],
    transposed: false,
    outputPadding: [],
    inputSize: [],
    outputSize: [],
  }
}

/** True for a layer that stands for one input size (dense layers always do). */
export function isSized(layer: Conv): layer is SizedConv {
  return layer.inputSize !== undefined
}

/**
 * The convolution behind a layer: itself, or the one it is the adjoint of. Methods and routines that act on vectors see only this:
 * `y[o,x] = Σ K[o,i,p]·x[i, s∘x + δ∘p − before]` per group, x and y of the sizes given.
 */
export interface Forward {
  readonly groups: number
  /** Output and input channels of one group. */
  readonly rows: number
  readonly columns: number
  readonly kernelSize: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  readonly before: readonly number[]
  readonly circular: boolean
  readonly inputSize: readonly number[]
  readonly outputSize: readonly number[]
}

export function forwardOf(layer: SizedConv): Forward {
  const { kernelSize, stride, dilation, groups, transposed } = layer
  return {
    groups,
    ...blockOf(layer),
    kernelSize,
    stride,
    dilation,
    before: layer.pad?.slice(0, kernelSize.length) ?? kernelSize.map(() => 0),
    circular: layer.padding === 'circular',
    inputSize: transposed ? layer.outputSize : layer.inputSize,
    outputSize: transposed ? layer.inputSize : layer.outputSize,
  }
}

/** Output and input channels a group of the convolution behind a layer. */
export function blockOf(layer: Conv): { rows: number; columns: number } {
  const { inChannels, outChannels, groups, transposed } = layer
  return transposed
    ? { rows: inChannels / groups, columns: outChannels / groups }
    : { rows: outChannels / groups, columns: inChannels / groups }
}

/** Where entry (o, i, p) of the convolution's kernel lies in the kernel's own array: o·out + i·in + Σ p_d·taps[d]. */
export function kernelStrides(layer: Conv): { out: number; in: number; taps: number[] } {
  const strides = stridesOf(layer.kernel.shape)
  const axes = layer.kernelSize.length
  return layer.layout === 'OIHW'
    ? { out: strides[0], in: strides[1], taps: strides.slice(2) }
    : { out: strides[axes + 1], in: strides[axes], taps: strides.slice(0, axes) }
}

type Unplaced = Omit<Conv, 'pad' | 'inputSize' | 'outputSize'>

/** Settles padding and sizes. */
function place(layer: Unplaced, geometry: Geometry): Conv {
  const axes = layer.kernelSize.length
  const inputSize = geometry.inputSize === undefined ? undefined : wholes('inputSize', geometry.inputSize, axes, 1)
  if (layer.padding === 'circular') return placeCircular(layer, geometry.pad, inputSize)
  const pad = padsOf(layer, geometry.pad, inputSize)
  if (!inputSize) return { ...layer, ...(pad && { pad }) }
  const outputSize = inputSize.map((n, d) => outputSide(layer, n, d, pad![d], pad![axes + d]))
  outputSize.forEach((out, d) => {
    if (out >= 1) return
    const reach = layer.dilation[d] * (layer.kernelSize[d] - 1) + 1
    fail(
      'geometry',
      'inputSize',
      `an output of at least 1 on axis ${d}`,
      `input ${inputSize[d]}, padding ${pad![d]} + ${pad![axes + d]}, kernel reach ${reach}`,
      'Give a larger input or more padding',
    )
  })
  return { ...layer, pad: pad!, inputSize, outputSize }
}

function placeCircular(layer: Unplaced, pad: Geometry['pad'], inputSize: number[] | undefined): Conv {
  const axes = layer.kernelSize.length
  if (pad !== undefined && pad !== 'same') {
    const pads = pad === 'valid' ? new Array<number>(2 * axes).fill(0) : padNumbers(pad, axes)
    const wraps = layer.kernelSize.every((k, d) => pads[d] + pads[axes + d] === layer.dilation[d] * (k - 1))
    if (!wraps) fail('geometry', 'pad', "'same' with circular padding", show(pad as string | number[]), 'Leave it out')
  }
  if (!inputSize) return layer
  const { stride, transposed } = layer
  if (!transposed && inputSize.some((n, d) => n % stride[d] !== 0)) {
    fail(
      'geometry',
      'inputSize',
      `sides divisible by the stride ${show([...stride])} for circular padding`,
      show(inputSize),
      'Use zero padding or another size',
    )
  }
  return { ...layer, inputSize, outputSize: inputSize.map((n, d) => (transposed ? n * stride[d] : n / stride[d])) }
}

/** [before…, after…], or undefined where 'same' waits for an input size. */
function padsOf(layer: Unplaced, pad: Geometry['pad'] = 'same', inputSize: number[] | undefined): number[] | undefined {
  const { kernelSize, stride, dilation, outputPadding, transposed } = layer
  const axes = kernelSize.length
  if (typeof pad === 'string') oneOf('pad', pad, ['same', 'valid'])
  if (pad === 'valid') return new Array(2 * axes).fill(0)
  if (pad !== 'same') return padNumbers(pad, axes)
  if (!inputSize) return undefined
  const totals = kernelSize.map((k, d) => {
    const reach = dilation[d] * (k - 1) + 1
    if (transposed) return Math.max(0, reach - stride[d] + outputPadding[d])
    return Math.max(0, (Math.ceil(inputSize[d] / stride[d]) - 1) * stride[d] + reach - inputSize[d])
  })
  const before = totals.map(total => Math.floor(total / 2))
  return [...before, ...totals.map((total, d) => total - before[d])]
}

function padNumbers(pad: number | readonly number[], axes: number): number[] {
  if (isNumbers(pad) && pad.length === 2 * axes) return wholes('pad', pad, 2 * axes, 0)
  const each = wholes('pad', pad, axes, 0)
  return [...each, ...each]
}

function outputSide(layer: Unplaced, n: number, d: number, before: number, after: number): number {
  const reach = layer.dilation[d] * (layer.kernelSize[d] - 1) + 1
  if (layer.transposed) return (n - 1) * layer.stride[d] + reach + layer.outputPadding[d] - before - after
  return Math.floor((n + before + after - reach) / layer.stride[d]) + 1
}

/** One whole number an axis, from one number or an array. */
function wholes(name: string, value: number | readonly number[], axes: number, least: number): number[] {
  // Looked at before it is copied: whoever has it from elsewhere may hold { length: 1e9 }.
  if (typeof value !== 'number' && !(isNumbers(value) && value.length === axes))
    fail('geometry', name, `one number or ${axes}`, show(value), 'Give one per spatial axis')
  const numbers = typeof value === 'number' ? new Array<number>(axes).fill(value) : Array.from(value)
  for (const number of numbers) {
    if (!Number.isInteger(number) || number < least || number > 2 ** 31)
      fail('geometry', name, `whole numbers from ${least}`, show(value as number), 'Check the layer')
  }
  return numbers
}

function oneOf<T extends string>(name: string, value: T | undefined, allowed: readonly T[]): T {
  if (value === undefined) return allowed[0]
  if (!allowed.includes(value))
    fail('geometry', name, allowed.map(word => `'${word}'`).join(' or '), show(value), 'Check the spelling')
  return value
}
