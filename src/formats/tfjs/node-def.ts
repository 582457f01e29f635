import { fail, show } from '../../errors.ts'
import type { Attribute } from '../model.ts'

/** A NodeDef of a TensorFlow GraphDef, as JSON spells it. */
export interface NodeDef {
  name: string
  op: string
  inputs: string[]
  /** nodes that only have to run before */
  after: string[]
  attr: Record<string, Record<string, unknown>>
}

export function nodeDef(value: unknown, what: string): NodeDef {
  const { name, op, input = [], attr = {} } = (value ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || typeof op !== 'string' || !Array.isArray(input) || typeof attr !== 'object' || attr === null)
    fail('file', what, 'a name, an operator and inputs for each node', show(value), 'The graph is damaged')
  // ^name only orders execution.
  const refs = input.filter(ref => typeof ref === 'string')
  const inputs = refs.filter(ref => ref[0] !== '^')
  const after = refs.filter(ref => ref[0] === '^').map(ref => ref.slice(1))
  return { name, op, inputs, after, attr: attr as NodeDef['attr'] }
}

/** 'node:2' is an output of 'node'; the first goes without a number. */
export function source(ref: string): string {
  return /:\d+$/.test(ref) ? ref.slice(0, ref.lastIndexOf(':')) : ref
}

/** Strings of a GraphDef are base64 in JSON. */
export function text(value: Record<string, unknown> | undefined): string | undefined {
  return typeof value?.s === 'string' ? decode(value.s) : undefined
}

function decode(encoded: string): string {
  try {
    return atob(encoded)
  } catch {
    return encoded
  }
}

export function texts(value: Record<string, unknown> | undefined): string[] {
  const { s } = (value?.list ?? {}) as { s?: unknown }
  return Array.isArray(s) ? s.map(encoded => decode(String(encoded))) : []
}

export function whole(value: Record<string, unknown> | undefined): number[] | undefined {
  const { i } = (value?.list ?? {}) as { i?: unknown }
  return Array.isArray(i) ? i.map(Number) : undefined
}

/** Plain settings of an operator nobody translates, for whoever meets it. */
export function scalars(attr: NodeDef['attr']): Record<string, Attribute> {
  const found: [string, Attribute][] = []
  for (const [name, value] of Object.entries(attr)) {
    if (typeof value?.f === 'number') found.push([name, value.f])
    else if (typeof value?.i === 'string' || typeof value?.i === 'number') found.push([name, Number(value.i)])
    else if (typeof value?.s === 'string') found.push([name, decode(value.s)])
  }
  return Object.fromEntries(found)
}

export function channelsFirst(attr: NodeDef['attr']): boolean {
  return (text(attr.data_format) ?? 'NHWC').toUpperCase().startsWith('NC')
}

/** The spatial entries of a list that also counts batch and channels. */
export function spatial(list: number[] | undefined, attr: NodeDef['attr']): number[] | undefined {
  return list && (channelsFirst(attr) ? list.slice(2) : list.slice(1, -1))
}

/** TensorFlow.js reads these words in either case. */
function paddingOf(attr: NodeDef['attr']): string | undefined {
  return text(attr.padding)?.toUpperCase()
}

/** What is said of the windows of a convolution or pooling beyond their spatial sides and is not read, as a sentence. */
export function unreadOfWindow({ attr }: NodeDef, axes: number, explicit: boolean): string | undefined {
  const padding = paddingOf(attr)
  const pads = whole(attr.explicit_paddings) ?? []
  if (padding !== 'SAME' && padding !== 'VALID' && !(explicit && padding === 'EXPLICIT' && pads.length === 2 * axes + 4))
    return `padding ${show(padding)} is not known here`
  const outer = (list: number[]): number[] => {
    const [first, last] = channelsFirst(attr) ? [1, 1] : [0, list.length - 1]
    return [list[0], list[first], list[last]]
  }
  for (const name of ['strides', 'dilations', 'ksize']) {
    const list = whole(attr[name])
    if (list && (list.length !== axes + 2 || outer(list).some(n => n !== 1))) return `${name} ${show(list)} are not read`
  }
  if (padding === 'EXPLICIT' && outer(pairs(pads)).some(n => n !== 0)) return `explicit_paddings ${show(pads)} are not read`
  return undefined
}

/** The sums of neighbours: 0 only where both are. */
function pairs(list: number[]): number[] {
  return list.filter((_, i) => i % 2 === 0).map((before, i) => Math.abs(before) + Math.abs(list[2 * i + 1]))
}

export function window(attr: NodeDef['attr']): Record<string, Attribute> {
  const padding = paddingOf(attr)
  const explicit = whole(attr.explicit_paddings)
  if (padding === 'SAME') return { auto_pad: 'SAME_UPPER' }
  if (padding !== 'EXPLICIT' || !explicit) return { auto_pad: 'VALID' }
  const before = spatial(
    explicit.filter((_, i) => i % 2 === 0),
    attr,
  )!
  const after = spatial(
    explicit.filter((_, i) => i % 2 === 1),
    attr,
  )!
  return { auto_pad: 'NOTSET', pads: [...before, ...after] }
}
