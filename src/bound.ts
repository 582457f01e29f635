import { fail, show } from './errors.ts'
import type { Tensor } from './tensor.ts'

/**
 * What has been proven about a number (METHODS §0):
 * `exact` the norm to rounding · `upper` a proven ceiling · `lower` a proven floor · `estimate` neither.
 */
export type Kind = 'exact' | 'upper' | 'lower' | 'estimate'

/** Which operators a bound speaks of: the one at the given input size, or those of every size at once (the infinite grid). */
export type Scope = 'this-size' | 'every-size'

/** Vectors to begin the next call from; what they mean belongs to the method that wrote them. */
export interface Start {
  readonly method: string
  readonly vectors: readonly Float64Array[]
}

/**
 * A claim about a norm. Always `lower ≤ truth ≤ upper`, rounding included (0 and Infinity when nothing is proven).
 * The kind is part of the type, so that what needs a proof refuses an estimate before it runs.
 */
export interface Bound<K extends Kind = Kind> {
  readonly value: number
  readonly kind: K
  readonly method: string
  readonly scope: Scope
  readonly lower: number
  readonly upper: number
  /** Iterations, sweeps or norm evaluations; which of them is said by the method. */
  readonly work: number
  /** ∂value/∂kernel in the kernel's own shape and layout. */
  readonly gradient?: Tensor
  readonly start?: Start
  /** Convergence and budget as data: false when the method stopped before it reached what was asked. */
  readonly converged?: boolean
}

/** Refuses ends that no method returns, in the name of callers without a type checker. */
export function checkEnds(lower: unknown, upper: unknown, what: string): void {
  if (!(typeof lower === 'number' && typeof upper === 'number' && lower >= 0 && lower <= upper))
    fail('option', what, '0 ≤ lower ≤ upper', `${show(lower)} and ${show(upper)}`, 'Give the bound as the method returned it')
}

/** Relative width of the enclosure, upper/lower − 1: 0 for a zero norm, Infinity while only one side is known. */
export function gapOf(bound: Pick<Bound, 'lower' | 'upper'>): number {
  if (bound.upper === 0) return 0
  return bound.lower > 0 ? bound.upper / bound.lower - 1 : Infinity
}
