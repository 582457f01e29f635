import { sizeOf } from '../tensor.ts'
import type { Arena } from './arena.ts'
import { openAxis } from './fft-axis.ts'

/** Bytes of signals in flight: with their copy they fill half a second-level cache. */
const BLOCK = 2 ** 17

/** Transforms over all axes of a few signals at a time, in memory: points × width elements, [re re'][im im'] each (assembly/fft/transform.ts). */
export interface Plan {
  /** Lane pairs transformed together, interleaved element by element. */
  readonly width: number
  /** Where they go. */
  readonly x: number
  /** Transforms them; returns where they are. */
  run(): number
}

/** @param pairs lane pairs there are in all: more than that are never taken together */
export function openPlan(arena: Arena, shape: readonly number[], pairs: number): Plan {
  const points = sizeOf(shape)
  const width = Math.max(1, Math.min(pairs, 16, Math.floor(BLOCK / (points * 32))))
  const bytes = points * width * 32
  const x = arena.alloc(bytes)
  const y = arena.alloc(bytes)
  const axes = shape.map((n, d) => openAxis(arena, n, sizeOf(shape.slice(d + 1)) * width))
  const run = () => {
    let [here, there] = [x, y]
    axes.forEach((axis, d) => {
      const done = axis.run(sizeOf(shape.slice(0, d)), here, there)
      if (done !== here) [here, there] = [there, here]
    })
    return here
  }
  return { width, x, run }
}
