import { forwardOf, type SizedConv } from '../conv.ts'
import { indexOf, sizeOf } from '../tensor.ts'
import { withGramSymbol } from '../runtime/gram-symbol.ts'
import { phasesOf } from '../runtime/phases.ts'
import { circularFrequencies, type Symbol, symbolEverySize } from '../symbol.ts'
import { sumOfSquares } from '../summation.ts'
import { ascend } from '../torus/ascent.ts'
import { type Ray, TURN } from '../torus/ray.ts'

/** Below this length an iteration is over before a maximum of the symbol has been found. */
const SHORTEST = 2 ** 12

/** Overlap of a window with its mirror image, 1 where θ* is its own and next to nothing elsewhere. */
const OVERLAP = 0.01

/**
 * A start vector close to the top singular vector of a zero-padded layer: the top right singular vector of the symbol at its highest
 * maxima θ*, modulated by e^{iθ*·x} and sine windows (METHODS §8), real parts; and another of the imaginary parts, close to the second
 * singular vector, unless there is none because θ* is its own mirror image. None where they are not known to be close: stride, dilation, groups, a circular
 * border, short vectors.
 *
 * Only a start: nothing is claimed of the maxima, which a coarse grid may miss.
 */
export function windowStart(layer: SizedConv): Float64Array[] | undefined {
  const { stride, dilation, groups, circular } = forwardOf(layer)
  const length = layer.inChannels * sizeOf(layer.inputSize)
  if (length < SHORTEST || circular || groups > 1 || stride.length === 0) return undefined
  if (stride.some(s => s > 1) || dilation.some(s => s > 1)) return undefined
  const symbol = symbolEverySize(layer)
  const [best, ...others] = highestPeaks(symbol)
  if (!best) return undefined
  const parts = [new Float64Array(length), new Float64Array(length)]
  addWindow(layer, symbol, best, 1, parts)
  const [real, imaginary] = parts.map(part => sumOfSquares(part))
  if (Math.abs(real - imaginary) > OVERLAP * real) parts.pop()
  // A lower maximum whose curvature is smaller may still be the one that counts at this size.
  for (const ray of others) addWindow(layer, symbol, ray, 0.3, parts)
  return parts
}

/** A few of the highest maxima over a coarse grid, climbed from there; descending. */
function highestPeaks(symbol: Symbol): Ray[] {
  const sides = symbol.offsets.map(q => Math.min(24, 6 * (q.length - 1) || 1))
  const grid = circularFrequencies(sides)
  return withGramSymbol(symbol, 0, gram => {
    const rough = gram.climb(grid, 8)
    const order = rough.map((_, i) => i).sort((i, j) => rough[j].value - rough[i].value)
    const peaks: Ray[] = []
    for (const i of order.slice(0, 4)) {
      if (rough[i].value < 0.9 * rough[order[0]].value) break
      const point = Array.from(sides, (side, d) => Math.floor((grid.points[i * sides.length + d] / side) * TURN))
      const reach = symbol.offsets.map(q => (q.length > 1 ? 1.2 / (q.length - 1) : 0))
      const { ray } = ascend(gram, point, rough[i].vector, reach, 1e-8)
      if (!peaks.some(other => close(other, ray))) peaks.push(ray)
    }
    peaks.sort((a, b) => b.value - a.value)
    return peaks.filter(ray => ray.value > 0 && ray.value > 0.95 * peaks[0].value)
  })
}

function close(a: Ray, b: Ray): boolean {
  return [1, -1].some(sign =>
    a.point.every((x, d) => {
      const apart = (((x - sign * b.point[d]) % TURN) + TURN) % TURN
      return Math.min(apart, TURN - apart) < TURN / 100
    }),
  )
}

/** Adds weight·c·e^{iθ·x}·Π sin(π(x_d + 1)/(n_d + 1)), its real and, where that is wanted, its imaginary part; c the singular vector on the layer's input side. */
function addWindow(layer: SizedConv, symbol: Symbol, ray: Ray, weight: number, [real, imaginary]: Float64Array[]): void {
  const { inChannels, inputSize, transposed } = layer
  // The symbol is the convolution's behind a transposed layer, and stored transposed if wide; F(θ)ᵀ has conjugate vectors, sides swapped.
  const vector = turned(transposed === symbol.transposed ? ray.v : ray.image)
  const sign = symbol.transposed ? -1 : 1
  const waves = inputSize.map((n, d) => {
    const positions = Array.from({ length: n }, (_, x) => [x])
    const phase = phasesOf(positions, [TURN], [ray.point[d]])
    const window = phasesOf(
      positions.map(([x]) => [x + 1]),
      [2 * (n + 1)],
      [1],
    )
    return phase.map((value, at) => value * window[at | 1])
  })
  const pixels = sizeOf(inputSize)
  const wave = new Float64Array(2 * pixels)
  for (let x = 0; x < pixels; x++) {
    let [re, im] = [weight, 0]
    indexOf(x, inputSize).forEach((i, d) => {
      const [c, s] = [waves[d][2 * i], waves[d][2 * i + 1]]
      ;[re, im] = [re * c - im * s, re * s + im * c]
    })
    wave.set([re, im], 2 * x)
  }
  for (let c = 0, at = 0; c < inChannels; c++) {
    const [re, im] = [vector[2 * c], sign * vector[2 * c + 1]]
    for (let x = 0; x < 2 * pixels; x += 2, at++) {
      real[at] += re * wave[x] - im * wave[x + 1]
      if (imaginary) imaginary[at] += re * wave[x + 1] + im * wave[x]
    }
  }
}

/** The same vector with its largest entry real, so that a vector that is real up to a phase does not lose its real part. */
function turned(z: Float64Array): Float64Array {
  let at = 0
  const square = (i: number) => z[i] * z[i] + z[i + 1] * z[i + 1]
  for (let i = 0; i < z.length; i += 2) if (square(i) > square(at)) at = i
  const length = Math.sqrt(square(at))
  if (length === 0) return z
  const [c, s] = [z[at] / length, -z[at + 1] / length]
  return z.map((x, i) => (i % 2 === 0 ? x * c - z[i + 1] * s : x * c + z[i - 1] * s))
}
