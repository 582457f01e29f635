import { countOf, type Frequencies } from '../symbol.ts'
import { borrow } from './arena.ts'
import { coldStart } from './gram-vectors.ts'

/** What is known of λ_max(G) at a list of frequencies. */
export interface Brackets {
  /** Rayleigh quotients. */
  readonly values: Float64Array
  /** λ_max(G(θ)) ≤ ceiling is proven; Infinity where no test passed, or none was asked for. */
  readonly ceilings: Float64Array
  /** The vectors of the quotients, 2n numbers each. */
  readonly vectors: Float64Array
}

export type Starts = readonly (Float64Array | undefined)[]

/**
 * Brackets λ_max at each frequency: from below by a few steps of Lanczos, from above by one Cholesky test somewhere below t (assembly/search/bracket.ts).
 *
 * @param record of a Gram symbol of side n
 * @param t no test is made where it is 0
 */
export function bracketAt(
  record: number,
  n: number,
  frequencies: Frequencies,
  t: number,
  steps: number,
  starts: Starts,
): Brackets {
  return borrow(arena => {
    const { bracket, bracketBytes } = arena.routines
    const count = countOf(frequencies)
    const [turns, points] = [arena.put(frequencies.turns), arena.put(frequencies.points)]
    const [vectors, values, ceilings] = [2 * n * count, count, count].map(length => arena.alloc(length * 8))
    const work = arena.alloc(bracketBytes(record, count))
    const all = arena.f64(vectors, 2 * n * count)
    const cold = coldStart(n)
    // few numbers are copied sooner than `set` is called
    for (let i = 0; i < count; i++) for (let k = 0, from = starts[i] ?? cold; k < 2 * n; k++) all[2 * n * i + k] = from[k]
    bracket(record, turns, points, count, t, steps, vectors, values, ceilings, work)
    return { values: arena.f64(values, count).slice(), ceilings: arena.f64(ceilings, count).slice(), vectors: all.slice() }
  })
}

/** For each frequency 1 where λ_max(G(θ)) ≤ level is proven, in the precision of that number (cholesky-tests.ts). */
export function belowAt(record: number, precision: number, frequencies: Frequencies, levels: Float64Array): Uint8Array {
  return borrow(arena => {
    const { below, bracketBytes } = arena.routines
    const count = levels.length
    const [turns, points, asked] = [arena.put(frequencies.turns), arena.put(frequencies.points), arena.put(levels)]
    const [passed, work] = [arena.alloc(count), arena.alloc(bracketBytes(record, count))]
    below(record, precision, turns, points, count, asked, passed, work)
    return arena.u8(passed, count).slice()
  })
}
