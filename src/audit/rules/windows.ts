import { LONGEST_AXIS, type Rows, rowsOf } from './axis-matrix.ts'
import { type View, cannotBound, numberAt, sides, wholesAt, wordAt } from './step.ts'

/** The windows of a pooling along one axis: tap p of window o sees position o·stride − before + p·dilation, where there is one. */
export interface Windows {
  readonly count: number
  readonly side: number
  readonly size: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
  readonly after: number
}

/** Most taps over all windows of an axis that are written down, and that are counted one by one. */
const [MOST_TAPS, FEW_TAPS] = [2 ** 22, 2 ** 16]

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
  if (!(count >= 1)) cannotBound(`a window of ${reach} on an axis of ${side}`)
  return { count, side, size, stride, dilation, before, after }
}

/** The positions that each window sees, weighted by `weight(how many they are, how many it has with its explicit padding)`. */
export function rowsOfWindows(windows: Windows, weight: (seen: number, extent: number) => number): Rows {
  const { count, side, size, stride, dilation, before, after } = windows
  if (count * size > MOST_TAPS) cannotBound(`${count} windows of ${size} along one axis`)
  return rowsOf(count, count * size, (o, put) => {
    const start = o * stride - before
    // Taps are ascending, so those within [0, end) are a run.
    const first = Math.min(size, Math.max(0, Math.ceil(-start / dilation)))
    const until = (end: number): number => Math.min(size, Math.max(0, Math.ceil((end - start) / dilation)))
    const last = until(side)
    const each = weight(last - first, until(side + after))
    for (let p = first; p < last; p++) put(start + p * dilation, each)
  })
}

/**
 * The largest number of windows that one position is in: counted, or on long axes bounded. Taps p and p′ of windows that meet in a
 * position differ by a multiple of stride/gcd(stride, dilation); of so many taps, no more than that share it.
 */
export function overlapOf(windows: Windows): number {
  const { count, size, stride, dilation } = windows
  if (count * size > FEW_TAPS) return Math.min(count, Math.ceil((size * divisorOf(stride, dilation)) / stride))
  const counts = new Int32Array(windows.side)
  let most = 0
  for (const at of rowsOfWindows(windows, () => 1).at) most = Math.max(most, ++counts[at])
  return most
}

/** The greatest common divisor. */
function divisorOf(a: number, b: number): number {
  return b === 0 ? a : divisorOf(b, a % b)
}
