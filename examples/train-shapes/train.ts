import * as tf from '@tensorflow/tfjs'
import { adam } from './adam.ts'
import { plain, type Constraint } from './constraints.ts'
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

export interface Trained {
  /** The network that runs: kernels as the constraint makes them. */
  readonly network: Parameters
  /** Processor milliseconds of every step, and of the constraint within it. */
  readonly steps: { readonly whole: number; readonly constraint: number }[]
}

/**
 * Trains the network on the drawings. TensorFlow.js differentiates the loss; the parameters stay plain arrays, on which the constraint
 * acts before the forward pass (normalisation) and after the backward pass (penalties, the gradient through a normalisation).
 */
export function train(
  drawings: Drawings,
  settings: Settings,
  report: (line: string) => void = () => {},
  constraint: Constraint = plain(),
): Trained {
  const { kernels, biases } = initial(settings.seed)
  const optimizer = adam([...kernels, ...biases])
  const random = seeded(settings.seed + 1)
  const perEpoch = Math.floor(drawings.count / settings.batch)
  const steps: Trained['steps'] = []
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const order = shuffled(drawings.count, random)
    let loss = 0
    for (let b = 0; b < perEpoch; b++) {
      const started = processorTime()
      const applied = constraint.apply(kernels)
      const prepared = processorTime()
      const chosen = order.subarray(b * settings.batch, (b + 1) * settings.batch)
      const found = gradients({ kernels: applied.kernels, biases }, drawings, chosen, constraint.temperature)
      const differentiated = processorTime()
      const kernelGradients = applied.back(found.kernels)
      const constrained = processorTime()
      const rate = settings.rate * (1 - (epoch * perEpoch + b) / (settings.epochs * perEpoch))
      optimizer.step([...kernelGradients, ...found.biases], rate)
      const ended = processorTime()
      steps.push({ whole: ended - started, constraint: prepared - started + (constrained - differentiated) })
      loss += found.loss / perEpoch
    }
    report(`epoch ${epoch + 1}/${settings.epochs}  loss ${loss.toFixed(4)}`)
  }
  return { network: { kernels: constraint.apply(kernels).kernels, biases }, steps }
}

/** Milliseconds this process has computed: what else runs on the machine does not count. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Mean cross-entropy of the chosen drawings and its gradients, on plain arrays. */
function gradients({ kernels, biases }: Parameters, drawings: Drawings, chosen: Int32Array, temperature: number) {
  let loss = 0
  let arrays: Float32Array[] = []
  // Nothing is returned from tidy: it looks for tensors in every number of what it is given, and took a fifth of the step.
  tf.tidy(() => {
    const targets = tf.oneHot(
      Array.from(chosen, d => drawings.labels[d]),
      shapes.length,
    )
    const images = batchOf(drawings, chosen)
    const of = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const scores = logits(images, tensors.slice(0, layers.length), tensors.slice(layers.length))
      return tf.losses.softmaxCrossEntropy(targets, tf.mul(scores, temperature))
    })
    const { value, grads } = of([...toTensors(kernels), ...toTensors1d(biases)])
    loss = value.dataSync()[0]
    arrays = grads.map(gradient => gradient.dataSync() as Float32Array)
  })
  return { loss, kernels: arrays.slice(0, layers.length), biases: arrays.slice(layers.length) }
}

/** Logits of all drawings, `shapes.length` a drawing. */
export function evaluate(network: Parameters, drawings: Drawings): Float32Array {
  const scores = new Float32Array(drawings.count * shapes.length)
  for (let from = 0; from < drawings.count; from += 256) {
    const chosen = Int32Array.from({ length: Math.min(256, drawings.count - from) }, (_, i) => from + i)
    const found = tf.tidy(() =>
      logits(batchOf(drawings, chosen), toTensors(network.kernels), toTensors1d(network.biases)).dataSync(),
    )
    scores.set(found, from * shapes.length)
  }
  return scores
}

/** Right logit minus the largest wrong one, for every drawing. */
export function margins(scores: Float32Array, labels: Int32Array): Float64Array {
  return Float64Array.from(labels, (label, d) => {
    let wrong = -Infinity
    for (let y = 0; y < shapes.length; y++) if (y !== label) wrong = Math.max(wrong, scores[d * shapes.length + y])
    return scores[d * shapes.length + label] - wrong
  })
}

/** Share of the drawings whose largest logit is the right one. */
export function accuracy(network: Parameters, drawings: Drawings): number {
  return margins(evaluate(network, drawings), drawings.labels).filter(margin => margin > 0).length / drawings.count
}

export function toTensors(kernels: readonly Float32Array[]): tf.Tensor[] {
  return kernels.map((kernel, l) => tf.tensor(kernel, layers[l].shape as number[]))
}

export function toTensors1d(biases: readonly Float32Array[]): tf.Tensor1D[] {
  return biases.map(bias => tf.tensor1d(bias))
}

/** Images [batch, side, side, 1] of some drawings. */
export function batchOf({ pixels }: Drawings, chosen: Int32Array): tf.Tensor4D {
  const size = side * side
  const images = new Float32Array(chosen.length * size)
  chosen.forEach((d, i) => {
    images.set(pixels.subarray(d * size, (d + 1) * size), i * size)
  })
  return tf.tensor4d(images, [chosen.length, side, side, 1])
}
