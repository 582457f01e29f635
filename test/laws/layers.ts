import { type Conv, conv, dense, type SizedConv } from '../../src/index.ts'
import { type Definition, mulberry32 } from '../oracle.ts'

/** A random layer, as the library takes it and as the oracle does. */
export interface Sample {
  readonly name: string
  readonly layer: SizedConv
  readonly definition: Definition
}

/** Small layers of every kind: 1-D to 3-D, even and odd kernels, stride, dilation, both, groups, transposed, any padding, n < k, HWIO. */
export function samples(seed: number, count: number): Sample[] {
  const random = mulberry32(seed)
  const found: Sample[] = []
  while (found.length < count) {
    const sample = draw(random)
    if (sample) found.push(sample)
  }
  return found
}

/** The same with weights of their own order each: `decades` of them over all rows, and as many over all columns. */
export function graded(samples: readonly Sample[], seed: number, decades: number): Sample[] {
  const random = mulberry32(seed)
  return samples.flatMap(({ name, definition }) => {
    const [rows, columns, ...sides] = definition.shape
    const taps = sides.reduce((a, b) => a * b, 1)
    const scales = Array.from({ length: rows + columns }, () => 10 ** (-decades * random()))
    const kernel = Float64Array.from(
      definition.kernel,
      (x, at) => x * scales[Math.floor(at / taps / columns)] * scales[rows + (Math.floor(at / taps) % columns)],
    )
    const told = { ...definition, kernel }
    const layer = layerOf(told, 'OIHW')
    return layer ? [{ name: `graded, ${name}`, layer, definition: told }] : []
  })
}

/** Undefined where the sides drawn leave no output. */
function draw(random: () => number): Sample | undefined {
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
  const axes = [1, 1, 2, 2, 2, 3][whole(0, 5)]
  const each = (from: number, to: number) => Array.from({ length: axes }, () => whole(from, to))
  const groups = whole(0, 3) === 0 ? 2 : 1
  const transposed = whole(0, 3) === 0
  const padding = whole(0, 1) === 0 ? 'circular' : 'zero'
  const wide = axes === 3 ? 2 : 4
  const shape = [groups * whole(1, axes === 3 ? 2 : 3), whole(1, 3), ...each(1, wide)]
  const stride = whole(0, 1) === 0 ? each(1, 1) : each(1, 3)
  const dilation = whole(0, 2) === 0 ? each(1, 3) : each(1, 1)
  const counts = each(1, axes === 1 ? 9 : axes === 2 ? 4 : 2)
  const inputSize = padding === 'circular' && !transposed ? counts.map((n, d) => n * stride[d]) : counts.map(n => n + whole(0, 1))
  const pads = [...each(0, 2), ...each(0, 2)]
  const outputPadding = transposed && padding === 'zero' ? stride.map(s => whole(0, s - 1)) : each(0, 0)
  const kernel = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() + random() + random() - 1.5)
  const definition: Definition = {
    kernel,
    shape,
    inputSize,
    padding,
    pads,
    stride,
    dilation,
    groups,
    transposed,
    outputPadding,
  }
  const layer = layerOf(definition, whole(0, 3) === 0 ? 'HWIO' : 'OIHW')
  const { kernel: _, ...rest } = definition
  return layer && { name: JSON.stringify(rest), layer, definition }
}

function layerOf(definition: Definition, layout: 'OIHW' | 'HWIO'): SizedConv | undefined {
  const { kernel, shape, pads, padding, ...rest } = definition
  const tensor = { data: Float64Array.from(kernel), shape }
  const geometry = { ...rest, padding, ...(padding === 'zero' && { pad: pads }), layout }
  try {
    return conv(layout === 'HWIO' ? channelsLast(tensor) : tensor, geometry)
  } catch {
    return undefined
  }
}

/** [o, i, k…] to [k…, i, o]. */
function channelsLast({ data, shape }: { data: Float64Array; shape: number[] }) {
  const [out, inner] = shape
  const taps = data.length / (out * inner)
  const moved = new Float64Array(data.length)
  for (let o = 0; o < out; o++)
    for (let i = 0; i < inner; i++)
      for (let p = 0; p < taps; p++) moved[(p * inner + i) * out + o] = data[(o * inner + i) * taps + p]
  return { data: moved, shape: [...shape.slice(2), inner, out] }
}

/** The same geometry with other numbers in the kernel. */
export function withKernel<T extends SizedConv>(layer: T, data: Float64Array): T {
  return { ...layer, kernel: { data, shape: layer.kernel.shape } }
}

/** The layer at every size at once. */
export function unsized(layer: SizedConv): Conv {
  const { inputSize: _, outputSize: __, ...rest } = layer
  return rest
}

export function randomMatrix(seed: number, rows: number, columns: number): SizedConv {
  const random = mulberry32(seed)
  return dense({ data: Float64Array.from({ length: rows * columns }, () => random() + random() - 1), shape: [rows, columns] })
}
