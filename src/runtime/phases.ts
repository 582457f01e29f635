import { type Frequencies, tapPositions } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'

/**
 * Error of a phase per axis, |fl(e^{iq·θ}) − e^{iq·θ}| ≤ axes·PHASE_ERROR: √2·2⁻⁵² for a factor (assembly/trig.ts) and √2·γ₂ for the
 * complex product with the next (Higham 2002, §3.6), together below 6 u an axis.
 */
export const PHASE_ERROR = 6 * 2 ** -53

/** Positions in whole numbers, one for each axis. */
export type Positions = readonly (readonly number[])[]

/** How the routine is told of positions: along each axis the |q| > 0 that occur, and for each position where among them its own are. */
interface Plan {
  readonly far: Float64Array
  /** How many of them an axis has, then for each position and axis ±(1 + place), 0 for q_d = 0. */
  readonly words: Int32Array
}

/** Lists of positions are few and long-lived. */
const plans = new WeakMap<readonly (readonly number[])[], Plan>()

export function planOf(positions: Positions, axes: number): Plan {
  let plan = plans.get(positions)
  if (!plan) {
    const far = Array.from({ length: axes }, (_, d) =>
      [...new Set(positions.map(q => Math.abs(q[d])))].filter(q => q > 0).sort((a, b) => a - b),
    )
    const entry = (q: number, d: number) => Math.sign(q) * (1 + far[d].indexOf(Math.abs(q)))
    plan = {
      far: Float64Array.from(far.flat()),
      words: Int32Array.from([...far.map(list => list.length), ...positions.flatMap(q => q.map(entry))]),
    }
    plans.set(positions, plan)
  }
  return plan
}

/**
 * Phases e^{iq·θ} for a list of positions q at `count` frequencies from `first`, in pair layout; an odd count repeats its last frequency.
 *
 * @returns address of pairs × positions × [cos cos'][sin sin']
 */
export function putPhasesAt(
  arena: Arena,
  positions: readonly (readonly number[])[],
  { turns, points }: Frequencies,
  first: number,
  count: number,
): number {
  const axes = turns.length
  const taps = positions.length
  const out = arena.alloc(Math.max(1, ((count + 1) >> 1) * taps) * 32)
  const { far, words } = planOf(positions, axes)
  borrow(inner => {
    const table = inner.alloc(far.length * 32)
    const sizes = inner.alloc(words.length * 4)
    const [n, x, q] = [inner.put(turns), inner.put(points.subarray(first * axes, (first + count) * axes)), inner.put(far)]
    inner.i32(sizes, words.length).set(words)
    inner.routines.phases(count, axes, taps, n, x, sizes, q, sizes + 4 * axes, table, out)
  })
  return out
}

/** The positions of taps that lie at these q along each axis, row-major. */
const products = new WeakMap<readonly (readonly number[])[], number[][]>()

/** The same for every tap of a symbol, row-major over the axes: pairs × taps × [cos cos'][sin sin']. */
export function putPhases(
  arena: Arena,
  offsets: readonly (readonly number[])[],
  frequencies: Frequencies,
  first: number,
  count: number,
): number {
  let positions = products.get(offsets)
  if (!positions) products.set(offsets, (positions = tapPositions(offsets)))
  return putPhasesAt(arena, positions, frequencies, first, count)
}

/** Phases e^{iq·θ} of a list of positions at one frequency, as plain numbers: re, im, re, im, … */
export function phasesOf(
  positions: readonly (readonly number[])[],
  turns: readonly number[],
  point: ArrayLike<number>,
): Float64Array {
  return borrow(arena => {
    const at = putPhasesAt(arena, positions, { turns, points: Float64Array.from(point) }, 0, 1)
    const pairs = arena.f64(at, positions.length * 4)
    const phases = new Float64Array(2 * positions.length)
    for (let p = 0; p < positions.length; p++) {
      phases[2 * p] = pairs[4 * p]
      phases[2 * p + 1] = pairs[4 * p + 2]
    }
    return phases
  })
}

/** cos(2π·j/n), within 2⁻⁵² of the truth. */
export function cosineOfTurn(j: number, n: number): number {
  return borrow(arena => {
    const from = arena.put([j])
    const to = arena.alloc(16)
    arena.routines.turns(1, n, from, to)
    return arena.f64(to, 1)[0]
  })
}
