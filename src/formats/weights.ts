import { fail, show } from '../errors.ts'
import { bfloatToNumber, halfToNumber, sizeOf, stridesOf } from '../tensor.ts'
import type { NumberArray, Weights } from './model.ts'

/** Element types as files spell them, in one spelling. */
export type Dtype =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'uint64'
  | 'int32'
  | 'uint32'
  | 'int16'
  | 'uint16'
  | 'int8'
  | 'uint8'
  | 'bool'

export const widthOf: Readonly<Record<Dtype, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  uint64: 8,
  int32: 4,
  uint32: 4,
  int16: 2,
  uint16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
}

/** Whether entries of this type are real numbers (not counters, masks or indices). */
export function isFloat(dtype: string): boolean {
  return dtype.includes('float')
}

// A tensor of more sides than this is not a tensor but an attack on whoever loops over them.
const MAX_RANK = 32

/**
 * A shape as a file states it: every side a whole number, the product exact. No memory is touched.
 *
 * @throws OpnormError `file`
 */
export function checkShape(shape: readonly unknown[], what: string): number[] {
  if (shape.length > MAX_RANK) fail('file', what, `at most ${MAX_RANK} sides`, String(shape.length), 'The file is damaged')
  for (const side of shape)
    if (!Number.isSafeInteger(side) || (side as number) < 0)
      fail('file', what, 'a shape of whole numbers from 0', show(shape), 'The file is damaged')
  if (!Number.isSafeInteger(sizeOf(shape as number[])))
    fail('file', what, 'a shape whose size can be counted', show(shape), 'The file is damaged')
  return shape as number[]
}

/**
 * The tensor in `bytes`, contiguous and row-major. Nothing is copied where the bytes are aligned for their type; elsewhere, and for
 * big-endian and 64-bit whole numbers, each read of `data` makes the numbers anew.
 *
 * @param bytes exactly the tensor's bytes
 * @throws OpnormError `file` when shape and bytes disagree
 */
export function weights(bytes: Uint8Array, dtype: Dtype, shape: readonly number[], what: string, bigEndian = false): Weights {
  const width = widthOf[dtype]
  const size = sizeOf(checkShape(shape, what))
  if (size * width !== bytes.length)
    fail(
      'file',
      what,
      `${size * width} bytes for ${dtype} ${show([...shape])}`,
      String(bytes.length),
      'The file is damaged or cut short',
    )
  const made = dtype === 'int64' || dtype === 'uint64' || (bigEndian && width > 1)
  if (!made && bytes.byteOffset % width === 0) return { shape, dtype, data: view(bytes, dtype) }
  return {
    shape,
    dtype,
    get data() {
      const own = new Uint8Array(bytes) // not slice(): that of a Node Buffer is a view
      return view(bigEndian ? swap(own, width) : own, dtype)
    },
  }
}

/** The numbers of little-endian, aligned bytes: every platform with WebAssembly is little-endian. */
function view(bytes: Uint8Array, dtype: Dtype): NumberArray {
  const { buffer, byteOffset } = bytes
  const length = bytes.length / widthOf[dtype]
  switch (dtype) {
    case 'float64':
      return new Float64Array(buffer, byteOffset, length)
    case 'float32':
      return new Float32Array(buffer, byteOffset, length)
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, length)
    case 'int16':
      return new Int16Array(buffer, byteOffset, length)
    case 'int32':
      return new Int32Array(buffer, byteOffset, length)
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, length)
    case 'int8':
      return new Int8Array(buffer, byteOffset, length)
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, byteOffset, length)
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, length), Number)
    case 'uint64':
      return Float64Array.from(new BigUint64Array(buffer, byteOffset, length), Number)
  }
}

function swap(bytes: Uint8Array, width: number): Uint8Array {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse()
  return bytes
}

/** The same numbers read with other strides and from another start (in elements): transposed and sliced tensors cost nothing. */
export function strided(weights: Weights, shape: readonly number[], strides: readonly number[], offset = 0): Weights {
  return {
    shape,
    strides,
    dtype: weights.dtype,
    get data() {
      return offset === 0 ? weights.data : weights.data.subarray(offset)
    },
  }
}

/** The same numbers in the same order under another shape of the same size. */
export function reshaped(weights: Weights, shape: readonly number[]): Weights {
  if (sizeOf(shape) !== sizeOf(weights.shape))
    fail('file', 'tensor', `${sizeOf(weights.shape)} entries`, show([...shape]), 'The file is damaged')
  if (weights.strides) return derived(weights, shape, values => values)
  return {
    shape,
    dtype: weights.dtype,
    get data() {
      return weights.data
    },
  }
}

/** The axes in another order: axis d of the result is axis `order[d]` of the tensor. */
export function permuted(weights: Weights, order: readonly number[]): Weights {
  const strides = weights.strides ?? stridesOf(weights.shape)
  return strided(
    weights,
    order.map(d => weights.shape[d]),
    order.map(d => strides[d]),
  )
}

/** A matrix read as its transpose. */
export function transposed(weights: Weights): Weights {
  return permuted(weights, [1, 0])
}

/**
 * New numbers made from old ones when they are asked for: nothing is held meanwhile.
 *
 * @param make gets the old numbers in row-major order, and as real numbers whatever bits they were stored in
 */
export function derived(
  from: Weights,
  shape: readonly number[],
  make: (values: NumberArray) => NumberArray,
  dtype = 'float32',
): Weights {
  return {
    shape,
    dtype,
    get data() {
      return make(numbersOf(from))
    },
  }
}

/** A tensor's numbers in row-major order, half floats decoded. Views stay views. Unlike `toTensor`, NaN is no error here. */
export function numbersOf({ data, dtype, shape, strides }: Weights): NumberArray {
  const decode = dtype === 'float16' ? halfToNumber : dtype === 'bfloat16' ? bfloatToNumber : undefined
  const values = decode ? Float32Array.from(data, decode) : data
  if (!strides) return values
  const result = new (values.constructor as new (length: number) => NumberArray)(sizeOf(shape))
  const index = new Array<number>(shape.length).fill(0)
  let at = 0
  for (let i = 0; i < result.length; i++) {
    result[i] = values[at]
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides[d]
      if (++index[d] < shape[d]) break
      at -= strides[d] * shape[d]
      index[d] = 0
    }
  }
  return result
}
