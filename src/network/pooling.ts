import type { Bound } from '../bound.ts'
import { fail, show } from '../errors.ts'
import { overUp, rootUp, timesUp } from './outward.ts'

/** A sliding window. Numbers stand for one axis, arrays have one entry an axis. */
export interface Window {
  readonly kernelSize: number | readonly number[]
  /** default: kernelSize, windows that do not overlap */
  readonly stride?: number | readonly number[]
  readonly dilation?: number | readonly number[]
}

/**
 * Max-pooling: L = √(largest number of windows one pixel is in), for every input size and padding.
 *
 * |max a − max b| is at most one entry's difference, so ‖Δy‖² ≤ Σ over windows of Σ over their pixels of Δx² counts each pixel once a
 * window. Sharp: one large pixel moves all its windows. Along an axis, a pixel of residue r is in #{p : δp ≡ r (mod s)} windows.
 *
 * @throws OpnormError `option`
 * @example maxPool({ kernelSize: [3, 3], stride: [2, 2] }).value  // 2
 */
export function maxPool(window: Window): Bound<'upper'> {
  const overlap = axesOf(window).reduce((product, axis) => product * Math.max(...residues(axis)), 1)
  return proven('max-pool', rootUp(overlap))
}

/**
 * Average pooling that divides by the window's full size, for every input size and zero padding: the norm of a box filter,
 * `Π √(Σ_r n_r²)/k` with n_r the taps of residue r (mod s). Exact on the infinite grid: all taps are positive, so the symbol is largest at θ = 0.
 *
 * Padding left out of the count (ONNX count_include_pad = 0) divides by less at the border, and this bound does not hold there.
 *
 * @throws OpnormError `option`
 * @example averagePool({ kernelSize: [2, 2] }).value  // 0.5
 */
export function averagePool(window: Window): Bound<'upper'> {
  const axes = axesOf(window)
  const squares = axes.map(axis => residues(axis).reduce((sum, n) => sum + n * n, 0)).reduce(timesUp, 1)
  const value = overUp(
    rootUp(squares),
    axes.reduce((size, axis) => size * axis.size, 1),
  )
  return proven('average-pool', value)
}

/**
 * The mean of n pixels: L = 1/√n.
 *
 * @throws OpnormError `option`
 * @example globalAveragePool([4, 4]).value  // 0.25
 */
export function globalAveragePool(sides: number | readonly number[]): Bound<'upper'> {
  const pixels = listOf('sides', sides).reduce((n, side) => n * whole('sides', side), 1)
  return proven('global average-pool', overUp(rootUp(pixels), pixels))
}

interface Axis {
  readonly size: number
  readonly stride: number
  readonly dilation: number
}

/** How many taps fall on each residue class modulo the stride: the windows that a pixel of that class is in. */
function residues({ size, stride, dilation }: Axis): number[] {
  const counts = new Map<number, number>()
  for (let p = 0; p < size; p++) {
    const residue = (dilation * p) % stride
    counts.set(residue, (counts.get(residue) ?? 0) + 1)
  }
  return [...counts.values()]
}

function axesOf(window: Window): Axis[] {
  if (typeof window !== 'object' || window === null)
    fail('option', 'window', '{ kernelSize, stride, dilation }', show(window), 'Give the layer’s own')
  const sizes = listOf('kernelSize', window.kernelSize)
  const each = (name: string, given: number | readonly number[] | undefined, defaults: number[]): number[] => {
    const numbers = given === undefined ? defaults : typeof given === 'number' ? sizes.map(() => given) : listOf(name, given)
    if (numbers.length !== sizes.length) fail('option', name, `one number or ${sizes.length}`, show(numbers), 'Give one per axis')
    return numbers.map(n => whole(name, n))
  }
  const size = each('kernelSize', sizes, sizes)
  const stride = each('stride', window.stride, sizes)
  const dilation = each(
    'dilation',
    window.dilation,
    sizes.map(() => 1),
  )
  return size.map((k, d) => ({ size: k, stride: stride[d], dilation: dilation[d] }))
}

function listOf(name: string, given: number | readonly number[]): number[] {
  if (typeof given === 'number') return [given]
  if (!Array.isArray(given)) fail('option', name, 'a number, or one for each axis', show(given), 'Check the layer')
  return [...given]
}

function whole(name: string, n: number): number {
  if (!Number.isInteger(n) || n < 1 || n > 2 ** 24) fail('option', name, 'whole numbers from 1', show(n), 'Check the layer')
  return n
}

function proven(method: string, value: number): Bound<'upper'> {
  return { value, kind: 'upper', method, scope: 'every-size', lower: 0, upper: value, work: 0 }
}
