/**
 * A WebAssembly module as text for gzip, which makes 18 kB of 59 where it makes 22 of the module itself.
 *
 * The module becomes a row of symbols. A symbol is an instruction without its operand, or an operand alone (headers, and the sections
 * around the code); the operands of each symbol stand one after another in a string of their own. So instructions follow instructions and
 * locals follow locals, which is where the repetitions are. A local is told by how many others were used since it was: most are a few back,
 * and the latest ones become symbols of their own together with the instruction. assembly/unpack reads it back and says how it is written.
 */

/** An instruction that occurs so often with one operand becomes a symbol together with it. */
const OFTEN = 16

/** local.get, local.set and local.tee, and for how many of the latest locals each is a symbol of its own. */
const LOCALS = new Map([
  [0x20, 2],
  [0x21, 1],
  [0x22, 1],
])

/** { length, text }: how many bytes the module has, and what assembly/unpack makes them from. */
export function textOf(bytes) {
  const pieces = byRecency(merged([...piecesOf(bytes)]))
  const uses = counts(pieces.map(nameOf))
  const names = [...uses.keys()].sort((a, b) => uses.get(b) - uses.get(a))
  const numbers = new Map(names.map((name, number) => [name, number]))
  const operands = names.map(() => '')
  let program = ''
  for (const piece of pieces) {
    const number = numbers.get(nameOf(piece))
    program += digits(number)
    for (const byte of piece.operand) operands[number] += digits(byte)
  }
  const symbols = names.map((name, number) => {
    const [code, kind] = name.split(' ')
    return code + String.fromCharCode(64 + Number(kind)) + operands[number]
  })
  return { length: bytes.length, text: [program, ...symbols].join('\n') }
}

/** A number from 0 to 335 as one character, '(' to '{', or two: '|' to '~' say how many times 84 to add. Nothing here needs quoting but '\\' and the ends of lines. */
function digits(number) {
  if (number > 335) throw new Error(`${number}: assembly/text.mjs writes numbers up to 335`)
  const [more, rest] = [Math.floor(number / 84), number % 84]
  return (more ? String.fromCharCode(40 + 83 + more) : '') + String.fromCharCode(40 + rest)
}

/** Locals as how many others of their function were used since; before its first use, every local counts in the order of their numbers. */
function byRecency(pieces) {
  const recent = []
  return pieces.map(piece => {
    if (piece.code.length === 0) recent.splice(0, Infinity, ...Array(336).keys())
    const own = LOCALS.get(piece.code[0])
    if (own === undefined) return piece
    const since = recent.indexOf(number({ bytes: piece.operand, at: 0 }))
    if (since < 0) throw new Error('assembly/text.mjs knows 336 locals in a function')
    recent.unshift(...recent.splice(since, 1))
    return since < own ? { code: piece.code, operand: [], kind: -3 - since } : { code: piece.code, operand: [since], kind: -2 }
  })
}

const nameOf = ({ code, kind }) => `${code.toString('hex')} ${kind}`

/** Operands other than a local's number join their instruction where both often come together. */
function merged(pieces) {
  const whole = ({ code, operand }) => Buffer.concat([code, operand])
  const uses = counts(pieces.map(piece => whole(piece).toString('hex')))
  return pieces.map(piece =>
    piece.apart || uses.get(whole(piece).toString('hex')) < OFTEN ? piece : { code: whole(piece), operand: Buffer.alloc(0), kind: 0 },
  )
}

function counts(names) {
  const uses = new Map()
  for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1)
  return uses
}

/** Pieces of a module in order: `code`, then an `operand` of some `kind` (0 none, n bytes, −1 a LEB128 number); `apart` ones never join. */
function* piecesOf(bytes) {
  const CODE_SECTION = 10
  const cursor = { bytes, at: 0 }
  yield* numbersTo(8, cursor)
  while (cursor.at < bytes.length) {
    const start = cursor.at++
    const code = bytes[start] === CODE_SECTION
    const end = number(cursor) + cursor.at
    const functions = code ? number(cursor) : 0
    const body = code ? cursor.at : end
    cursor.at = start
    yield* numbersTo(body, cursor)
    for (let f = 0; f < functions; f++) yield* functionAt(cursor)
  }
}

/** A function: its length and its locals as numbers, then instructions. */
function* functionAt(cursor) {
  const start = cursor.at
  const end = number(cursor) + cursor.at
  for (let values = 2 * number(cursor); values > 0; values--) number(cursor) // locals: how many, and their type, in groups
  const body = cursor.at
  cursor.at = start
  yield* numbersTo(body, cursor)
  while (cursor.at < end) yield instruction(cursor)
}

function* numbersTo(end, cursor) {
  for (let start = cursor.at; cursor.at < end; start = cursor.at) {
    number(cursor)
    yield { code: Buffer.alloc(0), operand: cursor.bytes.subarray(start, cursor.at), kind: -1, apart: true }
  }
}

function instruction(cursor) {
  const start = cursor.at
  const opcode = cursor.bytes[cursor.at++]
  const [lebs, width] = operandsOf(opcode, opcode === 0xfc || opcode === 0xfd ? number(cursor) : 0)
  for (let i = 1; i < lebs; i++) number(cursor)
  const middle = cursor.at
  if (lebs > 0) number(cursor)
  else cursor.at += width
  const [code, operand] = [cursor.bytes.subarray(start, middle), cursor.bytes.subarray(middle, cursor.at)]
  return { code, operand, kind: lebs > 0 ? -1 : width, apart: LOCALS.has(opcode) }
}

/** A LEB128 number. */
function number(cursor) {
  const start = cursor.at
  while (cursor.bytes[cursor.at++] > 127);
  return cursor.bytes.subarray(start, cursor.at).reduceRight((sum, byte) => sum * 128 + (byte & 127), 0)
}

/** What follows an opcode, or a second one after 0xfc and 0xfd: LEB128 numbers, the last of them the operand, or the bytes of a constant. */
function operandsOf(opcode, second) {
  const among =
    (...ranges) =>
    value =>
      ranges.some(([first, last]) => value >= first && value <= last)
  if (opcode === 0xfd) {
    if (among([12, 13])(second)) return [0, 16]
    if (among([0, 11], [92, 93])(second)) return [2, 0]
    if (among([84, 91])(second)) return [3, 0]
    return [among([21, 34])(second) ? 1 : 0, 0]
  }
  if (opcode === 0xfc) return [second < 8 ? 0 : second === 11 ? 1 : 2, 0]
  if (opcode === 0x43) return [0, 4]
  if (opcode === 0x44) return [0, 8]
  if (among([0x28, 0x3e])(opcode)) return [2, 0]
  if (among([0x02, 0x04], [0x0c, 0x0d], [0x10, 0x10], [0x20, 0x24], [0x3f, 0x42])(opcode)) return [1, 0]
  if (among([0x00, 0x01], [0x05, 0x05], [0x0b, 0x0b], [0x0f, 0x0f], [0x1a, 0x1b], [0x45, 0xc4])(opcode)) return [0, 0]
  throw new Error(`opcode 0x${opcode.toString(16)}: assembly/text.mjs does not know what follows it`)
}
