import { bases, type Files } from './bases.ts'
import { hostile, poisoned } from './hostile.ts'

export interface Damaged {
  /** what was done to which file */
  readonly what: string
  readonly files: Files
}

/** Seeded: the same damage on every machine. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

type Damage = (bytes: Uint8Array, random: (below: number) => number) => Uint8Array

function flipped(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = bytes.slice()
  // Half of the flips in the first part, where lengths and names are.
  const at = random(2) ? random(Math.min(bytes.length, 600)) : random(bytes.length)
  copy[at] ^= 1 << random(8)
  return copy
}

function inflated(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = bytes.slice()
  const at = random(Math.min(bytes.length - 8, 400))
  copy.set(
    [
      [0xff, 0xff, 0xff, 0xff],
      [0xff, 0xff, 0xff, 0x7f],
      [0, 0, 0, 0x40],
      [0x80, 0x96, 0x98, 0],
    ][random(4)],
    at,
  )
  return copy
}

/** A length anywhere from the end, where ZIP keeps its directory. */
function inflatedAtEnd(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = bytes.slice()
  copy.fill(0xff, Math.max(0, bytes.length - 4 - random(Math.min(bytes.length, 120))))
  return copy
}

function blanked(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(bytes.length)
  return bytes.slice().fill(random(2) ? 0 : 0xff, at, at + 1 + random(64))
}

function repeated(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(bytes.length)
  const end = Math.min(bytes.length, at + 1 + random(200))
  return joined(bytes.subarray(0, end), bytes.subarray(at))
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** A digit of the text made a larger number: shapes and lengths of JSON headers. */
function grown(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const digits: number[] = []
  for (let i = 0; i < Math.min(bytes.length, 4000); i++) if (bytes[i] >= 0x30 && bytes[i] <= 0x39) digits.push(i)
  if (digits.length === 0) return blanked(bytes, random)
  const at = digits[random(digits.length)]
  const more = new TextEncoder().encode(['9999999', '-1', '1e9', '0'][random(4)])
  return joined(bytes.subarray(0, at), more, bytes.subarray(at + 1))
}

const DAMAGES: Record<string, [Damage, number]> = {
  'a bit flipped': [flipped, 12],
  truncated: [(bytes, random) => bytes.slice(0, random(bytes.length)), 7],
  'a length inflated': [inflated, 7],
  'its end inflated': [inflatedAtEnd, 3],
  'a stretch blanked': [blanked, 5],
  'a stretch repeated': [repeated, 4],
  'a digit grown': [grown, 5],
}

/**
 * Damaged and hostile files: every format, mechanically damaged (seeded), and files made by hand to break a reader.
 *
 * A flipped bit of a weight leaves a sound file with another weight; everything else should be refused.
 */
export function* damagedFiles(): Generator<Damaged> {
  let seed = 1
  for (const [base, [file, ...others]] of Object.entries(bases()))
    for (const [what, [damage, count]] of Object.entries(DAMAGES))
      for (let i = 0; i < count; i++) {
        const bytes = damage(file.bytes, generator(seed++))
        yield { what: `${base}: ${what} (${seed})`, files: [{ name: file.name, bytes }, ...others] }
      }
  for (const [what, files] of Object.entries({ ...hostile(), ...poisoned() })) yield { what, files }
}
