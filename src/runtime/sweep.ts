import { type Arena, borrow } from './arena.ts'
import type { Gather, GatherClass } from './gather.ts'

/** One direction of an operator, packed in memory: tables, border buffer and kernel. Addresses are of channels-last vectors. */
export interface Sweep {
  /** to ← the gather of `from`. */
  run(from: number, to: number): void
  /** Adds ∂⟨u, gather(v)⟩/∂kernel to `gradient`, which lies as the kernel does. */
  correlate(u: number, v: number, gradient: Float64Array): void
}

/** The kernel as one direction sees it: entry (group, o, i, p) is data[group·strides.group + o·strides.out + i·strides.in + Σ p_d·strides.taps[d]]. */
export interface Weights {
  readonly data: Float64Array
  readonly groups: number
  /** Channels that come out of a group and go into it. */
  readonly out: number
  readonly in: number
  readonly strides: { readonly group: number; readonly out: number; readonly in: number; readonly taps: readonly number[] }
}

export function openSweep(arena: Arena, gather: Gather, weights: Weights): Sweep {
  const depthwise = weights.out === 1 && weights.in === 1
  const parts = gather.classes.map(part => (depthwise ? openDepthwise(arena, part, weights) : openPanels(arena, part, weights)))
  const bordered = openBorder(arena, gather, weights.groups * weights.in)
  return {
    run(from, to) {
      const x = bordered(from)
      for (const part of parts) part.run(x, to)
    },
    correlate(u, v, gradient) {
      const x = bordered(v)
      for (const part of parts) part.correlate(u, x, gradient)
    },
  }
}

/** Copies a vector into a buffer with its border; nothing to do where no pixel reads beyond the edge. */
function openBorder(arena: Arena, gather: Gather, channels: number): (from: number) => number {
  if (gather.border === 0) return from => from
  const length = gather.border * channels
  const buffer = arena.alloc(length * 8 + 32)
  arena.f64(buffer, length + 4).fill(0)
  const segments = putWords(
    arena,
    gather.segments.map(pixels => pixels * channels * 8),
  )
  return from => {
    arena.routines.relay(gather.segments.length / 3, segments, from, buffer)
    return buffer
  }
}

/** One class in panels of four output channels (assembly/convolve.ts). */
function openPanels(arena: Arena, part: GatherClass, weights: Weights): Sweep {
  const { groups, out, in: inner } = weights
  const places = putPlaces(arena, part, groups * inner, groups * out)
  const lengths = runsOf(part, groups, inner)
  const table = putWords(
    arena,
    lengths.flatMap(([pixel, length]) => [pixel * groups * inner * 8, length]),
  )
  const depth = part.taps.length * inner
  const source = panelSource(part, weights)
  const group = source.length / groups
  const panels = putKernel(arena, source, weights.data)
  const { routines } = arena
  const pixels = part.places.length / 2
  return {
    run(x, y) {
      for (let g = 0; g < groups; g++) {
        const [from, to] = [x + g * inner * 8, y + g * out * 8]
        routines.convolve(pixels, places, lengths.length, table, depth, out, panels + g * group * 8, from, to)
      }
    },
    correlate: (u, v, gradient) =>
      borrow(({ alloc, f64 }) => {
        const result = alloc(source.length * 8)
        for (let g = 0; g < groups; g++) {
          const [left, right] = [u + g * out * 8, v + g * inner * 8]
          routines.correlate(pixels, places, lengths.length, table, out, left, right, result + g * group * 8)
        }
        addAt(gradient, source, f64(result, source.length))
      }),
  }
}

/** One class of a kernel with one input and one output channel a group. */
function openDepthwise(arena: Arena, part: GatherClass, weights: Weights): Sweep {
  const { groups } = weights
  const places = putPlaces(arena, part, groups, groups)
  const table = putWords(
    arena,
    part.taps.flatMap(tap => [tap.distance * groups * 8, 1]),
  )
  const source = Int32Array.from(
    part.taps.flatMap(tap => Array.from({ length: groups }, (_, g) => g * weights.strides.group + tapIndex(tap.p, weights))),
  )
  const kernel = putKernel(arena, source, weights.data)
  const { routines } = arena
  const pixels = part.places.length / 2
  return {
    run: (x, y) => routines.convolveDepthwise(pixels, places, part.taps.length, table, groups, kernel, x, y),
    correlate: (u, v, gradient) =>
      borrow(({ alloc, f64 }) => {
        const result = alloc(source.length * 8)
        routines.correlateDepthwise(pixels, places, part.taps.length, table, groups, u, v, result)
        addAt(gradient, source, f64(result, source.length))
      }),
  }
}

/** Taps whose inputs are adjacent in memory make one run (only without groups: a group's channels are not a whole pixel). */
function runsOf(part: GatherClass, groups: number, inner: number): [pixel: number, length: number][] {
  const runs: [number, number][] = []
  for (const { distance } of part.taps) {
    const last = runs.at(-1)
    if (groups === 1 && last && last[0] * inner + last[1] === distance * inner) last[1] += inner
    else runs.push([distance, inner])
  }
  return runs
}

/** Where each panel entry lies in the kernel, −1 for the padding: group × block of four outputs × tap × input × four. */
function panelSource(part: GatherClass, weights: Weights): Int32Array {
  const { groups, out, in: inner, strides } = weights
  const blocks = Math.ceil(out / 4)
  const source = new Int32Array(groups * blocks * part.taps.length * inner * 4)
  const taps = part.taps.map(tap => tapIndex(tap.p, weights))
  let next = 0
  for (let g = 0; g < groups; g++)
    for (let block = 0; block < blocks; block++)
      for (const tap of taps)
        for (let i = 0; i < inner; i++) {
          const at = g * strides.group + i * strides.in + tap
          for (let o = 4 * block; o < 4 * block + 4; o++) source[next++] = o < out ? at + o * strides.out : -1
        }
  return source
}

function tapIndex(p: readonly number[], weights: Weights): number {
  return p.reduce((sum, at, d) => sum + at * weights.strides.taps[d], 0)
}

function putKernel(arena: Arena, source: Int32Array, data: Float64Array): number {
  // One panel row more: the tile's loads may run ahead of the end.
  const at = arena.alloc(source.length * 8 + 32)
  const view = arena.f64(at, source.length)
  for (let i = 0; i < source.length; i++) view[i] = source[i] < 0 ? 0 : data[source[i]]
  return at
}

function addAt(gradient: Float64Array, source: Int32Array, numbers: Float64Array): void {
  for (let i = 0; i < source.length; i++) if (source[i] >= 0) gradient[source[i]] += numbers[i]
}

/** Places in bytes: first input and output of each pixel. */
function putPlaces(arena: Arena, part: GatherClass, inputChannels: number, outputChannels: number): number {
  const { places } = part
  const at = arena.alloc(places.length * 4)
  const view = arena.i32(at, places.length)
  for (let i = 0; i < places.length; i += 2) {
    view[i] = places[i] * inputChannels * 8
    view[i + 1] = places[i + 1] * outputChannels * 8
  }
  return at
}

function putWords(arena: Arena, words: readonly number[]): number {
  const at = arena.alloc(words.length * 4)
  arena.i32(at, words.length).set(words)
  return at
}
