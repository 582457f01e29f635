import { PbfReader } from 'pbf'
import { fail } from '../../errors.ts'

/*
 * Protocol buffers from strangers. pbf trusts lengths; here each message is read from a view of exactly its own bytes, each length is
 * checked against what is left, and a message must end where it said it would.
 */

const VARINT = 0
const DELIMITED = 2
const FIXED32 = 5
const FIXED64 = 1

export type Reader = PbfReader

/** Calls `visit` for each field of a message; what it leaves unread is skipped. */
export function message(bytes: Uint8Array, what: string, visit: (field: number, reader: Reader) => void): void {
  const reader = new PbfReader(bytes)
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) visit(field, reader)
  if (reader.pos !== bytes.length)
    fail('file', what, `a message of ${bytes.length} bytes`, 'fields that do not fit it', 'The file is damaged or cut short')
}

/** The bytes of a nested message, string or packed list: a view. */
export function delimited(reader: Reader, what: string): Uint8Array {
  expect(reader, DELIMITED, what)
  const length = reader.readVarint()
  const start = reader.pos
  if (length > reader.length - start)
    fail('file', what, `${length} bytes`, String(reader.length - start), 'The file is damaged or cut short')
  reader.pos = start + length
  return reader.buf.subarray(start, start + length)
}

export function text(reader: Reader, what: string): string {
  return new TextDecoder().decode(delimited(reader, what))
}

/** int64, int32 or an enum. Beyond 2⁵³ it is rounded; no honest size is that large. */
export function integer(reader: Reader, what: string): number {
  expect(reader, VARINT, what)
  return reader.readVarint(true)
}

export function float(reader: Reader, what: string): number {
  expect(reader, FIXED32, what)
  return reader.readFloat()
}

/** A repeated int64 or int32, packed or not, appended to `list`. */
export function integers(reader: Reader, list: number[], what: string): void {
  if (reader.type === VARINT) list.push(reader.readVarint(true))
  else {
    const packed = new PbfReader(delimited(reader, what))
    while (packed.pos < packed.length) list.push(packed.readVarint(true))
  }
}

/** A repeated float or double, packed or not, appended to `list`. */
export function floats(reader: Reader, list: number[], width: 4 | 8, what: string): void {
  if (reader.type === (width === 4 ? FIXED32 : FIXED64)) list.push(width === 4 ? reader.readFloat() : reader.readDouble())
  else {
    const bytes = delimited(reader, what)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    if (bytes.length % width !== 0)
      fail('file', what, `a multiple of ${width} bytes`, String(bytes.length), 'The file is damaged')
    for (let at = 0; at < bytes.length; at += width)
      list.push(width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true))
  }
}

export function isPacked(reader: Reader): boolean {
  return reader.type === DELIMITED
}

function expect(reader: Reader, type: number, what: string): void {
  if (reader.type !== type) fail('file', what, `wire type ${type}`, String(reader.type), 'The file is damaged')
}
