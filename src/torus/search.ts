import type { GramSymbol } from '../runtime/gram-symbol.ts'
import { nextUp, UNIT } from '../rounding.ts'
import { ascend, type Peak } from './ascent.ts'
import { type Box, cornersOf, cover, inside, type Lattice, sides, split } from './boxes.ts'
import { curvatures } from './curvature.ts'
import { closeNeighbourhood, type Neighbourhood } from './neighbourhood.ts'
import { floorOf, type Ray, rayAt, TURN } from './ray.ts'

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
  /** Told of every box or neighbourhood that is closed: for pictures. */
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

interface Vertex {
  readonly point: number[]
  /** λ_max(G) ≤ ceiling is proven. */
  ceiling: number
  /** The highest level at which the proof failed. */
  failed: number
}

interface State {
  readonly gram: GramSymbol
  readonly tau: readonly number[]
  readonly lattice: Lattice
  readonly goal: Goal
  readonly vertices: Map<string, Vertex>
  readonly peaks: Peak[]
  readonly closed: Neighbourhood[]
  /** Boxes to a turn of each axis in the first grid. */
  cells: number[]
  /** Frequencies visited by ascents and finishes; the vertices count themselves. */
  extra: number
  lower: number
  best: Ray | undefined
  /** The level to be proven for λ_max(G). */
  t: number
  floored: boolean
}

/** Coarsest boxes: those whose curvature term is a sixth of the level along each axis. */
const COARSE = 0.16

/**
 * Encloses sup f by branch and bound (METHODS §7).
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
    vertices: new Map(),
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
  let tested: Box[] = live
  while (live.length > 0) {
    if (spent(state) + news(state, live) > goal.maxEvaluations) return cutShort(state, tested)
    tested = live
    live = descend(state, live)
  }
  return finish(state, state.t, !state.floored)
}

function spent(state: State): number {
  return state.vertices.size + state.extra
}

/** First boxes, first maximum, first level. */
function begin(state: State): Box[] {
  const { gram, tau, lattice, goal } = state
  const first = vertexAt(
    state,
    tau.map(() => 0),
  )
  const [ritz] = gram.climb({ turns: lattice.turns, points: Float64Array.from(first.point) }, 6)
  const scale = Math.max(ritz.value, (goal.known ?? 0) ** 2)
  const cells = (state.cells = curvatures(gram, tau, lattice, scale).map((c, d) => {
    const wanted = Math.sqrt((Math.PI * Math.PI * 4 * c) / (8 * COARSE * scale))
    let count = 1
    while (count < wanted && count < lattice.turns[d])
      count = count < 3 ? count + 1 : count % 3 === 0 ? (count / 3) * 4 : (count / 2) * 3
    return Math.min(count, lattice.turns[d])
  }))
  const boxes = cover(cells, lattice)
  const starts = gatherVertices(state, boxes)
  if (spent(state) > goal.maxEvaluations) return boxes
  const points = Float64Array.from(starts.flatMap(vertex => vertex.point))
  const rough = gram.climb({ turns: lattice.turns, points }, 8)
  const order = starts.map((_, i) => i).sort((i, j) => rough[j].value - rough[i].value)
  // The second start is the best one that is not a neighbour of the first: the coarse grid may mislead.
  const apart = order.find(
    i => !adjacent(boxes, lattice, starts[i], starts[order[0]]) && rough[i].value > 0.9 * rough[order[0]].value,
  )
  for (const i of apart === undefined ? [order[0]] : [order[0], apart]) climbFrom(state, starts[i], rough[i].vector)
  for (const peak of [...state.peaks]) closeAround(state, peak)
  return boxes
}

/** Do two vertices belong to one box? */
function adjacent(boxes: readonly Box[], lattice: Lattice, a: Vertex, b: Vertex): boolean {
  return boxes.some(box => {
    const names = cornersOf(box, lattice).map(point => point.join())
    return names.includes(a.point.join()) && names.includes(b.point.join())
  })
}

/** Ascends from a vertex and raises the lower end if it can; the peak, if it is a new one. */
function climbFrom(state: State, vertex: Vertex, v: Float64Array): Peak | undefined {
  const { gram, tau, lattice, goal } = state
  const reach = tau.map(x => (x > 0 ? 0.6 / x : 0))
  const start = vertex.point.map((x, d) => Math.floor((x / lattice.turns[d]) * TURN))
  const peak = ascend(gram, start, v, reach, goal.sharp ? 1e-17 : Math.max(1e-15, Math.min(1e-7, goal.gap * 1e-3)))
  state.extra += peak.evaluations
  raise(state, lattice.discrete ? bestNearby(state, peak) : peak.ray)
  if (state.peaks.some(other => near(other.ray.point, peak.ray.point, tau))) return undefined
  state.peaks.push(peak)
  return peak
}

/** Closes the neighbourhood of a maximum that is near t; a lower one is left to the boxes. */
function closeAround(state: State, peak: Peak): void {
  const { gram, tau, lattice, t } = state
  if (lattice.discrete || peak.ray.value < 0.97 * t) return
  const { box, evaluations } = closeNeighbourhood(gram, peak, t, tau, state.cells, ceilingOf(gram))
  state.extra += evaluations
  if (!box) return
  state.closed.push(box)
  state.goal.observe?.(box)
}

/** The highest of the lattice points around a maximum between them. */
function bestNearby(state: State, peak: Peak): Ray {
  const { gram, lattice, goal } = state
  const { turns } = lattice
  const base = peak.ray.point.map((x, d) => Math.floor((x / TURN) * turns[d]))
  const points = Array.from({ length: 1 << turns.length }, (_, bits) => base.map((x, d) => (x + ((bits >> d) & 1)) % turns[d]))
  const unique = [...new Map(points.map(point => [point.join(), point])).values()]
  state.extra += unique.length
  const rays = unique.map(point => {
    const at = { turns, points: Float64Array.from(point) }
    let [ritz] = gram.climb(at, 12, [peak.ray.v])
    for (let k = 0; k < 12 && ritz.residual > (goal.sharp ? 1e-13 : 1e-8) * ritz.value; k++)
      [ritz] = gram.climb(at, 24, [ritz.vector])
    return rayAt(gram, turns, point, ritz.vector)
  })
  return rays.reduce((best, ray) => (ray.value > best.value ? ray : best))
}

function raise(state: State, ray: Ray): void {
  const floor = floorOf(state.gram, ray)
  if (state.best === undefined || floor > state.lower) state.best = ray
  if (floor > state.lower) state.lower = floor
  const { gram, goal, lower } = state
  // a little less than was asked for, so that the quotient of the rounded ends is not above it
  const wanted = (lower * (1 + goal.gap * 0.999)) ** 2 * (1 - 8 * UNIT)
  const highest = Math.max(lower * lower, Math.min(ray.value, state.best.value))
  const floorLevel = highest * (1 + 8 * UNIT) + 4 * gram.margin(highest)
  state.floored = wanted < floorLevel
  state.t = Math.max(state.t, wanted, floorLevel)
}

function near(a: readonly number[], b: readonly number[], tau: readonly number[]): boolean {
  return [1, -1].some(sign =>
    a.every((x, d) => {
      if (tau[d] === 0) return true
      const apart = (((x - sign * b[d]) % TURN) + TURN) % TURN
      return Math.min(apart, TURN - apart) * tau[d] < TURN / 200
    }),
  )
}

/** Tests the corners of all live boxes at the level their size asks for; what cannot be closed comes back in halves. */
function descend(state: State, live: readonly Box[]): Box[] {
  const { gram, tau, lattice } = state
  const open: { box: Box; corners: Vertex[]; level: number; axis: number }[] = []
  const wanted = new Map<Vertex, number>()
  const curvature = curvatures(gram, tau, lattice, state.t)
  for (const box of live) {
    if (state.closed.some(done => inside(box, lattice, done.point, done.half))) continue
    const h = sides(box, lattice)
    const terms = h.map((side, d) => (side === 0 ? 0 : (side * side * curvature[d]) / 8))
    const level = state.t - terms.reduce((sum, x) => sum + x, 0) * (1 + 1e-14)
    const corners = cornersOf(box, lattice).map(point => vertexAt(state, point))
    const axis = terms.reduce((most, x, d) => (x > terms[most] ? d : most), 0)
    const hopeless = !(level > 0) || corners.some(vertex => vertex.failed >= level)
    if (!hopeless)
      for (const vertex of corners) if (vertex.ceiling > level) wanted.set(vertex, Math.max(level, wanted.get(vertex) ?? 0))
    open.push({ box, corners, level, axis })
  }
  test(state, wanted)
  const left = open.filter(({ corners, level }) => !(level > 0 && corners.every(vertex => vertex.ceiling <= level)))
  if (state.goal.observe) for (const { box } of open) if (!left.some(other => other.box === box)) state.goal.observe(box)
  lookHigher(state, left)
  return left.flatMap(({ box, axis }) => (splittable(box, lattice, axis) ? split(box, axis) : [box]))
}

function splittable(box: Box, { discrete }: Lattice, axis: number): boolean {
  return box.width[axis] > 1 || !discrete
}

function test(state: State, wanted: Map<Vertex, number>): void {
  const { gram, lattice } = state
  const vertices = [...wanted.keys()]
  const levels = Float64Array.from(wanted.values())
  const passed = gram.below({ turns: lattice.turns, points: Float64Array.from(vertices.flatMap(vertex => vertex.point)) }, levels)
  vertices.forEach((vertex, i) => {
    if (passed[i]) vertex.ceiling = Math.min(vertex.ceiling, levels[i])
    else vertex.failed = Math.max(vertex.failed, levels[i])
  })
}

/** Where a proof failed close to t there may be a maximum nobody has climbed yet: the highest such corner is tried. */
function lookHigher(state: State, left: readonly { corners: Vertex[]; level: number }[]): void {
  const { gram, lattice, tau, goal } = state
  const close = state.t * (1 - (lattice.discrete ? 1e-3 : 0.01))
  const suspects = new Set(
    left.flatMap(({ corners, level }) => (level > close ? corners.filter(vertex => vertex.failed >= level) : [])),
  )
  const fresh = [...suspects].filter(vertex => {
    const point = vertex.point.map((x, d) => (x / lattice.turns[d]) * TURN)
    return lattice.discrete
      ? vertex.failed >= state.t * (1 - 1e-12)
      : !state.peaks.some(peak =>
          near(
            peak.ray.point,
            point,
            tau.map(x => x / 8),
          ),
        )
  })
  if (fresh.length === 0 || state.peaks.length > 40) return
  const found = gram.climb({ turns: lattice.turns, points: Float64Array.from(fresh.flatMap(vertex => vertex.point)) }, 10)
  const top = found.reduce((most, ritz, i) => (ritz.value > found[most].value ? i : most), 0)
  if (!lattice.discrete) {
    const peak = climbFrom(state, fresh[top], found[top].vector)
    if (peak) closeAround(state, peak)
  } else if (spent(state) < goal.maxEvaluations)
    raise(state, rayAt(gram, lattice.turns, fresh[top].point, refine(state, fresh[top], found[top].vector)))
}

function refine(state: State, vertex: Vertex, v: Float64Array): Float64Array {
  const at = { turns: state.lattice.turns, points: Float64Array.from(vertex.point) }
  let [ritz] = state.gram.climb(at, 24, [v])
  for (let k = 0; k < 12 && ritz.residual > (state.goal.sharp ? 1e-13 : 1e-8) * ritz.value; k++)
    [ritz] = state.gram.climb(at, 24, [ritz.vector])
  return ritz.vector
}

function vertexAt(state: State, point: number[]): Vertex {
  const key = point.join()
  let vertex = state.vertices.get(key)
  if (!vertex) state.vertices.set(key, (vertex = { point, ceiling: Infinity, failed: 0 }))
  return vertex
}

function gatherVertices(state: State, boxes: readonly Box[]): Vertex[] {
  return [...new Set(boxes.flatMap(box => cornersOf(box, state.lattice).map(point => vertexAt(state, point))))]
}

/** Corners that boxes would add. */
function news(state: State, boxes: readonly Box[]): number {
  const keys = new Set(boxes.flatMap(box => cornersOf(box, state.lattice).map(point => point.join())))
  let count = 0
  for (const key of keys) if (!state.vertices.has(key)) count++
  return count
}

function finish(state: State, t: number, converged: boolean): Enclosure {
  const { lower, best } = state
  const upper = nextUp(nextUp(Math.sqrt(t)))
  return { lower, upper, evaluations: spent(state), converged: converged && upper <= lower * (1 + state.goal.gap), ray: best! }
}

/** A proven upper bound of λ_max(G) everywhere that costs nothing: Σ‖G_q‖₂ or ‖Σ_p|A_p|‖_F². */
function ceilingOf(gram: GramSymbol): number {
  return Math.min(gram.weight, gram.tapNorms.reduce((sum, norm) => sum + 2 * norm, gram.centreNorm) * (1 + 1e-12))
}

/** The budget is spent: the lowest level that the boxes tested last can prove, found by raising t over the corners known already. */
function cutShort(state: State, boxes: readonly Box[]): Enclosure {
  const { gram, tau, lattice } = state
  const last = ceilingOf(gram)
  const base = state.lower ** 2
  const known = boxes.every(box => cornersOf(box, lattice).every(point => state.vertices.has(point.join())))
  if (!state.best)
    raise(
      state,
      rayAt(
        gram,
        lattice.turns,
        [...state.vertices.values()][0].point,
        gram.climb({ turns: lattice.turns, points: Float64Array.from([...state.vertices.values()][0].point) }, 24)[0].vector,
      ),
    )
  for (let room = Math.max(state.t - base, base * 1e-6); known && base + room < last; room *= 2) {
    state.t = base + room
    if (levelProven(state, boxes, curvatures(gram, tau, lattice, state.t))) return finish(state, state.t, false)
  }
  return finish(state, last, false)
}

function levelProven(state: State, boxes: readonly Box[], curvature: readonly number[]): boolean {
  const wanted = new Map<Vertex, number>()
  const checks: { corners: Vertex[]; level: number }[] = []
  for (const box of boxes) {
    if (state.closed.some(done => inside(box, state.lattice, done.point, done.half))) continue
    const terms = sides(box, state.lattice).map((side, d) => (side === 0 ? 0 : (side * side * curvature[d]) / 8))
    const level = state.t - terms.reduce((sum, x) => sum + x, 0) * (1 + 1e-14)
    const corners = cornersOf(box, state.lattice).map(point => vertexAt(state, point))
    if (!(level > 0) || corners.some(vertex => vertex.failed >= level)) return false
    for (const vertex of corners) if (vertex.ceiling > level) wanted.set(vertex, Math.max(level, wanted.get(vertex) ?? 0))
    checks.push({ corners, level })
  }
  test(state, wanted)
  return checks.every(({ corners, level }) => corners.every(vertex => vertex.ceiling <= level))
}
