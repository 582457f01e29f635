import { UNIT } from '../rounding.ts'
import { ascend, type Peak } from './ascent.ts'
import { closeNeighbourhood } from './neighbourhood.ts'
import { floorOf, type Ray, rayAt, topRay, TURN } from './ray.ts'
import { ceilingOf, remaining, type State } from './state.ts'
import type { Vertex } from './vertices.ts'

/** Ascents after which failing corners are left to the boxes. */
const MOST_PEAKS = 40
/** Corners looked at more closely after a round. */
const MOST_SUSPECTS = 16
/** Share of a box's bends by which a maximum between its corners may rise above them. */
const HOPE = 0.05

/** Ascends from a vertex as far as the budget goes and raises the lower end if it can; the peak, if it is a new one. */
export function climbFrom(state: State, vertex: Vertex): Peak | undefined {
  const { gram, tau, lattice, goal } = state
  vertex.climbed = true
  const most = remaining(state) - (lattice.discrete ? 1 << tau.length : 0)
  if (most < 1) {
    if (vertex.value >= 0) raise(state, rayFrom(state, vertex.point, vertex.vector))
    return undefined
  }
  const reach = tau.map(x => (x > 0 ? 0.6 / x : 0))
  const start = vertex.point.map((x, d) => Math.floor((x / lattice.turns[d]) * TURN))
  const accuracy = goal.sharp ? 1e-17 : Math.max(1e-15, Math.min(1e-7, goal.gap * 3e-3))
  const peak = ascend(gram, start, vertex.vector, reach, accuracy, most)
  state.extra += peak.evaluations
  raise(state, lattice.discrete ? bestNearby(state, peak) : peak.ray)
  if (state.peaks.some(other => near(other.ray.point, peak.ray.point, tau, 1))) return undefined
  state.peaks.push(peak)
  return peak
}

/**
 * How far below t a maximum may lie, as a part of t, for its neighbourhood to be closed in one piece. Boxes take some 25 evaluations for every
 * decade of that distance; the proof needs a dozen eigenvectors, and with many channels it rarely succeeds, for they crowd at the top.
 */
const worthClosing = (n: number) => (n > 100 ? 5e-4 : 0.03)

/** Closes the neighbourhood of a maximum that is near t; a lower one is left to the boxes. */
export function closeAround(state: State, peak: Peak): void {
  const { gram, tau, lattice, t } = state
  if (lattice.discrete || t - peak.ray.value > worthClosing(gram.n) * t) return
  const { box, evaluations } = closeNeighbourhood(gram, peak, t, tau, state.cells, ceilingOf(gram), remaining(state))
  state.extra += evaluations
  if (!box) {
    leaveSaddle(state, peak)
    return
  }
  state.closed.push(box)
  state.goal.observe?.(box)
}

/**
 * Where all angles are 0 or half a turn the gradient vanishes by symmetry, at saddles too. If its neighbourhood cannot be closed, the
 * ascent is begun again a little beside it.
 */
function leaveSaddle(state: State, peak: Peak): void {
  const { tau, lattice } = state
  if (!peak.ray.point.every(x => x % (TURN / 2) === 0)) return
  const beside = peak.ray.point.map((x, d) =>
    Math.round(((x / TURN + (tau[d] > 0 ? (0.011 + 0.007 * d) / tau[d] : 0)) % 1) * lattice.turns[d]),
  )
  const next = climbFrom(state, { ...state.vertices.at(beside), vector: peak.ray.v })
  if (next) closeAround(state, next)
}

/**
 * Climbs from corners that are higher than what has been found, and from the highest that may be close to a maximum nobody has climbed yet,
 * judged by how far the surface can bend up over their boxes.
 */
export function lookHigher(state: State, left: readonly { corners: readonly Vertex[]; bends: readonly number[] }[]): void {
  const { lattice, tau, vertices, peaks } = state
  if (lattice.discrete) {
    lookAround(state, left)
    return
  }
  const hopes = new Map<Vertex, number>()
  for (const { corners, bends } of left) {
    const reach = HOPE * bends.reduce((sum, bend) => sum + bend, 0)
    for (const vertex of corners) hopes.set(vertex, Math.max(vertex.value + reach, hopes.get(vertex) ?? 0))
  }
  const known = (point: readonly number[]) => peaks.some(peak => near(peak.ray.point, point, tau, 8))
  const promising = [...hopes]
    .filter(([, hope]) => hope > state.t)
    .map(([vertex, hope]) => ({ vertex, hope, point: vertex.point.map((x, d) => (x / lattice.turns[d]) * TURN) }))
    .filter(({ point }) => !known(point))
    .sort((a, b) => b.vertex.value - a.vertex.value)
    .slice(0, Math.max(0, Math.min(MOST_SUSPECTS, remaining(state))))
  vertices.survey(promising.map(({ vertex }) => vertex))
  for (const { vertex, hope, point } of promising) {
    if (peaks.length > MOST_PEAKS || !(hope > state.t)) return
    if (vertex.climbed || known(point)) continue
    const before = state.best!.value
    const peak = climbFrom(state, vertex)
    if (peak) closeAround(state, peak)
    if (state.best!.value <= before) return
  }
}

/** How far single precision lowers a value, and a little more. */
const IN_DOUBT = 2 ** -16

/** On a lattice only its points count: those as high as the best, as far as single precision can tell, are looked at once more. */
function lookAround(state: State, left: readonly { corners: readonly Vertex[] }[]): void {
  const rivals = new Set<Vertex>()
  for (const { corners } of left) {
    for (const vertex of corners)
      if (vertex.value > state.best!.value * (1 - IN_DOUBT) && vertex.point.some((x, d) => x !== state.best!.point[d]))
        rivals.add(vertex)
  }
  for (const vertex of [...rivals].sort((a, b) => b.value - a.value).slice(0, MOST_SUSPECTS)) {
    const ray = rayFrom(state, vertex.point, vertex.vector)
    if (ray.value > vertex.value) vertex.value = ray.value
    raise(state, ray)
  }
}

/** Room below t that a test leaves after a decomposition, which knows λ_max itself. */
const ROOM_LEFT = 0.1

/**
 * Eigenvalues closer to each other than the residual of a Krylov vector take a complete decomposition. It is made once at corners between which nothing
 * lies; what it finds raises t or is tested at once. False where it changed nothing.
 */
export function decompose(state: State, stuck: readonly { corners: readonly Vertex[] }[]): boolean {
  const { gram, lattice, vertices, t } = state
  const open = [...new Set(stuck.flatMap(({ corners }) => corners))].filter(
    vertex => !vertex.decomposed && !(vertex.ceiling <= t),
  )
  const highest = open.sort((a, b) => b.value - a.value).slice(0, MOST_SUSPECTS)
  for (const vertex of highest) {
    vertex.decomposed = true
    const at = { turns: lattice.turns, points: Float64Array.from(vertex.point) }
    const ray = rayAt(gram, lattice.turns, vertex.point, gram.topVector(at))
    vertex.vector = ray.v
    vertex.value = ray.value
    raise(state, ray)
  }
  vertices.test(new Map(highest.map(vertex => [vertex, state.t - ROOM_LEFT * (state.t - vertex.value)])))
  return state.t > t || highest.some(vertex => vertex.ceiling <= t)
}

/** The ray of the top eigenvector at a point of the lattice, from a vector near it. */
export function rayFrom({ gram, lattice, goal }: State, point: readonly number[], v: Float64Array | undefined): Ray {
  return topRay(gram, lattice.turns, point, v, goal.sharp ? 1e-13 : 1e-8)
}

/** The highest of the lattice points around a maximum between them. */
function bestNearby(state: State, peak: Peak): Ray {
  const { turns } = state.lattice
  const base = peak.ray.point.map((x, d) => Math.floor((x / TURN) * turns[d]))
  const points = Array.from({ length: 1 << turns.length }, (_, bits) => base.map((x, d) => (x + ((bits >> d) & 1)) % turns[d]))
  const unique = [...new Map(points.map(point => [point.join(), point])).values()]
  state.extra += unique.length
  return unique.map(point => rayFrom(state, point, peak.ray.v)).reduce((best, ray) => (ray.value > best.value ? ray : best))
}

/** Takes a ray's value as the new lower end if it is higher, and sets t to what the gap asks for, or to what rounding allows. */
export function raise(state: State, ray: Ray): void {
  const { gram, goal } = state
  const floor = floorOf(gram, ray)
  if (state.best === undefined || floor > state.lower) state.best = ray
  if (floor > state.lower) state.lower = floor
  // a little less than was asked for, so that the quotient of the rounded ends is not above it
  const wanted = (state.lower * (1 + goal.gap * 0.999)) ** 2 * (1 - 8 * UNIT)
  const highest = Math.max(state.lower * state.lower, Math.min(ray.value, state.best.value))
  const reachable = highest * (1 + 8 * UNIT) + 4 * gram.margin(highest)
  state.t = Math.max(state.t, wanted, reachable)
}

/** Are two points, or one and the mirror image of the other, within a fraction `scale`/200τ of a turn? */
function near(a: readonly number[], b: readonly number[], tau: readonly number[], scale: number): boolean {
  return [1, -1].some(sign =>
    a.every((x, d) => {
      const apart = (((x - sign * b[d]) % TURN) + TURN) % TURN
      return Math.min(apart, TURN - apart) * tau[d] * 200 < TURN * scale
    }),
  )
}
