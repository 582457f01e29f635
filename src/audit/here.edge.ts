import type { Workers } from './here.ts'

/** Edge runtimes have one thread, whatever their globals promise. */
export function workersHere(): Workers | undefined {
  return undefined
}
