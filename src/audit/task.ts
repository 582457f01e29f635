import { type Conv, conv, dense, type Geometry, type SizedConv } from '../conv.ts'
import { fits } from '../formats/geometry.ts'
import type { BatchNorm, Layer, Model, Weights } from '../formats/model.ts'
import type { Goal, LayerReport, LayerShape } from '../report.ts'
import { type FoldedNorm, folded } from './fold.ts'

/** A tensor of a file without its getter. */
export interface PlainWeights {
  readonly data: ArrayLike<number>
  readonly shape: readonly number[]
  readonly strides?: readonly number[]
  readonly dtype: string
}

/**
 * One layer's audit as plain data: what a worker needs and nothing else. `auditLayer` is a pure function of it, so that tasks may run
 * in any order, on any thread or machine.
 */
export interface LayerTask {
  readonly index: number
  readonly name: string
  readonly op: 'conv' | 'dense'
  readonly kind: string
  readonly geometryFrom: LayerReport['geometryFrom']
  readonly note?: string
  readonly kernel: PlainWeights
  readonly geometry: Geometry
  /** size for methods that need one; the goal's, else the file's */
  readonly size?: number | readonly number[]
  readonly fold?: FoldedNorm
  readonly gap: number
  readonly methods: readonly string[]
  readonly pictures: boolean
}

export const DEFAULT_GAP = 1e-6

/** The layers a goal speaks of: their places in `model.layers`, in order. */
export function chosenLayers(model: Model, goal: Goal): number[] {
  const pattern = goal.layers ?? '*'
  return model.layers.flatMap((layer, index) => (fits(pattern, layer.name) ? [index] : []))
}

/** The task of one layer. Weights are touched only here, so a plan over a big model costs nothing. */
export function taskOf(model: Model, index: number, goal: Goal): LayerTask {
  const layer = model.layers[index]
  const norm = goal.fold ? model.batchNorms.find(bn => bn.follows === layer.name) : undefined
  return {
    index,
    name: layer.name,
    op: layer.op,
    kind: layer.kind,
    geometryFrom: layer.geometryFrom,
    ...(layer.note !== undefined && { note: layer.note }),
    kernel: plain(layer.kernel),
    geometry: geometryOf(layer, goal),
    ...sizeOf(layer, goal),
    ...(norm && { fold: normOf(norm) }),
    gap: goal.gap ?? DEFAULT_GAP,
    methods: goal.methods ?? [],
    pictures: goal.pictures ?? false,
  }
}

function plain({ shape, data, strides, dtype }: Weights): PlainWeights {
  return { data, shape, ...(strides && { strides }), dtype }
}

function normOf({ name, epsilon, gamma, variance }: BatchNorm): FoldedNorm {
  return { name, epsilon, variance: plain(variance), ...(gamma && { gamma: plain(gamma) }) }
}

function geometryOf(layer: Layer, goal: Goal): Geometry {
  const { pad, ...rest } = layer.geometry
  const padding = goal.padding ?? rest.padding
  return {
    ...rest,
    ...(padding && { padding }),
    // A circular layer has no edge to pad; overriding the boundary drops what the file said about it.
    ...(pad !== undefined && padding !== 'circular' && { pad }),
    ...(goal.inputSize !== undefined && { inputSize: goal.inputSize }),
  }
}

function sizeOf(layer: Layer, goal: Goal): { size?: number | readonly number[] } {
  const size = goal.inputSize ?? layer.inputSize
  return size === undefined ? {} : { size }
}

/** The operands of a task: the layer as audited, the same with a size where one is known, and the rounding of a fold. @throws OpnormError */
export function operands(task: LayerTask): { layer: Conv; sized: () => SizedConv | undefined; rounding: number } {
  const { kernel, geometry, size, fold } = task
  const withFold = <L extends Conv>(layer: L): { conv: L; rounding: number } =>
    fold ? folded(layer, fold) : { conv: layer, rounding: 0 }
  if (task.op === 'dense') {
    const { conv: layer, rounding } = withFold(dense(kernel))
    return { layer, sized: () => layer, rounding }
  }
  const { conv: layer, rounding } = withFold(conv(kernel, geometry))
  return {
    layer,
    sized: () => (size === undefined ? undefined : withFold(conv(kernel, { ...geometry, inputSize: size })).conv),
    rounding,
  }
}

/** What the table shows of a layer. */
export function shapeOf(layer: Conv): LayerShape {
  const { shape } = layer.kernel
  const oihw = layer.layout === 'OIHW' ? shape : [shape[shape.length - 1], shape[shape.length - 2], ...shape.slice(0, -2)]
  return {
    kernel: [...oihw],
    stride: [...layer.stride],
    dilation: [...layer.dilation],
    groups: layer.groups,
    padding: layer.padding,
    transposed: layer.transposed,
    ...(layer.inputSize && layer.kernelSize.length > 0 && { inputSize: [...layer.inputSize] }),
  }
}
