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
  type Tensor,
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

const TEMPERATURE = 64

/** Every way of training that is compared, by the name the table gives it. */
export const constraints: Readonly<Record<string, () => Constraint>> = {
  plain,
  'weight decay': () => weightDecay(3e-3),
  'F4 penalty': () => penalized(f4, 1e-2),
  'Gram penalty': () => penalized((layer, options) => gram(layer, { ...options, iterations: 4, gridSize: 12 }), 1e-2),
  'tensor-norm penalty': () => penalized((layer, options) => tensorNorm(layer, { ...options, sweeps: 1 }), 1e-2),
  'spectralNorm penalty': () => penalized((layer, options) => spectralNorm(layer, { ...options, gap: 0.1 }), 1e-2),
  'normalised operator': () => normalized(layerOf, (layer, options) => spectralNorm(layer, { ...options, gap: 0.1 })),
  'normalised reshaped kernel': () =>
    normalized(reshapedOf, (layer, options) => power(dense(layer.kernel), { ...options, iterations: 1 })),
}

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
function normalized(viewOf: (kernel: ArrayLike<number>, l: number) => Conv, method: BoundMethod<Conv>): Constraint {
  const starts: (Start | undefined)[] = []
  return throughKernels((kernel, l) => {
    const layer = viewOf(kernel, l)
    const bound: Bound = method(layer, { gradient: true, ...(starts[l] && { start: starts[l] }) })
    starts[l] = bound.start
    return normalize(layer, bound, { unproven: true })
  })
}

interface Replaced {
  readonly kernel: Tensor
  vjp(cotangent: Tensor): Tensor
}

function throughKernels(replace: (kernel: Float32Array, l: number) => Replaced): Constraint {
  return {
    temperature: TEMPERATURE,
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
