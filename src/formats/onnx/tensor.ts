import { fail, show } from '../../errors.ts'
import { sizeOf } from '../../tensor.ts'
import type { NamedBytes, NumberArray, Weights } from '../model.ts'
import { checkShape, type Dtype, weights, widthOf } from '../weights.ts'
import type { TensorProto } from './schema.ts'

// TensorProto.DataType, the part that holds real numbers.
const DTYPES: Readonly<Record<number, Dtype>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
}

// How a typed field's numbers are held; half floats come as bit patterns in int32_data.
const HELD: Readonly<Record<Dtype, { from(numbers: ArrayLike<number>): NumberArray }>> = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: Float64Array,
  uint64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
}

/** The file a tensor's numbers lie in, if they lie outside the model. */
export function externalLocation(proto: TensorProto): string | undefined {
  return proto.external?.get('location')
}

/**
 * A tensor's numbers, wherever the exporter put them.
 *
 * @param files what came with the model: external data is looked for there by its last path component
 * @returns the tensor, or why it cannot be had though the model is sound
 * @throws OpnormError `file` when numbers and shape disagree
 */
export function tensorOf(proto: TensorProto, files: readonly NamedBytes[], what: string): Weights | string {
  const shape = checkShape(proto.dims, what)
  const dtype = DTYPES[proto.type]
  if (!dtype) return `elements of ONNX type ${proto.type} are not read`
  if (proto.external) return external(proto.external, dtype, shape, files, what)
  if (proto.raw) return weights(proto.raw, dtype, shape, what)
  if (proto.packed && (dtype === 'float32' || dtype === 'float64')) return weights(proto.packed, dtype, shape, what)
  if (proto.numbers.length !== sizeOf(shape))
    fail(
      'file',
      what,
      `${sizeOf(shape)} numbers for shape ${show(shape)}`,
      String(proto.numbers.length),
      'The file is damaged or cut short',
    )
  return { shape, dtype, data: HELD[dtype].from(proto.numbers) }
}

function external(
  entries: Map<string, string>,
  dtype: Dtype,
  shape: number[],
  files: readonly NamedBytes[],
  what: string,
): Weights | string {
  const location = entries.get('location') ?? ''
  const name = lastPart(location)
  const file = files.find(held => lastPart(held.name) === name)
  if (!file)
    fail('file', what, `its data file ${show(lastPart(location))}`, 'none of that name', 'Give it together with the model')
  const offset = Number(entries.get('offset') ?? 0)
  const length = Number(entries.get('length') ?? sizeOf(shape) * widthOf[dtype])
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    fail('file', what, 'offset and length from 0', `${offset}, ${length}`, 'The file is damaged')
  if (offset + length > file.bytes.length)
    fail('file', what, `${offset + length} bytes in ${show(location)}`, String(file.bytes.length), 'The file is cut short')
  return weights(file.bytes.subarray(offset, offset + length), dtype, shape, what)
}

export function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}
