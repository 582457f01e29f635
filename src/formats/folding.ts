import { sizeOf, stridesOf } from '../tensor.ts'
import type { Attribute, NumberArray, Weights } from './model.ts'
import { derived, isFloat, numbersOf, permuted, reshaped, strided } from './weights.ts'

/**
 * What folding may still cost, in numbers computed at once: concatenations and scales are, everything else waits to be read. Kept by
 * the caller in proportion to what the file stores, so that no chain of small nodes unfolds into more.
 */
export interface Budget {
  left: number
}

/** A node as far as folding looks at it. */
interface Foldable {
  readonly op: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

type Constant = (name: string) => Weights | undefined

/**
 * The constant a node yields, if all it reads is constant and it only moves or rescales numbers: exporters put such nodes between a
 * weight and the layer that uses it (a transposed or reshaped matrix, gates in another order, a quantised kernel).
 */
export function foldConstant(node: Foldable, constant: Constant, budget: Budget): Weights | undefined {
  if (node.domain !== '') return undefined
  const from = constant(node.inputs[0] ?? '')
  if (!from) return undefined
  const rank = from.shape.length
  switch (node.op) {
    case 'Identity':
      return from
    case 'Transpose': {
      const order = (node.attributes.perm as number[] | undefined) ?? from.shape.map((_, d) => rank - 1 - d)
      return isPermutation(order, rank) ? permuted(from, order) : undefined
    }
    case 'Reshape':
      return reshape(from, small(constant(node.inputs[1] ?? '')) ?? (node.attributes.shape as number[] | undefined))
    case 'Squeeze':
    case 'Unsqueeze':
      return squeeze(node, from, small(constant(node.inputs[1] ?? '')))
    case 'Slice':
      return slice(node, from, constant)
    case 'Concat':
      return concatenate(node, constant, budget)
    case 'Cast':
      return widen(from, node.attributes.to as number)
    case 'QuantizeLinear':
      return quantize(node, from, constant, budget)
    case 'DequantizeLinear':
      return dequantize(node, from, constant, budget)
    default:
      return undefined
  }
}

function isPermutation(order: readonly number[], rank: number): boolean {
  return order.length === rank && new Set(order).size === rank && order.every(d => Number.isInteger(d) && d >= 0 && d < rank)
}

/** A list of axes or sides, if it is one. */
function small(list: Weights | undefined): number[] | undefined {
  return list && list.shape.length < 2 && sizeOf(list.shape) <= 32 ? Array.from(list.data) : undefined
}

/** 0 keeps a side, one -1 takes what is left. */
function reshape(from: Weights, sides: readonly number[] | undefined): Weights | undefined {
  if (sides === undefined || sides.length > 32) return undefined
  const size = from.shape.reduce((product, side) => product * side, 1)
  const kept = sides.map((side, d) => (side === 0 ? (from.shape[d] ?? 0) : side))
  const known = kept.reduce((product, side) => (side === -1 ? product : product * side), 1)
  const shape = kept.map(side => (side === -1 ? size / known : side))
  const fits = shape.every(side => Number.isInteger(side) && side >= 0) && shape.reduce((a, b) => a * b, 1) === size
  return fits ? reshaped(from, shape) : undefined
}

function squeeze(node: Foldable, from: Weights, second: readonly number[] | undefined): Weights | undefined {
  const listed = (node.attributes.axes as number[] | undefined) ?? second
  // Axes that are computed are not axes left out.
  if (!listed && node.inputs[1]) return undefined
  const grown = node.op === 'Unsqueeze'
  if (!listed)
    return grown
      ? undefined
      : reshaped(
          from,
          from.shape.filter(side => side !== 1),
        )
  const rank = from.shape.length + (grown ? listed.length : 0)
  const axes = new Set(listed.map(axis => (axis < 0 ? axis + rank : axis)))
  if (rank > 32 || axes.size !== listed.length || [...axes].some(axis => !(axis >= 0 && axis < rank))) return undefined
  if (!grown) {
    if ([...axes].some(axis => from.shape[axis] !== 1)) return undefined
    return reshaped(
      from,
      from.shape.filter((_, d) => !axes.has(d)),
    )
  }
  let next = 0
  return reshaped(
    from,
    Array.from({ length: rank }, (_, d) => (axes.has(d) ? 1 : from.shape[next++])),
  )
}

/** Slices with positive steps are views: where they begin, and longer strides. */
function slice(node: Foldable, from: Weights, constant: Constant): Weights | undefined {
  const list = (position: number, name: string): readonly number[] | undefined =>
    node.inputs[position] ? small(constant(node.inputs[position])) : (node.attributes[name] as number[] | undefined)
  const starts = list(1, 'starts')
  const ends = list(2, 'ends')
  if (!starts || !ends || starts.length !== ends.length) return undefined
  if ((node.inputs[3] && !list(3, '')) || (node.inputs[4] && !list(4, ''))) return undefined
  const axes = list(3, 'axes') ?? starts.map((_, i) => i)
  const steps = list(4, 'steps') ?? starts.map(() => 1)
  const shape = [...from.shape]
  const strides = [...(from.strides ?? stridesOf(from.shape))]
  let offset = 0
  for (let i = 0; i < starts.length; i++) {
    const axis = axes[i] < 0 ? axes[i] + shape.length : axes[i]
    const side = from.shape[axis]
    if (side === undefined || !(steps[i] >= 1)) return undefined
    const within = (at: number): number => Math.min(side, Math.max(0, at < 0 ? at + side : at))
    const begin = within(starts[i])
    shape[axis] = Math.max(0, Math.ceil((within(ends[i]) - begin) / steps[i]))
    offset += begin * strides[axis]
    strides[axis] *= steps[i]
  }
  return sizeOf(shape) === 0 ? undefined : strided(from, shape, strides, offset)
}

function concatenate(node: Foldable, constant: Constant, budget: Budget): Weights | undefined {
  const parts: Weights[] = []
  for (const name of node.inputs) {
    const part = constant(name)
    if (!part) return undefined
    parts.push(part)
  }
  const [first] = parts
  const rank = first.shape.length
  const given = (node.attributes.axis as number | undefined) ?? 0
  const axis = given < 0 ? given + rank : given
  const alike = parts.every(
    ({ shape, dtype }) =>
      dtype === first.dtype && shape.length === rank && shape.every((side, d) => d === axis || side === first.shape[d]),
  )
  if (!alike || !(axis >= 0 && axis < rank)) return undefined
  const shape = first.shape.map((side, d) => (d === axis ? parts.reduce((sum, part) => sum + part.shape[axis], 0) : side))
  if ((budget.left -= sizeOf(shape)) < 0) return undefined
  const values = parts.map(numbersOf)
  const data = new (values[0].constructor as new (length: number) => NumberArray)(sizeOf(shape))
  const outer = sizeOf(shape.slice(0, axis))
  const runs = parts.map(part => sizeOf(part.shape.slice(axis)))
  let at = 0
  for (let row = 0; row < outer; row++)
    values.forEach((part, i) => {
      data.set(part.subarray(row * runs[i], (row + 1) * runs[i]), at)
      at += runs[i]
    })
  return { shape, dtype: first.dtype.includes('float16') ? 'float32' : first.dtype, data }
}

// Casts that keep every value: to float32 from anything narrower, to float64 from anything.
const NARROW = ['float32', 'float16', 'bfloat16', 'int8', 'uint8', 'int16', 'uint16', 'bool']

function widen(from: Weights, to: number): Weights | undefined {
  if (to === 1 && NARROW.includes(from.dtype)) return derived(from, from.shape, values => Float32Array.from(values))
  if (to === 11) return derived(from, from.shape, values => Float64Array.from(values), 'float64')
  if (to === 7 && !isFloat(from.dtype)) return derived(from, from.shape, values => Float64Array.from(values), 'int64')
  return undefined
}

/** How entry i of a tensor finds its scale: one for all, or one per index along an axis. */
interface Scales {
  scale: NumberArray
  zero: NumberArray | undefined
  of: (i: number) => number
}

function scales(node: Foldable, from: Weights, constant: Constant, budget: Budget): Scales | undefined {
  const scale = constant(node.inputs[1] ?? '')
  const zero = node.inputs[2] ? constant(node.inputs[2]) : undefined
  if (!scale || (node.inputs[2] && !zero) || node.attributes.block_size) return undefined
  if ((budget.left -= 2 * sizeOf(scale.shape)) < 0) return undefined
  return scalesOf(from.shape, scale, zero, (node.attributes.axis as number | undefined) ?? 1)
}

function scalesOf(shape: readonly number[], scale: Weights, zero: Weights | undefined, axis: number): Scales | undefined {
  const count = sizeOf(scale.shape)
  if (zero && sizeOf(zero.shape) !== count) return undefined
  const values = { scale: numbersOf(scale), zero: zero && numbersOf(zero) }
  if (count === 1) return { ...values, of: () => 0 }
  const d = axis < 0 ? axis + shape.length : axis
  if (shape[d] !== count) return undefined
  const inner = shape.slice(d + 1).reduce((product, side) => product * side, 1)
  return { ...values, of: i => Math.floor(i / inner) % count }
}

/** y = (x − zero)·scale, in float32 as onnxruntime computes it. */
function dequantize(node: Foldable, from: Weights, constant: Constant, budget: Budget): Weights | undefined {
  const found = scales(node, from, constant, budget)
  return found && dequantized(from, found)
}

function dequantized(from: Weights, { scale, zero, of }: Scales): Weights {
  return derived(from, from.shape, values =>
    Float32Array.from(values, (value, i) => (value - (zero ? zero[of(i)] : 0)) * scale[of(i)]),
  )
}

/** A quantised kernel with a scale for all of it or for each output channel (axis 0), as QLinearConv holds it. */
export function dequantizedKernel(kernel: Weights, scale: Weights, zero: Weights | undefined): Weights | undefined {
  const found = scalesOf(kernel.shape, scale, zero, 0)
  return found && dequantized(kernel, found)
}

const RANGES: Readonly<Record<string, [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
}

// ONNX's numbers for the types a tensor may be quantised to; 0 is what an attribute says that does not say anything.
const QUANTISED: Readonly<Record<number, string>> = { 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16' }

/** The type of the result: that of the zero point, else (from version 21) the one stated, else uint8. Undefined where the two disagree. */
function quantisedType({ inputs, attributes }: Foldable, constant: Constant): string | undefined {
  const stated = attributes.output_dtype ? QUANTISED[attributes.output_dtype as number] : undefined
  if (attributes.output_dtype && stated === undefined) return undefined
  const own = inputs[2] ? constant(inputs[2])?.dtype : (stated ?? 'uint8')
  return stated === undefined || own === stated ? own : undefined
}

/** x / scale rounded half to even, moved by the zero point and kept in range. */
function quantize(node: Foldable, from: Weights, constant: Constant, budget: Budget): Weights | undefined {
  const found = scales(node, from, constant, budget)
  const type = quantisedType(node, constant)
  const range = type === undefined ? undefined : RANGES[type]
  // From version 23 the division may be asked for in another precision than single.
  if (node.attributes.precision && node.attributes.precision !== 1) return undefined
  if (!found || !range) return undefined
  const { scale, zero, of } = found
  return derived(
    from,
    from.shape,
    values =>
      Int32Array.from(values, (value, i) => {
        const at = of(i)
        const moved = halfToEven(Math.fround(value / scale[at])) + (zero ? zero[at] : 0)
        return Math.min(range[1], Math.max(range[0], moved))
      }),
    type,
  )
}

function halfToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
