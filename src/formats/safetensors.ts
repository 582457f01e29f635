import { fail, OpnormError, show } from '../errors.ts'
import type { Model, NamedBytes, ReadOptions, Skipped } from './model.ts'
import { type NamedTensor, stateDict } from './state-dict.ts'
import { checkShape, type Dtype, weights } from './weights.ts'

const DTYPES: Readonly<Record<string, Dtype>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  U64: 'uint64',
  I32: 'int32',
  U32: 'uint32',
  I16: 'int16',
  U16: 'uint16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
}

// The reference implementation's own ceiling.
const MAX_HEADER = 100_000_000

interface Entry {
  name: string
  dtype: string
  shape: number[]
  begin: number
  end: number
}

/**
 * Safetensors: a little-endian 64-bit header length, a JSON header naming dtype, shape and byte range of every tensor, then the bytes.
 * Tensors are views of the file.
 *
 * https://github.com/huggingface/safetensors#format
 *
 * @throws OpnormError `file` when the header does not fit the file, or two tensors share bytes
 */
export function readSafetensors(file: NamedBytes, options: ReadOptions): Model {
  const { name, bytes } = file
  const length = headerLength(bytes)
  if (length === undefined)
    fail('file', name, 'a safetensors header within the file', 'a longer one', 'The file is damaged or cut short')
  const entries = readHeader(bytes.subarray(8, 8 + length), name)
  const data = bytes.subarray(8 + length)
  checkRanges(entries, data.length, name)
  const tensors: NamedTensor[] = []
  const skipped: Skipped[] = []
  for (const { name: tensor, dtype, shape, begin, end } of entries) {
    const known = Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined
    if (known) tensors.push({ name: tensor, weights: weights(data.subarray(begin, end), known, shape, `${name}: ${tensor}`) })
    else skipped.push({ name: tensor, why: `elements of type ${show(dtype)} are not read` })
  }
  return stateDict({ name, format: 'safetensors', tensors, skipped, options })
}

/**
 * Whether bytes begin like a safetensors file: a length below 4 GB, then '{'. Text has no zero bytes, so no JSON looks like it. A
 * damaged length is still recognised by the header behind it.
 */
export function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 9 || bytes[8] !== 0x7b) return false
  const high = bytes[4] | bytes[5] | bytes[6] | bytes[7]
  return high === 0 || (bytes[0] !== 0x7b && bytes[0] !== 0x5b && bytes[9] === 0x22)
}

function headerLength(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
  return length <= bytes.length - 8 && length <= MAX_HEADER ? length : undefined
}

function readHeader(bytes: Uint8Array, what: string): Entry[] {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new OpnormError('file', `${what}: expected a JSON header, got ${(cause as Error).message}. The file is damaged`, {
      cause,
    })
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    fail('file', what, 'a header that maps names to tensors', show(header), 'The file is damaged')
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => readEntry(name, entry, what))
}

function readEntry(name: string, entry: unknown, what: string): Entry {
  const { dtype, shape, data_offsets: range } = (entry ?? {}) as Record<string, unknown>
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !Array.isArray(range) || range.length !== 2)
    fail('file', `${what}: ${name}`, 'dtype, shape and two data_offsets', show(entry), 'The file is damaged')
  const [begin, end] = range
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || end < begin)
    fail('file', `${what}: ${name}`, 'data_offsets [begin, end] in ascending order', show(range), 'The file is damaged')
  return { name, dtype, shape: checkShape(shape, `${what}: ${name}`), begin, end }
}

/**
 * Tensors may not reach beyond the file, nor into each other (shared bytes are how one tensor is passed off as another), and the format
 * leaves no byte to nobody: what is unclaimed is what a damaged header has lost.
 */
function checkRanges(entries: Entry[], length: number, what: string): void {
  const sorted = entries.filter(entry => entry.end > entry.begin).sort((a, b) => a.begin - b.begin)
  let reached = 0
  let previous = ''
  for (const { name, begin, end } of sorted) {
    if (begin > reached) unclaimed(reached, begin, what)
    if (begin < reached)
      fail('file', `${what}: ${name}`, `bytes of its own`, `bytes that ${show(previous)} also claims`, 'The file is damaged')
    if (end > length)
      fail('file', `${what}: ${name}`, `bytes up to ${length} at most`, String(end), 'The file is damaged or cut short')
    reached = end
    previous = name
  }
  if (reached < length) unclaimed(reached, length, what)
}

function unclaimed(from: number, to: number, what: string): never {
  fail(
    'file',
    what,
    'a tensor for every byte',
    `none for bytes ${from} to ${to}`,
    'The file is damaged, or has something appended',
  )
}

/** The shards that a `model.safetensors.index.json` (or `pytorch_model.bin.index.json`) names, if these bytes are one. */
export function shardsIndexed(bytes: Uint8Array): string[] | undefined {
  const text = new TextDecoder().decode(bytes)
  if (!text.includes('"weight_map"')) return undefined
  try {
    const { weight_map: map, modelTopology } = JSON.parse(text) as Record<string, unknown>
    const isIndex = typeof map === 'object' && map !== null && modelTopology === undefined
    return isIndex ? [...new Set(Object.values(map).map(String))] : undefined
  } catch {
    return undefined
  }
}
