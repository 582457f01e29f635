import type { GramSymbol } from '../runtime/gram-symbol.ts'
import type { Lattice } from './boxes.ts'

/** Σ_q q_d²‖G_q‖₂ over all taps of G, for each axis: no −∂_d²vᴴGv is larger (METHODS §7). */
export function bendsOfTaps({ positions, tapNorms }: GramSymbol, axes: number): number[] {
  return Array.from({ length: axes }, (_, d) => {
    let sum = 0
    for (let i = 0; i < tapNorms.length; i++) sum += 2 * positions[i][d] ** 2 * tapNorms[i]
    return sum * (1 + 1e-12)
  })
}

/** M² is at most so many times the largest value at a point of the lattice: Π 1/cos²(πτ_d/n_d) over the axes with n_d > 2τ_d (METHODS §6). */
export function betweenPoints(tau: readonly number[], { turns, discrete }: Lattice): number {
  let between = 1
  if (discrete) for (let d = 0; d < tau.length; d++) if (turns[d] > 2 * tau[d]) between /= cosineFloor(tau[d] / turns[d]) ** 2
  return between
}

/** A proven upper bound of λ_max(G) everywhere that costs nothing: Σ‖G_q‖₂ or ‖Σ_p|A_p|‖_F². */
export function ceilingOf(gram: GramSymbol): number {
  return Math.min(gram.weight, gram.tapNorms.reduce((sum, norm) => sum + 2 * norm, gram.centreNorm) * (1 + 1e-12))
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
