import { fail, show } from '../errors.ts'
import type { GeometryEntry, LayerGeometry } from './model.ts'

/** The entry for a layer in a `--geometry` table: its own name first, then the first pattern with `*` that fits. */
export function entryFor(table: Readonly<Record<string, GeometryEntry>> | undefined, name: string): GeometryEntry | undefined {
  if (table === undefined) return undefined
  if (Object.hasOwn(table, name)) return table[name]
  for (const pattern of Object.keys(table)) if (pattern.includes('*') && fits(pattern, name)) return table[pattern]
  return undefined
}

/** Whether a text fits a pattern whose `*` stand for any text: greedy by pieces, so no pattern can make it slow. */
export function fits(pattern: string, text: string): boolean {
  const pieces = pattern.split('*')
  if (pieces.length === 1) return pattern === text
  const first = pieces[0]
  const last = pieces[pieces.length - 1]
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= text.length - last.length
}

const whole = (least: number) => (value: unknown) => Number.isSafeInteger(value) && (value as number) >= least
const sides = (least: number) => (value: unknown) =>
  whole(least)(value) || (Array.isArray(value) && value.length > 0 && value.every(whole(least)))
const among =
  (...words: readonly unknown[]) =>
  (value: unknown) =>
    words.includes(value)

/** What each key of an entry may hold, and how that is said. */
const KEYS: Readonly<Record<keyof GeometryEntry, readonly [fits: (value: unknown) => boolean, wanted: string]>> = {
  op: [among('conv', 'dense', 'skip'), "'conv', 'dense' or 'skip'"],
  stride: [sides(1), 'whole numbers from 1'],
  dilation: [sides(1), 'whole numbers from 1'],
  groups: [whole(1), 'a whole number from 1'],
  padding: [among('zero', 'circular'), "'zero' or 'circular'"],
  pad: [value => among('same', 'valid')(value) || sides(0)(value), "'same', 'valid' or whole numbers from 0"],
  inputSize: [sides(1), 'whole numbers from 1'],
  transposed: [among(true, false), 'true or false'],
  outputPadding: [sides(0), 'whole numbers from 0'],
  layout: [among('OIHW', 'HWIO'), "'OIHW' or 'HWIO'"],
}

/**
 * A table of geometries by layer name or pattern, as somebody wrote it.
 *
 * @throws OpnormError `option` when it is none
 */
export function geometryTable(given: unknown, what: string): Readonly<Record<string, GeometryEntry>> {
  const table = recordOf(given, what, 'an object of layer names')
  for (const [name, held] of Object.entries(table))
    for (const [key, value] of Object.entries(recordOf(held, `${what}: ${name}`, 'an object such as {"stride": 2, "pad": 1}'))) {
      const known = Object.hasOwn(KEYS, key) ? KEYS[key as keyof GeometryEntry] : undefined
      if (!known) fail('option', `${what}: ${name}`, `only ${Object.keys(KEYS).join(', ')}`, show(key), 'See docs/formats.md')
      const [fits, wanted] = known
      if (!fits(value)) fail('option', `${what}: ${name}: ${key}`, wanted, show(value), 'See docs/formats.md')
    }
  return table as Record<string, GeometryEntry>
}

function recordOf(value: unknown, what: string, wanted: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  return fail('option', what, wanted, show(value), 'See docs/formats.md')
}

/**
 * A table entry spelled out for a kernel of `dimension` spatial axes, over what was known before.
 *
 * @throws OpnormError `file` when a list has the wrong length
 */
export function spell(entry: GeometryEntry, dimension: number, name: string, before: LayerGeometry = {}): LayerGeometry {
  const axes = (key: 'stride' | 'dilation' | 'outputPadding'): number[] | undefined => {
    const value = entry[key]
    if (value === undefined) return before[key]
    const list = typeof value === 'number' ? new Array<number>(dimension).fill(value) : value
    return checkCount(list, [dimension], `geometry of ${name}: ${key}`)
  }
  const geometry: LayerGeometry = { ...before }
  for (const key of ['stride', 'dilation', 'outputPadding'] as const) {
    const value = axes(key)
    if (value !== undefined) geometry[key] = value
  }
  if (entry.pad !== undefined) geometry.pad = spellPad(entry.pad, dimension, name)
  if (entry.groups !== undefined) geometry.groups = entry.groups
  if (entry.padding !== undefined) geometry.padding = entry.padding
  if (entry.transposed !== undefined) geometry.transposed = entry.transposed
  if (entry.layout !== undefined) geometry.layout = entry.layout
  return geometry
}

export function spellPad(pad: NonNullable<GeometryEntry['pad']>, dimension: number, name: string): 'same' | 'valid' | number[] {
  if (typeof pad === 'string') return pad
  const list = typeof pad === 'number' ? new Array<number>(dimension).fill(pad) : pad
  checkCount(list, [dimension, 2 * dimension], `geometry of ${name}: pad`)
  return list.length === dimension ? [...list, ...list] : [...list]
}

function checkCount(list: readonly number[], counts: number[], what: string): number[] {
  if (!Array.isArray(list) || !counts.includes(list.length) || !list.every(Number.isInteger))
    fail('file', what, `${counts.join(' or ')} whole numbers`, show(list), 'Give one number, or one per axis')
  return list as number[]
}
