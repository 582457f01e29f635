import * as tf from '@tensorflow/tfjs'
import type { Drawings } from './draw.ts'
import { shapes } from './draw.ts'
import { logits, type Parameters } from './network.ts'
import { batchOf, toTensors, toTensors1d } from './train.ts'

/**
 * Share of drawings still classified right after projected gradient ascent of the cross-entropy within an l2 ball (Madry et al. 2018,
 * arXiv:1706.06083), for every radius. Pixels may leave [0, 1]: that is what the certificate speaks of.
 */
export function robustAccuracy(network: Parameters, drawings: Drawings, radii: readonly number[], steps = 12): number[] {
  const batch = 100
  const right = radii.map(() => 0)
  for (let from = 0; from < drawings.count; from += batch) {
    const chosen = Int32Array.from({ length: Math.min(batch, drawings.count - from) }, (_, i) => from + i)
    radii.forEach((radius, r) => {
      tf.tidy(() => {
        const labels = tf.tensor1d(
          Array.from(chosen, d => drawings.labels[d]),
          'int32',
        )
        const scores = attacked(network, batchOf(drawings, chosen), labels, radius, steps)
        right[r] += tf.sum(tf.cast(tf.equal(tf.argMax(scores, 1), labels), 'int32')).dataSync()[0]
      })
    })
  }
  return right.map(count => count / drawings.count)
}

/** Logits at the end of the ascent: steps of 2.5·radius/steps along the gradient's direction, projected back onto the ball. */
function attacked(network: Parameters, images: tf.Tensor4D, labels: tf.Tensor1D, radius: number, steps: number): tf.Tensor2D {
  const kernels = toTensors(network.kernels)
  const biases = toTensors1d(network.biases)
  const targets = tf.oneHot(labels, shapes.length)
  const scoresOf = (x: tf.Tensor): tf.Tensor2D => logits(x as tf.Tensor4D, kernels, biases)
  const slope = tf.grad(x => tf.losses.softmaxCrossEntropy(targets, scoresOf(x), undefined, 0, tf.Reduction.SUM))
  let offset = tf.zerosLike(images)
  for (let step = 0; step < steps; step++) {
    offset = tf.tidy(() => {
      const gradient = slope(tf.add(images, offset))
      const moved = tf.add(offset, tf.mul(gradient, tf.div((2.5 * radius) / steps, tf.add(lengths(gradient), 1e-12))))
      return tf.mul(moved, tf.minimum(1, tf.div(radius, tf.add(lengths(moved), 1e-12)))) as tf.Tensor4D
    })
  }
  return scoresOf(tf.add(images, offset))
}

/** Euclidean length of every image, [batch, 1, 1, 1]. */
function lengths(images: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.sum(tf.square(images), [1, 2, 3], true))
}
