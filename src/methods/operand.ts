import { type Conv, dense, isSized, type SizedConv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import type { TensorLike } from '../tensor.ts'

/** True for what `conv` and `dense` return. */
export function isLayer(value: unknown): value is Conv {
  return typeof value === 'object' && value !== null && 'kernelSize' in value && 'kernel' in value
}

/** The layer, or an error that says how to make one. */
export function asLayer(value: unknown, method: string): Conv {
  if (!isLayer(value))
    fail('option', method, 'a layer from conv() or dense()', show(value), 'Wrap the weights: conv(kernel, geometry)')
  return value
}

/** Options are an object: a number or text in their place would be taken for none. */
export function asOptions(options: object, method: string): void {
  if (typeof options !== 'object' || options === null)
    fail('option', `${method}: options`, 'an object', show(options), 'Name each one: { gradient: true }')
}

/** A layer, or a matrix that becomes a dense one. */
export function asLayerOrMatrix(value: Conv | TensorLike): Conv {
  return isLayer(value) ? value : dense(value)
}

/** The layer at one input size, or an error that names the method for all of them. */
export function asSized(value: unknown, method: string): SizedConv {
  const layer = asLayer(value, method)
  if (!isSized(layer))
    fail(
      'option',
      `${method}: inputSize`,
      'one input size',
      'none',
      'Give inputSize to conv(), or use spectralNorm() for every size at once',
    )
  return layer
}
