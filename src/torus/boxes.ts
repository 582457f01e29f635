/**
 * A box on the torus with corners in whole numbers: θ_d = 2π·x_d/turns[d]. For every size turns is a multiple of all small numbers; for a circular
 * operator it is the number of its frequencies along the axis, and only whole x are asked about.
 */
export interface Box {
  readonly corner: readonly number[]
  readonly width: readonly number[]
}

/** A box around ±point, half-width `half` (in 1/TURN turns, Infinity along axes on which the symbol is constant), in which λ_max(G) ≤ t. */
export interface Neighbourhood {
  readonly point: readonly number[]
  readonly half: readonly number[]
}

export interface Lattice {
  readonly turns: readonly number[]
  /** True if only the whole points count, so that a box of width 1 has nothing between its corners. */
  readonly discrete: boolean
}

/** Turns of a lattice that is as good as continuous: a multiple of all small numbers of boxes, so that they can be halved many times. */
const FINEST = 105 * 2 ** 17

/** The lattice of box corners for every size: one point along axes without degree. */
export function fineLattice(tau: readonly number[]): Lattice {
  return { turns: tau.map(x => (x > 0 ? FINEST : 1)), discrete: false }
}

/** τ: half the degree of Σ A_q e^{iq·θ} along each axis. */
export function spreads(offsets: readonly (readonly number[])[]): number[] {
  return offsets.map(q => (q[q.length - 1] - q[0]) / 2)
}
