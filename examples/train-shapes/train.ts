import * as tf from '@tensorflow/tfjs'
import { adam } from './adam.ts'
import { type Drawings, shapes, side } from './draw.ts'
import { initial, layers, logits, type Parameters } from './network.ts'
import { seeded, shuffled } from './random.ts'

export interface Settings {
  readonly seed: number
  readonly epochs: number
  readonly batch: number
  /** Adam's rate at the beginning; it falls linearly to zero. */
  readonly rate: number
}

/** Trains the network on the drawings. TensorFlow.js differentiates; the parameters stay plain arrays. */
export function train(drawings: Drawings, settings: Settings, report: (line: string) => void = () => {}): Parameters {
  const parameters = initial(settings.seed)
  const optimizer = adam([...parameters.kernels, ...parameters.biases])
  const random = seeded(settings.seed + 1)
  const perEpoch = Math.floor(drawings.count / settings.batch)
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const order = shuffled(drawings.count, random)
    let loss = 0
    for (let b = 0; b < perEpoch; b++) {
      const step = gradients(parameters, drawings, order.subarray(b * settings.batch, (b + 1) * settings.batch))
      optimizer.step(
        [...step.kernels, ...step.biases],
        settings.rate * (1 - (epoch * perEpoch + b) / (settings.epochs * perEpoch)),
      )
      loss += step.loss / perEpoch
    }
    report(`epoch ${epoch + 1}/${settings.epochs}  loss ${loss.toFixed(4)}`)
  }
  return parameters
}

/** Mean cross-entropy of the chosen drawings and its gradients, on plain arrays. */
function gradients({ kernels, biases }: Parameters, drawings: Drawings, chosen: Int32Array) {
  return tf.tidy(() => {
    const targets = tf.oneHot(
      Array.from(chosen, d => drawings.labels[d]),
      shapes.length,
    )
    const images = batchOf(drawings, chosen)
    const of = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
      tf.losses.softmaxCrossEntropy(targets, logits(images, tensors.slice(0, layers.length), tensors.slice(layers.length))),
    )
    const { value, grads } = of([...toTensors(kernels), ...biases.map(bias => tf.tensor1d(bias))])
    const arrays = grads.map(gradient => gradient.dataSync() as Float32Array)
    return { loss: value.dataSync()[0], kernels: arrays.slice(0, layers.length), biases: arrays.slice(layers.length) }
  })
}

/** Share of the drawings whose largest logit is the right one. */
export function accuracy(parameters: Parameters, drawings: Drawings): number {
  let right = 0
  for (let from = 0; from < drawings.count; from += 256) {
    const chosen = Int32Array.from({ length: Math.min(256, drawings.count - from) }, (_, i) => from + i)
    const best = tf.tidy(() =>
      tf
        .argMax(
          logits(
            batchOf(drawings, chosen),
            toTensors(parameters.kernels),
            parameters.biases.map(bias => tf.tensor1d(bias)),
          ),
          1,
        )
        .dataSync(),
    )
    chosen.forEach((d, i) => {
      if (best[i] === drawings.labels[d]) right++
    })
  }
  return right / drawings.count
}

function toTensors(kernels: readonly Float32Array[]): tf.Tensor[] {
  return kernels.map((kernel, l) => tf.tensor(kernel, layers[l].shape as number[]))
}

function batchOf({ pixels }: Drawings, chosen: Int32Array): tf.Tensor4D {
  const size = side * side
  const images = new Float32Array(chosen.length * size)
  chosen.forEach((d, i) => {
    images.set(pixels.subarray(d * size, (d + 1) * size), i * size)
  })
  return tf.tensor4d(images, [chosen.length, side, side, 1])
}
