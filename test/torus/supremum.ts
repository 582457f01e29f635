/**
 * An oracle for M = sup_θ ‖F(θ)‖₂ that shares no code with src/ and no formula with METHODS §1 (aliases.ts): a fine grid, then Newton steps with
 * differences of values from every grid point that may lie beside the maximum. Never above M but for rounding.
 */
import { type Layer, type Surface, surfaceOf } from './aliases.ts'

/** Grid points an axis for each degree of the surface, by the number of axes. */
const DENSITY = [32, 12, 8]

/** @param finer how many times the usual density; a fine grid tells a poor one of the oracle's from a wrong bracket */
export function supremum(layer: Layer, finer = 1): number {
  const scale = scaleOf(layer.kernel)
  let best = 0
  for (let g = 0; g < layer.groups; g++) best = highest(surfaceOf(layer, g, scale), finer, best)
  return Math.sqrt(best) * scale
}

/** max ‖F(θ)‖₂ over θ = 2πj/n alone: the norm of the circular layer with n output points an axis, to rounding. */
export function latticeMaximum(layer: Layer, sides: readonly number[]): number {
  const scale = scaleOf(layer.kernel)
  const total = sides.reduce((a, b) => a * b, 1)
  let best = 0
  for (let g = 0; g < layer.groups; g++) {
    const surface = surfaceOf(layer, g, scale)
    for (let flat = 0; flat < total; flat++) {
      let rest = flat
      const theta = sides.map(n => {
        const j = rest % n
        rest = Math.floor(rest / n)
        return (2 * Math.PI * j) / n
      })
      best = Math.max(best, surface.at(theta))
    }
  }
  return Math.sqrt(best) * scale
}

/** The power of two near the largest entry: 1e±150 squared leaves the range of doubles. */
function scaleOf(kernel: ArrayLike<number>): number {
  let largest = 0
  for (let i = 0; i < kernel.length; i++) largest = Math.max(largest, Math.abs(kernel[i]))
  return largest > 0 ? 2 ** Math.floor(Math.log2(largest)) : 1
}

/** sup λ of one group, or `best` where that is higher. */
function highest(surface: Surface, finer: number, best: number): number {
  const { axes, degrees } = surface
  const points = degrees.map(degree => (degree === 0 ? 1 : Math.ceil(finer * DENSITY[axes - 1] * (degree + 1))))
  // Half the torus along one axis is enough: λ(−θ) = λ(θ) for a real kernel.
  const halved = points.findIndex(n => n > 1)
  const sides = points.map((n, d) => (d === halved ? (n >> 1) + 1 : n))
  /*
   * Along an axis through its maximum μ a polynomial of degree k in [0, μ] is at least μ·cos²(kδ/2) at distance δ, so the grid point nearest to
   * the maximum has this share of it.
   */
  const share = points.reduce((part, n, d) => part * Math.cos((degrees[d] * Math.PI) / (2 * n)) ** 2, 1)
  // Shifted, so that no climb begins on a point of symmetry, where a saddle looks like a maximum.
  const angle = (i: number, d: number) => (2 * Math.PI * (i + 0.17 + 0.11 * d)) / points[d]
  const values = new Float64Array(sides.reduce((a, b) => a * b, 1))
  const theta = new Float64Array(axes)
  const placeOf = (flat: number) => {
    let rest = flat
    for (let d = 0; d < axes; d++) {
      theta[d] = angle(rest % sides[d], d)
      rest = Math.floor(rest / sides[d])
    }
    return theta
  }
  for (let flat = 0; flat < values.length; flat++) {
    values[flat] = surface.at(placeOf(flat), share * best)
    best = Math.max(best, values[flat])
  }
  const units = degrees.map(degree => 1 / (degree + 1))
  const starts = crests(values, sides, halved).filter(flat => values[flat] >= share * best)
  starts.sort((a, b) => values[b] - values[a])
  for (const flat of chosen(starts, CLIMBS * finer, MORE * finer)) {
    if (values[flat] < share * best) continue
    const start = Array.from(placeOf(flat))
    best = Math.max(best, climb(surface, start, values[flat], units, finer > 1 ? [...APART, ...CLOSER] : APART))
  }
  return best
}

/** Climbs at most, from the highest crests and from others: flat surfaces have one everywhere. */
const [CLIMBS, MORE] = [16, 64]

/** The `most` highest, and `more` evenly spread over the others: ridges have crests all along, and the best ridge need not have the highest of them. */
function chosen(starts: readonly number[], most: number, more: number): number[] {
  const others = starts.slice(most)
  const step = Math.max(1, others.length / more)
  return [...starts.slice(0, most), ...others.filter((_, i) => Math.floor(i / step) > Math.floor((i - 1) / step))]
}

/** Points of a grid as high as all their neighbours; the halved axis ends, the others wrap around. */
function crests(values: Float64Array, sides: readonly number[], halved: number): number[] {
  const found: number[] = []
  const moves = 3 ** sides.length
  for (let flat = 0; flat < values.length; flat++) {
    let top = true
    for (let move = 0; move < moves && top; move++) {
      let [rest, turn, at, reach, outside] = [flat, move, 0, 1, false]
      for (let d = 0; d < sides.length; d++) {
        const x = (rest % sides[d]) + (turn % 3) - 1
        if (d === halved && (x < 0 || x >= sides[d])) outside = true
        at += ((x + sides[d]) % sides[d]) * reach
        rest = Math.floor(rest / sides[d])
        turn = Math.floor(turn / 3)
        reach *= sides[d]
      }
      top = outside || values[at] <= values[flat]
    }
    if (top) found.push(flat)
  }
  return found
}

/**
 * Distances of the points that differences are taken from, in units of 1/(degree + 1): far apart first, where a nearly flat surface is still more than
 * rounding, then close, with errors of 1e-8 in a slope, which the value feels squared.
 */
const APART = [2e-2, 3e-4]
/** Closer still where the oracle is in doubt: two eigenvalues that cross beside a maximum leave a kink in what differences take for a parabola. */
const CLOSER = [3e-5, 3e-6]

/** Newton steps within a radius that shrinks where they fail; the value they end at. */
function climb(
  surface: Surface,
  start: readonly number[],
  value: number,
  units: readonly number[],
  distances: readonly number[],
): number {
  let theta = start
  for (const apart of distances) {
    let radius = 0.5
    for (let k = 0; k < 40 && radius > 1e-7; k++) {
      const { slope, bend } = differences(surface, theta, value, units, apart)
      let next = 0
      for (; !(next > value) && radius > 1e-7; radius /= 4) {
        const step = towardsTop(slope, bend, radius)
        const there = theta.map((x, d) => x + step[d] * units[d])
        next = surface.at(there)
        if (next > value) theta = there
      }
      const gain = next - value
      radius = Math.min(0.5, 8 * radius)
      if (gain > 0) value = next
      if (!(gain > 1e-15 * value)) break
    }
  }
  return value
}

/** First and second central differences of λ along the axes and their diagonals. */
function differences(surface: Surface, theta: readonly number[], value: number, units: readonly number[], apart: number) {
  const axes = theta.length
  const there = new Float64Array(axes)
  const at = (d: number, e: number, sign: number) => {
    for (let i = 0; i < axes; i++) there[i] = theta[i] + ((i === d ? sign : 0) + (i === e ? sign : 0)) * apart * units[i]
    return surface.at(there)
  }
  const ahead = units.map((_, d) => at(d, -1, 1))
  const behind = units.map((_, d) => at(d, -1, -1))
  const slope = ahead.map((x, d) => (x - behind[d]) / (2 * apart))
  const bend = new Float64Array(axes * axes)
  for (let d = 0; d < axes; d++) {
    bend[d * axes + d] = (ahead[d] - 2 * value + behind[d]) / apart ** 2
    for (let e = 0; e < d; e++) {
      const both = at(d, e, 1) + at(d, e, -1) - 2 * value
      const own = ahead[d] + behind[d] + ahead[e] + behind[e] - 4 * value
      bend[d * axes + e] = bend[e * axes + d] = (both - own) / (2 * apart ** 2)
    }
  }
  return { slope, bend }
}

/** The step (sI − H)⁻¹g with the smallest s that makes it a way up and no longer than the radius. */
function towardsTop(slope: readonly number[], bend: Float64Array, radius: number): number[] {
  const axes = slope.length
  let size = 1e-300
  for (let i = 0; i < bend.length; i++) size = Math.max(size, Math.abs(bend[i]))
  for (let shift = 0; ; shift = shift === 0 ? 1e-6 * size : 3 * shift) {
    const step = solve(bend, shift, slope, axes)
    if (step?.every(s => Math.abs(s) <= radius)) return step
    if (shift > 1e15 * size) return slope.map(() => 0)
  }
}

/** Gaussian elimination of sI − H; undefined unless all pivots are positive. */
function solve(bend: Float64Array, shift: number, slope: readonly number[], axes: number): number[] | undefined {
  const a = Float64Array.from(bend, (x, at) => (at % (axes + 1) === 0 ? shift - x : -x))
  const b = [...slope]
  for (let j = 0; j < axes; j++) {
    if (!(a[j * axes + j] > 0)) return undefined
    for (let i = j + 1; i < axes; i++) {
      const factor = a[i * axes + j] / a[j * axes + j]
      for (let k = j; k < axes; k++) a[i * axes + k] -= factor * a[j * axes + k]
      b[i] -= factor * b[j]
    }
  }
  for (let j = axes - 1; j >= 0; j--) {
    for (let k = j + 1; k < axes; k++) b[j] -= a[j * axes + k] * b[k]
    b[j] /= a[j * axes + j]
  }
  return b
}
