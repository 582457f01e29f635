/**
 * `model.fit` with the spectral norm of every layer in the loss, and without: test accuracy and the product of the proven norms.
 *
 *   npm run fit
 */
import * as tf from '@tensorflow/tfjs'
import { conv, dense, spectralNorm, tensorNorm } from 'opnorm'
import { draw, shapes, side } from '../train-shapes/draw.ts'
import { startTensorFlow } from './backend.ts'
import { SpectralRegularizer } from './spectral-regularizer.ts'

/** A small strided CNN; weight 0 leaves the layers alone. */
export function modelOf(weight: number): tf.Sequential {
  const regularizer = (stride: number) =>
    weight > 0
      ? {
          kernelRegularizer: new SpectralRegularizer((layer, options) => tensorNorm(layer, { ...options, sweeps: 2 }), weight, {
            stride,
          }),
        }
      : {}
  const common = { kernelSize: 3, padding: 'same', activation: 'relu', strides: 2 } as const
  const glorot = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) })
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ ...common, ...glorot(1), filters: 16, inputShape: [side, side, 1], ...regularizer(2) }),
      tf.layers.conv2d({ ...common, ...glorot(2), filters: 32, ...regularizer(2) }),
      tf.layers.flatten(),
      tf.layers.dense({ units: shapes.length, ...glorot(3), ...regularizer(1) }),
    ],
  })
  const loss = (labels: tf.Tensor, scores: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, scores)
  model.compile({ optimizer: tf.train.adam(3e-3), loss, metrics: ['accuracy'] })
  return model
}

/** Proven norms of the layers that have a kernel. */
export function normsOf(model: tf.Sequential): number[] {
  return model.layers.flatMap(layer => {
    const kernel = layer.getWeights()[0]
    if (!kernel) return []
    return kernel.shape.length === 2
      ? spectralNorm(dense(kernel)).upper
      : spectralNorm(conv(kernel, { layout: 'HWIO', stride: layer.getConfig().strides as number[] })).upper
  })
}

/** Images and one-hot labels of seeded drawings. */
export function dataOf(count: number, seed: number): { images: tf.Tensor4D; labels: tf.Tensor2D } {
  const drawings = draw(count, seed)
  return {
    images: tf.tensor4d(drawings.pixels, [count, side, side, 1]),
    labels: tf.oneHot(Array.from(drawings.labels), shapes.length) as tf.Tensor2D,
  }
}

async function main(): Promise<void> {
  await startTensorFlow()
  const [seen, unseen] = [dataOf(4000, 1), dataOf(1000, 2)]
  for (const weight of [0, 0.01]) {
    const model = modelOf(weight)
    await model.fit(seen.images, seen.labels, { epochs: 6, batchSize: 64, shuffle: false, verbose: 0 })
    const [, accuracy] = model.evaluate(unseen.images, unseen.labels) as tf.Scalar[]
    const norms = normsOf(model)
    const shown = norms.map(norm => norm.toFixed(2)).join(' · ')
    const product = norms.reduce((a, b) => a * b).toFixed(1)
    console.log(`weight ${weight}: accuracy ${(100 * accuracy.dataSync()[0]).toFixed(1)} %, norms ${shown} = ${product}`)
  }
}

if (process.argv[1]?.endsWith('fit.ts')) await main()
