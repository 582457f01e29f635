import { fail, show } from '../errors.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

/** What a vector-Jacobian product is given: as many numbers as the kernel it belongs to. */
export function cotangentOf({ data, shape }: Tensor, cotangent: TensorLike): Float64Array {
  const given = toTensor(cotangent, 'cotangent')
  if (given.data.length !== data.length)
    fail('shape', 'cotangent', `shape ${show([...shape])}`, `shape ${show([...given.shape])}`, "It has the kernel's own shape")
  return given.data
}

/** A gradient, if doubles hold it: those of kernels next to nothing are too large. */
export function withinRange(gradient: Tensor): Tensor {
  const bad = gradient.data.findIndex(x => !Number.isFinite(x))
  if (bad >= 0)
    fail(
      'nonfinite',
      'the gradient',
      'finite numbers',
      `${gradient.data[bad]} at ${bad}`,
      'Scale the kernel, or its smallest rows, up',
    )
  return gradient
}
