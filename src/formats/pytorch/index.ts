import { fail, show } from '../../errors.ts'
import type { Model, NamedBytes, ReadOptions } from '../model.ts'
import { stateDict } from '../state-dict.ts'
import { type Dtype, widthOf } from '../weights.ts'
import { type Member, openZip } from '../zip.ts'
import { type Unpickled, unpickle } from './pickle.ts'
import type { Persistent, Value } from './python.ts'
import { type Source, type Storages, storageId } from './storage.ts'
import { collect, unknownCalls } from './tensors.ts'

/**
 * PyTorch checkpoints: state dicts alone or among other things, whole modules, TorchScript archives; as written since 1.6 (a ZIP
 * archive with one pickle and one member per storage) and before (a row of pickles, then the storages).
 *
 * Nothing in the file is run: see `unpickle`.
 *
 * @throws OpnormError `file`
 */
export function readPytorch(file: NamedBytes, options: ReadOptions): Model {
  const isArchive = file.bytes[0] === 0x50
  const { value, called, source } = isArchive ? openArchive(file) : openLegacy(file)
  const foreign = unknownCalls(called, file.name)
  const { tensors, skipped, geometry, remarks, epsilons } = collect(value, source)
  if (tensors.length === 0) {
    const seen =
      foreign.length > 0
        ? `only ${foreign
            .map(({ name }) => name)
            .slice(0, 3)
            .join(', ')}`
        : 'none'
    fail('file', file.name, 'a checkpoint with tensors', seen, 'Save the state dict')
  }
  return stateDict({
    name: file.name,
    format: 'pytorch',
    tensors,
    skipped: [...skipped, ...foreign],
    options,
    stated: geometry,
    remarks,
    epsilons,
  })
}

interface Opened {
  value: Value
  called: ReadonlySet<string>
  source: Source
}

/** Whether a ZIP archive is PyTorch's. */
export function isCheckpoint(members: ReadonlyMap<string, Member>): boolean {
  return pickleOf(members) !== undefined
}

function pickleOf(members: ReadonlyMap<string, Member>): Member | undefined {
  for (const [name, member] of members) if (/(^|\/)data\.pkl$/.test(name)) return member
  return undefined
}

function openArchive({ name, bytes }: NamedBytes): Opened {
  const members = openZip(bytes, name)
  const pickle = pickleOf(members)!
  const prefix = pickle.name.slice(0, -'data.pkl'.length)
  const { value, called } = unpickle(pickle.read(), name)
  const order = members.get(`${prefix}byteorder`)
  const bigEndian = order !== undefined && order.size < 16 && new TextDecoder().decode(order.read()).trim() === 'big'
  // A storage many tensors share is inflated once.
  const opened = new Map<string, Uint8Array>()
  const storages: Storages = key => {
    const held = opened.get(key)
    if (held) return held
    const data = members.get(`${prefix}data/${key}`)?.read()
    if (data) opened.set(key, data)
    return data
  }
  return { value, called, source: { what: name, storages, bigEndian } }
}

// The first of a legacy checkpoint's pickles, 0x1950a86a20f9469cfc6c, as close as a double comes.
const MAGIC = 1.195470371460388e23
const PROTOCOL = 1001

/** Whether bytes begin like a pickle of protocol 2 to 5. */
export function isPickle(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5
}

/** Five pickles: magic number, protocol, the writing system, the value, the storages' keys; then the storages in that order. */
function openLegacy({ name, bytes }: NamedBytes): Opened {
  const called = new Set<string>()
  const next = (start: number): Unpickled => {
    const pickle = unpickle(bytes, name, start)
    unknownCalls(pickle.called, name)
    for (const callee of pickle.called) called.add(callee)
    return pickle
  }
  const magic = next(0)
  if (typeof magic.value !== 'number' || Math.abs(magic.value - MAGIC) > 1e9)
    fail('file', name, 'a PyTorch checkpoint', 'another pickle', 'Save it with torch.save, or as safetensors')
  const protocol = next(magic.end)
  if (protocol.value !== PROTOCOL)
    fail('file', name, `checkpoint protocol ${PROTOCOL}`, show(protocol.value), 'Save it with a newer PyTorch')
  const system = next(protocol.end)
  const content = next(system.end)
  const keys = next(content.end)
  const bigEndian = system.value instanceof Map && system.value.get('little_endian') === false
  const places = placeStorages(bytes, keys.value, keys.end, content.persistents, bigEndian, name)
  return { value: content.value, called, source: { what: name, storages: key => places.get(key), bigEndian } }
}

/** Each storage is a count of elements (8 bytes), then the elements; their width is known from the tensors that use them. */
function placeStorages(
  bytes: Uint8Array,
  keys: Value,
  start: number,
  persistents: readonly Persistent[],
  bigEndian: boolean,
  what: string,
): Map<string, Uint8Array> {
  if (!Array.isArray(keys)) fail('file', what, 'a list of storages', 'another value', 'The file is damaged')
  const dtypes = new Map<string, Dtype | undefined>()
  for (const { persistent } of persistents) {
    const { key, dtype } = storageId(persistent, what)
    dtypes.set(key, dtype)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const places = new Map<string, Uint8Array>()
  let at = start
  for (const key of keys) {
    const dtype = dtypes.get(String(key))
    if (!dtype) fail('file', what, 'storages of numbers', `one of unknown type, ${String(key)}`, 'Save it as safetensors')
    if (at + 8 > bytes.length) fail('file', what, `${keys.length} storages`, String(places.size), 'The file is cut short')
    const low = view.getUint32(bigEndian ? at + 4 : at, !bigEndian)
    const high = view.getUint32(bigEndian ? at : at + 4, !bigEndian)
    const length = (low + high * 2 ** 32) * widthOf[dtype]
    at += 8
    if (length > bytes.length - at)
      fail('file', what, `${length} bytes in a storage`, String(bytes.length - at), 'The file is damaged or cut short')
    places.set(String(key), bytes.subarray(at, at + length))
    at += length
  }
  if (at < bytes.length)
    fail(
      'file',
      what,
      'nothing behind the last storage',
      `${bytes.length - at} bytes`,
      'The file is damaged, or has something appended',
    )
  return places
}
