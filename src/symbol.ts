import { blockOf, type Conv, kernelStrides, type SizedConv } from './conv.ts'
import { pow2 } from './rounding.ts'
import { indexOf, refuseTooMany, sizeOf, type Tensor } from './tensor.ts'

/** `Σ_q A_q e^{iq·θ}` with m×n matrices for coefficients, one such polynomial a group. */
export interface TrigonometricPolynomial {
  readonly groups: number
  readonly rows: number
  readonly columns: number
  /** Per axis the q of each tap, ascending; no axes for a dense layer. */
  readonly offsets: readonly (readonly number[])[]
  /** groups × taps (row-major over the axes) × (rows·columns, column-major). */
  readonly taps: Float64Array
}

/**
 * A layer as its methods see it: `F(θ) = Σ_q A_q e^{iq·θ}`, one m×n matrix polynomial a group (METHODS §1).
 *
 * Stride (polyphase), dilation, groups, transposition, dimension and layout end here. Taps are scaled by a power of two so that the
 * largest is in [½, 1): squares can neither over- nor underflow, and the layer's norm is 2^exponent times the symbol's.
 * A wide symbol is stored transposed, so that always rows ≥ columns; the singular values are the same.
 */
export interface Symbol extends TrigonometricPolynomial {
  readonly transposed: boolean
  readonly exponent: number
  /** Numbers of the kernel's own array where `taps` has them, unscaled; zeros where polyphase left room. */
  place(kernel: Float64Array): Float64Array
  /** Its adjoint for one group: adds numbers as long as `groupTaps` to those of the kernel's own array. */
  fold(group: number, taps: Float64Array, kernel: Float64Array): void
}

/** A list of frequencies `θ_d = 2π·points[i·D + d]/turns[d]`, in whole numbers so that no angle is ever rounded. */
export interface Frequencies {
  readonly turns: readonly number[]
  readonly points: Float64Array
}

/**
 * The symbol that speaks of every input size (METHODS §1): per axis stride and dilation are divided by their gcd and what is left of the
 * dilation is dropped, which permutes frequencies and block columns only.
 */
export function symbolEverySize(layer: Conv): Symbol {
  const stride = layer.stride.map((s, d) => s / gcd(s, layer.dilation[d]))
  return polyphase(
    layer,
    stride,
    stride.map(() => 1),
  )
}

/** The symbol whose values at `circularFrequencies` are the blocks of the circular operator: true stride and dilation. */
export function symbolCircular(layer: SizedConv): Symbol {
  return polyphase(layer, layer.stride, layer.dilation)
}

/** Sides n' = n/s of the frequency grid of the circular operator. */
export function circularGrid(layer: SizedConv): number[] {
  return (layer.transposed ? layer.outputSize : layer.inputSize).map((n, d) => n / layer.stride[d])
}

/** All frequencies of the circular operator, or with `half` one of each conjugate pair (F(−θ) = conj F(θ) for a real kernel). */
export function circularFrequencies(grid: readonly number[], half = true): Frequencies {
  const count = sizeOf(grid)
  refuseTooMany(count * grid.length, 'all frequencies')
  const points = new Float64Array(count * grid.length)
  let kept = 0
  for (let flat = 0; flat < count; flat++) {
    const index = indexOf(flat, grid)
    if (half && mirrorOf(index, grid) < flat) continue
    points.set(index, grid.length * kept++)
  }
  return { turns: [...grid], points: points.slice(0, kept * grid.length) }
}

function mirrorOf(index: readonly number[], grid: readonly number[]): number {
  let flat = 0
  for (let d = 0; d < grid.length; d++) flat = flat * grid[d] + ((grid[d] - index[d]) % grid[d])
  return flat
}

/** The position q of every tap, row-major over the axes. */
export function tapPositions(offsets: Symbol['offsets']): number[][] {
  return offsets.reduce<number[][]>((all, axis) => all.flatMap(q => axis.map(x => [...q, x])), [[]])
}

/** Entries of one group's taps. */
export function groupTaps(symbol: TrigonometricPolynomial, group: number): Float64Array {
  const size = symbol.taps.length / symbol.groups
  return symbol.taps.subarray(group * size, (group + 1) * size)
}

/**
 * Carries a gradient back to the kernel's own shape and layout: ∂/∂K from ∂/∂A. Scaling cancels, because value and taps were scaled alike.
 *
 * @param gradient ∂value/∂(scaled taps) of one group, as long as `groupTaps`, where value is the scaled symbol's
 */
export function foldGradient(layer: Conv, symbol: Symbol, group: number, gradient: Float64Array): Tensor {
  const data = new Float64Array(layer.kernel.data.length)
  symbol.fold(group, gradient, data)
  return { data, shape: layer.kernel.shape }
}

/** Splits every axis into residues r = δp mod s and positions q = ⌊δp/s⌋; only residues that occur become block columns. */
function polyphase(layer: Conv, stride: readonly number[], dilation: readonly number[]): Symbol {
  const axes = layer.kernelSize.map((k, d) => splitAxis(k, stride[d], dilation[d]))
  const { rows: out, columns: block } = blockOf(layer)
  const phases = sizeOf(axes.map(axis => axis.residues.length))
  const columns = block * phases
  const transposed = out < columns
  const [m, n] = transposed ? [columns, out] : [out, columns]
  const offsets = axes.map(axis => axis.offsets)
  const plane = m * n
  const perGroup = sizeOf(offsets.map(q => q.length)) * plane
  const exponent = exponentOf(layer.kernel.data)
  const strides = kernelStrides(layer)
  const positions = sizeOf(layer.kernelSize)
  const places = Array.from({ length: positions }, (_, flat) => {
    const place = { tap: 0, phase: 0, at: 0 }
    indexOf(flat, layer.kernelSize).forEach((p, d) => {
      place.tap = place.tap * offsets[d].length + axes[d].tap[p]
      place.phase = place.phase * axes[d].residues.length + axes[d].residue[p]
      place.at += p * strides.taps[d]
    })
    return place
  })
  const [down, across] = transposed ? [m, 1] : [1, m]
  const copy: Copy = {
    places: Int32Array.from(places.flatMap(({ tap, phase, at }) => [at, tap * plane + phase * across])),
    columns: block,
    step: strides.in,
    stride: phases * across,
  }
  // Eight outputs at a time: rows of the kernel are far apart, and all of a line that is fetched is used before it goes (120 → 20 ms at 512×512×3×3).
  const inRows = (
    visit: typeof copyRows,
    group: number,
    kernel: Float64Array,
    taps: Float64Array,
    start: number,
    factor: number,
  ) => {
    for (let o = 0; o < out; o += 8)
      visit(
        copy,
        kernel,
        taps,
        Math.min(8, out - o),
        (group * out + o) * strides.out,
        strides.out,
        start + o * down,
        down,
        factor,
      )
  }
  const placed = (kernel: Float64Array, factor: number) => {
    const taps = new Float64Array(perGroup * layer.groups)
    for (let group = 0; group < layer.groups; group++) inRows(copyRows, group, kernel, taps, group * perGroup, factor)
    return taps
  }
  const place = (kernel: Float64Array) => placed(kernel, 1)
  const fold = (group: number, taps: Float64Array, kernel: Float64Array) => inRows(addRows, group, kernel, taps, 0, 1)
  // one pass where a double holds the power
  const near = Math.max(-1000, Math.min(1000, -exponent))
  const taps = placed(layer.kernel.data, pow2(near))
  scaleInPlace(taps, -exponent - near)
  return { groups: layer.groups, rows: m, columns: n, offsets, taps, transposed, exponent, place, fold }
}

/** What goes where from a kernel's own array into taps. */
interface Copy {
  /** For each position of the kernel its place there and its place here, in turns. */
  readonly places: Int32Array
  /** Columns of a block, and from one to the next there (`step`) and here (`stride`). */
  readonly columns: number
  readonly step: number
  readonly stride: number
}

/** Some rows of every tap, times a factor. Alone in a function, so that engines compile it once rather than the whole of what is around it, again and again. */
function copyRows(
  { places, columns, step, stride }: Copy,
  kernel: Float64Array,
  taps: Float64Array,
  rows: number,
  from: number,
  down: number,
  to: number,
  over: number,
  factor: number,
): void {
  for (let i = 0; i < columns; i++) {
    for (let p = 0; p < places.length; p += 2) {
      let there = from + i * step + places[p]
      let here = to + i * stride + places[p + 1]
      let o = 0
      // four at a time: fewer tests of the loop
      for (; o + 3 < rows; o += 4, here += 4 * over, there += 4 * down) {
        taps[here] = factor * kernel[there]
        taps[here + over] = factor * kernel[there + down]
        taps[here + 2 * over] = factor * kernel[there + 2 * down]
        taps[here + 3 * over] = factor * kernel[there + 3 * down]
      }
      for (; o < rows; o++, here += over, there += down) taps[here] = factor * kernel[there]
    }
  }
}

/** The way back, for gradients: no two places of the kernel share one among the taps. */
function addRows(
  { places, columns, step, stride }: Copy,
  kernel: Float64Array,
  taps: Float64Array,
  rows: number,
  to: number,
  down: number,
  from: number,
  over: number,
  factor: number,
): void {
  for (let i = 0; i < columns; i++) {
    for (let p = 0; p < places.length; p += 2) {
      const there = to + i * step + places[p]
      const here = from + i * stride + places[p + 1]
      for (let o = 0; o < rows; o++) kernel[there + o * down] += factor * taps[here + o * over]
    }
  }
}

function splitAxis(k: number, stride: number, dilation: number) {
  const places = Array.from({ length: k }, (_, p) => ({ r: (dilation * p) % stride, q: Math.floor((dilation * p) / stride) }))
  const residues = [...new Set(places.map(place => place.r))].sort((a, b) => a - b)
  const offsets = [...new Set(places.map(place => place.q))].sort((a, b) => a - b)
  return {
    residues,
    offsets,
    residue: places.map(place => residues.indexOf(place.r)),
    tap: places.map(place => offsets.indexOf(place.q)),
  }
}

/** Each of a list of rows × columns matrices from column-major to row-major order, which is also columns × rows from row- to column-major. */
export function flipPlanes(from: Float64Array, rows: number, columns: number): Float64Array {
  const to = new Float64Array(from.length)
  for (let plane = 0; plane < to.length; plane += rows * columns)
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) to[plane + r * columns + c] = from[plane + c * rows + r]
  return to
}

/** Number of frequencies in a list; a dense layer's symbol has no axes and one value. */
export function countOf({ turns, points }: Frequencies): number {
  return turns.length === 0 ? 1 : points.length / turns.length
}

/** Flat places on the grid of each frequency, and of its conjugate. */
export function mirrorPlaces({ turns, points }: Frequencies): { here: Int32Array; mirror: Int32Array } {
  const count = countOf({ turns, points })
  const here = new Int32Array(count)
  const mirror = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < turns.length; d++) {
      const [n, x] = [turns[d], points[i * turns.length + d]]
      here[i] = here[i] * n + x
      mirror[i] = mirror[i] * n + ((n - x) % n)
    }
  }
  return { here, mirror }
}

/** True where a group has no weight that is not zero. */
export function isZero(symbol: Symbol, group: number): boolean {
  return groupTaps(symbol, group).every(x => x === 0)
}

/** Numbers over the power of two that brings the largest into [½, 1). */
export function normalised(numbers: Float64Array): { data: Float64Array; exponent: number } {
  const exponent = exponentOf(numbers)
  const data = Float64Array.from(numbers)
  scaleInPlace(data, -exponent)
  return { data, exponent }
}

/** The e with 2^(e−1) ≤ max|x| < 2^e; 0 for all zeros. Found by exact halving and doubling. */
export function exponentOf(data: Float64Array): number {
  let largest = largestOf(data)
  if (largest === 0) return 0
  let exponent = 0
  for (; largest >= 2 ** 64; largest *= 2 ** -64) exponent += 64
  for (; largest < 2 ** -64; largest *= 2 ** 64) exponent -= 64
  for (; largest >= 1; largest *= 0.5) exponent++
  for (; largest < 0.5; largest *= 2) exponent--
  return exponent
}

/** max |x|. Not `peakOf`: only doubles come here, and of two maxima none waits for the other: half the time. */
function largestOf(data: Float64Array): number {
  let even = 0
  let odd = 0
  for (let i = 1; i < data.length; i += 2) {
    const x = Math.abs(data[i - 1])
    const y = Math.abs(data[i])
    if (x > even) even = x
    if (y > odd) odd = y
  }
  const last = data.length % 2 === 1 ? Math.abs(data[data.length - 1]) : 0
  return Math.max(even, odd, last)
}

/** Multiplies by 2^exponent, exactly unless an entry leaves the range of normal numbers downwards. */
export function scaleInPlace(data: Float64Array, exponent: number): void {
  while (exponent !== 0) {
    const step = Math.max(-1000, Math.min(1000, exponent))
    const factor = pow2(step)
    for (let i = 0; i < data.length; i++) data[i] *= factor
    exponent -= step
  }
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b]
  return a
}
