import { forwardOf, type SizedConv } from '../conv.ts'
import { UNIT } from '../rounding.ts'
import { phasesOf } from '../runtime/phases.ts'

/** Below this a factor is rounding error: c(1, 1) is 0 but evaluates to 2e-16. */
const NOTHING = 1e-12

/**
 * The share of M that a zero-padded layer of finite size reaches at least: ‖T_n‖ ≥ Π_d c(m_d, τ_d)·M with c(m, τ) = 1 − 2τ² sin²(π/(2(m + 1)))
 * (METHODS §8), rounded down; 0 where nothing is known (stride or dilation above 1, or an image too small for its kernel).
 *
 * m_d counts the outputs o with 0 ≤ o + τ − before < n: sine windows of that length on both sides, modulated by θ*, are the proof. An even
 * kernel gets a zero tap more. Sharp for k = 3.
 */
export function windowShare(layer: SizedConv): number {
  const { stride, dilation, kernelSize, before, inputSize, outputSize } = forwardOf(layer)
  if (stride.some(s => s > 1) || dilation.some(s => s > 1)) return 0
  return kernelSize.reduce((share, k, d) => {
    const tau = Math.floor(k / 2)
    const first = Math.max(0, before[d] - tau)
    const last = Math.min(outputSize[d] - 1, inputSize[d] - 1 + before[d] - tau)
    const m = last - first + 1
    if (m < 1) return 0
    if (tau === 0) return share
    const sine = phasesOf([[1]], [4 * (m + 1)], [1])[1] + 2 ** -52
    const factor = (1 - 2 * tau * tau * sine * sine) * (1 - 8 * UNIT) - 8 * UNIT
    return factor > NOTHING ? share * factor * (1 - UNIT) : 0
  }, 1)
}
