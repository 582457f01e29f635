import * as tf from '@tensorflow/tfjs'
import { type BoundMethod, type Conv, conv, dense, type Geometry, type Start } from 'opnorm'

/** `spectralNorm`, `f4`, `gram`, `tensorNorm` …, options bound: `(layer, o) => gram(layer, { ...o, iterations: 4 })`. */
export type Method = BoundMethod<Conv>

/**
 * The norm of a layer as a differentiable TensorFlow.js scalar: forward the bound, backward its gradient (`tf.customGrad`).
 *
 * The returned function takes a kernel as TensorFlow keeps it, `[k…, in, out]` or `[in, out]`, and may be called once a training step:
 * it remembers the vectors of the step before and starts from them where the method can (tensorNorm: one sweep a step is enough).
 *
 * @param method any bound with a gradient
 * @param geometry stride, dilation, groups … of the layer; the layout is HWIO
 * @example const norm = normOf(tensorNorm, { stride: 2 }); loss = () => tf.add(data(), tf.mul(0.01, tf.square(norm(kernel))))
 */
export function normOf(method: Method, geometry: Geometry = {}): (kernel: tf.Tensor) => tf.Scalar {
  let start: Start | undefined
  return tf.customGrad((kernel, save) => {
    const { shape } = kernel as tf.Tensor
    const data = (kernel as tf.Tensor).dataSync()
    const layer = shape.length === 2 ? dense({ data, shape }) : conv({ data, shape }, { ...geometry, layout: 'HWIO' })
    const bound = method(layer, { gradient: true, ...(start && { start }) })
    start = bound.start
    const slope = tf.tensor(Float32Array.from(bound.gradient!.data), shape)
    ;(save as tf.GradSaveFunc)([slope])
    return {
      value: tf.scalar(bound.value),
      gradFunc: (upstream: tf.Scalar, [saved]: tf.Tensor[]) => tf.mul(saved, upstream),
    }
  }) as (kernel: tf.Tensor) => tf.Scalar
}
