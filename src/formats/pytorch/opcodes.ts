import { show } from '../../errors.ts'
import { MARK, type Machine } from './machine.ts'
import { type Call, describe, type Global, isCall, isTuple, type Key, type Persistent, type Value } from './python.ts'

type Step = (machine: Machine) => void

/** Little-endian two's complement of at most 16 bytes (PyTorch's magic number has 10); rounded beyond 2⁵³. */
function integer(bytes: Uint8Array, machine: Machine): number {
  if (bytes.length > 16) machine.broken('whole numbers of at most 16 bytes', `one of ${bytes.length}`)
  let value = 0
  let modulus = 1
  for (let i = bytes.length - 1; i >= 0; i--) {
    value = value * 256 + bytes[i]
    modulus *= 256
  }
  return bytes.length > 0 && bytes[bytes.length - 1] & 0x80 ? value - modulus : value
}

function key(value: Value, machine: Machine): Key {
  if (value === null || typeof value !== 'object') return value
  // Optimizers key their state by tuples or objects; such items are nobody's weights.
  return `<${'tuple' in value ? 'tuple' : 'object'} ${machine.at}>`
}

function setItems(target: Value, items: readonly Value[], machine: Machine): void {
  const into = target instanceof Map ? target : isCall(target) ? target.items : undefined
  if (!into || items.length % 2 !== 0) machine.broken('a dict and pairs for it', describe(target))
  for (let i = 0; i < items.length; i += 2) into.set(key(items[i], machine), items[i + 1])
}

function append(target: Value, values: readonly Value[], machine: Machine): void {
  const into = Array.isArray(target) ? target : isCall(target) ? target.elements : undefined
  if (!into) machine.broken('a list', describe(target))
  for (const value of values) into.push(value)
}

function call(callee: Value, args: Value, machine: Machine): Call {
  const name = typeof callee === 'object' && callee !== null && 'global' in callee ? callee.global : undefined
  if (name === undefined || !isTuple(args)) machine.broken('a class and its arguments', describe(callee))
  machine.called.add(name)
  machine.containers++
  return { callee: name, args: args.tuple, items: new Map(), elements: [] }
}

/** Python's OrderedDict is a dict to us; everything else stays a description of the call. */
function reduce(machine: Machine): void {
  const args = machine.pop()
  const callee = machine.pop()
  const described = call(callee, args, machine)
  machine.push(described.callee === 'collections.OrderedDict' && described.args.length === 0 ? new Map() : described)
}

function tuple(count: number): Step {
  return machine => {
    const values: Value[] = []
    for (let i = 0; i < count; i++) values.unshift(machine.pop())
    machine.push({ tuple: values })
  }
}

function push(make: (machine: Machine) => Value): Step {
  return machine => machine.push(make(machine))
}

function decimal(machine: Machine): Value {
  const line = machine.line()
  if (line === '01') return true
  if (line === '00') return false
  const value = Number(line.replace(/L$/, ''))
  return Number.isNaN(value) || line.length > 40 ? machine.broken('a number', show(line)) : value
}

function quoted(machine: Machine): Value {
  const line = machine.line()
  return /^(['"]).*\1$/s.test(line) ? line.slice(1, -1) : machine.broken('a quoted string', show(line))
}

function build(machine: Machine): void {
  const state = machine.pop()
  const target = machine.peek()
  // A dict's or a tensor's own attributes (a state dict's _metadata, hooks) carry no weights.
  if (isCall(target)) target.state = state
}

function global(module: Value, name: Value, machine: Machine): Value {
  if (typeof module !== 'string' || typeof name !== 'string') machine.broken('the name of a class', describe(module))
  return { global: `${module}.${name}` }
}

/** A storage; or, in a module saved whole before 1.6, ('module', class, file, source): the class, its source left unread. */
function persistent(id: Value, machine: Machine): Persistent | Global {
  const [word, held] = isTuple(id) ? id.tuple : []
  if (word === 'module' && typeof held === 'object' && held !== null && 'global' in held) return held
  const found = { persistent: id }
  machine.persistents.push(found)
  return found
}

/** By opcode, as pickletools spells it. */
const STEPS: Readonly<Record<string, Step>> = {
  '\x80': machine => {
    const version = machine.byte()
    if (version > 5) machine.broken('pickle protocol 0 to 5', String(version))
  },
  '\x95': machine => void machine.take(8), // FRAME
  '(': machine => machine.push(MARK),
  '0': machine => void machine.stack.pop(), // POP
  '1': machine => void machine.popMark(),
  '2': push(machine => machine.peek()), // DUP
  p: machine => void machine.memo.set(Number(machine.line()), machine.peek()), // PUT
  q: machine => void machine.memo.set(machine.byte(), machine.peek()),
  r: machine => void machine.memo.set(machine.view.getUint32(machine.take(4), true), machine.peek()),
  '\x94': machine => void machine.memo.set(machine.memo.size, machine.peek()), // MEMOIZE
  g: machine => machine.recall(Number(machine.line())), // GET
  h: machine => machine.recall(machine.byte()),
  j: machine => machine.recall(machine.view.getUint32(machine.take(4), true)),
  N: push(() => null),
  '\x88': push(() => true),
  '\x89': push(() => false),
  I: push(decimal), // INT
  L: push(decimal), // LONG
  F: push(decimal), // FLOAT
  J: push(machine => machine.view.getInt32(machine.take(4), true)),
  K: push(machine => machine.byte()),
  M: push(machine => machine.view.getUint16(machine.take(2), true)),
  G: push(machine => machine.view.getFloat64(machine.take(8), false)),
  '\x8a': push(machine => integer(machine.slice(machine.byte()), machine)), // LONG1
  '\x8b': push(machine => integer(machine.slice(machine.view.getUint32(machine.take(4), true)), machine)), // LONG4
  S: push(quoted), // STRING
  V: push(machine => machine.line()), // UNICODE
  T: push(machine => machine.text(machine.view.getUint32(machine.take(4), true))), // BINSTRING
  U: push(machine => machine.text(machine.byte())),
  X: push(machine => machine.text(machine.view.getUint32(machine.take(4), true))), // BINUNICODE
  '\x8c': push(machine => machine.text(machine.byte())),
  '\x8d': push(machine => machine.text(machine.long())),
  B: push(machine => machine.slice(machine.view.getUint32(machine.take(4), true))), // BINBYTES
  C: push(machine => machine.slice(machine.byte())),
  '\x8e': push(machine => machine.slice(machine.long())),
  '\x96': push(machine => machine.slice(machine.long())), // BYTEARRAY8
  ')': push(() => ({ tuple: [] })),
  '\x85': tuple(1),
  '\x86': tuple(2),
  '\x87': tuple(3),
  t: push(machine => ({ tuple: machine.popMark() })),
  ']': push(() => []),
  l: push(machine => machine.popMark()), // LIST
  a: machine => {
    const value = machine.pop()
    append(machine.peek(), [value], machine)
  },
  e: machine => {
    const values = machine.popMark()
    append(machine.peek(), values, machine)
  },
  '}': push(() => new Map()),
  d: push(machine => {
    const items = machine.popMark()
    const dict = new Map<Key, Value>()
    setItems(dict, items, machine)
    return dict
  }),
  s: machine => {
    const value = machine.pop()
    const name = machine.pop()
    setItems(machine.peek(), [name, value], machine)
  },
  u: machine => {
    const items = machine.popMark()
    setItems(machine.peek(), items, machine)
  },
  '\x8f': push(() => []), // EMPTY_SET: a list to us
  '\x90': machine => {
    const values = machine.popMark()
    append(machine.peek(), values, machine)
  },
  '\x91': push(machine => machine.popMark()), // FROZENSET
  c: push(machine => global(machine.line(), machine.line(), machine)),
  '\x93': push(machine => {
    const name = machine.pop()
    return global(machine.pop(), name, machine)
  }),
  i: push(machine => {
    const name = global(machine.line(), machine.line(), machine)
    return call(name, { tuple: machine.popMark() }, machine)
  }),
  o: push(machine => {
    const [callee = null, ...args] = machine.popMark()
    return call(callee, { tuple: args }, machine)
  }),
  R: reduce,
  '\x81': reduce, // NEWOBJ
  '\x92': machine => {
    machine.pop()
    reduce(machine)
  },
  b: build,
  P: push(machine => persistent(machine.line(), machine)),
  Q: push(machine => persistent(machine.pop(), machine)),
}

export const TABLE: readonly (Step | undefined)[] = Array.from({ length: 256 }, (_, opcode) => STEPS[String.fromCharCode(opcode)])
