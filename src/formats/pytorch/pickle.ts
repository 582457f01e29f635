import { fail } from '../../errors.ts'
import { Machine } from './machine.ts'
import { TABLE } from './opcodes.ts'
import type { Persistent, Value } from './python.ts'

export interface Unpickled {
  readonly value: Value
  /** everything the pickle asks to have called, kept or thrown away */
  readonly called: ReadonlySet<string>
  readonly persistents: readonly Persistent[]
  /** where the next pickle begins */
  readonly end: number
}

/**
 * One pickle, as data: protocols 0 to 5, restricted to what state dicts are made of.
 *
 * A pickle is a program for a stack machine that can name any Python function and have it called. Here names stay names and calls stay
 * descriptions, so there is nothing a file can run; whoever reads the result recognises the few it knows.
 *
 * Time and memory are bounded: integers longer than 16 bytes, and opcodes no state dict needs, are refused.
 *
 * https://docs.python.org/3/library/pickletools.html
 *
 * @throws OpnormError `file`
 */
export function unpickle(bytes: Uint8Array, what: string, start = 0): Unpickled {
  const machine = new Machine(bytes, start, what)
  for (let steps = 0; ; steps++) {
    if (steps > MAX_STEPS || machine.containers > MAX_CONTAINERS)
      fail(
        'file',
        what,
        `a pickle of at most ${MAX_STEPS} steps and ${MAX_CONTAINERS} objects`,
        'a longer one',
        'It is no state dict',
      )
    const opcode = machine.byte()
    if (opcode === STOP)
      return { value: machine.pop(), end: machine.at, called: machine.called, persistents: machine.persistents }
    const step = TABLE[opcode]
    if (!step)
      fail(
        'file',
        what,
        'a pickle of tensors',
        `opcode 0x${opcode.toString(16)} at byte ${machine.at - 1}`,
        'The file is damaged, or holds more than weights',
      )
    step(machine)
  }
}

const STOP = 0x2e
// Forty thousand tensors fit. A byte of pickle can cost two hundred of memory (an empty dict), so objects are counted apart.
const MAX_STEPS = 4_000_000
const MAX_CONTAINERS = 500_000
