/** A module as text of which gzip leaves little: assembly/text.mjs writes it and says why it looks like this. */
export interface WasmText {
  /** Bytes of the module. */
  readonly length: number
  /** The numbers of symbols, one after another. */
  readonly program: string
  /** What each stands for: [bytes in hexadecimal, how many more are its operand, the operands one after another]. */
  readonly symbols: readonly SymbolText[]
}

type SymbolText = readonly [code: string, width?: number, operands?: string]

/** The module's bytes. An operand of width 1 is a LEB128 number: it goes on to the first byte below 128. */
export function bytesOf({ length, program, symbols }: WasmText): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const table = symbols.map(([code, width = 0, operands = '']) => ({ code: fromHex(code), width, operand: reader(operands) }))
  const next = reader(program)
  for (let at = 0; at < length; ) {
    const { code, width, operand } = table[next()]
    // No iterators: this runs once, before anything is compiled, and they would take twice as long.
    for (let i = 0; i < code.length; i++) bytes[at++] = code[i]
    for (let left = width; left > 0; left--) {
      const byte = operand()
      bytes[at++] = byte
      if (byte > 127 && width === 1) left++
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
