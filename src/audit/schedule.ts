import type { Model } from '../formats/model.ts'
import type { Goal, LayerReport } from '../report.ts'
import type { Pool } from './pool.ts'
import { taskOf } from './task.ts'

/** Cost (see `costOf`) from which workers are worth starting: about a second. */
export const WORTH_A_WORKER = 1e8

/**
 * What a layer takes, relatively: tests of its Gram matrices, whose work grows with the cube of the channels, a few hundred for each axis
 * that is searched; one decomposition where none is. Within a factor of two or so, which is enough to say how much is left.
 */
export function costOf(model: Model, index: number): number {
  const { op, kernel, geometry } = model.layers[index]
  const { layout, groups = 1, stride = [] } = geometry
  const { shape } = kernel
  const channels = layout === 'HWIO' && op === 'conv' ? [...shape.slice(-2)].reverse() : shape.slice(0, 2)
  const sides = op === 'dense' ? [] : layout === 'HWIO' ? shape.slice(0, -2) : shape.slice(2)
  const rows = channels[0] / groups
  const columns = sides.reduce((size, side, d) => size * Math.min(side, stride[d] ?? 1), channels[1])
  const searched = sides.filter(side => side > 1).length
  return groups * rows * columns * Math.min(rows, columns) * (searched > 0 ? 3 ** searched : 0.25) + 1e4
}

/** An `AbortSignal`: what is asked of it. */
export interface Abortable {
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** What is heard of layers under way, by their place in the model. */
export interface Watch {
  begun?(index: number): void
  done?(report: LayerReport): void
}

/**
 * Audits layers, the dearest first, so that no thread is left alone with one at the end.
 *
 * A layer's task is made when somebody is free for it: weights that have to be decoded are in memory for the layers under way only.
 *
 * @returns the reports in the model's order; rejects with the reason when the signal is aborted, and the pool is closed then
 */
export async function auditLayers(
  model: Model,
  chosen: readonly number[],
  goal: Goal,
  pool: Pool,
  signal?: Abortable,
  { begun, done }: Watch = {},
): Promise<LayerReport[]> {
  signal?.throwIfAborted()
  const stop = (): void => pool.close(signal!.reason)
  signal?.addEventListener('abort', stop)
  const queue = [...chosen].sort((a, b) => costOf(model, b) - costOf(model, a))
  const layers: LayerReport[] = []
  const lane = async (): Promise<void> => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      begun?.(index)
      const report = await pool.run(taskOf(model, index, goal))
      layers.push(report)
      done?.(report)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(pool.size, queue.length) }, lane))
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  return layers.sort((a, b) => a.index - b.index)
}
