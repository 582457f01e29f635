import {
  type Bound,
  exact,
  f4,
  frobenius,
  gram,
  holder,
  lanczos,
  lipGrid,
  power,
  type SizedConv,
  spatialGram,
  spectralNorm,
  tensorNorm,
} from '../../src/index.ts'

/** One method under the laws; a new one joins by one line. */
export interface Method {
  readonly name: string
  accepts(layer: SizedConv): boolean
  run(layer: SizedConv, gradient?: boolean): Bound
  /** Unchanged by an orthogonal change of basis of the channels. */
  readonly basisFree?: boolean
}

const any = () => true
const circular = (layer: SizedConv) => layer.padding === 'circular'
const matrix = (layer: SizedConv) => layer.kernelSize.length === 0

// biome-ignore format: a table
export const methods: readonly Method[] = [
  { name: 'frobenius', accepts: any, run: (layer, gradient) => frobenius(layer, { gradient }), basisFree: true },
  { name: 'holder', accepts: matrix, run: (layer, gradient) => holder(layer, { gradient }) },
  { name: 'exact', accepts: circular, run: (layer, gradient) => exact(layer, { gradient }), basisFree: true },
  { name: 'lanczos', accepts: any, run: (layer, gradient) => lanczos(layer, { gradient, tolerance: 1e-13 }), basisFree: true },
  { name: 'power', accepts: any, run: layer => power(layer, { iterations: 20 }) },
  { name: 'power, warm', accepts: any, run: (layer, gradient) => power(layer, { gradient, iterations: 1, start: lanczos(layer, { tolerance: 1e-13 }).start }) },
  { name: 'gram 0', accepts: any, run: (layer, gradient) => gram(layer, { gradient, iterations: 0 }), basisFree: true },
  { name: 'gram 1', accepts: any, run: (layer, gradient) => gram(layer, { gradient, iterations: 1 }), basisFree: true },
  { name: 'gram 5', accepts: any, run: (layer, gradient) => gram(layer, { gradient, iterations: 5 }), basisFree: true },
  { name: 'gram on a grid', accepts: any, run: (layer, gradient) => gram(layer, { gradient, iterations: 4, gridSize: 9 }), basisFree: true },
  { name: 'lipGrid', accepts: any, run: (layer, gradient) => lipGrid(layer, { gradient, gridSize: 7 }), basisFree: true },
  { name: 'f4', accepts: any, run: (layer, gradient) => f4(layer, { gradient }), basisFree: true },
  { name: 'tensorNorm', accepts: any, run: (layer, gradient) => tensorNorm(layer, { gradient, sweeps: 3000 }) },
  { name: 'spatialGram', accepts: any, run: (layer, gradient) => spatialGram(layer, { gradient, iterations: 2 }) },
  { name: 'spectralNorm', accepts: any, run: (layer, gradient) => spectralNorm(layer, { gradient, gap: gradient === undefined ? 1e-6 : 1e-11 }), basisFree: true },
]

/** Methods that apply to a layer. */
export function methodsFor(layer: SizedConv): Method[] {
  return methods.filter(method => method.accepts(layer))
}
