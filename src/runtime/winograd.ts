import type { Arena } from './arena.ts'
import type { Routines } from './instance.ts'

/** A 3×3 kernel on an image with a zero border: y[o, x] = Σ K[o, i, p]·x[i, x + p − before]. */
export interface Filtering {
  /** Kernel entry (o, i, p) is data[o·strides[0] + i·strides[1] + taps[p]], p row-major over 3×3. */
  readonly data: Float64Array
  readonly strides: readonly [number, number]
  readonly taps: readonly number[]
  readonly out: number
  readonly in: number
  readonly before: readonly number[]
  readonly inputSize: readonly number[]
  readonly outputSize: readonly number[]
}

/** Rows of G: the kernel's transform is G K Gᵀ. */
const G = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
]

/** Tiles transformed together: their planes stay in the second-level cache, and each kernel matrix is streamed once for all of them; wide ones for more. */
const tilesAtOnce = (channels: number) => Math.max(28, Math.round((28 * channels) / 64))

/** Transforms and products in one precision: bytes of a number, output channels side by side in a kernel matrix. */
interface Precision {
  readonly bytes: 4 | 8
  readonly panel: 4 | 16
  readonly input: Routines['winogradInput']
  readonly output: Routines['winogradOutput']
  /** y[tile][o] = Σ_i kernel[o][i]·x[tile][i] */
  plane(tiles: number, kernel: number, x: number, y: number): void
}

function openPrecision(arena: Arena, { out, in: inner }: Filtering, tiles: number, single: boolean): Precision {
  const { routines } = arena
  if (single)
    return {
      bytes: 4,
      panel: 16,
      input: routines.winogradInputSingle,
      output: routines.winogradOutputSingle,
      plane: (count, kernel, x, y) => routines.planeSingle(count, inner, out, kernel, x, y),
    }
  const places = arena.alloc(tiles * 8)
  arena.i32(places, 2 * tiles).set(Array.from({ length: tiles }, (_, t) => [t * inner * 8, t * out * 8]).flat())
  const table = arena.alloc(16)
  arena.i32(table, 2).set([0, inner])
  return {
    bytes: 8,
    panel: 4,
    input: routines.winogradInput,
    output: routines.winogradOutput,
    plane: (count, kernel, x, y) => routines.convolve(count, places, 1, table, inner, out, kernel, x, y),
  }
}

/**
 * to ← the filtered image, by F(4×4, 3×3): a quarter of the multiplications of `convolve`, and rounding errors some ten times as large.
 * For iterations that correct themselves; what is claimed in the end must come from the plain product.
 *
 * @param single numbers of 32 bits: twice as fast
 */
export function openWinograd(arena: Arena, filtering: Filtering, single = false): (from: number, to: number) => void {
  const { out, in: inner, before, inputSize, outputSize } = filtering
  const { routines } = arena
  const across = Math.ceil(outputSize[1] / 4)
  const down = Math.ceil(outputSize[0] / 4)
  const rows = Math.min(down, Math.max(1, Math.round(tilesAtOnce(inner) / across)))
  const precision = openPrecision(arena, filtering, rows * across, single)
  const { bytes, panel } = precision
  const [pixelIn, pixelOut] = [inner * bytes, out * bytes]
  const sides = [4 * down + 2, 4 * across + 2]
  const border = arena.alloc(sides[0] * sides[1] * pixelIn)
  arena.f32(border, (sides[0] * sides[1] * pixelIn) / 4).fill(0)
  const segments = openSegments(arena, inputSize, before, sides, pixelIn)
  const matrix = Math.ceil(out / panel) * panel * inner
  const kernels = openKernels(arena, filtering, matrix, precision)
  // Planes a multiple of 4 kB apart would fall into the same cache sets.
  const [inPlane, outPlane] = [pixelIn, pixelOut].map(pixel => rows * across * pixel + 64)
  const spread = arena.alloc(36 * inPlane)
  const products = arena.alloc(36 * outPlane + 32)
  const scratch = arena.alloc(36 * 16)
  const [rowIn, rowOut] = [sides[1] * pixelIn, outputSize[1] * pixelOut]
  return (from, to) => {
    routines.relay(segments.count, segments.at, from, border)
    for (let first = 0; first < down; first += rows) {
      const count = Math.min(rows, down - first)
      for (let r = 0; r < count; r++) {
        const x = border + 4 * (first + r) * rowIn
        precision.input(across, inner, rowIn, x, inPlane, spread + r * across * pixelIn, scratch)
      }
      for (let e = 0; e < 36; e++)
        precision.plane(count * across, kernels + e * matrix * bytes, spread + e * inPlane, products + e * outPlane)
      for (let r = 0; r < count; r++) {
        const [y, planes] = [to + 4 * (first + r) * rowOut, products + r * across * pixelOut]
        const height = Math.min(4, outputSize[0] - 4 * (first + r))
        precision.output(outputSize[1], height, out, rowOut, y, outPlane, planes, scratch)
      }
    }
  }
}

/** Copies of the image's rows into the border, as far as it reaches. */
function openSegments(arena: Arena, size: readonly number[], before: readonly number[], sides: readonly number[], pixel: number) {
  const width = Math.min(size[1], sides[1] - before[1])
  const height = Math.min(size[0], sides[0] - before[0])
  const words = Array.from({ length: height }, (_, i) => [
    ((i + before[0]) * sides[1] + before[1]) * pixel,
    i * size[1] * pixel,
    width * pixel,
  ]).flat()
  const at = arena.alloc(words.length * 4)
  arena.i32(at, words.length).set(words)
  return { at, count: height }
}

/** G K Gᵀ for every channel pair, 36 matrices in panels: block of outputs × input × outputs of the block. */
function openKernels(
  arena: Arena,
  { data, strides, taps, out, in: inner }: Filtering,
  matrix: number,
  { bytes, panel }: Precision,
) {
  const kernels = arena.alloc(36 * matrix * bytes + 32)
  const view = bytes === 4 ? arena.f32(kernels, 36 * matrix) : arena.f64(kernels, 36 * matrix)
  view.fill(0)
  const half = new Float64Array(18)
  // Along the panels: the 36 matrices may be a power of two apart, and of such lines a cache holds few.
  for (let at = 0; at < matrix; at++) {
    const o = Math.floor(at / (inner * panel)) * panel + (at % panel)
    if (o >= out) continue
    const k = o * strides[0] + (Math.floor(at / panel) % inner) * strides[1]
    for (let r = 0; r < 6; r++)
      for (let b = 0; b < 3; b++)
        half[3 * r + b] = G[r][0] * data[k + taps[b]] + G[r][1] * data[k + taps[3 + b]] + G[r][2] * data[k + taps[6 + b]]
    for (let r = 0; r < 6; r++)
      for (let s = 0; s < 6; s++)
        view[(6 * r + s) * matrix + at] = half[3 * r] * G[s][0] + half[3 * r + 1] * G[s][1] + half[3 * r + 2] * G[s][2]
  }
  return kernels
}
