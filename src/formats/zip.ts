import { Inflate } from 'fflate'
import { fail, show } from '../errors.ts'
import { crc32 } from './crc32.ts'

/** One file inside an archive; `read` gives its bytes (a view when it is stored, inflated anew when it is deflated). */
export interface Member {
  readonly name: string
  readonly size: number
  read(): Uint8Array
}

interface Entry {
  name: string
  method: number
  flags: number
  crc: number
  packed: number
  size: number
  /** of the local header */
  at: number
}

/** How much an archive may still inflate to: shared by its members, so that many small bombs are one big one. */
interface Allowance {
  left: number
}

// Weights hardly compress; a file that grows more than this is built to exhaust memory, or so full of zeros that it has no need of us.
const INFLATED_FLOOR = 16 * 2 ** 20
const INFLATED_RATIO = 50
// Deflate cannot do better: 258 bytes for two bits.
const DEFLATE_CEILING = 1032

const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50

export function isZip(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5) && bytes[3] === bytes[2] + 1
  )
}

/**
 * The members of a ZIP archive by its central directory: stored and deflated, ZIP64 sizes. Encryption and other methods are refused when read.
 *
 * Sizes are checked against the file before anything is inflated, and inflating stops at the declared size.
 *
 * PKWARE APPNOTE 6.3.
 *
 * @throws OpnormError `file`
 */
export function openZip(bytes: Uint8Array, what: string): Map<string, Member> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const allowance = { left: Math.max(INFLATED_FLOOR, INFLATED_RATIO * bytes.length) }
  const members = new Map<string, Member>()
  let packed = 0
  for (const entry of directory(view, bytes, what)) {
    const { name, size } = entry
    packed += entry.packed
    if (packed > bytes.length)
      fail(
        'file',
        what,
        `members of ${bytes.length} bytes together`,
        'more: they share bytes',
        'The archive is damaged or hostile',
      )
    if (members.has(name)) fail('file', what, 'each member once', `${show(name)} twice`, 'The archive is damaged')
    members.set(name, { name, size, read: () => readMember(view, bytes, entry, allowance, `${what}: ${name}`) })
  }
  return members
}

function directory(view: DataView, bytes: Uint8Array, what: string): Entry[] {
  const end = findEnd(view)
  if (end < 0) fail('file', what, 'a ZIP directory at the end', 'none', 'The file is damaged or cut short')
  let count = view.getUint16(end + 10, true)
  let size = view.getUint32(end + 12, true)
  let at = view.getUint32(end + 16, true)
  let closed = end
  const located = end - 20
  // PyTorch writes the ZIP64 records whether they are needed or not.
  if (located >= 0 && view.getUint32(located, true) === LOCATOR_64) {
    const end64 = whole(view, located + 8)
    if (end64 + 56 > bytes.length || view.getUint32(end64, true) !== END_64)
      fail('file', what, 'a ZIP64 directory', 'none where it should be', 'The file is damaged')
    count = whole(view, end64 + 32)
    size = whole(view, end64 + 40)
    at = whole(view, end64 + 48)
    closed = end64
  }
  // What stands before or behind an archive is another file's: members would be read from the wrong one.
  if (at + size !== closed || end + 22 + view.getUint16(end + 20, true) !== bytes.length)
    fail('file', what, 'one ZIP archive', 'bytes before or behind it', 'The file is damaged, or joined from several')
  const entries: Entry[] = []
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL)
      fail('file', what, `${count} entries in the ZIP directory`, String(i), 'The file is damaged or cut short')
    const named = view.getUint16(at + 28, true)
    const extra = view.getUint16(at + 30, true)
    const next = at + 46 + named + extra + view.getUint16(at + 32, true)
    if (next > bytes.length) fail('file', what, 'a ZIP directory within the file', 'a longer one', 'The file is damaged')
    entries.push(readEntry(view, bytes, at, named, extra))
    at = next
  }
  return entries
}

/** The end record is the last 22 bytes, or earlier by the length of a comment. */
function findEnd(view: DataView): number {
  const last = view.byteLength - 22
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) if (view.getUint32(at, true) === END) return at
  return -1
}

function readEntry(view: DataView, bytes: Uint8Array, at: number, named: number, extra: number): Entry {
  const entry = {
    name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + named)),
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    at: view.getUint32(at + 42, true),
  }
  // A ZIP64 field replaces, in this order, those of the three that do not fit 32 bits.
  const end = at + 46 + named + extra
  for (let field = at + 46 + named; field + 4 <= end; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue
    let value = field + 4
    for (const key of ['size', 'packed', 'at'] as const) {
      if (entry[key] !== 0xffffffff || value + 8 > end) continue
      entry[key] = whole(view, value)
      value += 8
    }
  }
  return entry
}

function whole(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
}

function readMember(view: DataView, bytes: Uint8Array, entry: Entry, allowance: Allowance, what: string): Uint8Array {
  const { at, packed, size, method, flags } = entry
  if (at + 30 > bytes.length || view.getUint32(at, true) !== LOCAL)
    fail('file', what, 'a member of the archive', 'other bytes where it should begin', 'The file is damaged')
  const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true)
  if (start + packed > bytes.length)
    fail('file', what, `${packed} bytes`, String(Math.max(0, bytes.length - start)), 'The file is damaged or cut short')
  if (flags & 1) fail('file', what, 'a readable member', 'an encrypted one', 'Decrypt it first')
  const data = bytes.subarray(start, start + packed)
  if (method === 0) {
    if (size !== packed) fail('file', what, `${size} stored bytes`, String(packed), 'The file is damaged')
    checkSum(data, entry.crc, what)
    return data
  }
  if (method !== 8) fail('file', what, 'a stored or deflated member', `compression method ${method}`, 'Save it uncompressed')
  if (size > allowance.left || size > DEFLATE_CEILING * packed + 64)
    fail('file', what, `at most ${Math.min(allowance.left, DEFLATE_CEILING * packed)} inflated bytes`, String(size), BOMB)
  allowance.left -= size
  return inflate(data, size, entry.crc, what)
}

const BOMB = 'It looks like a decompression bomb; if it is not, save it uncompressed'
// What one push may inflate to is at most 1032 times this: damage is noticed before it costs memory.
const PUSH = 2 ** 14

function inflate(data: Uint8Array, size: number, crc: number, what: string): Uint8Array {
  const out = new Uint8Array(size)
  let filled = 0
  const stream = new Inflate(chunk => {
    if (filled + chunk.length > size) fail('file', what, `${size} inflated bytes`, 'more', BOMB)
    out.set(chunk, filled)
    filled += chunk.length
  })
  for (let at = 0; at < data.length; at += PUSH) stream.push(data.subarray(at, at + PUSH), at + PUSH >= data.length)
  if (filled !== size) fail('file', what, `${size} inflated bytes`, String(filled), 'The file is damaged')
  checkSum(out, crc, what)
  return out
}

/** Writers in a hurry leave the checksum out, as 0: PyTorch does when it is told to (`set_crc32_options`). */
function checkSum(data: Uint8Array, crc: number, what: string): void {
  if (crc !== 0 && crc32(data) !== crc)
    fail('file', what, 'the bytes its checksum speaks of', 'others', 'The file is damaged: copy or download it again')
}
