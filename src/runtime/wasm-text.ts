/** A module as text of which gzip leaves little: assembly/text.mjs writes it and says why it looks like this. */
export interface WasmText {
  /** Bytes of the module. */
  readonly length: number
  /** The numbers of symbols, one after another. */
  readonly program: string
  /**
   * What each stands for: its bytes in hexadecimal, the kind of its operand, and the operands one after another.
   *
   * Kinds: 0 none; n > 0 that many bytes; −1 a LEB128 number; −2 a local, by how many others were used since; −3 − r a local with r others since.
   */
  readonly symbols: readonly SymbolText[]
}

type SymbolText = readonly [code: string, kind?: number, operands?: string]

/**
 * The module's bytes. Written for an interpreter, since it runs once and before anything is compiled: no iterators, and no function for numbers,
 * whose calls would take a fifth more.
 */
export function bytesOf({ length, program, symbols }: WasmText): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const encoder = new TextEncoder()
  const codes = symbols.map(([code]) => fromHex(code))
  const kinds = symbols.map(([, kind = 0]) => kind)
  const operands = symbols.map(([, , text = '']) => encoder.encode(text))
  const read = new Int32Array(symbols.length)
  const numbers = encoder.encode(program)
  const initial = Uint16Array.from({ length: 336 }, (_, i) => i)
  let recent = initial
  for (let at = 0, from = 0; at < length; ) {
    // One character each from '(' up, or two where the first, '|' to '~', says how many times 84 to add.
    let symbol = numbers[from++] - 40
    if (symbol > 83) symbol = 84 * (symbol - 83) + numbers[from++] - 40
    const code = codes[symbol]
    for (let i = 0; i < code.length; i++) bytes[at++] = code[i]
    const kind = kinds[symbol]
    if (kind === 0) continue
    if (kind < -1) {
      let since = -3 - kind
      if (since < 0) {
        const own = operands[symbol]
        since = own[read[symbol]++] - 40
        if (since > 83) since = 84 * (since - 83) + own[read[symbol]++] - 40
      }
      if (recent === initial) recent = initial.slice()
      const local = recent[since]
      if (since > 0) recent.copyWithin(1, 0, since)[0] = local
      if (local > 127) bytes[at++] = local | 128
      bytes[at++] = local > 127 ? local >> 7 : local
      continue
    }
    // A number without an instruction belongs to the header of a function, whose locals are others.
    if (code.length === 0) recent = initial
    const own = operands[symbol]
    for (let left = kind < 0 ? 1 : kind; left > 0; left--) {
      let byte = own[read[symbol]++] - 40
      if (byte > 83) byte = 84 * (byte - 83) + own[read[symbol]++] - 40
      bytes[at++] = byte
      if (byte > 127 && kind < 0) left++
    }
  }
  return bytes
}

function fromHex(code: string): number[] {
  return code.match(/../g)?.map(digits => parseInt(digits, 16)) ?? []
}
