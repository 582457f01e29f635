import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { nextUp } from '../rounding.ts'
import { type Box, cover, inside, type Lattice, sides, split } from './boxes.ts'
import { curvatures } from './curvature.ts'
import { climbFrom, closeAround, lookHigher, raise, rayFrom } from './maxima.ts'
import type { Ray } from './ray.ts'
import { ceilingOf, type Goal, type State, spent } from './state.ts'
import { openVertices, type Vertex } from './vertices.ts'

export type { Goal } from './state.ts'

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

/** Coarsest boxes: those whose curvature term is a sixth of the level along each axis. */
const COARSE = 0.16
/** A second ascent starts from a vertex this close to the highest one. */
const RIVAL = 0.9

/**
 * Encloses sup f by branch and bound (METHODS §7, docs/enclosure.md).
 *
 * A level t = (lower·(1 + gap))² is to be proven for λ_max(G) everywhere. A box with sides h is closed when at all its corners
 * λ_max(G) ≤ t − ⅛Σh_d²C_d is proven by a Cholesky test, C_d the better of Bernstein's 2τ_d²t and Σq_d²‖G_q‖; a box that is not is
 * halved along its most curved axis. The neighbourhood of each maximum found by ascent is closed in one piece beforehand. A corner
 * found higher raises the lower end, and t with it; what was proven at a lower t stays proven.
 */
export function enclose(gram: GramSymbol, tau: readonly number[], lattice: Lattice, goal: Goal): Enclosure {
  const state: State = {
    gram,
    tau,
    lattice,
    goal,
    vertices: openVertices(gram, lattice),
    peaks: [],
    closed: [],
    cells: [],
    extra: 0,
    lower: goal.known ?? 0,
    best: undefined,
    t: 0,
    floored: false,
  }
  let live = begin(state)
  let tested: readonly Box[] = []
  while (live.length > 0) {
    if (spent(state) + state.vertices.pending(live) > goal.maxEvaluations) return cutShort(state, tested)
    tested = live
    live = descend(state, live)
  }
  return finish(state, state.t, !state.floored)
}

/** First boxes, first maxima, first level. */
function begin(state: State): Box[] {
  const { gram, tau, lattice, goal, vertices } = state
  const origin = vertices.at(tau.map(() => 0))
  const [ritz] = gram.climb(vertices.visit([origin]), 6)
  const scale = Math.max(ritz.value, (goal.known ?? 0) ** 2)
  state.cells = curvatures(gram, tau, lattice, scale).map((c, d) => cellsFor(c / scale, lattice.turns[d]))
  const boxes = cover(state.cells, lattice)
  if (spent(state) + vertices.pending(boxes) > goal.maxEvaluations) {
    raise(state, rayFrom(state, origin.point, ritz.vector))
    return boxes
  }
  const starts = [...new Set(boxes.flatMap(box => vertices.cornersOf(box)))]
  const rough = gram.climb(vertices.visit(starts), 6)
  const order = starts.map((_, i) => i).sort((i, j) => rough[j].value - rough[i].value)
  // A second start that is not a neighbour of the first: the coarse grid may mislead.
  const first = starts[order[0]]
  const neighbours = new Set(boxes.filter(box => vertices.cornersOf(box).includes(first)).flatMap(box => vertices.cornersOf(box)))
  const rival = order.find(i => !neighbours.has(starts[i]) && rough[i].value > RIVAL * rough[order[0]].value)
  for (const i of rival === undefined ? [order[0]] : [order[0], rival]) climbFrom(state, starts[i], rough[i].vector)
  for (const peak of [...state.peaks]) closeAround(state, peak)
  return boxes
}

/** The smallest of 1, 2, 3, 4, 6, 8, 12, … boxes to a turn whose curvature term is below COARSE. */
function cellsFor(curvature: number, turns: number): number {
  const wanted = Math.sqrt((Math.PI * Math.PI * curvature) / (2 * COARSE))
  let count = 1
  while (count < wanted && count < turns) count = count < 3 ? count + 1 : count % 3 === 0 ? (count / 3) * 4 : (count / 2) * 3
  return Math.min(count, turns)
}

/** A box, the level its corners have to stay below, and the axis along which it is most curved. */
interface Trial {
  readonly box: Box
  readonly corners: readonly Vertex[]
  readonly level: number
  readonly axis: number
}

function trialsOf(state: State, boxes: readonly Box[]): Trial[] {
  const { gram, tau, lattice, closed, vertices, t } = state
  const curvature = curvatures(gram, tau, lattice, t)
  const trials: Trial[] = []
  for (const box of boxes) {
    if (closed.some(done => inside(box, lattice, done.point, done.half))) continue
    const h = sides(box, lattice)
    let total = 0
    let steepest = 0
    let axis = 0
    for (let d = 0; d < h.length; d++) {
      const term = h[d] === 0 ? 0 : (h[d] * h[d] * curvature[d]) / 8
      total += term
      if (term > steepest) [steepest, axis] = [term, d]
    }
    trials.push({ box, corners: vertices.cornersOf(box), level: t - total * (1 + 1e-14), axis })
  }
  return trials
}

function isClosed({ corners, level }: Trial): boolean {
  return level > 0 && corners.every(vertex => vertex.ceiling <= level)
}

/** Could tests close it? Not where one has failed at its level already. */
function isOpen({ corners, level }: Trial): boolean {
  return level > 0 && corners.every(vertex => vertex.failed < level)
}

function testCorners(state: State, trials: readonly Trial[]): void {
  const wanted = new Map<Vertex, number>()
  for (const { corners, level } of trials) {
    for (const vertex of corners) if (vertex.ceiling > level) wanted.set(vertex, Math.max(level, wanted.get(vertex) ?? 0))
  }
  state.vertices.test(wanted)
}

/** Tests the corners of all live boxes at the level their size asks for; what cannot be closed comes back in halves. */
function descend(state: State, live: readonly Box[]): Box[] {
  const { lattice, goal, t } = state
  const trials = trialsOf(state, live)
  testCorners(state, trials.filter(isOpen))
  const left = trials.filter(trial => !isClosed(trial))
  if (goal.observe) for (const trial of trials) if (isClosed(trial)) goal.observe(trial.box)
  lookHigher(state, left)
  const halves = left.flatMap(({ box, axis }) => (box.width[axis] >= 2 ? split(box, axis) : [box]))
  if (state.t === t && left.some(({ box, axis }) => box.width[axis] < 2)) {
    // Nothing lies between these corners, and they fail: the last digits of t are below what can be proven here.
    state.t *= 1 + (lattice.discrete ? 2 ** -42 : 2 ** -36)
    state.floored = true
  }
  return halves
}

function finish(state: State, t: number, converged: boolean): Enclosure {
  const { lower, best } = state
  const upper = nextUp(nextUp(Math.sqrt(t)))
  return { lower, upper, evaluations: spent(state), converged: converged && upper <= lower * (1 + state.goal.gap), ray: best! }
}

/** The budget is spent: the lowest level that the boxes tested last can prove, found by raising t over the corners known already. */
function cutShort(state: State, boxes: readonly Box[]): Enclosure {
  const last = ceilingOf(state.gram)
  const base = state.lower ** 2
  for (let room = Math.max(state.t - base, base * 1e-6); boxes.length > 0 && base + room < last; room *= 2) {
    state.t = Math.max(state.t, base + room)
    const trials = trialsOf(state, boxes)
    if (!trials.every(isOpen)) continue
    testCorners(state, trials)
    if (trials.every(isClosed)) return finish(state, state.t, false)
  }
  return finish(state, last, false)
}
