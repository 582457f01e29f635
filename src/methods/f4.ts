import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { nextDown, nextUp, pow2 } from '../rounding.ts'
import { ceilingOf, type RealMatrix, type TopPair, topPairOf } from '../runtime/matrix-norm.ts'
import { exponentOf, foldGradient, groupTaps, isZero, type Symbol, symbolEverySize } from '../symbol.ts'
import { sqrtOfWhole } from '../summation.ts'
import { indexOf, sizeOf } from '../tensor.ts'
import { everySize, productUp, upperBound } from './claim.ts'
import { asLayer } from './operand.ts'

/**
 * Upper bound on σ₁ from the unfoldings of the kernel: σ₁ ≤ √(Πk) · min over S of ‖A_S‖₂, S the spatial axes that go to the rows.
 *
 * Holds for every input size, zero and circular padding, any stride (METHODS §5). Exact for 1×1 kernels, never more than √(Πk) too large;
 * 1.03–1.91 times the norm on trained layers. All 2^D unfoldings are estimated from below, and those that can be the smallest are proven
 * from above by a Cholesky factorisation, so no power iteration stands in for a bound.
 *
 * Singla & Feizi 2021, arXiv:1911.10258.
 *
 * @param layer any geometry
 * @param options gradient: √(Πk)·u vᵀ of the smallest unfolding, of the first largest group at a tie
 * @returns lower: a floor of the larger of the two unfoldings with all spatial axes on one side; work: unfoldings proven
 * @example f4(conv({ data: [3, 0, 0, 4], shape: [2, 2, 1, 1] })).value  // 4 to rounding, from above
 */
export function f4(layer: Conv, options: { gradient?: boolean } = {}): Bound<'upper'> {
  const symbol = symbolEverySize(asLayer(layer, 'f4'))
  const root = sqrtOfWhole(tapCount(symbol))
  let best: Smallest = { upper: 0, lower: 0, proven: 0, subset: 0 }
  let [group, work, lower] = [0, 0, 0]
  for (let g = 0; g < symbol.groups; g++) {
    const next = smallestUnfolding(symbol, g, options.gradient ? 1e-14 : 1e-7)
    work += next.proven
    lower = Math.max(lower, next.lower)
    if (next.upper > best.upper) [best, group] = [next, g]
  }
  const finding = { method: 'f4', scope: everySize(layer), exponent: symbol.exponent, work }
  const upper = productUp(root, best.upper)
  if (!options.gradient) return upperBound(upper, finding, lower)
  const gradient = foldGradient(layer, symbol, group, unfoldingGradient(symbol, best, Math.sqrt(tapCount(symbol))))
  return upperBound(upper, { ...finding, gradient }, lower)
}

interface Smallest {
  upper: number
  /** A floor of M: the larger of the two unfoldings that are F's columns or rows side by side. */
  lower: number
  proven: number
  subset: number
  pair?: TopPair
}

/** Residual at which an estimate decides which unfolding is looked at first. */
const ROUGH = 0.03

/** The smallest proven ceiling over all subsets of axes: rough estimates first, then sharp ones and proofs from the smallest on. */
function smallestUnfolding(symbol: Symbol, group: number, tolerance: number): Smallest {
  if (isZero(symbol, group)) return { upper: 0, lower: 0, proven: 0, subset: 0 }
  const subsets = subsetsOf(symbol)
  const all = subsets[subsets.length - 1]
  // A group far below the largest, whose squares would be nothing.
  const own = exponentOf(groupTaps(symbol, group))
  const unit = own < -64 ? pow2(Math.max(-1000, own)) : 1
  const candidates = subsets.map(subset => {
    const plain = unfoldingOf(symbol, group, subset)
    const matrix = unit === 1 ? plain : { ...plain, data: plain.data.map(x => x / unit) }
    return { subset, matrix, rough: topPairOf(matrix, ROUGH) }
  })
  let lower = candidates.reduce(
    (floor, { subset, rough }) => (subset === 0 || subset === all ? Math.max(floor, rough.lower) : floor),
    0,
  )
  candidates.sort((a, b) => a.rough.sigma - b.rough.sigma || a.subset - b.subset)
  const best: Smallest = { upper: Infinity, lower: 0, proven: 0, subset: 0 }
  for (const { subset, matrix, rough } of candidates) {
    if (rough.lower >= best.upper) break
    const pair = topPairOf(matrix, tolerance)
    if (subset === 0 || subset === all) lower = Math.max(lower, pair.lower)
    if (pair.lower >= best.upper) continue
    const upper = ceilingOf(matrix, pair.sigma)
    best.proven++
    if (upper < best.upper) Object.assign(best, { upper, subset, pair })
  }
  if (unit === 1) return { ...best, lower: nextDown(lower) }
  return { ...best, upper: nextUp(best.upper * unit), lower: nextDown(nextDown(lower) * unit) }
}

/** Bit d of a subset: axis d goes to the rows. An axis with one tap makes no difference and stays with the columns. */
export function subsetsOf(symbol: Symbol): number[] {
  const free = symbol.offsets.reduce((bits, q, d) => (q.length > 1 ? bits | (1 << d) : bits), 0)
  return Array.from({ length: 2 ** symbol.offsets.length }, (_, subset) => subset).filter(subset => (subset & ~free) === 0)
}

/** A_S: rows (m, axes in S), columns (n, the other axes), row-major. */
export function unfoldingOf(symbol: Symbol, group: number, subset: number): RealMatrix {
  const taps = groupTaps(symbol, group)
  const { places, rows, columns } = layoutOf(symbol, subset)
  const data = new Float64Array(taps.length)
  for (let i = 0; i < taps.length; i++) data[places[i]] = taps[i]
  return { rows, columns, data }
}

/** Where each tap entry goes in an unfolding. */
function layoutOf(symbol: Symbol, subset: number) {
  const { rows: m, columns: n, offsets } = symbol
  const sides = offsets.map(q => q.length)
  const inRows = sides.map((_, d) => (subset >> d) & 1)
  const rows = m * sizeOf(sides.filter((_, d) => inRows[d]))
  const columns = n * sizeOf(sides.filter((_, d) => !inRows[d]))
  const count = sizeOf(sides)
  const places = new Int32Array(count * m * n)
  for (let tap = 0; tap < count; tap++) {
    const index = indexOf(tap, sides)
    let [row, column] = [0, 0]
    index.forEach((i, d) => {
      if (inRows[d]) row = row * sides[d] + i
      else column = column * sides[d] + i
    })
    for (let j = 0; j < n; j++)
      for (let i = 0; i < m; i++) places[(tap * n + j) * m + i] = (row * m + i) * columns + column * n + j
  }
  return { places, rows, columns }
}

/** factor·u vᵀ, folded back to the taps. */
function unfoldingGradient(symbol: Symbol, { subset, pair }: Smallest, factor: number): Float64Array {
  const { places, columns } = layoutOf(symbol, subset)
  const gradient = new Float64Array(places.length)
  if (!pair) return gradient
  for (let i = 0; i < places.length; i++) {
    const row = Math.floor(places[i] / columns)
    gradient[i] = factor * pair.u[row] * pair.v[places[i] - row * columns]
  }
  return gradient
}

export function tapCount(symbol: Symbol): number {
  return sizeOf(symbol.offsets.map(q => q.length))
}
