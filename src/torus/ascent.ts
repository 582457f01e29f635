import { borrow } from '../runtime/arena.ts'
import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { putRay, type Ray, readRay, TURN } from './ray.ts'

/** Where an ascent ended: a local maximum of λ_max(G(θ)) as far as `accuracy` asks, or the best point of a search that was cut short. */
export interface Peak {
  readonly ray: Ray
  /** ‖Gv − ρv‖ at the end. */
  readonly residual: number
  readonly evaluations: number
}

/**
 * Climbs from a point to a local maximum of λ_max(G(θ)): quasi-Newton on the gradient of p_v, with v carried along (assembly/search/ascent.ts).
 *
 * @param reach how far a step may go along each axis, in radians; 0 along those it must not move on
 * @param accuracy relative to λ: stops when the gain that the quadratic model promises is below it
 * @param most points it may look at, one at least
 */
export function ascend(
  gram: GramSymbol,
  start: readonly number[],
  v: Float64Array | undefined,
  reach: readonly number[],
  accuracy: number,
  most = Infinity,
): Peak {
  return borrow(arena => {
    const { ascend, ascentBytes } = arena.routines
    const ray = putRay(arena, gram, start, v)
    const [far, work] = [arena.put(reach), arena.alloc(ascentBytes(gram.record))]
    ascend(gram.record, ray, v !== undefined, far, accuracy, most, work)
    const found = readRay(
      arena,
      gram,
      ray,
      start.map(() => TURN),
    )
    return { ray: found, residual: found.residual, evaluations: found.evaluations }
  })
}

/**
 * The same maximum to the last digits of its vector. Values are stationary there, so an ascent ends with θ* and v to half the digits;
 * their gradients with respect to the kernel are not.
 *
 * @param still keeps the point where it is
 */
export function polish(gram: GramSymbol, found: Ray, still: boolean): Ray {
  return borrow(arena => {
    const { point, turns } = still ? found : finely(found)
    const ray = putRay(arena, gram, point, found.v)
    const [at, work] = [arena.put(turns), arena.alloc(arena.routines.ascentBytes(gram.record))]
    arena.routines.polish(gram.record, at, ray, still, work)
    return readRay(arena, gram, ray, turns)
  })
}

/** A point of a coarser lattice in 1/TURN turns. */
function finely({ point, turns }: Ray): Pick<Ray, 'point' | 'turns'> {
  return { point: point.map((x, d) => Math.round((x / turns[d]) * TURN) % TURN), turns: turns.map(() => TURN) }
}
