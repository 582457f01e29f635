import type { Bound } from '../bound.ts'
import type { SizedConv } from '../conv.ts'

/** One node of a network as the certificate went through it. */
export interface CertifiedNode {
  readonly name: string
  /** ONNX's word for the operator */
  readonly op: string
  /** the rule that was used, in words a reader can check ("max-pool 3×3 stride 2: √4 windows share a pixel") */
  readonly rule: string
  /** proven Lipschitz constant of the node by itself, with respect to all its data inputs together */
  readonly gain: number
  /** proven Lipschitz constant of the function from the network's inputs to this node's output */
  readonly cumulative: number
}

/** A value at the edge of a network, with the shape the certificate speaks of. */
export interface CertifiedValue {
  readonly name: string
  readonly shape: readonly number[]
}

/**
 * ‖f(x) − f(y)‖₂ ≤ bound.upper · ‖x − y‖₂ for all x, y, where f is the whole graph in exact arithmetic with the file's weights,
 * from all its inputs together to all its outputs together. `bound` is absent, and `reason` says why, where no such number was proven.
 */
export interface NetworkCertificate {
  readonly bound?: Bound<'upper'>
  /** "no certificate: …" as a sentence; absent when there is a bound */
  readonly reason?: string
  /** in the order of the graph; up to the operator that stopped it when there is no bound */
  readonly nodes: readonly CertifiedNode[]
  /** the gain between two inputs that were found, rounding included: how loose the bound can at most be */
  readonly lower?: Bound<'lower'>
  /** the largest stretch of the Jacobian that was found, rounding not accounted for */
  readonly estimate?: Bound<'estimate'>
  /** why there is no lower bound, where it was asked for */
  readonly lowerReason?: string
  readonly inputs: readonly CertifiedValue[]
  readonly outputs: readonly CertifiedValue[]
}

export interface NetworkOptions {
  /** shapes of graph inputs by name; needed where the file leaves sides open (an open first side is taken as a batch of 1) */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>
  /** relative width asked of each layer's enclosure; default 1e-4, since the product is mostly far looser than that */
  readonly gap?: number
  /** proven norm of a layer (a matrix has no axes), where the caller has it already; default `exact` for matrices, `spectralNorm` else */
  readonly norm?: (layer: SizedConv) => Bound<'upper' | 'exact'>
  /** search for two inputs far apart in gain; false leaves `lower` out. Default true */
  readonly lower?: boolean
  /** where to search: values for every input by name; default seeded random points */
  readonly at?: Readonly<Record<string, ArrayLike<number>>>
  readonly seed?: number
  /** power iterations on the Jacobian; default 30, fewer where a pass is expensive, none in the largest networks unless given */
  readonly iterations?: number
}
