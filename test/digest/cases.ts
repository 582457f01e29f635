/** What the digests are taken over: layers of every geometry with numbers that no host function had a hand in. */
import type { Geometry } from '../../src/conv.ts'

export interface Case {
  readonly kernel: { readonly data: Float64Array; readonly shape: readonly number[] }
  /** without an input size; `inputSize` is beside it, so that a method can be asked about every size or about one */
  readonly geometry: Geometry
  readonly inputSize: readonly number[]
}

/** Seeded whole numbers in [0, 2³²): imul, xor and shifts only, so the same in every engine. */
export function wholeNumbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return (x ^ (x >>> 14)) >>> 0
  }
}

/** The real layers given, under several geometries, and random ones up to `count`. */
export function cases(count: number, real: readonly Case['kernel'][]): Case[] {
  const next = wholeNumbers(2026)
  const found: Case[] = real
    .filter(({ shape }) => shape.length === 4)
    .flatMap(kernel =>
      [{}, { stride: 2 }, { dilation: 2, padding: 'circular' as const }].map(geometry => ({
        kernel,
        geometry,
        inputSize: [8, 8],
      })),
    )
  while (found.length < count) found.push(draw(next))
  return found
}

/** 1-D to 3-D, odd and even kernels, stride, dilation, groups, transposed, both paddings, both layouts, eighty orders of magnitude. */
function draw(next: () => number): Case {
  const whole = (from: number, to: number) => from + (next() % (to - from + 1))
  const axes = [1, 1, 2, 2, 2, 3][whole(0, 5)]
  const each = (from: number, to: number) => Array.from({ length: axes }, () => whole(from, to))
  const circular = whole(0, 1) === 0
  const transposed = whole(0, 3) === 0
  const groups = whole(0, 3) === 0 ? 2 : 1
  const channels = [groups * whole(1, axes === 3 ? 2 : 4), whole(1, 4)]
  const kernelSize = each(1, axes === 3 ? 2 : 4)
  const stride = each(1, whole(1, 3))
  const dilation = each(1, whole(1, 2))
  const counts = each(axes === 1 ? 7 : 3, axes === 1 ? 12 : 4)
  // A wide zero padding leaves an output under every kernel and dilation drawn.
  const pad = circular ? {} : { pad: [...each(3, 4), ...each(3, 4)] }
  const hwio = whole(0, 3) === 0
  const geometry: Geometry = {
    stride,
    dilation,
    groups,
    transposed,
    padding: circular ? 'circular' : 'zero',
    ...(!transposed && pad),
    ...(hwio && { layout: 'HWIO' }),
  }
  const shape = hwio ? [...kernelSize, channels[1], channels[0]] : [...channels, ...kernelSize]
  const exponent = whole(0, 4) === 0 ? whole(-130, 130) : 0
  return {
    kernel: { data: numbers(next, shape, exponent), shape },
    geometry,
    inputSize: circular && !transposed ? counts.map((n, d) => n * stride[d]) : counts,
  }
}

/** 32-bit whole numbers times a power of two: exact, so no rounding of the host enters. */
export function numbers(next: () => number, shape: readonly number[], exponent = 0): Float64Array {
  const unit = powerOfTwo(exponent - 31)
  const length = shape.reduce((product, side) => product * side, 1)
  return Float64Array.from({ length }, () => (next() | 0) * unit)
}

function powerOfTwo(exponent: number): number {
  let power = 1
  for (let i = 0; i < exponent; i++) power *= 2
  for (let i = 0; i > exponent; i--) power /= 2
  return power
}
