import { fail, show } from '../errors.ts'
import type { GeometryEntry, LayerGeometry } from './model.ts'

/** The entry for a layer in a `--geometry` table: its own name first, then the first pattern with `*` that fits. */
export function entryFor(table: Readonly<Record<string, GeometryEntry>> | undefined, name: string): GeometryEntry | undefined {
  if (table === undefined) return undefined
  if (Object.hasOwn(table, name)) return checkEntry(table[name], name)
  for (const pattern of Object.keys(table))
    if (pattern.includes('*') && fits(pattern, name)) return checkEntry(table[pattern], pattern)
  return undefined
}

/** Whether a text fits a pattern whose `*` stand for any text: greedy by pieces, so no pattern can make it slow. */
export function fits(pattern: string, text: string): boolean {
  const pieces = pattern.split('*')
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

const KEYS = ['op', 'stride', 'dilation', 'groups', 'padding', 'pad', 'inputSize', 'transposed', 'outputPadding', 'layout']

function checkEntry(entry: GeometryEntry, name: string): GeometryEntry {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    fail('file', `geometry of ${name}`, 'an object such as {"stride": 2, "pad": 1}', show(entry), 'See docs/formats')
  for (const key of Object.keys(entry))
    if (!KEYS.includes(key)) fail('file', `geometry of ${name}`, KEYS.join(', '), show(key), 'See docs/formats')
  return entry
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
