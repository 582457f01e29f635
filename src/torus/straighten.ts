import { phasesOf } from '../runtime/phases.ts'
import { squaresOfTaps } from '../runtime/weights.ts'
import { tapPositions, type TrigonometricPolynomial } from '../symbol.ts'
import {
  type Basis,
  covarianceOf,
  determinant,
  identity,
  isIdentity,
  reducedBasis,
  type Spot,
  variance,
} from './lattice-basis.ts'
import type { Maximiser, Ray } from './ray.ts'
import { bendForm, forestShifts, shifted, spotsOf } from './shifts.ts'

/** A symbol in coordinates in which it bends least, and the way back. */
export interface Straightened {
  readonly symbol: TrigonometricPolynomial
  /** What the symbol it came from has there. */
  back(ray: Ray): Maximiser
}

/** Share of a kernel's squares in one tap for each pair of channels, from which on channels may be shifted against each other. */
const STANDING = 0.75
/** Part of a product of curvatures, one for each axis, below which other coordinates are worth it: a quarter of the boxes. */
const WORTH = 1 / 16
/** Differences of taps there may be afterwards, as a multiple of those there were; and numbers in the taps of G that are few in any case. */
const MOST_TAPS = 8
const FEW = 2 ** 21

/**
 * A kernel whose taps lie on a line, or whose channels look at places of their own, has a norm that is constant along a line or everywhere: no maximum is
 * isolated, and a search along the axes of frequency sees a surface that bends in every direction. Three changes of a symbol leave sup ‖F(θ)‖₂ as it
 * is and round nothing, since weights only move to other positions:
 *
 * - F′_ij(θ) = e^{−ix_i·θ} F_ij(θ) e^{iy_j·θ} with a whole vector x_i for each row, y_j for each column: unitary factors on both sides;
 * - positions q′ = Uq with an integer matrix of determinant ±1: q′·φ = q·Uᵀφ, and θ = Uᵀφ is as good a name of a frequency;
 * - no taps of zeros.
 *
 * Rows and columns are shifted where one tap stands out for nearly every pair of channels: by the spanning forest of their largest weights (Kruskal), all of
 * which come to lie at 0. U is a reduced basis for how far the surface can bend in each direction. Ordinary kernels are returned as they are.
 *
 * @param gap of the search: along an axis, less bend than that part of all there is makes no difference
 * @param turnable false where the axes have to stay, since only the frequencies of a grid count
 */
export function straightened(symbol: TrigonometricPolynomial, gap: number, turnable = true): Straightened {
  const plain: Straightened = { symbol, back: ray => ray }
  const { rows: m, columns: n, offsets, taps } = symbol
  const places = tapPositions(offsets)
  if (places.length === 1) return plain
  const squares = squaresOfTaps(taps, m * n)
  const spots: Spot[] = places.map((at, p) => ({ at, weight: squares[p] })).filter(({ weight }) => weight > 0)
  if (spots.length === 0) return plain
  const fits = (axes: readonly (readonly number[])[]) => {
    const count = differences(axes)
    return count <= MOST_TAPS * differences(offsets) || count * n * n <= FEW
  }
  const view: View = (form, where) => seen(form, where, gap, turnable, fits)
  const chosen = standsOut(taps, m * n) ? aligned(symbol, places, spots, view, fits) : view(covarianceOf(spots), spots)
  const { basis, axes, shift } = chosen
  if (!shift && isIdentity(basis) && axes.every((axis, d) => axis.length === offsets[d].length)) return plain
  return {
    symbol: { ...symbol, offsets: axes, taps: rearranged(symbol, places, chosen) },
    back: ray => backOf(ray, chosen, m, n),
  }
}

/** Pairs of channels looked at to tell whether one tap stands out. */
const SAMPLE = 128

/** Does one tap hold nearly all squares of a pair of channels? Judged by a sample, for whoever goes on from here looks at all. */
function standsOut(taps: Float64Array, plane: number): boolean {
  const step = Math.ceil(plane / SAMPLE) | 1
  let [total, outstanding] = [0, 0]
  for (let e = 0; e < plane; e += step) {
    let most = 0
    for (let at = e; at < taps.length; at += plane) {
      const square = taps[at] * taps[at]
      total += square
      if (square > most) most = square
    }
    outstanding += most
  }
  return outstanding >= STANDING * total
}

/** Positions of the taps of G, both signs. */
function differences(axes: readonly (readonly number[])[]): number {
  return axes.reduce((product, axis) => product * new Set(axis.flatMap(a => axis.map(b => a - b))).size, 1)
}

/** The best coordinates for a form and the positions that have weights. */
type View = (form: readonly (readonly number[])[], spots: readonly Spot[]) => Coordinates

type Fits = (axes: readonly (readonly number[])[]) => boolean

/** Coordinates of the taps: q′ = U(q − x_i + y_j). */
interface Coordinates {
  /** U */
  readonly basis: Basis
  /** x_i, then y_j, D numbers each; none where nothing is shifted. */
  readonly shift?: Int32Array
  /** Coordinates that occur along each axis. */
  readonly axes: readonly (readonly number[])[]
  /** The product of how far the surface can bend along each axis, or as far as that matters. */
  readonly bend: number
}

/** The reduced basis for a form (B of `bendForm`, or the covariance of the taps, which needs no look at each weight) where it bends the surface much less and does not need many more taps; else the axes as they are. */
function seen(
  form: readonly (readonly number[])[],
  spots: readonly Spot[],
  gap: number,
  turnable: boolean,
  fits: Fits,
): Coordinates {
  const least = gap * form.reduce((sum, row, d) => sum + row[d], 0)
  const bendOf = (basis: Basis) => basis.reduce((product, row) => product * Math.max(variance(form, row), least), 1)
  const same = { basis: identity(form.length), axes: axesOf(spots), bend: bendOf(identity(form.length)) }
  // Hadamard: no basis has a smaller product than det C.
  if (!turnable || determinant(form) > WORTH * same.bend) return same
  const basis = reducedBasis(form)
  const reduced = { basis, axes: axesOf(spots, basis), bend: bendOf(basis) }
  return reduced.bend <= WORTH * same.bend && fits(reduced.axes) ? reduced : same
}

/** The same with rows and columns shifted, where that bends the surface much less. */
function aligned(
  symbol: TrigonometricPolynomial,
  places: readonly (readonly number[])[],
  spots: readonly Spot[],
  view: View,
  fits: Fits,
): Coordinates {
  const still = view(bendForm(symbol, places), spots)
  const shift = forestShifts(symbol, places)
  const moved = view(bendForm(symbol, places, shift), spotsOf(symbol, places, shift))
  return moved.bend <= WORTH * still.bend && fits(moved.axes) ? { ...moved, shift } : still
}

/** Uq */
function image(basis: Basis | undefined, q: readonly number[]): readonly number[] {
  return basis ? basis.map(row => row.reduce((sum, u, d) => sum + u * q[d], 0)) : q
}

/** Per axis the coordinates that occur, ascending. */
function axesOf(spots: readonly Spot[], basis?: Basis): number[][] {
  const images = spots.map(({ at }) => image(basis, at))
  return images[0].map((_, d) => [...new Set(images.map(q => q[d]))].sort((a, b) => a - b))
}

/** The same weights at their new positions. */
function rearranged(
  { rows: m, columns: n, taps }: TrigonometricPolynomial,
  places: readonly (readonly number[])[],
  { basis, shift, axes }: Coordinates,
): Float64Array {
  const plane = m * n
  const out = new Float64Array(plane * axes.reduce((product, axis) => product * axis.length, 1))
  const flat = (q: readonly number[]) => image(basis, q).reduce((at, x, d) => at * axes[d].length + axes[d].indexOf(x), 0)
  for (let p = 0; p < places.length; p++) {
    const from = taps.subarray(p * plane, (p + 1) * plane)
    if (from.every(x => x === 0)) continue
    if (!shift) {
      out.set(from, flat(places[p]) * plane)
      continue
    }
    for (let e = 0; e < plane; e++)
      if (from[e] !== 0) out[flat(shifted(shift, places[p], e % m, m + Math.floor(e / m))) * plane + e] = from[e]
  }
  return out
}

/** θ = Uᵀφ; F = XF′Yᴴ with the phases X of rows and Y of columns at θ, so that Yv and XF′v take the places of v and F′v. */
function backOf({ point, turns, v, image, value }: Ray, { basis, shift }: Coordinates, m: number, n: number): Maximiser {
  const { theta, everywhere } = renamed(point, turns, basis)
  if (!shift) return { point: theta, turns: everywhere, v, image, value }
  const axes = basis.length
  const positions = Array.from({ length: m + n }, (_, node) => Array.from(shift.subarray(node * axes, (node + 1) * axes)))
  const phases = phasesOf(positions, everywhere, theta)
  return {
    point: theta,
    turns: everywhere,
    v: turned(v, phases.subarray(2 * m)),
    image: turned(image, phases.subarray(0, 2 * m)),
    value,
  }
}

/** θ = Uᵀφ in whole numbers: axes of which nothing depends have one turn, all others the same. */
function renamed(point: readonly number[], turns: readonly number[], basis: Basis) {
  if (isIdentity(basis)) return { theta: point, everywhere: turns }
  const most = Math.max(...turns)
  const units = point.map((x, d) => x * (most / turns[d]))
  const theta = basis.map((_, d) => {
    const x = basis.reduce((sum, row, e) => sum + row[d] * units[e], 0) % most
    return x < 0 ? x + most : x
  })
  return { theta, everywhere: basis.map(() => most) }
}

/** Products of complex numbers, entry by entry. */
function turned(x: Float64Array, phases: Float64Array): Float64Array {
  const y = new Float64Array(x.length)
  for (let i = 0; i < x.length; i += 2) {
    y[i] = phases[i] * x[i] - phases[i + 1] * x[i + 1]
    y[i + 1] = phases[i] * x[i + 1] + phases[i + 1] * x[i]
  }
  return y
}
