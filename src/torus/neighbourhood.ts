import { borrow } from '../runtime/arena.ts'
import type { GramSymbol } from '../runtime/gram-symbol.ts'
import type { Peak } from './ascent.ts'
import { putRay } from './ray.ts'

/** A box around ±point, half-width `half` (in 1/TURN turns, Infinity along axes on which the symbol is constant), in which λ_max(G) ≤ t. */
export interface Neighbourhood {
  readonly point: readonly number[]
  readonly half: readonly number[]
}

/**
 * The finish of METHODS §7: closes a whole neighbourhood of a maximiser θ* at a level t, whatever the gap, by a Schur complement and Taylor polynomials
 * with proven remainders (assembly/search/neighbourhood.ts).
 *
 * @param cells boxes to a turn of each axis in the first grid
 * @param ceiling any proven upper bound of M²: the remainders are linear in M², and t may stand for it if they grow slowly up to there
 * @param most norm evaluations it may take
 * @returns the widest box that could be proven, and the norm evaluations it took
 */
export function closeNeighbourhood(
  gram: GramSymbol,
  { ray: { point, v, value } }: Peak,
  t: number,
  tau: readonly number[],
  cells: readonly number[],
  ceiling: number,
  most = Infinity,
): { box?: Neighbourhood; evaluations: number } {
  return borrow(arena => {
    const { closeNeighbourhood, neighbourhoodBytes } = arena.routines
    const ray = putRay(arena, gram, point, v)
    arena.f64(ray, 1)[0] = value
    const [spreads, counts, half, spent] = [arena.put(tau), arena.put(cells), arena.put(tau), arena.put([0])]
    const work = arena.alloc(neighbourhoodBytes(gram.record))
    const closed = closeNeighbourhood(gram.record, ray, t, spreads, counts, ceiling, most, half, spent, work)
    const [evaluations] = arena.f64(spent, 1)
    return closed ? { box: { point, half: Array.from(arena.f64(half, tau.length)) }, evaluations } : { evaluations }
  })
}
