import type { Bound } from '../bound.ts'
import { fail, show } from '../errors.ts'
import { nextDown, scaled, scaledUp } from '../rounding.ts'
import { exponentOf } from '../symbol.ts'
import { euclideanUp, plusUp, rootUp, timesUp } from './outward.ts'

/** What is known at the point of interest. */
export interface RadiusArguments {
  /** f(x) = z_y − z_t at the point; not positive: nothing can be certified, radius 0 */
  readonly margin: number
  /** ‖∇f(x)‖₂, or a number above it */
  readonly gradientNorm: number
  /** a bound of ‖∇²f‖ everywhere, from `curvature` */
  readonly curvature: number | Bound<'upper' | 'exact'>
}

/**
 * Radius around a point inside which a margin of curvature ≤ κ stays positive: `(√(‖∇f‖² + 2mκ) − ‖∇f‖)/κ`, rounded down.
 *
 * From f(x + d) ≥ m − ‖∇f‖·‖d‖ − ½κ‖d‖². Computed as `2m/(‖∇f‖ + √(‖∇f‖² + 2mκ))`, which does not cancel and goes to m/‖∇f‖ as κ → 0;
 * Infinity when both are 0. METHODS §9; Singla & Feizi 2020, arXiv:2006.00731.
 *
 * @throws OpnormError `option`, `nonfinite`; `kind` for a curvature that is not proven from above
 * @example certifiedRadius({ margin: 1, gradientNorm: 0, curvature: 2 })  // 0.9999999999999992, which is 1 rounded down
 */
export function certifiedRadius(at: RadiusArguments): number {
  if (typeof at !== 'object' || at === null)
    fail('option', 'certifiedRadius', '{ margin, gradientNorm, curvature }', show(at), 'Give what is known at the point')
  const { margin, gradientNorm, curvature } = at
  const kappa = curvatureOf(curvature)
  if (!Number.isFinite(margin)) fail('nonfinite', 'margin', 'a finite number', show(margin), 'Give z_y − z_t at the point')
  if (typeof gradientNorm !== 'number' || !(gradientNorm >= 0))
    fail('option', 'gradientNorm', 'a number from 0', show(gradientNorm), 'Give the norm of the gradient of the margin')
  if (margin <= 0) return 0
  // f and a multiple of f have one radius: with a margin near 1 nothing in between leaves the range.
  const exponent = exponentOf(Float64Array.of(margin))
  const m = scaled(margin, -exponent)
  const slope = scaledUp(gradientNorm, -exponent)
  const root = euclideanUp([slope, timesUp(timesUp(rootUp(2), rootUp(m)), rootUp(scaledUp(kappa, -exponent)))])
  const sum = plusUp(slope, root)
  if (sum === 0) return Infinity
  return Math.min(2 * Math.max(0, nextDown(m / sum)), Number.MAX_VALUE)
}

function curvatureOf(curvature: RadiusArguments['curvature']): number {
  const bound = typeof curvature === 'object' && curvature !== null ? (curvature as Bound) : undefined
  if (bound && bound.kind !== 'upper' && bound.kind !== 'exact')
    fail('kind', 'curvature', "kind 'upper' or 'exact'", show(bound.kind), 'Only a proven ceiling certifies a radius')
  const kappa = bound ? bound.upper : curvature
  if (typeof kappa !== 'number' || !(kappa >= 0))
    fail('option', 'curvature', 'a number from 0', show(kappa), 'Give what curvature() returned')
  return kappa
}
