import { activation, type Bound, globalAveragePool, residual, sequential, spectralNorm } from '../../src/index.ts'
import { layerOf } from './constraints.ts'
import { layers, type Parameters } from './network.ts'

export interface Certificate {
  /** Proven norm of every layer, in the order of `layers`. */
  readonly norms: number[]
  /** Their product, as if the layers were a chain: what is often quoted, and no bound of a network with shortcuts. */
  readonly product: number
  /** Proven Lipschitz constant of the logits in the images, l2 to l2. */
  readonly lipschitz: number
}

/** Proves a Lipschitz constant of the network: stem, x + branch(x), shortcut(x) + branch(x), mean over pixels, logits. */
export function certify({ kernels }: Parameters): Certificate {
  const bounds = layers.map((_, l) => spectralNorm(layerOf(kernels[l], l), { gap: 1e-4 }))
  const of = (name: string): Bound<'upper'> => bounds[layers.findIndex(layer => layer.name === name)]
  const relu = activation('relu')
  const branch = (block: string) => sequential(of(`${block}.conv1`), relu, of(`${block}.conv2`))
  const network = sequential(
    of('stem'),
    relu,
    residual(branch('block1')),
    relu,
    residual(of('block2.shortcut'), branch('block2')),
    relu,
    globalAveragePool([4, 4]),
    of('logits'),
  )
  const norms = bounds.map(({ upper }) => upper)
  return { norms, product: norms.reduce((product, norm) => product * norm), lipschitz: network.upper }
}

/**
 * Share of drawings that no change shorter than the radius can make wrong: the difference of two logits has Lipschitz constant √2·L, so
 * margin ≥ √2·L·radius suffices.
 */
export function certifiedAccuracy(margins: Float64Array, lipschitz: number, radius: number): number {
  return margins.filter(margin => margin > 0 && margin >= Math.SQRT2 * lipschitz * radius).length / margins.length
}
