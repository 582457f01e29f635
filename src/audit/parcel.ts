import type { TensorLike } from '../tensor.ts'
import type { LayerTask } from './task.ts'

/** A message and what of it changes hands instead of being copied. */
export interface Parcel {
  readonly message: LayerTask
  readonly transfer: ArrayBuffer[]
}

/**
 * A task to be sent away. A view of a file would take the whole file along: its own numbers are copied, once, and the copy is handed over.
 * The task keeps its views, and can be sent again.
 */
export function parcelOf(task: LayerTask): Parcel {
  const transfer: ArrayBuffer[] = []
  const own = <T extends TensorLike>(tensor: T): T => {
    const { data } = tensor as { data: unknown }
    if (!ArrayBuffer.isView(data)) return tensor
    const copy = (data as Float64Array).slice()
    transfer.push(copy.buffer as ArrayBuffer)
    return { ...tensor, data: copy }
  }
  const { fold } = task
  const message = {
    ...task,
    kernel: own(task.kernel),
    ...(fold && { fold: { ...fold, variance: own(fold.variance), ...(fold.gamma !== undefined && { gamma: own(fold.gamma) }) } }),
  }
  return { message, transfer }
}
