import { fail, show } from './errors.ts'

/** Numbers in row-major order with their sides. Plain data: it survives postMessage and structuredClone. */
export interface Tensor {
  readonly data: Float64Array
  readonly shape: readonly number[]
}

type Numbers = ArrayLike<number>
type Nested = readonly Nested[] | readonly number[] | Numbers

/**
 * What people hold already: `{data, shape}` or `{data, dims}` with optional strides and offset (onnxruntime, scijs ndarray, numpy-ts),
 * an object with `dataSync()` and a shape (TF.js, jax-js), `{rows, columns, data}` (ml-matrix), or nested arrays.
 */
export type TensorLike =
  | {
      readonly data: Numbers | (() => Numbers)
      readonly shape: ArrayLike<number>
      readonly strides?: ArrayLike<number>
      readonly stride?: ArrayLike<number>
      readonly offset?: number
      readonly dtype?: string
    }
  | { readonly data: unknown; readonly dims: ArrayLike<number>; readonly type?: string }
  | { dataSync(): Numbers; readonly shape: ArrayLike<number> }
  | { readonly rows: number; readonly columns: number; readonly data: readonly Numbers[] | Numbers }
  | Nested

/** How a tensor lies in its buffer. Strides count elements, as in scijs ndarray and numpy-ts. */
interface View {
  data: Numbers
  shape: number[]
  strides?: number[]
  offset: number
}

const FLOAT16 = /^(float16|half|f16)$/i
const BFLOAT16 = /^(bfloat16|bf16)$/i

/** Entries above 4 GB never fit into the routines' memory. Strides of 0 make a tensor of any size out of one number. */
const MOST = 2 ** 29
/** Levels of nested arrays that are gone into: there may be more than any stack has room for, and an array may hold itself. */
const DEEPEST = 32

/**
 * Copies any tensor-like value once, to contiguous float64 (float32, float16 and integers widen exactly).
 *
 * @param what how an error calls the value ("kernel", "matrix", "input")
 * @throws OpnormError `tensor`, `shape` or `nonfinite`; the first bad entry in row-major order is named
 * @example toTensor([[1, 2], [3, 4]]).shape  // [2, 2]
 */
export function toTensor(value: TensorLike, what = 'tensor'): Tensor {
  const view = viewOf(value, what)
  const length = sizeOf(view.shape)
  if (length > MOST)
    fail('memory', what, 'at most 4096 MB', `${Math.ceil(length / 2 ** 17)} MB`, 'Use a smaller layer or input size')
  const tensor = { data: gather(view, length, what), shape: view.shape }
  checkFinite(tensor, what)
  return tensor
}

/** Number of entries of a shape; 1 for a scalar. */
export function sizeOf(shape: ArrayLike<number>): number {
  let size = 1
  for (let d = 0; d < shape.length; d++) size *= shape[d]
  return size
}

/** Row-major strides, in elements. */
export function stridesOf(shape: ArrayLike<number>): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = step
    step *= shape[d]
  }
  return strides
}

/** Multi-index of a flat row-major index. */
export function indexOf(flat: number, shape: ArrayLike<number>): number[] {
  const index = new Array<number>(shape.length)
  for (let d = shape.length - 1; d >= 0; d--) {
    index[d] = flat % shape[d]
    flat = Math.floor(flat / shape[d])
  }
  return index
}

/** f(0), f(1), …, f(length − 1). Typed arrays' own `from` takes six times as long. */
export function tabulate(length: number, f: (i: number) => number): Float64Array {
  const table = new Float64Array(length)
  for (let i = 0; i < length; i++) table[i] = f(i)
  return table
}

function viewOf(value: TensorLike, what: string): View {
  if (value === null || typeof value !== 'object') refuse(what, show(value))
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)))
    return nestedView(value as Nested, what)
  const held = value as Record<string, unknown>
  const shape = held.shape ?? held.dims
  if (shape === undefined && typeof held.rows === 'number' && typeof held.columns === 'number') return matrixView(held, what)
  if (!isNumbers(shape)) refuse(what, show(value))
  const sides = Array.from(shape, side => (typeof side === 'object' ? Number.NaN : Number(side)))
  for (const side of sides)
    if (!Number.isInteger(side) || side < 0)
      fail('shape', `${what}.shape`, 'whole numbers from 0', show(sides), 'Give one side per axis')
  const data = decode(typeof held.dataSync === 'function' ? held.dataSync() : held.data, held.dtype ?? held.type)
  if (!isNumbers(data)) refuse(what, show(value))
  // A TF.js tensor has `strides` of its own, one fewer than its axes; dataSync() is contiguous whatever they say.
  const strides = typeof held.dataSync === 'function' ? undefined : (held.strides ?? held.stride)
  const offset = held.offset ?? 0
  if (!Number.isInteger(offset) || (offset as number) < 0)
    fail('tensor', `${what}.offset`, 'a whole number from 0', show(offset), 'It counts elements')
  const view: View = { data, shape: sides, offset: offset as number }
  if (strides !== undefined) {
    if (!isNumbers(strides) || strides.length !== sides.length || !Array.from(strides).every(Number.isInteger)) {
      fail('tensor', `${what}.strides`, `${sides.length} whole numbers`, show(strides), 'Strides count elements, one per axis')
    }
    view.strides = Array.from(strides)
  }
  return view
}

function refuse(what: string, given: string): never {
  fail(
    'tensor',
    what,
    '{data, shape}, {data, dims}, an object with dataSync(), or nested arrays',
    given,
    'For example { data: [1, 2], shape: [1, 1, 2] }',
  )
}

/** An array or a typed array: what may be copied as it is, its length being the memory it takes already. */
export function isNumbers(value: unknown): value is Numbers {
  return (
    Array.isArray(value) ||
    (ArrayBuffer.isView(value) &&
      !(value instanceof DataView) &&
      !(value instanceof BigInt64Array) &&
      !(value instanceof BigUint64Array))
  )
}

function matrixView(held: Record<string, unknown>, what: string): View {
  const shape = [held.rows as number, held.columns as number]
  const data = held.data
  if (!isNumbers(data)) refuse(what, 'a matrix without data')
  return typeof data[0] === 'number' || sizeOf(shape) === 0
    ? { data, shape, offset: 0 }
    : nestedView(data as unknown as Nested, what)
}

function nestedView(value: Nested, what: string): View {
  const shape: number[] = []
  for (let level: unknown = value; isNumbers(level) && shape.length < DEEPEST; level = level[0]) shape.push(level.length)
  // Grows with what is there: the first entries of each level may promise any size.
  const data: number[] = []
  const visit = (level: unknown, axis: number, path: number[]): void => {
    if (!isNumbers(level) || level.length !== shape[axis]) {
      const given = isNumbers(level) ? `${level.length} entries` : show(level)
      fail('shape', what, `${shape[axis]} entries at [${path.join(', ')}]`, given, 'Nested arrays need equal lengths')
    }
    for (let i = 0; i < level.length; i++) {
      const entry: unknown = level[i]
      if (axis + 1 < shape.length) visit(entry, axis + 1, [...path, i])
      else if (typeof entry !== 'number')
        fail('tensor', what, `a number at [${[...path, i].join(', ')}]`, show(entry), 'Only real numbers have a norm here')
      else data.push(entry)
    }
  }
  if (sizeOf(shape) > 0) visit(value, 0, [])
  return { data, shape, offset: 0 }
}

/** onnxruntime and friends hand half floats over as bare 16-bit patterns, told apart only by the type's name. */
function decode(data: unknown, dtype: unknown): unknown {
  if (!(data instanceof Uint16Array)) return data
  const type = String(dtype)
  if (FLOAT16.test(type)) return Float64Array.from(data, halfToNumber)
  if (BFLOAT16.test(type)) return Float64Array.from(data, bfloatToNumber)
  return data
}

/** IEEE 754 binary16 to float64, exactly. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

const word = new DataView(new ArrayBuffer(4))

/** bfloat16 (the upper half of a float32) to float64, exactly. */
export function bfloatToNumber(bits: number): number {
  word.setUint32(0, bits << 16)
  return word.getFloat32(0)
}

function gather(view: View, length: number, what: string): Float64Array {
  const { data, shape, strides, offset } = view
  const inner = stridesOf(shape)
  const dense = strides === undefined || strides.every((s, d) => s === inner[d] || shape[d] === 1)
  const needed =
    length === 0
      ? 0
      : offset + 1 + (dense ? length - 1 : shape.reduce((sum, side, d) => sum + Math.max(0, (side - 1) * strides![d]), 0))
  const lowest =
    dense || length === 0 ? 0 : offset + shape.reduce((sum, side, d) => sum + Math.min(0, (side - 1) * strides![d]), 0)
  if (needed > data.length || lowest < 0) {
    fail(
      'shape',
      what,
      `at least ${needed} entries for shape ${show(shape)}`,
      String(data.length),
      'Check shape, strides and offset against the data',
    )
  }
  if (strides === undefined && offset === 0 && data.length !== length) {
    fail(
      'shape',
      what,
      `${length} entries for shape ${show(shape)}`,
      String(data.length),
      'Check shape, strides and offset against the data',
    )
  }
  const result = new Float64Array(length)
  if (dense) {
    for (let i = 0; i < length; i++) result[i] = numberAt(data, offset + i, what)
    return result
  }
  const index = new Array<number>(shape.length).fill(0)
  let at = offset
  for (let i = 0; i < length; i++) {
    result[i] = numberAt(data, at, what)
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides![d]
      if (++index[d] < shape[d]) break
      at -= strides![d] * shape[d]
      index[d] = 0
    }
  }
  return result
}

function numberAt(data: Numbers, at: number, what: string): number {
  const entry: unknown = data[at]
  if (typeof entry !== 'number')
    fail('tensor', what, `a number at position ${at}`, show(entry), 'Only real numbers have a norm here')
  return entry
}

function checkFinite(tensor: Tensor, what: string): void {
  const { data, shape } = tensor
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      fail(
        'nonfinite',
        what,
        'finite numbers',
        `${data[i]} at [${indexOf(i, shape).join(', ')}]`,
        "Check the layer's weights before computing a bound",
      )
    }
  }
}
