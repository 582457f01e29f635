import type { SizedConv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { asSized } from './operand.ts'
import { adjointLayer, applyLayer } from '../runtime/operator.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

/**
 * The layer itself: y = T x, with its stride, dilation, groups, padding and input size.
 *
 * @param layer a layer with an input size, or a dense one
 * @param x `[cin, n₁ … n_D]`, or as many numbers in any shape; a vector for a dense layer
 * @returns `[cout, …outputSize]`
 * @throws OpnormError `shape` if the number of entries differs; `nonfinite`
 * @example apply(dense([[1, 2]]), [3, 4]).data  // [11]
 */
export function apply(layer: SizedConv, x: TensorLike): Tensor {
  const sized = asSized(layer, 'apply')
  const shape = [sized.outChannels, ...sized.outputSize]
  return { data: applyLayer(sized, vectorOf(x, 'input', [sized.inChannels, ...sized.inputSize])), shape }
}

/**
 * The transpose of the layer: x = Tᵀ y, so that ⟨T x, y⟩ = ⟨x, Tᵀ y⟩.
 *
 * @param y `[cout, …outputSize]`, or as many numbers in any shape
 * @returns `[cin, …inputSize]`
 * @throws OpnormError as `apply`
 * @example adjoint(dense([[1, 2]]), [3]).data  // [3, 6]
 */
export function adjoint(layer: SizedConv, y: TensorLike): Tensor {
  const sized = asSized(layer, 'adjoint')
  const shape = [sized.inChannels, ...sized.inputSize]
  return { data: adjointLayer(sized, vectorOf(y, 'output', [sized.outChannels, ...sized.outputSize])), shape }
}

function vectorOf(value: TensorLike, what: string, shape: number[]): Float64Array {
  const { data, shape: given } = toTensor(value, what)
  const wanted = shape.reduce((a, b) => a * b, 1)
  if (data.length !== wanted)
    fail(
      'shape',
      what,
      `${wanted} numbers, [${shape.join(', ')}]`,
      `shape ${show([...given])}`,
      'Give one vector, without a batch axis',
    )
  return data
}
