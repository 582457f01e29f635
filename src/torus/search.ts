import { fail } from '../errors.ts'
import { type Arena, borrow } from '../runtime/arena.ts'
import type { GramSymbol } from '../runtime/gram-symbol.ts'
import type { Box, Lattice, Neighbourhood } from './boxes.ts'
import { bendsOfTaps, betweenPoints, ceilingOf } from './curvature.ts'
import { type Ray, readRay, TURN } from './ray.ts'

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
  /** From how many channels on nets are tried (assembly/search/nets.ts); 0: wherever there can be any. */
  readonly netted?: number
  /** Told of every box or neighbourhood that was closed, in order: for pictures. */
  readonly observe?: (closed: Box | Neighbourhood) => void
}

/** lower ≤ sup f ≤ upper over the torus, or over a lattice's points; f = ‖F(θ)‖₂. */
export interface Enclosure {
  readonly lower: number
  readonly upper: number
  readonly evaluations: number
  /** False when the budget ran out or rounding keeps the gap from being reached. */
  readonly converged: boolean
  /** The maximiser found, with its vector. */
  readonly ray: Ray
}

/** With fewer channels surfaces are rarely flat enough for nets to save anything. */
const NETTED = 64

/** Lists of a search (assembly/search/search.ts). */
const [SUSPECTS, OBSERVATIONS] = [0, 1]
/** Where a state has the address of its best ray, and a vertex that of its vector, in bytes (State in assembly/search/state.ts, Vertex in vertices.ts). */
const [BEST, SLOT] = [64, 52]

/** Encloses sup f by branch and bound (assembly/search/search.ts, METHODS §7, docs/enclosure.md). */
export function enclose(gram: GramSymbol, tau: readonly number[], lattice: Lattice, goal: Goal): Enclosure {
  return borrow(arena => {
    const { openSearch, searchRound, endRound } = arena.routines
    const problem = putProblem(arena, gram, tau, lattice, goal)
    openSearch(gram.record, problem, arena.alloc(0))
    inMemory(arena, () => {
      for (let waiting = searchRound(); waiting >= 0; waiting = searchRound()) {
        if (waiting === 0) continue
        decompose(gram, lattice)
        endRound()
      }
    })
    const result = resultOf(arena, gram, lattice, goal)
    if (goal.observe) for (const closed of observations(arena, tau.length)) goal.observe(closed)
    return result
  })
}

/** Class Problem of assembly/search/state.ts. */
function putProblem(arena: Arena, gram: GramSymbol, tau: readonly number[], lattice: Lattice, goal: Goal): number {
  const three = (list: readonly number[]) => [...list, 0, 0, 0].slice(0, 3)
  return arena.put([
    goal.gap,
    goal.maxEvaluations,
    goal.known ?? 0,
    gram.centreNorm,
    ceilingOf(gram),
    betweenPoints(tau, lattice),
    goal.sharp ? 1 : 0,
    lattice.discrete ? 1 : 0,
    goal.observe ? 1 : 0,
    goal.netted ?? NETTED,
    ...three(tau),
    ...three(lattice.turns),
    ...three(bendsOfTaps(gram, tau.length)),
  ])
}

/** Class State of assembly/search/state.ts. */
function resultOf(arena: Arena, gram: GramSymbol, { turns }: Lattice, { gap }: Goal): Enclosure {
  const at = arena.routines.searchState() >>> 0
  const [lower, , , , extra, visited, upper] = arena.f64(at, 7)
  const best = arena.i32(at + BEST, 1)[0] >>> 0
  const { onLattice, ...ray } = readRay(arena, gram, best, turns)
  return {
    lower,
    upper,
    evaluations: extra + visited,
    converged: upper <= lower * (1 + gap),
    ray: onLattice ? ray : { ...ray, turns: turns.map(() => TURN) },
  }
}

/** A search that finds no more memory ends in a trap: an error for people instead. */
export function inMemory(arena: Arena, search: () => void): void {
  try {
    search()
  } catch (cause) {
    if (!(cause instanceof WebAssembly.RuntimeError) || arena.routines.heapTop() !== 0) throw cause
    fail('memory', 'memory', 'room for all boxes of a search', 'no more to be had', 'Ask for a wider gap or fewer evaluations')
  }
}

/** The addresses in a list. */
function listed(arena: Arena, which: number): number[] {
  const [items, length] = arena.i32(arena.routines.searchList(which) >>> 0, 2)
  return Array.from(arena.i32(items >>> 0, length), at => at >>> 0)
}

/** Puts the top eigenvectors of complete decompositions where vertices that wait for them keep theirs (class Vertex of assembly/search/vertices.ts). */
function decompose(gram: GramSymbol, { turns }: Lattice): void {
  borrow(arena => {
    // what the search has taken since it began
    arena.alloc((arena.routines.heapTop() >>> 0) - arena.alloc(0))
    for (const vertex of listed(arena, SUSPECTS)) {
      const vector = gram.topVector({ turns, points: arena.f64(vertex, turns.length).slice() })
      const slot = arena.i32(vertex + SLOT, 1)[0] >>> 0
      arena.f64(slot, vector.length).set(vector)
    }
  })
}

function observations(arena: Arena, axes: number): (Box | Neighbourhood)[] {
  return listed(arena, OBSERVATIONS).map(at => {
    const whole = at - (at % 2)
    const triple = (k: number) => Array.from(arena.f64(whole + 24 * k, axes))
    return at === whole ? { corner: triple(0), width: triple(1) } : { point: triple(0), half: triple(1) }
  })
}
