import type { Forward } from '../conv.ts'
import { refuseTooMany } from '../tensor.ts'

/**
 * A convolution or its adjoint as a gather: every output pixel is a sum over taps of input pixels at fixed distances from its first one.
 *
 * The adjoint of stride s splits the pixels into s^D classes, one for each residue, that see different taps; a convolution is one class.
 * Zero and circular borders are made by copying the input into a larger buffer. All numbers count pixels, row-major over three axes.
 */
export interface Gather {
  /** Pixels of the buffer with its border; 0 when the input is used in place. */
  readonly border: number
  /** (to, from, length) of the copies that fill the buffer. */
  readonly segments: number[]
  readonly classes: GatherClass[]
}

export interface GatherClass {
  /** Per output pixel (first input, output). */
  readonly places: Uint32Array
  /** Per tap its position p in the kernel, one number an axis, and its distance from the pixel's first input; ascending. */
  readonly taps: { readonly p: number[]; readonly distance: number }[]
}

/** Outputs start + step·t, t < count, read inputs advance·t + offset. */
interface AxisClass {
  readonly start: number
  readonly step: number
  readonly count: number
  readonly advance: number
  readonly taps: { readonly p: number; readonly offset: number }[]
}

interface Axis {
  readonly inputs: number
  readonly outputs: number
  readonly classes: AxisClass[]
  /** Inputs low … high are read. */
  readonly low: number
  readonly high: number
}

/** y = T x. */
export function forwardGather(f: Forward): Gather {
  return gatherOf(f, (d): Pick<Axis, 'inputs' | 'outputs' | 'classes'> => {
    const taps = Array.from({ length: f.kernelSize[d] }, (_, p) => ({ p, offset: f.dilation[d] * p - f.before[d] }))
    const classes = [{ start: 0, step: 1, count: f.outputSize[d], advance: f.stride[d], taps }]
    return { inputs: f.inputSize[d], outputs: f.outputSize[d], classes }
  })
}

/** x = Tᵀ y: input pixel z takes output pixels (z + π − δp)/s where that is whole. */
export function adjointGather(f: Forward): Gather {
  return gatherOf(f, (d): Pick<Axis, 'inputs' | 'outputs' | 'classes'> => {
    const s = f.stride[d]
    const classes = Array.from({ length: Math.min(s, f.inputSize[d]) }, (_, start) => {
      const taps = Array.from({ length: f.kernelSize[d] }, (_, p) => ({
        p,
        offset: (start + f.before[d] - f.dilation[d] * p) / s,
      }))
      const whole = taps.filter(tap => Number.isInteger(tap.offset)).reverse()
      return { start, step: s, count: Math.ceil((f.inputSize[d] - start) / s), advance: 1, taps: whole }
    })
    return { inputs: f.outputSize[d], outputs: f.inputSize[d], classes }
  })
}

const POINT: Axis = {
  inputs: 1,
  outputs: 1,
  low: 0,
  high: 0,
  classes: [{ start: 0, step: 1, count: 1, advance: 1, taps: [{ p: 0, offset: 0 }] }],
}

function gatherOf(f: Forward, axisOf: (d: number) => Pick<Axis, 'inputs' | 'outputs' | 'classes'>): Gather {
  const D = f.kernelSize.length
  const axes: Axis[] = f.kernelSize.map((_, d) => {
    const axis = axisOf(d)
    const ends = axis.classes.flatMap(c => c.taps.flatMap(tap => [tap.offset, tap.offset + (c.count - 1) * c.advance]))
    return { ...axis, low: Math.min(...ends), high: Math.max(...ends) }
  })
  while (axes.length < 3) axes.unshift(POINT)
  const empty = axes.some(axis => axis.low > axis.high)
  const bordered = !empty && axes.some(axis => axis.low < 0 || axis.high >= axis.inputs)
  const origin = axes.map(axis => (bordered ? axis.low : 0))
  const sides = axes.map(axis => (bordered ? axis.high - axis.low + 1 : axis.inputs))
  const border = bordered ? sides[0] * sides[1] * sides[2] : 0
  refuseTooMany(border, 'an input with its border')
  const classes = []
  for (const a of axes[0].classes)
    for (const b of axes[1].classes) for (const c of axes[2].classes) classes.push(classOf([a, b, c], axes, sides, origin, D))
  return {
    border,
    segments: bordered ? segmentsOf(axes, sides, f.circular) : [],
    classes,
  }
}

function classOf(parts: AxisClass[], axes: Axis[], sides: number[], origin: number[], D: number): GatherClass {
  const [a, b, c] = parts
  const places = new Uint32Array(2 * a.count * b.count * c.count)
  let next = 0
  for (let i = 0; i < a.count; i++)
    for (let j = 0; j < b.count; j++)
      for (let k = 0; k < c.count; k++) {
        places[next++] = flat([i * a.advance, j * b.advance, k * c.advance], sides)
        places[next++] = flat(
          [a.start + i * a.step, b.start + j * b.step, c.start + k * c.step],
          axes.map(axis => axis.outputs),
        )
      }
  const taps = []
  for (const s of a.taps)
    for (const t of b.taps)
      for (const u of c.taps) {
        const distance = flat([s.offset - origin[0], t.offset - origin[1], u.offset - origin[2]], sides)
        taps.push({ p: [s.p, t.p, u.p].slice(3 - D), distance })
      }
  return { places, taps }
}

const flat = (index: number[], sides: number[]) => (index[0] * sides[1] + index[1]) * sides[2] + index[2]

/** Each buffer row is one copy (zero border: it is all zeros before, once), or as many as its length wraps around (circular). */
function segmentsOf(axes: Axis[], sides: number[], circular: boolean): number[] {
  const [a, b, c] = axes
  const inputs = axes.map(axis => axis.inputs)
  const segments: number[] = []
  for (let i = 0; i < sides[0]; i++)
    for (let j = 0; j < sides[1]; j++) {
      const row = [source(a, i, circular), source(b, j, circular)]
      if (row[0] < 0 || row[1] < 0) continue
      for (let k = 0; k < sides[2]; ) {
        const from = source(c, k, circular)
        const length = from < 0 ? 1 : Math.min(c.inputs - from, sides[2] - k)
        if (from >= 0) segments.push(flat([i, j, k], sides), flat([row[0], row[1], from], inputs), length)
        k += length
      }
    }
  return segments
}

/** The input that buffer coordinate i shows, or −1 outside. */
function source(axis: Axis, i: number, circular: boolean): number {
  const at = i + axis.low
  if (circular) return ((at % axis.inputs) + axis.inputs) % axis.inputs
  return at >= 0 && at < axis.inputs ? at : -1
}
