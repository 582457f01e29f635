import { type Conv, conv, type Geometry } from '../../src/conv.ts'
import { type Definition, mulberry32, seeded } from '../oracle.ts'

export interface RandomLayer {
  readonly layer: Conv
  readonly shape: number[]
  readonly geometry: Geometry
  /** What it was drawn as, for messages. */
  readonly what: string
}

/** A small layer of any geometry: one to three axes, stride, dilation, groups, transposed. */
export function randomLayer(seed: number): RandomLayer {
  const random = mulberry32(seed)
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
  const axes = [1, 2, 2, 2, 3][whole(0, 4)]
  const groups = [1, 1, 1, 2][whole(0, 3)]
  const shape = [groups * whole(1, 4), whole(1, 4), ...Array.from({ length: axes }, () => whole(1, axes === 3 ? 2 : 4))]
  const each = (least: number, most: number) => Array.from({ length: axes }, () => whole(least, most))
  const strided = random() < 0.4
  const geometry: Geometry = {
    stride: each(1, strided ? 3 : 1),
    dilation: random() < 0.2 ? each(1, 2) : each(1, 1),
    groups,
    transposed: random() < 0.25,
  }
  const data = seeded(
    seed + 1,
    shape.reduce((a, b) => a * b),
  )
  return { layer: conv({ data, shape }, geometry), shape, geometry, what: `seed ${seed}: ${shape} ${JSON.stringify(geometry)}` }
}

/** The zero-padded operator at one size, for the oracle: its norm is at most that of every size. */
export function definitionAt({ geometry, shape }: RandomLayer, kernel: ArrayLike<number>, side: number): Definition {
  const axes = shape.length - 2
  const stride = geometry.stride as number[]
  const dilation = geometry.dilation as number[]
  const reach = dilation.map((d, a) => d * (shape[2 + a] - 1))
  return {
    kernel,
    shape,
    inputSize: new Array<number>(axes).fill(side),
    padding: 'zero',
    pads: geometry.transposed ? new Array<number>(2 * axes).fill(0) : [...reach, ...reach],
    stride,
    dilation,
    groups: geometry.groups!,
    transposed: geometry.transposed!,
    outputPadding: new Array<number>(axes).fill(0),
  }
}
