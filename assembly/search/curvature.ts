/** How far the surface can bend over a box. */
import { RADIANS } from './ascent'
import { bendsOf, Box, widthOf } from './boxes'
import { item, setItem } from './numbers'
import { bendsOfTaps, state, tauOf, turnsOf } from './state'

/** C_d, and C_12 ≥ sup|∂_1∂_2 vᴴGv| of two axes from the same two inequalities: the geometric means of theirs. */
const curvature: usize = memory.data(24, 8)
let across: f64 = 0

/**
 * C_d ≥ sup λ_max(−∂_d²G) per axis, the better of two (METHODS §7), while λ_max(G) ≤ t is to be proven:
 *
 * (a) 2τ_d²·M² by Bernstein's inequality for vᴴGv ∈ [0, M²]. M² = t may be put in, because a box that contradicts M² = t contradicts every larger M² as well
 *     (docs/enclosure.md). On a lattice M² ≤ t·Π 1/cos²(πτ_d/n_d) (METHODS §6), over the axes with n_d > 2τ_d; on the others only whole points are looked at,
 *     so nothing bounds what lies between.
 * (b) Σ_q q_d²‖G_q‖₂ over all taps of G.
 */
export function bendAt(t: f64): void {
  const problem = state.problem
  let bernstein: f64 = 1
  let data: f64 = 1
  for (let d = 0; d < state.axes; d++) {
    const tau = item(tauOf(problem), d)
    const far = state.discrete && item(turnsOf(problem), d) <= 2 * tau
    const one = far ? Infinity : 2 * tau * tau * t * problem.between * (1 + 1e-14)
    const other = item(bendsOfTaps(problem), d)
    setItem(curvature, d, Math.min(one, other))
    bernstein *= one
    data *= other
  }
  // ∞·0 where nothing bends along one axis
  across = state.axes == 2 ? Math.sqrt(Math.min(bernstein > 0 ? bernstein : 0, data)) * (1 + 1e-14) : 0
}

@inline
export function curvatureAlong(d: i32): f64 {
  return item(curvature, d)
}

export function curvatureAcross(): f64 {
  return across
}

/** Sides in radians, rounded up; 0 for a discrete side with nothing inside. */
function side(box: Box, d: i32): f64 {
  const width = item(widthOf(box), d)
  if (state.discrete && width <= 1) return 0
  return ((RADIANS * width) / item(turnsOf(state.problem), d)) * (1 + 4e-16)
}

/**
 * How far a function may bend over a box with sides h, rounded up: ½h_d²C_d along each axis, and along half a diagonal of two axes
 * ½(¼h₁²C₁ + ¼h₂²C₂ + ½h₁h₂C₁₂). `bendAt` comes first.
 */
export function bend(box: Box, t: f64): void {
  const bends = bendsOf(box)
  let sum: f64 = 0
  for (let d = 0; d < state.axes; d++) {
    const h = side(box, d)
    setItem(bends, d, h == 0 ? 0 : 0.5 * h * h * item(curvature, d) * (1 + 1e-14))
    sum += item(bends, d)
  }
  box.diagonal = state.axes == 2 ? 0.25 * (box.bend0 + box.bend1 + side(box, 0) * side(box, 1) * across) * (1 + 1e-14) : 0
  box.level = t - 0.25 * sum * (1 + 1e-14)
}
