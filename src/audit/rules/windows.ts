import { LONGEST_AXIS } from './axis-matrix.ts'
import { type View, cannotBound, numberAt, sides, wholesAt, wordAt } from './step.ts'

/** The windows of a pooling along one axis: which positions of the input each output sees, and how far each window was cut. */
export interface Windows {
  readonly positions: readonly (readonly number[])[]
  /** positions of the window that lie in the input or its explicit padding */
  readonly extents: readonly number[]
}

/** The windows of a pooling node along each of its spatial axes. */
export function windowsOf(view: View, inputs: readonly number[]): { axes: Windows[]; words: string } {
  const kernel = wholesAt(view, 'kernel_shape') ?? cannotBound('no kernel_shape is given')
  const strides = wholesAt(view, 'strides') ?? inputs.map(() => 1)
  const dilations = wholesAt(view, 'dilations') ?? inputs.map(() => 1)
  for (const numbers of [kernel, strides, dilations])
    if (numbers.length !== inputs.length || numbers.some(n => n < 1 || n > 2 ** 16))
      cannotBound('a window that does not fit the input')
  const longest = inputs.reduce((a, b) => Math.max(a, b), 0)
  if (longest > LONGEST_AXIS) cannotBound(`an axis of ${longest} entries`)
  const pads = wholesAt(view, 'pads') ?? new Array<number>(2 * inputs.length).fill(0)
  const axes = inputs.map((side, d) => {
    const axis = { side, size: kernel[d], stride: strides[d], dilation: dilations[d] }
    return placed(axis, padsOf(view, axis, pads[d], pads[d + inputs.length]), numberAt(view, 'ceil_mode', 0) !== 0)
  })
  return { axes, words: `${sides(kernel)}, stride ${sides(strides)}` }
}

interface Axis {
  readonly side: number
  readonly size: number
  readonly stride: number
  readonly dilation: number
}

function padsOf(view: View, { side, size, stride, dilation }: Axis, before: number, after: number): [number, number] {
  const auto = wordAt(view, 'auto_pad', 'NOTSET')
  if (auto === 'NOTSET') return before >= 0 && after >= 0 ? [before, after] : cannotBound('negative padding')
  if (auto === 'VALID') return [0, 0]
  const reach = dilation * (size - 1) + 1
  const total = Math.max(0, (Math.ceil(side / stride) - 1) * stride + reach - side)
  const small = Math.floor(total / 2)
  return auto === 'SAME_LOWER' ? [total - small, small] : [small, total - small]
}

function placed({ side, size, stride, dilation }: Axis, [before, after]: [number, number], ceil: boolean): Windows {
  const reach = dilation * (size - 1) + 1
  const free = side + before + after - reach
  let count = (ceil ? Math.ceil(free / stride) : Math.floor(free / stride)) + 1
  // A window that begins beyond the input and the padding before it is left out.
  if (ceil && (count - 1) * stride >= side + before) count--
  if (!(count >= 1 && count * size <= 2 ** 26)) cannotBound(`a window of ${reach} on an axis of ${side}`)
  const positions = Array.from({ length: count }, (_, o) =>
    Array.from({ length: size }, (_, p) => o * stride - before + dilation * p).filter(at => at >= 0 && at < side),
  )
  const extents = Array.from({ length: count }, (_, o) => {
    const from = o * stride - before
    return Array.from({ length: size }, (_, p) => from + dilation * p).filter(at => at < side + after).length
  })
  return { positions, extents }
}

/** The largest number of windows that one position is in. */
export function overlapOf({ positions }: Windows): number {
  const counts = new Map<number, number>()
  for (const window of positions) for (const at of window) counts.set(at, (counts.get(at) ?? 0) + 1)
  return [...counts.values()].reduce((a, b) => Math.max(a, b), 0)
}
