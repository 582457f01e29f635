import type { GramSymbol } from '../runtime/gram-symbol.ts'
import type { Box, Lattice } from './boxes.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import type { Peak } from './ascent.ts'
import type { Ray } from './ray.ts'
import type { Vertices } from './vertices.ts'

/** What a search is asked for. */
export interface Goal {
  /** upper/lower − 1 on the norm. */
  readonly gap: number
  /** Norm evaluations (frequencies visited) after which it ends with what it has. */
  readonly maxEvaluations: number
  /** Maxima to rounding, for a gradient. */
  readonly sharp?: boolean
  /** A proven lower bound from elsewhere (another group): proving that this one is no larger is enough. */
  readonly known?: number
  /** Told of every box or neighbourhood that is closed: for pictures. */
  readonly observe?: (closed: Box | Neighbourhood) => void
}

/** A search under way. */
export interface State {
  readonly gram: GramSymbol
  /** Half the degree of F along each axis. */
  readonly tau: readonly number[]
  readonly lattice: Lattice
  readonly goal: Goal
  readonly vertices: Vertices
  readonly peaks: Peak[]
  readonly closed: Neighbourhood[]
  /** Boxes to a turn of each axis in the first grid. */
  cells: readonly number[]
  /** Frequencies visited by ascents and neighbourhoods; vertices count themselves. */
  extra: number
  /** Proven: lower ≤ sup f. */
  lower: number
  best: Ray | undefined
  /** The level to be proven for λ_max(G). It only rises, so that what was proven for an earlier one stays proven. */
  t: number
  /** By which part t is raised where rounding asks for it: twice as much every time. */
  step: number
}

export function spent({ vertices, extra }: State): number {
  return vertices.visited() + extra
}

/** Norm evaluations the budget has left. */
export function remaining(state: State): number {
  return state.goal.maxEvaluations - spent(state)
}

/** A proven upper bound of λ_max(G) everywhere that costs nothing: Σ‖G_q‖₂ or ‖Σ_p|A_p|‖_F². */
export function ceilingOf(gram: GramSymbol): number {
  return Math.min(gram.weight, gram.tapNorms.reduce((sum, norm) => sum + 2 * norm, gram.centreNorm) * (1 + 1e-12))
}
