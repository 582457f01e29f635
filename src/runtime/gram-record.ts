import type { Arena } from './arena.ts'
import { choleskyError } from './gram-taps.ts'
import { hiddenFixed, hiddenSingle, type Proof, singleFactor, singleRounding } from './cholesky-tests.ts'
import { coldStart } from './gram-vectors.ts'
import { planOf, type Positions } from './phases.ts'

/** A Gram symbol as the routines of assembly/search know it. */
export interface Recorded {
  readonly m: number
  readonly n: number
  readonly axes: number
  /** Addresses of the taps of F, and of the planes of G in both precisions. */
  readonly taps: number
  readonly planes: number
  readonly planesSingle: number
  /** Of the taps of F, and of those of G with q > 0. */
  readonly places: Positions
  readonly positions: Positions
  readonly proof: Proof
  /** ‖fl(F(θ)v) − F(θ)v‖ for ‖v‖ = 1. */
  readonly imageError: number
}

/** Writes the record (assembly/search/gram-symbol.ts, class Gram) and returns its address; it holds as long as the arena it is put in. */
export function putRecord(arena: Arena, gram: Recorded): number {
  const { m, n, axes, proof } = gram
  const cold = arena.put(coldStart(n).subarray(0, 2 * n))
  const [places, positions] = [gram.places, gram.positions].map(list => putPositions(arena, list, axes))
  const table = arena.alloc(32 * Math.max(places.factors, positions.factors))
  const at = arena.alloc(104)
  arena.i32(at, 10).set([m, n, axes, gram.taps, gram.planes, gram.planesSingle, cold, table, places.at, positions.at])
  const hidden = [choleskyError(n) * n, singleFactor(n), hiddenSingle(n), hiddenFixed(n)]
  arena.f64(at + 40, 7).set([proof.error, singleRounding(proof), gram.imageError, ...hidden])
  arena.i32(at + 96, 1)[0] = 0
  return at
}

/** A list of positions and the plan of their phases (class Positions); how many factors the phases of one frequency have. */
function putPositions(arena: Arena, positions: Positions, axes: number): { at: number; factors: number } {
  const { far, words } = planOf(positions, axes)
  const sizes = arena.alloc(words.length * 4)
  arena.i32(sizes, words.length).set(words)
  const factors = arena.put(far)
  const coordinates = arena.put(positions.flat())
  const at = arena.alloc(20)
  arena.i32(at, 5).set([positions.length, sizes, factors, sizes + 4 * axes, coordinates])
  return { at, factors: far.length }
}
