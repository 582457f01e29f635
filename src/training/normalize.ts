import { type Bound, checkEnds } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { asLayer } from '../methods/operand.ts'
import { UNIT } from '../rounding.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { cotangentOf, withinRange } from './cotangent.ts'
import { gradientFor } from './penalty.ts'

export interface Normalized<K extends 'upper' | 'estimate'> {
  /** K/σ in the kernel's own shape and layout. */
  readonly kernel: Tensor
  /** What is known about the norm of that kernel: a proven ceiling (1 + 4·2⁻⁵³ for rounding), or an estimate of 1. */
  readonly bound: Bound<K>
  /** ∂loss/∂K from ∂loss/∂(K/σ): (1/σ)(L̄ − ⟨L̄, K/σ⟩·∂σ/∂K). Needs the bound's gradient. */
  vjp(cotangent: TensorLike): Tensor
}

/**
 * Spectral normalisation: `K/σ`, and the gradient through it.
 *
 * With a proven bound σ = bound.upper and the new layer's norm is proven to be at most 1, for the operators the bound speaks of. A floor or
 * an estimate (power iteration, a warm-started tensor norm) is what training loops often use because it is cheap; the layer is then *about*
 * 1-Lipschitz and nothing is proven, so it has to be asked for with `{ unproven: true }`, and the result's kind stays 'estimate'.
 *
 * A zero kernel stays zero, with a zero gradient: σ has no derivative there.
 *
 * Miyato et al. 2018, arXiv:1802.05957 (of the reshaped kernel, which is not the layer); METHODS §9.
 *
 * @param layer the layer the bound was computed for
 * @param bound any method's result, with `{ gradient: true }` if `vjp` is to be called
 * @throws OpnormError `kind` for a floor or estimate without `unproven`; `shape` for another layer's gradient; `option` in `vjp` without one;
 *   `nonfinite` for a gradient beyond the range
 * @example normalize(layer, spectralNorm(layer, { gradient: true })).kernel
 */
export function normalize(layer: Conv, bound: Bound<'upper' | 'exact'>): Normalized<'upper'>
export function normalize(layer: Conv, bound: Bound, options: { readonly unproven: true }): Normalized<'estimate'>
export function normalize(
  layer: Conv,
  bound: Bound,
  options?: { readonly unproven?: boolean },
): Normalized<'upper' | 'estimate'> {
  asLayer(layer, 'normalize')
  const proven = options?.unproven !== true
  if (typeof bound !== 'object' || bound === null)
    fail('option', 'bound', 'a bound', show(bound), 'Give what spectralNorm(), f4() or another method returned')
  if (proven) refuseUnproven(bound)
  const norm = proven ? bound.upper : bound.value
  if (typeof norm !== 'number' || !(norm >= 0) || norm === Infinity)
    fail('option', 'bound', 'a finite norm', show(norm), 'The kernel is too large to be divided by its norm')
  // A proven bound of a zero kernel may be the least double above zero.
  const sigma = layer.kernel.data.every(x => x === 0) ? 0 : norm
  const quotient = layer.kernel.data.map(x => (x === 0 ? 0 : x / sigma))
  if (!quotient.every(Number.isFinite))
    fail('option', 'bound', "this layer's own", `a norm of ${norm}`, 'The kernel divided by it leaves the range of float64')
  const margin = proven ? roundingMargin(layer, quotient) : 1
  const kernel = { data: quotient.map(x => x / margin), shape: layer.kernel.shape }
  return {
    kernel,
    bound: proven ? claim('upper', bound, sigma) : claim('estimate', bound, sigma),
    vjp: cotangent => through(kernel, sigma * margin, margin, gradientOf(layer, bound), cotangent),
  }
}

/** (1/σ′)(L̄ − ⟨L̄, K/σ′⟩·∂σ′/∂K) with σ′ = σ·margin. */
function through(kernel: Tensor, sigma: number, margin: number, slope: Float64Array, cotangent: TensorLike): Tensor {
  const { data, shape } = kernel
  const given = cotangentOf(kernel, cotangent)
  if (sigma === 0) return { data: new Float64Array(data.length), shape }
  const along = given.reduce((sum, l, i) => sum + l * data[i], 0) * margin
  return withinRange({ data: given.map((l, i) => (l - along * slope[i]) / sigma), shape })
}

/** A floor passed off as a ceiling has no finite `upper`, whatever its label says. */
function refuseUnproven({ kind, lower, upper }: Bound): void {
  if (kind !== 'upper' && kind !== 'exact')
    fail(
      'kind',
      'bound',
      "a proven bound, 'upper' or 'exact'",
      show(kind),
      'Use spectralNorm(), f4() or gram(); or ask for { unproven: true }, and nothing is claimed about the result',
    )
  if (upper === Infinity)
    fail(
      'kind',
      'bound',
      'a finite proven ceiling',
      'upper: Infinity',
      'The norm left the range of float64: scale the kernel down',
    )
  checkEnds(lower, upper, 'bound')
}

/**
 * The factor ≥ 1 that keeps a norm of 1 below 1 after rounding: every entry may err by a unit roundoff or two of itself, so the layer by
 * as much of ‖|K|‖ ≤ √(Πk)·‖K‖_F (METHODS §5).
 */
function roundingMargin({ kernelSize }: Conv, data: Float64Array): number {
  const taps = kernelSize.reduce((product, k) => product * k, 1)
  const square = data.reduce((sum, x) => sum + x * x, 0)
  return 1 + (3 * Math.sqrt(taps * square) + 8) * UNIT
}

function claim<K extends 'upper' | 'estimate'>(kind: K, { method, scope, work }: Bound, sigma: number): Bound<K> {
  const value = sigma === 0 ? 0 : 1
  return { value, kind, method: `normalize(${method})`, scope, lower: 0, upper: kind === 'upper' ? value : Infinity, work }
}

function gradientOf(layer: Conv, { gradient }: Bound): Float64Array {
  if (!gradient) fail('option', 'bound', 'a bound with its gradient', 'none', 'Compute it with { gradient: true }')
  return gradientFor(layer, gradient).data
}
