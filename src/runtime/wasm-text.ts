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

/** The module's bytes. */
export function bytesOf({ length, program, symbols }: WasmText): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const table = symbols.map(([code, kind = 0, operands = '']) => ({ code: fromHex(code), kind, operand: reader(operands) }))
  const next = reader(program)
  const initial = Uint16Array.from({ length: 336 }, (_, i) => i)
  let recent = initial
  for (let at = 0; at < length; ) {
    const { code, kind, operand } = table[next()]
    // No iterators: this runs once, before anything is compiled, and they would take twice as long.
    for (let i = 0; i < code.length; i++) bytes[at++] = code[i]
    if (kind < -1) {
      if (recent === initial) recent = initial.slice()
      const since = kind < -2 ? -3 - kind : operand()
      const local = recent[since]
      if (since > 0) recent.copyWithin(1, 0, since)[0] = local
      if (local > 127) bytes[at++] = local | 128
      bytes[at++] = local > 127 ? local >> 7 : local
    } else if (kind !== 0) {
      // A number without an instruction belongs to the header of a function, whose locals are others.
      if (code.length === 0) recent = initial
      for (let left = Math.abs(kind); left > 0; left--) {
        const byte = operand()
        bytes[at++] = byte
        if (byte > 127 && kind < 0) left++
      }
    }
  }
  return bytes
}

/** The numbers of a text: one character each from '(' up, or two where the first, '|' to '~', says how many times 84 to add. */
function reader(text: string): () => number {
  const characters = new TextEncoder().encode(text)
  let at = 0
  return () => {
    const number = characters[at++] - 40
    return number < 84 ? number : 84 * (number - 83) + characters[at++] - 40
  }
}

function fromHex(code: string): number[] {
  return code.match(/../g)?.map(digits => parseInt(digits, 16)) ?? []
}
