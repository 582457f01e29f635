import { fail } from '../../errors.ts'
import type { Persistent, Value } from './python.ts'

export const MARK = Symbol('mark')
type Slot = Value | typeof MARK

export class Machine {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly what: string
  readonly stack: Slot[] = []
  readonly memo = new Map<number, Value>()
  readonly called = new Set<string>()
  readonly persistents: Persistent[] = []
  containers = 0
  at: number

  constructor(bytes: Uint8Array, at: number, what: string) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.at = at
    this.what = what
  }

  /** Moves on by `length` bytes and says where they began. */
  take(length: number): number {
    const start = this.at
    if (length > this.bytes.length - start)
      fail(
        'file',
        this.what,
        `${length} more bytes of a pickle`,
        String(this.bytes.length - start),
        'The file is damaged or cut short',
      )
    this.at = start + length
    return start
  }

  byte(): number {
    return this.bytes[this.take(1)]
  }

  slice(length: number): Uint8Array {
    const start = this.take(length)
    return this.bytes.subarray(start, start + length)
  }

  text(length: number): string {
    return new TextDecoder().decode(this.slice(length))
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0)
      fail('file', this.what, 'the end of a line in a pickle', 'the end of the file', 'The file is damaged or cut short')
    const line = this.text(end - this.at)
    this.at = end + 1
    return line
  }

  /** A length of 8 bytes, too long ones included: `take` refuses them. */
  long(): number {
    const start = this.take(8)
    return this.view.getUint32(start, true) + this.view.getUint32(start + 4, true) * 2 ** 32
  }

  push(value: Slot): void {
    if (typeof value === 'object' && value !== null) this.containers++
    this.stack.push(value)
  }

  pop(): Value {
    const value = this.stack.pop()
    if (value === undefined || value === MARK) this.broken('a value on the stack', 'none')
    return value
  }

  peek(): Value {
    const value = this.stack[this.stack.length - 1]
    if (value === undefined || value === MARK) this.broken('a value on the stack', 'none')
    return value
  }

  /** Everything above the last mark, and the mark gone. */
  popMark(): Value[] {
    const mark = this.stack.lastIndexOf(MARK)
    if (mark < 0) this.broken('a mark on the stack', 'none')
    const values = this.stack.splice(mark) as Value[]
    values.shift()
    return values
  }

  recall(index: number): void {
    const value = this.memo.get(index)
    if (value === undefined) this.broken('a remembered value', `nothing under ${index}`)
    this.push(value)
  }

  broken(wanted: string, given: string): never {
    fail('file', this.what, wanted, given, 'The pickle is damaged')
  }
}
