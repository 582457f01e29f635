/** The problem, the search under way, and what it has found so far. */
import { List } from './heap'
import { AXES, Gram } from './gram-symbol'
import { Ray } from './ray'

/** What a search is asked for, in doubles; src/torus/search.ts writes it. */
@unmanaged
export class Problem {
  /** upper/lower − 1 on the norm. */
  gap: f64
  /** Norm evaluations after which it ends with what it has. */
  maxEvaluations: f64
  /** A proven lower bound from elsewhere: proving that this symbol is no larger is enough. */
  known: f64
  /** ‖G₀‖₂ from above. */
  centreNorm: f64
  /** A proven upper bound of λ_max(G) everywhere. */
  ceiling: f64
  /** By how much M² may be above the values on a lattice. */
  between: f64
  /** Maxima to rounding, for a gradient: 1 or 0. */
  sharp: f64
  /** Only the points of the lattice count: 1 or 0. */
  discrete: f64
  /** Are closed boxes to be kept, for pictures? 1 or 0. */
  observed: f64
  /** From how many channels on nets are tried; 0: wherever there can be any. */
  netted: f64
}

/** Half the degree of F along each axis, the lattice's points to a turn, and Σ_q q_d²‖G_q‖₂ over all taps of G, three numbers each. */
@inline
export function tauOf(problem: Problem): usize {
  return changetype<usize>(problem) + 80
}

@inline
export function turnsOf(problem: Problem): usize {
  return changetype<usize>(problem) + 104
}

@inline
export function bendsOfTaps(problem: Problem): usize {
  return changetype<usize>(problem) + 128
}

/** The search under way; there is one at a time. */
@unmanaged
export class State {
  /** Proven: lower ≤ sup f. */
  lower: f64
  /** The level to be proven for λ_max(G). It only rises, so that what was proven for an earlier one stays proven. */
  t: f64
  /** t when the round began. */
  before: f64
  /** By which part t is raised where rounding asks for it: twice as much every time. */
  step: f64
  /** Frequencies visited by ascents and neighbourhoods, and at vertices. */
  extra: f64
  visited: f64
  /** sup f ≤ upper, once it has ended. */
  upper: f64
  gram: Gram
  problem: Problem
  /** 0 at first. */
  best: Ray
  axes: i32
  discrete: bool
  begun: bool
}

export const state = changetype<State>(memory.data(80, 8))
/** Boxes to a turn of each axis in the first grid. */
export const cells: usize = memory.data(24, 8)

/** Rays. */
export const peaks = changetype<List>(memory.data(12, 4))
/** Neighbourhoods in which λ_max(G) ≤ t: a point in 1/TURN turns and half-widths, three numbers each. */
export const closed = changetype<List>(memory.data(12, 4))
/** Closed boxes, and closed neighbourhoods with 1 added to their addresses. */
export const observations = changetype<List>(memory.data(12, 4))

@inline
export function spent(): f64 {
  return state.visited + state.extra
}

/** Norm evaluations the budget has left. */
@inline
export function remaining(): f64 {
  return state.problem.maxEvaluations - spent()
}

/** Bytes of so many numbers for each axis. */
export const TRIPLE: usize = AXES << 3
