import * as tf from '@tensorflow/tfjs'
import { shapes, side } from './draw.ts'
import { normal, seeded } from './random.ts'

export interface Layer {
  readonly name: string
  /** `[k, k, in, out]` for a convolution, `[in, out]` for the logits: TensorFlow's order. */
  readonly shape: readonly number[]
  readonly stride: number
  /** Side of the layer's input in pixels; 1 for the logits. */
  readonly inputSide: number
}

/** A small residual network, without batch norm so that what is audited is what runs. */
export const layers: readonly Layer[] = [
  { name: 'stem', shape: [5, 5, 1, 16], stride: 2, inputSide: side },
  { name: 'block1.conv1', shape: [3, 3, 16, 16], stride: 1, inputSide: side / 2 },
  { name: 'block1.conv2', shape: [3, 3, 16, 16], stride: 1, inputSide: side / 2 },
  { name: 'block2.conv1', shape: [3, 3, 16, 32], stride: 2, inputSide: side / 2 },
  { name: 'block2.conv2', shape: [3, 3, 32, 32], stride: 1, inputSide: side / 4 },
  { name: 'block2.shortcut', shape: [1, 1, 16, 32], stride: 2, inputSide: side / 2 },
  { name: 'logits', shape: [32, shapes.length], stride: 1, inputSide: 1 },
]

/** Weights and biases on plain arrays, in the order of `layers`; weights in TensorFlow's order of axes. */
export interface Parameters {
  readonly kernels: Float32Array[]
  readonly biases: Float32Array[]
}

/** Weights of variance 2 / fan-in (He et al. 2015), biases zero. */
export function initial(seed: number): Parameters {
  const random = seeded(seed)
  const kernels = layers.map(({ shape }) => {
    const outputs = shape[shape.length - 1]
    const size = shape.reduce((product, n) => product * n)
    const deviation = Math.sqrt((2 * outputs) / size)
    return Float32Array.from({ length: size }, () => deviation * normal(random))
  })
  return { kernels, biases: layers.map(({ shape }) => new Float32Array(shape[shape.length - 1])) }
}

/**
 * Logits of a batch of images [batch, side, side, 1]:
 * stem → relu → x + conv2(relu(conv1(x))) → relu → shortcut(x) + conv2(relu(conv1(x))) → relu → mean over pixels → dense.
 */
export function logits(images: tf.Tensor4D, kernels: readonly tf.Tensor[], biases: readonly tf.Tensor[]): tf.Tensor2D {
  const convolve = (x: tf.Tensor4D, name: string): tf.Tensor4D => {
    const l = layers.findIndex(layer => layer.name === name)
    return tf.add(tf.conv2d(x, kernels[l] as tf.Tensor4D, layers[l].stride, 'same'), biases[l])
  }
  const stem = tf.relu(convolve(images, 'stem'))
  const block1 = tf.relu(tf.add(stem, convolve(tf.relu(convolve(stem, 'block1.conv1')), 'block1.conv2')) as tf.Tensor4D)
  const inner = convolve(tf.relu(convolve(block1, 'block2.conv1')), 'block2.conv2')
  const block2 = tf.relu(tf.add(convolve(block1, 'block2.shortcut'), inner))
  const features = tf.mean(block2, [1, 2]) as tf.Tensor2D
  const last = layers.length - 1
  return tf.add(tf.matMul(features, kernels[last] as tf.Tensor2D), biases[last])
}
