import { fail, show } from '../../errors.ts'
import { sizeOf, stridesOf } from '../../tensor.ts'
import type { Weights } from '../model.ts'
import { checkShape, type Dtype, strided, weights, widthOf } from '../weights.ts'
import { type Call, isCall, isTuple, type Value } from './python.ts'

/** Finds the bytes of a storage; undefined when the file lacks them. */
export type Storages = (key: string, dtype: Dtype, count: number) => Uint8Array | undefined

export interface Source {
  readonly what: string
  readonly storages: Storages
  readonly bigEndian: boolean
}

const DTYPES: Readonly<Record<string, Dtype>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
}

/** A persistent id: ('storage', class, key, device, count) and, in the legacy format, a view of another storage. */
export interface StorageId {
  readonly key: string
  readonly dtype: Dtype | undefined
  readonly type: string
  readonly count: number
  /** first element, for a view */
  readonly offset: number
  /** elements of the storage a view is taken from */
  readonly total: number
}

export function storageId(id: Value, what: string): StorageId {
  const [word, type, key, , count, view] = isTuple(id) ? id.tuple : []
  const name = typeof type === 'object' && type !== null && 'global' in type ? type.global : ''
  if (word !== 'storage' || name === '' || typeof key !== 'string' || !isCount(count))
    fail('file', what, 'the name of a storage', isTuple(id) ? 'another tuple' : show(id), 'The file is damaged')
  const last = name.slice(name.lastIndexOf('.') + 1)
  const dtype = Object.hasOwn(DTYPES, last) ? DTYPES[last] : undefined
  const plain = { key, dtype, type: name, count, offset: 0, total: count }
  if (!isTuple(view)) return plain
  const [, offset, size] = view.tuple
  if (!isCount(offset) || !isCount(size))
    fail('file', what, 'where a storage view begins and ends', 'other values', 'The file is damaged')
  return { ...plain, offset, count: size }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

const REBUILD = ['torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor']
const WRAPPERS = ['torch._utils._rebuild_parameter', 'torch._utils._rebuild_parameter_with_state', 'torch.nn.parameter.Parameter']
const TYPED = 'torch._tensor._rebuild_from_type_v2'

/** Calls we recognise: everything else is somebody's class. */
export const KNOWN: ReadonlySet<string> = new Set([...REBUILD, ...WRAPPERS, TYPED, 'collections.OrderedDict'])

/**
 * The tensor a call describes: a window of a storage with strides. Views stay views.
 *
 * @returns the tensor; why it cannot be had; or undefined when the call makes no tensor
 * @throws OpnormError `file` when the window leaves its storage
 */
export function tensorOf(call: Call, source: Source, depth = 0): Weights | string | undefined {
  const { callee, args } = call
  if (depth > 8) return undefined
  if (WRAPPERS.includes(callee)) return isCall(args[0]) ? tensorOf(args[0], source, depth + 1) : undefined
  if (callee === TYPED) {
    const [inner, , innerArgs] = args
    if (typeof inner !== 'object' || inner === null || !('global' in inner) || !isTuple(innerArgs)) return undefined
    return tensorOf({ ...call, callee: inner.global, args: innerArgs.tuple }, source, depth + 1)
  }
  if (REBUILD.includes(callee)) return windowOf(args, source)
  return /^torch\._utils\._rebuild_/.test(callee) ? `built by ${callee}, which is not read` : undefined
}

function windowOf([storage, offset, size, stride]: readonly Value[], { what, storages, bigEndian }: Source): Weights | string {
  const named = typeof storage === 'object' && storage !== null && 'persistent' in storage
  if (!named || !isCount(offset) || !isTuple(size) || !isTuple(stride))
    fail('file', what, 'a storage, an offset, a size and strides for each tensor', 'other values', 'The file is damaged')
  const id = storageId(storage.persistent, what)
  if (!id.dtype) return `elements of ${id.type} are not read`
  const shape = checkShape(size.tuple, what)
  const strides = stride.tuple as number[]
  if (strides.length !== shape.length || !strides.every(isCount))
    fail('file', what, `${shape.length} strides from 0`, show(strides), 'The file is damaged')
  const length = sizeOf(shape)
  const reach = length === 0 ? 0 : 1 + shape.reduce((sum, side, d) => sum + (side - 1) * strides[d], 0)
  if (offset + reach > id.count)
    fail('file', what, `at most ${id.count} elements in storage ${show(id.key)}`, String(offset + reach), 'The file is damaged')
  if (length > reach) return 'expanded from fewer numbers than it has'
  const bytes = storages(id.key, id.dtype, id.total)
  if (!bytes) fail('file', what, `storage ${show(id.key)}`, 'none', 'The file is damaged or cut short')
  const width = widthOf[id.dtype]
  const start = (id.offset + offset) * width
  if (start + reach * width > bytes.length)
    fail(
      'file',
      what,
      `${start + reach * width} bytes in storage ${show(id.key)}`,
      String(bytes.length),
      'The file is damaged or cut short',
    )
  const window = bytes.subarray(start, start + reach * width)
  const inOrder = stridesOf(shape)
  if (length === reach && strides.every((step, d) => step === inOrder[d] || shape[d] === 1))
    return weights(window, id.dtype, shape, what, bigEndian)
  return strided(weights(window, id.dtype, [reach], what, bigEndian), shape, strides)
}
