import { type Forward, forwardOf, kernelStrides, type SizedConv } from '../conv.ts'
import { exponentOf, normalised, scaleInPlace } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { adjointGather, forwardGather } from './gather.ts'
import { openSingle, type SingleOperator } from './single.ts'
import { openSweep } from './sweep.ts'
import { openBasis, vectorRoutines } from './vectors.ts'
import { openWinograd } from './winograd.ts'

/** A vector in the runtime's memory; it lives as long as its operator. */
export interface Vector {
  readonly at: number
  readonly length: number
  readonly channels: number
}

/** Vectors at equal distances, so that one routine passes over many of them. */
export interface Basis {
  readonly vectors: readonly Vector[]
}

/**
 * A layer as a linear map T̂ = 2^−exponent·T between vectors that stay in the runtime's memory, for methods that apply it hundreds of
 * times: the kernel is packed once, and nothing is copied in or out. The largest weight of T̂ is in [½, 1), so that products of unit
 * vectors neither over- nor underflow. Vectors lie channels-last; `write` and `read` speak channels-first, as layers do.
 */
export interface Operator {
  readonly exponent: number
  /** A fresh vector of the layer's inputs or outputs, all zeros. */
  input(): Vector
  output(): Vector
  inputBasis(count: number): Basis
  outputBasis(count: number): Basis
  write(x: Vector, numbers: ArrayLike<number>): void
  read(x: Vector): Float64Array
  /** y ← T̂ x. */
  apply(x: Vector, y: Vector): void
  /** x ← T̂ᵀ y. */
  adjoint(y: Vector, x: Vector): void
  /** Both products in a quarter of the multiplications, and with ten times the rounding, where the geometry allows it. */
  rapid?(): Pick<Operator, 'apply' | 'adjoint'>
  /** The same in single precision, on vectors of its own, in the arena given. */
  single?(arena: Arena): SingleOperator
  /** ∂⟨u, T v⟩/∂K in the kernel's own shape and layout; it does not depend on K, so nothing is scaled. */
  correlate(u: Vector, v: Vector): Float64Array
  dot(x: Vector, y: Vector): number
  norm(x: Vector): number
  /** y ← y + s·x. */
  axpy(s: number, x: Vector, y: Vector): void
  /** y ← s·x; the two may be one. */
  scale(s: number, x: Vector, y: Vector): void
  /** w ← w − QQᵀw for the first `count` vectors of Q (block Gram–Schmidt; twice is enough); returns the components Qᵀw. */
  project(basis: Basis, count: number, w: Vector): Float64Array
  /** The first columns of Q ← Q·S for the first `count` vectors of Q; S is count × kept, column-major. */
  combine(basis: Basis, count: number, s: Float64Array): void
}

/** Opens a layer for the duration of `work`. */
export function withOperator<T>(layer: SizedConv, work: (operator: Operator) => T, kernel = normalised(layer.kernel.data)): T {
  return borrow(arena => work(openOperator(layer, arena, kernel)))
}

/** The operator in an arena that the caller holds; it lives until that arena's `borrow` ends. */
export function openOperator(layer: SizedConv, arena: Arena, kernel = normalised(layer.kernel.data)): Operator {
  const forward = forwardOf(layer)
  const { groups, rows, columns } = forward
  // Before any table is made: a layer whose vectors and tables cannot fit is refused here, with what it would need.
  const [inputs, outputs] = [sizeOf(layer.inputSize), sizeOf(layer.outputSize)]
  borrow(inner => inner.alloc(8 * (inputs * (layer.inChannels + 1) + outputs * (layer.outChannels + 1))))
  const { data, exponent } = kernel
  const { out, in: inner, taps } = kernelStrides(layer)
  const group = rows * out
  const there = openSweep(arena, forwardGather(forward), {
    data,
    groups,
    out: rows,
    in: columns,
    strides: { group, out, in: inner, taps },
  })
  const back = openSweep(arena, adjointGather(forward), {
    data,
    groups,
    out: columns,
    in: rows,
    strides: { group, out: inner, in: out, taps },
  })
  const [apply, adjoint] = layer.transposed ? [back, there] : [there, back]
  const inputBasis = (count: number) => openBasis(arena, count, layer.inChannels, inputs)
  const outputBasis = (count: number) => openBasis(arena, count, layer.outChannels, outputs)
  return {
    exponent,
    input: () => inputBasis(1).vectors[0],
    output: () => outputBasis(1).vectors[0],
    inputBasis,
    outputBasis,
    write: (x, numbers) => transpose(numbers, arena.f64(x.at, x.length), x.length / x.channels),
    read(x) {
      const numbers = new Float64Array(x.length)
      transpose(arena.f64(x.at, x.length), numbers, x.channels)
      return numbers
    },
    apply: (x, y) => apply.run(x.at, y.at),
    adjoint: (y, x) => adjoint.run(y.at, x.at),
    ...(filterable(layer, forward) && {
      rapid: () => openRapid(layer, forward, data, arena, false),
      single: (inner: Arena) =>
        openSingle(
          inner,
          { inputs: [layer.inChannels, inputs], outputs: [layer.outChannels, outputs] },
          openRapid(layer, forward, data, inner, true),
        ),
    }),
    correlate(u, v) {
      const gradient = new Float64Array(data.length)
      if (layer.transposed) there.correlate(v.at, u.at, gradient)
      else there.correlate(u.at, v.at, gradient)
      return gradient
    },
    ...vectorRoutines(arena.routines),
  }
}

/** 3×3, stride and dilation 1, at most two zeros of border, channels in fours, and an image of a few tiles at least. */
function filterable(layer: SizedConv, { groups, rows, columns, kernelSize, stride, dilation, before, ...f }: Forward): boolean {
  const plain = (values: readonly number[], value: number) => values.every(x => x === value)
  return (
    layer.padding === 'zero' &&
    groups === 1 &&
    rows % 4 === 0 &&
    columns % 4 === 0 &&
    kernelSize.length === 2 &&
    plain(kernelSize, 3) &&
    plain(stride, 1) &&
    plain(dilation, 1) &&
    before.every(pad => pad <= 2) &&
    [...f.inputSize, ...f.outputSize].every(n => n >= 6)
  )
}

function openRapid(
  layer: SizedConv,
  forward: Forward,
  data: Float64Array,
  arena: Arena,
  single: boolean,
): Pick<Operator, 'apply' | 'adjoint'> {
  const { rows, columns, before, inputSize, outputSize } = forward
  const { out, in: inner, taps } = kernelStrides(layer)
  const offsets = [0, 1, 2].flatMap(a => [0, 1, 2].map(b => a * taps[0] + b * taps[1]))
  const there = openWinograd(
    arena,
    {
      data,
      strides: [out, inner],
      taps: offsets,
      out: rows,
      in: columns,
      before,
      inputSize,
      outputSize,
    },
    single,
  )
  // The adjoint is a convolution with the kernel turned about its centre.
  const back = openWinograd(
    arena,
    {
      data,
      strides: [inner, out],
      taps: [...offsets].reverse(),
      out: columns,
      in: rows,
      before: before.map(pad => 2 - pad),
      inputSize: outputSize,
      outputSize: inputSize,
    },
    single,
  )
  const [apply, adjoint] = layer.transposed ? [back, there] : [there, back]
  return { apply: (x, y) => apply(x.at, y.at), adjoint: (y, x) => adjoint(y.at, x.at) }
}

/** v ← v/‖v‖; returns the length it had. */
export function normalizeVector(routines: Pick<Operator, 'norm' | 'scale'>, v: Vector): number {
  const length = routines.norm(v)
  if (length > 0) routines.scale(1 / length, v, v)
  return length
}

/** `T x` for one vector, channels-first. */
export function applyLayer(layer: SizedConv, x: Float64Array): Float64Array {
  return product(layer, x, operator => {
    const [from, to] = [operator.input(), operator.output()]
    operator.write(from, x)
    operator.apply(from, to)
    return to
  })
}

/** `Tᵀ y` for one vector, channels-first. */
export function adjointLayer(layer: SizedConv, y: Float64Array): Float64Array {
  return product(layer, y, operator => {
    const [from, to] = [operator.output(), operator.input()]
    operator.write(from, y)
    operator.adjoint(from, to)
    return to
  })
}

/** Up to these exponents no sum of 2²⁵ products leaves the range: nothing need be scaled, and the smallest weights beside the largest keep their digits. */
const ROOM = 998

function product(layer: SizedConv, x: Float64Array, of: (operator: Operator) => Vector): Float64Array {
  const { data } = layer.kernel
  const size = exponentOf(data) + exponentOf(x)
  const kernel = -ROOM <= size && size <= ROOM ? { data, exponent: 0 } : undefined
  return withOperator(
    layer,
    operator => {
      const numbers = operator.read(of(operator))
      scaleInPlace(numbers, operator.exponent)
      return numbers
    },
    kernel,
  )
}

/** ∂⟨u, T v⟩/∂K[o,i,p] = Σ_x u[o,x] v[i, s x + δp − π], in the kernel's own shape and layout (METHODS §3). */
export function correlateLayer(layer: SizedConv, u: ArrayLike<number>, v: ArrayLike<number>): Float64Array {
  return withOperator(layer, operator => {
    const [left, right] = [operator.output(), operator.input()]
    operator.write(left, u)
    operator.write(right, v)
    return operator.correlate(left, right)
  })
}

/** rows × columns to columns × rows, where `columns` is the length of a row of `from`. */
function transpose(from: ArrayLike<number>, to: Float64Array, columns: number): void {
  const rows = to.length / columns
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j]
}
