/** Parts of a search (assembly/search) on plain numbers. */
import { type Arena, borrow } from '../../src/runtime/arena.ts'
import { putRecord } from '../../src/runtime/gram-record.ts'
import type { GramSymbol } from '../../src/runtime/gram-symbol.ts'
import type { Proof } from '../../src/runtime/cholesky-tests.ts'
import type { Frequencies } from '../../src/symbol.ts'
import type { Peak } from '../../src/torus/ascent.ts'
import type { Box, Lattice, Neighbourhood } from '../../src/torus/boxes.ts'
import { putRay, type Ray, readRay } from '../../src/torus/ray.ts'

/** A double as a whole number of 2⁻¹¹⁰⁰. */
export function exactly(x: number): bigint {
  let [power, whole] = [0, x]
  for (; !Number.isInteger(whole); whole *= 2) power++
  return BigInt(whole) << BigInt(1100 - power)
}

export function arch(values: readonly number[], bends: readonly number[]): number {
  return borrow(arena => arena.routines.arch(bends.length, arena.put(values), arena.put(bends)))
}

export function archAround(values: readonly number[], centre: number, bends: readonly number[], diagonal: number): number {
  return borrow(arena => arena.routines.archAround(arena.put(values), centre, arena.put(bends), diagonal))
}

/** ½h_d²C_d, and ½(¼h₁²C₁ + ¼h₂²C₂ + ½h₁h₂C₁₂): what a search has for a box of these sides, but for rounding. */
export function bendsOf(h: readonly number[], along: readonly number[], across: number): { bends: number[]; diagonal: number } {
  const bends = h.map((side, d) => 0.5 * side * side * along[d])
  return { bends, diagonal: h.length === 2 ? 0.25 * (bends[0] + bends[1] + h[0] * h[1] * across) : 0 }
}

/** What the geometry of a search depends on. */
export interface Setting {
  readonly lattice: Lattice
  /** Half the degree of F. */
  readonly tau?: readonly number[]
  /** Σq_d²‖G_q‖ */
  readonly data?: readonly number[]
  readonly between?: number
}

const withProof = (axes: number, n: number, proof: Proof) => ({
  ...{ m: n, n, axes, taps: 0, planes: 0, planesSingle: 0, places: [], positions: [], imageError: 0 },
  proof,
})

/** A record of a Gram symbol of which only the size and the errors are true. */
export function putProof(arena: Arena, n: number, proof: Proof, axes = 0): number {
  return putRecord(arena, withProof(axes, n, proof))
}

/** Errors as a search finds them in the record of a symbol (class Gram of assembly/search/gram-symbol.ts). */
const ERRORS = ['error', 'errorSingle', 'imageError', 'hidden', 'factorSingle', 'hiddenSingle', 'hiddenFixed'] as const

/** Makes a search believe in other errors: of G, of G in single precision, of F(θ)v, and what tests hide at a level; `hiddenFixed: Infinity` leaves out tests in fixed point. */
export function setErrors(gram: GramSymbol, errors: Partial<Record<(typeof ERRORS)[number], number>>): void {
  borrow(arena => {
    const all = arena.f64(gram.record + 40, ERRORS.length)
    for (const [i, name] of ERRORS.entries()) all[i] = errors[name] ?? all[i]
  })
}

const EXACT: Proof = { error: 0, errorSingle: 0, margin: () => 0 }

/** Begins a search that is never gone on with, for what its boxes are like. */
export function withSetting<T>({ lattice, tau, data, between }: Setting, work: (boxes: Boxes) => T): T {
  return borrow(arena => {
    const axes = lattice.turns.length
    const three = (list: readonly number[] | undefined, otherwise: number) =>
      Array.from({ length: 3 }, (_, d) => list?.[d] ?? otherwise)
    const problem = arena.put([
      ...[1e-6, 1, 0, 0, 1, between ?? 1, 0, lattice.discrete ? 1 : 0, 0, Infinity],
      ...[...three(tau, 1e9), ...three(lattice.turns, 1), ...three(data, Infinity)],
    ])
    arena.routines.openSearch(putProof(arena, 1, EXACT, axes), problem, arena.alloc(1 << 16))
    return work(boxesOf(arena, axes))
  })
}

interface Place {
  readonly point: number[]
  /** Is it the name of −θ? */
  readonly mirrored: boolean
}

export interface Boxes {
  corners(box: Box): Place[]
  /** Undefined where the lattice has none. */
  centre(box: Box): Place | undefined
  inside(box: Box, point: readonly number[], half: readonly number[]): boolean
  curvatures(t: number): { along: number[]; across: number }
  /** After `curvatures(t)`. */
  bends(box: Box, t: number): { bends: number[]; diagonal: number; level: number }
}

function boxesOf(arena: Arena, axes: number): Boxes {
  const { bendAt, bend, cornerPoint, centrePoint, hasCentre, curvatureAlong, curvatureAcross, inside } = arena.routines
  const put = (box: Box) => {
    const at = arena.alloc(160)
    arena.f64(at, axes).set(box.corner)
    arena.f64(at + 24, axes).set(box.width)
    return at
  }
  const point = arena.alloc(32)
  const place = (mirrored: number): Place => ({ point: Array.from(arena.f64(point, axes)), mirrored: mirrored !== 0 })
  return {
    corners: box => Array.from({ length: 1 << axes }, (_, bits) => place(cornerPoint(put(box), bits, point))),
    centre: box => (hasCentre(put(box)) ? place(centrePoint(put(box), point)) : undefined),
    inside: (box, of, half) => inside(put(box), arena.put(of), arena.put(half)) !== 0,
    curvatures(t) {
      bendAt(t)
      return { along: Array.from({ length: axes }, (_, d) => curvatureAlong(d)), across: curvatureAcross() }
    },
    bends(box, t) {
      const at = put(box)
      bend(at, t)
      const [diagonal, level] = arena.f64(at + 72, 2)
      return { bends: Array.from(arena.f64(at + 48, axes)), diagonal, level }
    },
  }
}

/** The ceilings that the last search has proven, at points of its lattice; before anything else is borrowed. */
export function provenCeilings(points: readonly (readonly number[])[]): number[] {
  return borrow(arena => {
    arena.alloc(arena.routines.heapTop() - arena.alloc(0))
    return points.map(point => arena.routines.ceilingAt(arena.put(point)))
  })
}

export interface RankOne {
  readonly sigma: number
  readonly v: Float64Array
}

/** λ_min of t·I − (G − σvvᴴ) from below, and Re xᵢᴴ(t·I − (G − σvvᴴ))⁻¹xⱼ. */
export function complement(
  gram: GramSymbol,
  at: Frequencies,
  t: number,
  { sigma, v }: RankOne,
  vectors: readonly Float64Array[],
): { floor: number; products: number[][] } | undefined {
  return borrow(arena => {
    const { complement, complementBytes } = arena.routines
    const count = vectors.length
    const [turns, point, top] = [arena.put(at.turns), arena.put(at.points), arena.put(v)]
    const all = arena.put(vectors.flatMap(x => Array.from(x)))
    const [products, work] = [arena.alloc(count * count * 8), arena.alloc(complementBytes(gram.record))]
    const floor = complement(gram.record, turns, point, t, sigma, top, count, all, products, work)
    const rows = vectors.map((_, i) => Array.from(arena.f64(products + 8 * i * count, count)))
    return floor > 0 ? { floor, products: rows } : undefined
  })
}

/** Is λ_max(G(θ) − share·Ĝ − σvvᴴ) ≤ level proven at all frequencies? */
export function belowShare(
  gram: GramSymbol,
  frequencies: Frequencies,
  level: number,
  share: number,
  at: Frequencies,
  { sigma, v }: RankOne,
): boolean {
  return borrow(arena => {
    const { belowShare, complementBytes } = arena.routines
    const [turns, points] = [arena.put(frequencies.turns), arena.put(frequencies.points)]
    const [own, centre, top] = [arena.put(at.turns), arena.put(at.points), arena.put(v)]
    const count = frequencies.points.length / frequencies.turns.length
    const work = arena.alloc(complementBytes(gram.record))
    return belowShare(gram.record, turns, points, count, level, share, own, centre, sigma, top, work) !== 0
  })
}

/** The lower end that a ray proves. */
export function floorOf(gram: GramSymbol, { point, v, value }: Ray): number {
  return borrow(arena => {
    const ray = putRay(arena, gram, point, v)
    arena.f64(ray, 1)[0] = value
    return arena.routines.floorOf(gram.record, ray)
  })
}

/** G(θ)x */
export function times(gram: GramSymbol, at: Frequencies, x: Float64Array): Float64Array {
  return borrow(arena => {
    const { n } = gram
    const [g, pair, out] = [
      arena.alloc(n * n * 32),
      arena.put(Float64Array.from({ length: 4 * n }, (_, k) => x[k >> 1])),
      arena.alloc(n * 32),
    ]
    gram.write(at, 0, 1, g)
    arena.routines.hermitianTimes(1, n, g, pair, out)
    return arena.f64(out, 4 * n).filter((_, k) => k % 2 === 0)
  })
}

/** Value and derivatives of p at a point. */
export function rayAt(gram: GramSymbol, turns: readonly number[], point: readonly number[], v: Float64Array): Ray {
  return borrow(arena => {
    const ray = putRay(arena, gram, point, v)
    arena.routines.rayAt(gram.record, arena.put(turns), ray, arena.alloc(arena.routines.visitBytes(gram.record)))
    return readRay(arena, gram, ray, turns)
  })
}

/**
 * The finish of METHODS §7: closes a whole neighbourhood of a maximiser θ* at a level t, whatever the gap, by a Schur complement and Taylor polynomials
 * with proven remainders (assembly/search/neighbourhood.ts).
 *
 * @param cells boxes to a turn of each axis in the first grid
 * @param ceiling any proven upper bound of M²: the remainders are linear in M², and t may stand for it if they grow slowly up to there
 * @param most norm evaluations it may take
 * @returns the widest box that could be proven, and the norm evaluations it took
 */
export function closeNeighbourhood(
  gram: GramSymbol,
  { ray: { point, v, value } }: Peak,
  t: number,
  tau: readonly number[],
  cells: readonly number[],
  ceiling: number,
  most = Infinity,
): { box?: Neighbourhood; evaluations: number } {
  return borrow(arena => {
    const { closeNeighbourhood, neighbourhoodBytes } = arena.routines
    const ray = putRay(arena, gram, point, v)
    arena.f64(ray, 1)[0] = value
    const [spreads, counts, half, spent] = [arena.put(tau), arena.put(cells), arena.put(tau), arena.put([0])]
    const work = arena.alloc(neighbourhoodBytes(gram.record))
    const closed = closeNeighbourhood(gram.record, ray, t, spreads, counts, ceiling, most, half, spent, work)
    const [evaluations] = arena.f64(spent, 1)
    return closed ? { box: { point, half: Array.from(arena.f64(half, tau.length)) }, evaluations } : { evaluations }
  })
}
