/** A module as text of which gzip leaves little: assembly/text.mjs writes it and says why it looks like this. */
export interface WasmText {
  /** Bytes of the module. */
  readonly length: number
  readonly text: string
  /** The bytes of assembly/unpack, which reads the text, in hexadecimal. */
  readonly unpack: string
}

interface Unpacker {
  readonly memory: WebAssembly.Memory
  heapBase(): number
  unpack(text: number, length: number, to: number): number
}

const PAGE = 65536

/** The module's bytes. */
export function bytesOf({ length, text, unpack }: WasmText): Uint8Array<ArrayBuffer> {
  const own = new WebAssembly.Instance(new WebAssembly.Module(fromHex(unpack))).exports as unknown as Unpacker
  const from = own.heapBase()
  const to = from + text.length + 1
  own.memory.grow(Math.max(0, Math.ceil((to + length) / PAGE - own.memory.buffer.byteLength / PAGE)))
  new TextEncoder().encodeInto(text, new Uint8Array(own.memory.buffer, from))
  return new Uint8Array(own.memory.buffer, to, own.unpack(from, text.length, to))
}

function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}
