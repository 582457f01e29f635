/**
 * The bytes of a module from its text (../text.mjs): a module of its own, because what runs once and before anything is compiled takes ten
 * milliseconds as JavaScript, which is interpreted then, and less than one here.
 *
 * The text is the program, the numbers of symbols one after another, and a line for each symbol: its bytes in hexadecimal, the kind of its operand,
 * its operands one after another. Kinds, as a character k − '@': 0 none; k > 0 that many bytes; −1 a LEB128 number; −2 a local, by how many others
 * were used since; −3 − r a local with r others since.
 */

/** Symbols, and locals of a function, at most. */
const MOST: usize = 336

const code: usize = memory.data(1344, 4)
const size: usize = memory.data(1344, 4)
const kinds: usize = memory.data(1344, 4)
const operands: usize = memory.data(1344, 4)
/** The locals of a function, those used last first. */
const recent: usize = memory.data(1344, 4)

/** Does `recent` hold those of this function? */
let begun = false
/** First byte of a line, and where a number has been read to. */
let at: usize = 0

export function heapBase(): usize {
  return __heap_base
}

/**
 * @param text    the text's bytes, with room for one more; symbols are rewritten in place
 * @param length  how many
 * @param to      where the module's bytes go
 * @returns how many they are
 */
export function unpack(text: usize, length: usize, to: usize): i32 {
  const start = to
  store<u8>(text + length, 10)
  let program = text
  at = endOf(text)
  const end = at++
  for (let symbol: usize = 0; at < text + length; symbol += 4) readSymbol(symbol)
  begun = false
  while (program < end) {
    at = program
    const symbol: usize = number() << 2
    program = at
    const from: usize = load<u32>(code + symbol)
    const bytes: usize = load<u32>(size + symbol)
    // memory.copy is a call, and most are a byte or two
    for (let i: usize = 0; i < bytes; i++) store<u8>(to++, load<u8>(from + i))
    const kind = load<i32>(kinds + symbol)
    at = load<u32>(operands + symbol)
    if (kind < -1) to = local(kind < -2 ? -3 - kind : number(), to)
    else {
      // A number without an instruction belongs to the header of a function, whose locals are others.
      if (bytes == 0) begun = false
      for (let left = abs(kind); left > 0; left--) {
        const byte = number()
        store<u8>(to++, byte)
        if (kind < 0 && byte > 127) left++
      }
    }
    store<u32>(operands + symbol, at)
  }
  return <i32>(to - start)
}

function endOf(line: usize): usize {
  while (load<u8>(line) != 10) line++
  return line
}

/** A line: hexadecimal digits become bytes where they are. */
function readSymbol(symbol: usize): void {
  let to = at
  store<u32>(code + symbol, to)
  for (; isDigit(load<u8>(at)); at += 2) store<u8>(to++, (valueOf(load<u8>(at)) << 4) | valueOf(load<u8>(at, 1)))
  store<u32>(size + symbol, to - load<u32>(code + symbol))
  store<i32>(kinds + symbol, <i32>load<u8>(at) - 64)
  store<u32>(operands + symbol, at + 1)
  at = endOf(at) + 1
}

function isDigit(c: u32): bool {
  return c < 58 || c > 96
}

function valueOf(c: u32): u32 {
  return c > 96 ? c - 87 : c - 48
}

/** One character from '(' up, or two where the first, '|' to '~', says how many times 84 to add. */
function number(): i32 {
  const first = <i32>load<u8>(at++) - 40
  return first > 83 ? 84 * (first - 83) + <i32>load<u8>(at++) - 40 : first
}

/** Writes the number of the local with so many others since, which is the last one used from now on. Before its first use, every local counts in the order of their numbers. */
function local(since: usize, to: usize): usize {
  if (!begun) for (let i: usize = 0; i < MOST; i++) store<u32>(recent + 4 * i, i)
  begun = true
  const own = load<u32>(recent + 4 * since)
  for (let i = since; i > 0; i--) store<u32>(recent + 4 * i, load<u32>(recent + 4 * i - 4))
  store<u32>(recent, own)
  store<u8>(to++, own > 127 ? own | 128 : own)
  if (own > 127) store<u8>(to++, own >> 7)
  return to
}
