import {
  type Bound,
  type BoundMethod,
  type Conv,
  conv,
  dense,
  f4,
  gram,
  normalize,
  penalty,
  power,
  type Start,
  spectralNorm,
  tensorNorm,
} from '../../src/index.ts'
import { layers } from './network.ts'

/** What training does to the kernels besides following the loss. */
export interface Constraint {
  /** Logits are multiplied by this in the loss: a network of norm 1 needs it to be sure of anything. */
  readonly temperature: number
  /** The kernels to run with, and the gradients for the raw kernels from those for the ones that ran. */
  apply(kernels: readonly Float32Array[]): {
    readonly kernels: Float32Array[]
    back(gradients: readonly Float32Array[]): ArrayLike<number>[]
  }
}

/** A way of training, with the one number that is chosen for it. */
export interface Way {
  readonly chosen?: 'λ' | 'temperature'
  /** Among which choose.ts looks. */
  readonly candidates: readonly number[]
  constraint(value: number): Constraint
}

const penaltyWeights = [0.001, 0.003, 0.01, 0.03]
const temperatures = [8, 32, 128]

/** Every way of training that is compared, by the name the table gives it. */
export const ways: Readonly<Record<string, Way>> = {
  plain: { candidates: [1], constraint: plain },
  'weight decay': { chosen: 'λ', candidates: [0.0003, 0.001, 0.003, 0.01], constraint: weightDecay },
  'F4 penalty': penaltyWith(f4),
  'Gram penalty': penaltyWith((layer, options) => gram(layer, { ...options, iterations: 4, gridSize: 12 })),
  'tensor-norm penalty': penaltyWith((layer, options) => tensorNorm(layer, { ...options, sweeps: 1 })),
  'spectralNorm penalty': penaltyWith((layer, options) => spectralNorm(layer, { ...options, gap: 0.1 })),
  'normalised operator': normalisedBy(layerOf, (layer, options) => spectralNorm(layer, { ...options, gap: 0.1 })),
  'normalised reshaped kernel': normalisedBy(reshapedOf, (layer, options) =>
    power(dense(layer.kernel), { ...options, iterations: 1 }),
  ),
}

function penaltyWith(bound: BoundMethod<Conv>): Way {
  return { chosen: 'λ', candidates: penaltyWeights, constraint: weight => penalized(bound, weight) }
}

function normalisedBy(viewOf: View, bound: BoundMethod<Conv>): Way {
  return { chosen: 'temperature', candidates: temperatures, constraint: value => normalized(viewOf, bound, value) }
}

/** Layer l as the operator whose norm is meant. */
type View = (kernel: ArrayLike<number>, l: number) => Conv

/** Layer l as the operator it is. */
export function layerOf(kernel: ArrayLike<number>, l: number): Conv {
  const { shape, stride } = layers[l]
  return shape.length === 2 ? dense({ data: kernel, shape }) : conv({ data: kernel, shape }, { layout: 'HWIO', stride })
}

/** Layer l as frameworks' spectral normalisation sees it: the kernel as one matrix, taps and input channels in its rows. */
function reshapedOf(kernel: ArrayLike<number>, l: number): Conv {
  const outputs = layers[l].shape[layers[l].shape.length - 1]
  return dense({ data: kernel, shape: [kernel.length / outputs, outputs] })
}

export function plain(): Constraint {
  return { temperature: 1, apply: kernels => ({ kernels: [...kernels], back: gradients => [...gradients] }) }
}

/** Adds λ·K to the gradient. */
function weightDecay(weight: number): Constraint {
  return {
    temperature: 1,
    apply: kernels => ({
      kernels: [...kernels],
      back: gradients => gradients.map((gradient, l) => gradient.map((g, i) => g + weight * kernels[l][i])),
    }),
  }
}

/** Adds the gradient of λ Σ σ². Vectors of the step before start the next one. */
function penalized(bound: BoundMethod<Conv>, weight: number): Constraint {
  let starts: (Start | undefined)[] | undefined
  return {
    temperature: 1,
    apply: kernels => ({
      kernels: [...kernels],
      back(gradients) {
        const found = penalty(kernels.map(layerOf), { bound, weight, ...(starts && { starts }) })
        starts = found.starts
        return gradients.map((gradient, l) => gradient.map((g, i) => g + found.gradients[l].data[i]))
      },
    }),
  }
}

/** Runs with K/σ and takes the gradient through it. The bounds are used as they come: what is proven about the result is proven at the end. */
function normalized(viewOf: View, method: BoundMethod<Conv>, temperature: number): Constraint {
  const starts: (Start | undefined)[] = []
  const replace = (kernel: Float32Array, l: number) => {
    const layer = viewOf(kernel, l)
    const bound: Bound = method(layer, { gradient: true, ...(starts[l] && { start: starts[l] }) })
    starts[l] = bound.start
    return normalize(layer, bound, { unproven: true })
  }
  return {
    temperature,
    apply(kernels) {
      const replaced = kernels.map(replace)
      return {
        kernels: replaced.map(({ kernel }) => Float32Array.from(kernel.data)),
        back: gradients =>
          replaced.map(({ kernel, vjp }, l) => vjp({ data: Float64Array.from(gradients[l]), shape: kernel.shape }).data),
      }
    },
  }
}
