import type { Conv } from '../conv.ts'
import { foldBatchNorm } from '../network/batch-norm.ts'
import type { Claim } from '../report.ts'
import { nextDown, nextUp } from '../rounding.ts'
import { type TensorLike, toTensor } from '../tensor.ts'

/** A batch norm as plain data, for a task. */
export interface FoldedNorm {
  readonly name: string
  readonly epsilon: number
  readonly gamma?: TensorLike
  readonly variance: TensorLike
}

/**
 * The layer with a batch norm multiplied into its output channels: tighter than the product of the two norms (METHODS §9).
 *
 * @returns the layer, and how far rounding may have moved its norm
 * @throws OpnormError `shape` when the batch norm has another number of channels, `nonfinite` when a factor is no number
 */
export function folded<L extends Conv>(layer: L, { name, epsilon, gamma, variance }: FoldedNorm): { conv: L; rounding: number } {
  return foldBatchNorm(layer, {
    epsilon,
    variance: toTensor(variance, `${name}: variance`).data,
    ...(gamma !== undefined && { gamma: toTensor(gamma, `${name}: weight`).data }),
  })
}

/** What was proven of the rounded kernel, as it holds for the exact product of the two layers. */
export function widened(claim: Claim, rounding: number): Claim {
  if (rounding === 0) return claim
  const lower = Math.max(0, nextDown((claim.lower ?? 0) - rounding))
  const upper = claim.upper === null ? null : nextUp(claim.upper + rounding)
  const value = claim.kind === 'upper' ? upper : claim.kind === 'lower' ? lower : claim.value
  return { ...claim, value, lower, upper, gap: upper === null || lower === 0 ? null : upper / lower - 1 }
}
