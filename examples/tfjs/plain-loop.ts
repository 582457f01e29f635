/**
 * The same without any framework: a training loop on plain arrays. A 1-D convolution learns to deblur noisy signals from examples; the
 * penalty keeps its norm, by which it amplifies the noise, down.
 *
 *   npm run loop
 */
import { conv, penalty, type Start, spectralNorm, tensorNorm } from 'opnorm'
import { normal, seeded } from '../train-shapes/random.ts'

const [taps, length, blur] = [9, 64, [0.25, 0.5, 0.25]]

/** Gradient descent on the mean squared error + weight·σ²; returns the kernel. */
export function learn(weight: number, steps = 400): Float64Array {
  const random = seeded(5)
  let kernel = new Float64Array(taps)
  let starts: (Start | undefined)[] | undefined
  for (let step = 0; step < steps; step++) {
    const sharp = Float64Array.from({ length }, () => normal(random))
    const seen = correlate(sharp, blur).map(x => x + 0.05 * normal(random))
    const error = correlate(seen, kernel).map((y, i) => y - sharp[i])
    const term = penalty([conv({ data: kernel, shape: [1, 1, taps] })], {
      bound: (layer, options) => tensorNorm(layer, { ...options, sweeps: 2 }),
      weight,
      ...(starts && { starts }),
    })
    starts = term.starts
    kernel = kernel.map((k, p) => k - 0.05 * (slope(error, seen, p) + term.gradients[0].data[p]))
  }
  return kernel
}

/** y[i] = Σ_p kernel[p]·x[i + p − middle], zeros beyond the ends. */
function correlate(x: ArrayLike<number>, kernel: ArrayLike<number>): Float64Array {
  const middle = (kernel.length - 1) / 2
  return Float64Array.from({ length: x.length }, (_, i) => {
    let sum = 0
    for (let p = 0; p < kernel.length; p++) sum += kernel[p] * (x[i + p - middle] ?? 0)
    return sum
  })
}

/** ∂(mean of error²)/∂kernel[p]. */
function slope(error: Float64Array, seen: Float64Array, p: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += error[i] * (seen[i + p - (taps - 1) / 2] ?? 0)
  return (2 * sum) / length
}

function main(): void {
  for (const weight of [0, 0.01, 0.1]) {
    const { lower, upper } = spectralNorm(conv({ data: learn(weight), shape: [1, 1, taps] }))
    console.log(`weight ${weight}: norm ${lower.toFixed(5)} … ${upper.toFixed(5)}`)
  }
}

if (process.argv[1]?.endsWith('plain-loop.ts')) main()
