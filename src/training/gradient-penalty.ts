import type { Bound, Start } from '../bound.ts'
import { fail, show } from '../errors.ts'
import type { LinearOperator } from '../linear-operator.ts'
import type { SizedConv } from '../conv.ts'
import { apply } from '../methods/apply.ts'
import { lanczos } from '../methods/lanczos.ts'
import { asOptions, isLayer } from '../methods/operand.ts'
import { peakOf } from '../summation.ts'

export interface GradientPenaltyOptions {
  /** The norm to be met; default 1. */
  readonly target?: number
  /** Only norms above the target cost; default false. */
  readonly oneSided?: boolean
  /** Residual at which the norm of a Jacobian with several rows counts as found; default 1e-6. */
  readonly tolerance?: number
  readonly start?: Start
  readonly seed?: number
}

export interface GradientPenalty {
  /** (‖J‖ − target)². */
  readonly value: number
  /** ‖J‖ as found: a floor of the norm at this point, and no claim about any other point. */
  readonly bound: Bound<'lower'>
  /** ∂value/∂J = slope · left ⊗ right, with unit vectors left (outputs) and right (inputs). */
  readonly slope: number
  readonly left: Float64Array
  readonly right: Float64Array
  readonly start: Start
}

/**
 * Gradient penalty `(‖J‖ − target)²` of a function at one point, its Jacobian J given by products.
 *
 * For a scalar function, shape [1, n], J is the gradient: one product, exact. Otherwise ‖J‖ is the operator norm by Lanczos. The
 * derivative with respect to J is `slope · left ⊗ right`, so the gradient for parameters w is that of `slope · ⟨left, J(w) right⟩` with
 * left and right held fixed: one more pass of the framework that made the products.
 *
 * Gulrajani et al. 2017, arXiv:1704.00028; METHODS §9. A local condition: it bounds nothing elsewhere.
 *
 * @param jacobian `{shape: [outputs, inputs], apply: v ↦ J v, applyAdjoint: u ↦ Jᵀu}` at the point, or a layer with an input size
 * @throws OpnormError `option`, `shape`, `nonfinite`
 * @example gradientPenalty({ shape: [1, 2], apply: v => [3 * v[0]], applyAdjoint: u => [3 * u[0], 0] }).value  // 4 to rounding, (3 − 1)²
 */
export function gradientPenalty(jacobian: SizedConv | LinearOperator, options: GradientPenaltyOptions = {}): GradientPenalty {
  asOptions(options, 'gradientPenalty')
  const { target = 1, oneSided = false, tolerance = 1e-6, start, seed } = options
  if (!(typeof target === 'number' && target >= 0 && target < Infinity))
    fail('option', 'target', 'a finite number from 0', show(target), '1 asks for a 1-Lipschitz function')
  if (typeof oneSided !== 'boolean') fail('option', 'oneSided', 'true or false', show(oneSided), 'Check the call')
  const row = isLayer(jacobian) || jacobian?.shape?.[0] !== 1 ? undefined : gradientStart(jacobian)
  const bound = lanczos(jacobian, {
    tolerance,
    ...(seed !== undefined && { seed }),
    ...((row ?? start) && { start: row ?? start }),
  })
  const right = unit(bound.start!.vectors[0])
  const left = unit(Float64Array.from(isLayer(jacobian) ? apply(jacobian, right).data : applyOf(jacobian)(right)))
  const excess = bound.value - target
  const active = !oneSided || excess > 0
  return {
    value: active ? excess * excess : 0,
    bound,
    slope: active ? 2 * excess : 0,
    left,
    right,
    start: bound.start!,
  }
}

/** The gradient itself is the right singular vector of a Jacobian with one row. */
function gradientStart(jacobian: LinearOperator): Start {
  const adjoint = jacobian.applyAdjoint ?? jacobian.rmatvec
  if (typeof adjoint !== 'function')
    fail('option', 'operator.applyAdjoint', 'a function', show(adjoint), 'Give applyAdjoint or rmatvec: both products are needed')
  const row: ArrayLike<number> | undefined = adjoint.call(jacobian, Float64Array.of(1))
  if (row?.length !== jacobian.shape[1])
    fail('shape', 'operator.applyAdjoint', `${jacobian.shape[1]} numbers`, show(row), 'It gives Jᵀu for the output u')
  const vector = Float64Array.from(row)
  const bad = vector.findIndex(x => !Number.isFinite(x))
  if (bad >= 0)
    fail('nonfinite', 'the product with the adjoint', 'finite numbers', `${vector[bad]} at [${bad}]`, 'Check the operator')
  return { method: 'gradient-penalty', vectors: [vector] }
}

function applyOf(jacobian: LinearOperator): (x: Float64Array) => ArrayLike<number> {
  return (jacobian.apply ?? jacobian.matvec)!.bind(jacobian)
}

/** Scaled by its largest entry first, which keeps the squares within range. A zero vector stays zero. */
function unit(vector: Float64Array): Float64Array {
  const peak = peakOf(vector)
  if (peak === 0) return vector
  const level = vector.map(x => x / peak)
  const length = Math.sqrt(level.reduce((sum, x) => sum + x * x, 0))
  return level.map(x => x / length)
}
