import type { GramSymbol } from '../runtime/gram-symbol.ts'
import type { Lattice } from './boxes.ts'

export interface Curvature {
  /** C_d */
  readonly along: readonly number[]
  /** C_12 ≥ sup|∂_1∂_2 vᴴGv| of two axes, from the same two inequalities: the geometric means of theirs. 0 for any other number of axes. */
  readonly across: number
}

/**
 * C_d ≥ sup λ_max(−∂_d²G) per axis, the better of two (METHODS §7), while λ_max(G) ≤ t is to be proven:
 *
 * (a) 2τ_d²·M² by Bernstein's inequality for vᴴGv ∈ [0, M²]. M² = t may be put in, because a box that contradicts M² = t contradicts
 *     every larger M² as well (docs/enclosure.md). On a lattice M² ≤ t·Π 1/cos²(πτ_d/n_d) (METHODS §6), over the axes with n_d > 2τ_d; on the
 *     others only whole points are looked at, so nothing bounds what lies between.
 * (b) Σ_q q_d²‖G_q‖₂ over all taps of G.
 */
export function curvatures(gram: GramSymbol, tau: readonly number[], { turns, discrete }: Lattice, t: number): Curvature {
  let between = 1
  if (discrete) for (let d = 0; d < tau.length; d++) if (turns[d] > 2 * tau[d]) between /= cosineFloor(tau[d] / turns[d]) ** 2
  const bernstein = tau.map((x, d) => (discrete && turns[d] <= 2 * x ? Infinity : 2 * x * x * t * between * (1 + 1e-14)))
  const data = tau.map((_, d) => {
    let sum = 0
    for (let i = 0; i < gram.tapNorms.length; i++) sum += 2 * gram.positions[i][d] ** 2 * gram.tapNorms[i]
    return sum * (1 + 1e-12)
  })
  return {
    along: tau.map((_, d) => Math.min(bernstein[d], data[d])),
    across: tau.length === 2 ? Math.sqrt(Math.min(bernstein[0] * bernstein[1] || 0, data[0] * data[1])) * (1 + 1e-14) : 0,
  }
}

/** A lower bound of cos(πx) for 0 ≤ x ≤ ½, from 1 − z²/2 + z⁴/24 − z⁶/720 ≤ cos z, or the chord near ½ where that is better. */
export function cosineFloor(x: number): number {
  const z = 3.141592653589794 * x
  const square = z * z
  return Math.max(
    (1 - square / 2 + (square * square) / 24 - (square * square * square) / 720) * (1 - 1e-14),
    (1 - 2 * x) * (1 - 1e-14),
  )
}
