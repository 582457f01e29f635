import { show } from '../../errors.ts'

/** A class or function a pickle names. Never looked up, never called: just its name. */
export interface Global {
  readonly global: string
}

/** What a pickle asks to have called or built: kept as a description. */
export interface Call {
  readonly callee: string
  readonly args: readonly Value[]
  /** dict items and list elements added to the object, and state given to it, where it looks like a container */
  readonly items: Map<Key, Value>
  readonly elements: Value[]
  state?: Value
}

/** A reference to something outside the pickle: a storage. */
export interface Persistent {
  readonly persistent: Value
}

export interface Tuple {
  readonly tuple: readonly Value[]
}

export type Key = string | number | boolean | null
export type Value = Key | Uint8Array | Value[] | Map<Key, Value> | Tuple | Global | Call | Persistent

export function isCall(value: unknown): value is Call {
  return typeof value === 'object' && value !== null && 'callee' in value
}

export function isTuple(value: unknown): value is Tuple {
  return typeof value === 'object' && value !== null && 'tuple' in value
}

export function describe(value: Value): string {
  return value instanceof Map ? 'a dict' : isCall(value) ? value.callee : show(value)
}
