import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { nextUp } from '../rounding.ts'
import { arch, archAround, bendsOf, type Box, cover, inside, type Lattice, sides, split } from './boxes.ts'
import { curvatures } from './curvature.ts'
import { climbFrom, closeAround, decompose, lookHigher, raise, rayFrom } from './maxima.ts'
import type { Ray } from './ray.ts'
import { ceilingOf, type Goal, remaining, type State, spent } from './state.ts'
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
/** From that many channels on the surface may be flat enough for a finer first grid to be worth an estimate. */
const CROWDED = 32
/** Finer grids than that, as multiples of its counts. */
const FINER = [1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8]
/** What a finer grid has to promise, as a part of what the first one does: that needs no second survey, and estimates err. */
const WORTH = 0.95
/** What tests above the values leave of the room below t. */
const ROOM_LEFT = 0.9
/** Evaluations for the parts of a box that had to be split, as a multiple of what parts of the right size would take. */
const SPLIT = 1.6
/** A second ascent starts from a vertex this close to the highest one. */
const RIVAL = 0.9

/**
 * Encloses sup f by branch and bound (METHODS §7, docs/enclosure.md).
 *
 * A level t = (lower·(1 + gap))² is to be proven for λ_max(G) everywhere. Every corner has a proven ceiling of λ_max(G). A box with sides h is
 * closed when the arch over the ceilings of its corners, their multilinear interpolation plus Σ½x_d(1 − x_d)h_d²C_d, stays below t; C_d is the
 * better of Bernstein's 2τ_d²t and Σq_d²‖G_q‖. A box that is not is halved along its most curved axis. The neighbourhood of each maximum found
 * by ascent is closed in one piece beforehand. A corner found higher raises the lower end, and t with it; what was proven at a lower t
 * stays proven.
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
    step: lattice.discrete ? 2 ** -42 : 2 ** -36,
  }
  let live = begin(state)
  // The first boxes may be all there is time for: their corners have values already.
  let visited: readonly Box[] = state.vertices.pending(live) === 0 ? live : []
  while (live.length > 0) {
    if (exceeds(state, live)) return cutShort(state, visited)
    visited = live
    live = descend(state, live)
  }
  return finish(state, state.t)
}

/** Would a visit to all corners of these boxes be beyond the budget? They are only counted where it might. */
function exceeds(state: State, boxes: readonly Box[]): boolean {
  const most = remaining(state)
  return boxes.length << state.tau.length > most && state.vertices.pending(boxes) > most
}

/** First boxes, first maxima, first level. */
function begin(state: State): Box[] {
  const { gram, tau, lattice, goal, vertices } = state
  const origin = { corner: tau.map(() => 0), width: tau.map(() => 0) }
  const [first] = vertices.cornersOf(origin)
  vertices.survey([first])
  // M² is at least the mean of G, which is G₀; at θ = 0 there may be nothing.
  const scale = Math.max(first.value, 0.5 * gram.centreNorm, (goal.known ?? 0) ** 2)
  state.cells = curvatures(gram, tau, lattice, scale).along.map((c, d) => cellsFor(c / scale, lattice.turns[d]))
  const boxes = cover(state.cells, lattice)
  if (exceeds(state, boxes)) {
    raise(state, rayFrom(state, first.point, first.vector))
    return boxes
  }
  const starts = [...new Set(boxes.flatMap(box => vertices.cornersOf(box)))]
  vertices.survey(starts)
  starts.sort((a, b) => b.value - a.value)
  // A second start that is not a neighbour of the first: the coarse grid may mislead.
  const neighbours = new Set(
    boxes
      .map(box => vertices.cornersOf(box))
      .filter(corners => corners.includes(starts[0]))
      .flat(),
  )
  const rival = starts.find(vertex => !neighbours.has(vertex) && vertex.value > RIVAL * starts[0].value)
  for (const vertex of rival ? [starts[0], rival] : [starts[0]]) climbFrom(state, vertex)
  for (const peak of [...state.peaks]) closeAround(state, peak)
  return lattice.discrete || gram.n < CROWDED ? boxes : refine(state, boxes, starts)
}

/**
 * The grid to begin with, now that the surface has been surveyed: the one that promises the fewest evaluations. Halving every box of a coarse grid
 * would come to the same, but only at every other size.
 */
function refine(state: State, coarse: readonly Box[], surveyed: readonly Vertex[]): Box[] {
  const { gram, tau, lattice, cells, t } = state
  const curvature = curvatures(gram, tau, lattice, t).along.map(c => c / t)
  const rooms = surveyed.map(vertex => ROOM_LEFT * (1 - vertex.value / t))
  let best = { cost: Infinity, cells }
  for (const factor of FINER) {
    const finer = cells.map((count, d) => (count > 1 ? Math.min(Math.round(count * factor), lattice.turns[d]) : count))
    const rise = finer.reduce((sum, count, d) => sum + (4.94 * curvature[d]) / (count * count), 0)
    const each = rooms.reduce((sum, room) => sum + expected(rise / Math.max(room, 1e-3), tau.length), 0) / rooms.length
    const cost = finer.reduce((product, count) => product * count, each)
    if (cost < best.cost) best = { cost: factor === 1 ? WORTH * cost : cost, cells: finer }
  }
  if (best.cells === cells) return [...coarse]
  const unit = coarse[0].width
  const at = (corner: readonly number[]) => corner.map((x, d) => Math.floor(x / unit[d])).join()
  const known = new Map(coarse.map(box => [at(box.corner), box]))
  const boxes = cover(best.cells, lattice).map(box => ({
    ...box,
    parent: known.get(at(box.corner.map((x, d) => x + box.width[d] / 2))),
  }))
  // A budget that ends here is better spent on boxes whose corners have been seen.
  return exceeds(state, boxes) ? [...coarse] : boxes
}

/** Evaluations for a box whose arch rises by so many times the room its corners leave: one, its centre too, or halves of halves. */
function expected(rise: number, axes: number): number {
  if (rise < 1) return 1
  if (axes === 2 && rise < 1.5) return 2
  let parts = SPLIT
  for (let d = 0; d < axes; d++) parts *= Math.sqrt(rise)
  return parts
}

/** The smallest of 1, 2, 3, 4, 6, 8, 12, … boxes to a turn whose curvature term is below COARSE. */
function cellsFor(curvature: number, turns: number): number {
  const wanted = Math.sqrt((Math.PI * Math.PI * curvature) / (2 * COARSE))
  let count = 1
  while (count < wanted && count < turns) count = count < 3 ? count + 1 : count % 3 === 0 ? (count / 3) * 4 : (count / 2) * 3
  return Math.min(count, turns)
}

/** A box, how far the surface may bend over it along each axis, and the level that closes it if all corners are below. */
interface Trial {
  readonly box: Box
  readonly corners: readonly Vertex[]
  /** ½h_d²C_d */
  readonly bends: readonly number[]
  /** The same along half a diagonal of two axes. */
  readonly diagonal: number
  /** Not positive where Bernstein's inequality does not reach that far. */
  readonly level: number
}

function trialsOf(state: State, boxes: readonly Box[]): Trial[] {
  const { gram, tau, lattice, vertices, t } = state
  const { along, across } = curvatures(gram, tau, lattice, t)
  let shape: { width: readonly number[]; bends: readonly number[]; diagonal: number; level: number } | undefined
  return boxes.map(box => {
    // Most boxes are as wide as the one before.
    if (!shape?.width.every((w, d) => w === box.width[d])) {
      const { bends, diagonal } = bendsOf(sides(box, lattice), along, across)
      const level = t - 0.25 * bends.reduce((sum, bend) => sum + bend, 0) * (1 + 1e-14)
      shape = { width: box.width, bends, diagonal, level }
    }
    const { bends, diagonal, level } = shape
    return { box, corners: vertices.cornersOf(box), bends, diagonal, level }
  })
}

const ceiling = (vertex: Vertex) => vertex.ceiling
const value = (vertex: Vertex) => vertex.value

function isClosed({ corners, bends, level }: Trial, t: number): boolean {
  return level > 0 && arch(corners.map(ceiling), bends) <= t
}

/** Corners without a value count as 0. */
function mayClose({ corners, bends, level }: Trial, t: number): boolean {
  return level > 0 && arch(corners.map(value), bends) < t
}

/** Visits the corners of all live boxes and closes what it can; the rest comes back in halves. */
function descend(state: State, live: readonly Box[]): Box[] {
  const { lattice, goal, closed, vertices, t } = state
  const boxes = live.filter(box => !closed.some(done => inside(box, lattice, done.point, done.half)))
  const trials = trialsOf(state, boxes)
  const before = vertices.visited()
  // What its corners' values cannot close needs no proof.
  vertices.visit(
    trials.filter(trial => mayClose(trial, t)),
    t,
  )
  const open = trials.filter(trial => !isClosed(trial, t))
  tighten(state, open)
  const left = closeByCentres(
    state,
    open.filter(trial => !isClosed(trial, t)),
  )
  if (goal.observe) for (const trial of trials) if (!left.includes(trial)) goal.observe(trial.box)
  // Without a new corner the torus looks as it did; the points of a lattice are compared more closely every time.
  if (lattice.discrete || vertices.visited() > before) lookHigher(state, lattice.discrete ? trials : left)
  // Nothing lies between these corners, and they fail.
  const stuck = left.filter(({ box, bends }) => box.width[steepest(bends)] < 2)
  if (stuck.length > 0 && state.t === t && !decompose(state, stuck)) {
    // The last digits of t are below what can be proven here.
    state.t *= 1 + state.step
    state.step *= 2
  }
  return left.flatMap(({ box, bends }) => {
    const axis = steepest(bends)
    return box.width[axis] >= 2 ? split(box, axis) : [box]
  })
}

/** Closes the boxes of two axes that a look at their centre closes, and visits those that are likely to be. */
function closeByCentres(state: State, open: readonly Trial[]): readonly Trial[] {
  const { t, vertices, tau } = state
  if (tau.length !== 2) return open
  const likely = open.filter(({ corners: [a, b, c, d], bends, level, diagonal }) => {
    const mean = 0.25 * (a.ceiling + b.ceiling + c.ceiling + d.ceiling)
    // nothing lies between corners that do not bend, or that have no ceiling
    if (level <= 0 || mean === Infinity || bends[0] === 0 || bends[1] === 0) return false
    return archAround([a.ceiling, b.ceiling, c.ceiling, d.ceiling], mean, bends, diagonal) < t
  })
  if (likely.length === 0 || likely.length > remaining(state)) return open
  const centres = vertices.visitCentres(
    likely.map(({ box }) => box),
    t,
  )
  const closed = new Set(
    likely.filter(({ corners, bends, diagonal }, i) => {
      const centre = centres[i]
      return centre && archAround(corners.map(ceiling), centre.ceiling, bends, diagonal) <= t
    }),
  )
  return open.filter(trial => !closed.has(trial))
}

function steepest(bends: readonly number[]): number {
  return bends.reduce((most, bend, d) => (bend > bends[most] ? d : most), 0)
}

/** Boxes that their corners' values would close, but not their ceilings: tests with all the room there is. */
function tighten(state: State, open: readonly Trial[]): void {
  const wanted = new Map<Vertex, number>()
  for (const { corners, bends, level: flat } of open) {
    const room = state.t - arch(corners.map(value), bends)
    if (flat <= 0 || room < 0.3 * corners.reduce((most, vertex) => Math.max(most, vertex.ceiling - vertex.value), 0)) continue
    for (const vertex of corners) {
      const level = vertex.value + 0.9 * room
      if (vertex.ceiling > level) wanted.set(vertex, Math.min(level, wanted.get(vertex) ?? Infinity))
    }
  }
  state.vertices.test(wanted)
}

function finish(state: State, t: number): Enclosure {
  const { lower, best } = state
  const upper = nextUp(nextUp(Math.sqrt(t)))
  return { lower, upper, evaluations: spent(state), converged: upper <= lower * (1 + state.goal.gap), ray: best! }
}

/** The budget is spent: the lowest level that the boxes visited last can prove, found by raising t. */
function cutShort(state: State, boxes: readonly Box[]): Enclosure {
  const { lattice, closed, vertices } = state
  const last = ceilingOf(state.gram)
  const base = state.lower ** 2
  for (let room = Math.max(state.t - base, base * 1e-6); boxes.length > 0 && base + room < last; room *= 2) {
    state.t = Math.max(state.t, base + room)
    const left = boxes.filter(box => !closed.some(done => inside(box, lattice, done.point, done.half)))
    const trials = trialsOf(state, left)
    vertices.visit(trials, state.t)
    if (trials.every(trial => isClosed(trial, state.t))) return finish(state, state.t)
  }
  return finish(state, last)
}
