import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { nextDown, nextUp, pow2 } from '../rounding.ts'
import { type Arena, borrow } from '../runtime/arena.ts'
import { allocMatrix, ceilingOf, type RealMatrix, type TopPair, topPairOf } from '../runtime/matrix-norm.ts'
import { exponentOf, foldGradient, groupTaps, isZero, type Symbol, symbolEverySize } from '../symbol.ts'
import { sqrtOfWhole, sumOfSquares } from '../summation.ts'
import { indexOf, sizeOf } from '../tensor.ts'
import { everySize, productUp, upperBound } from './claim.ts'
import { asLayer, asOptions } from './operand.ts'

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
  asOptions(options, 'f4')
  const symbol = symbolEverySize(asLayer(layer, 'f4'))
  const root = sqrtOfWhole(tapCount(symbol))
  let best: Smallest = { upper: 0, lower: 0, proven: 0, subset: 0 }
  let [group, work, lower] = [0, 0, 0]
  for (let g = 0; g < symbol.groups; g++) {
    const next = borrow(arena => smallestUnfolding(arena, symbol, g, options.gradient ? 1e-14 : 1e-7))
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
function smallestUnfolding(arena: Arena, symbol: Symbol, group: number, tolerance: number): Smallest {
  if (isZero(symbol, group)) return { upper: 0, lower: 0, proven: 0, subset: 0 }
  const subsets = subsetsOf(symbol)
  const all = subsets[subsets.length - 1]
  // A group far below the largest, whose squares would be nothing.
  const plain = groupTaps(symbol, group)
  const own = exponentOf(plain)
  const unit = own < -64 ? pow2(Math.max(-1000, own)) : 1
  const taps = unit === 1 ? plain : plain.map(x => x / unit)
  const squares = sumOfSquares(taps)
  const candidates = subsets.map(subset => {
    const matrix = unfoldingOf(arena, symbol, taps, subset, squares)
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
    const pair = topPairOf(matrix, tolerance, rough.v)
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

/**
 * A_S: rows (m, axes in S), columns (n, the other axes).
 *
 * @param taps    of one group
 * @param squares their sum of squares
 */
export function unfoldingOf(arena: Arena, symbol: Symbol, taps: Float64Array, subset: number, squares: number): RealMatrix {
  const { rows: m, columns: n } = symbol
  const { blocks, down, across } = layoutOf(symbol, subset)
  const matrix = allocMatrix(arena, down * m, across * n, squares)
  const x = arena.f64(matrix.at, matrix.rows * matrix.stride)
  for (const [tap, { row, column }] of blocks.entries()) {
    const to = x.subarray(row * m * matrix.stride + column * n)
    copyBlock(taps.subarray(tap * m * n), m, n, to, matrix.stride)
  }
  return matrix
}

/** A column-major m×n matrix to where rows are `stride` apart. */
function copyBlock(from: Float64Array, m: number, n: number, to: Float64Array, stride: number): void {
  for (let i = 0; i < m; i++) for (let j = 0, at = i, place = i * stride; j < n; j++, at += m) to[place + j] = from[at]
}

/** Which of the down × across blocks of an unfolding each tap is. */
function layoutOf(symbol: Symbol, subset: number) {
  const sides = symbol.offsets.map(q => q.length)
  const inRows = sides.map((_, d) => (subset >> d) & 1)
  const blocks = Array.from({ length: sizeOf(sides) }, (_, tap) => {
    let [row, column] = [0, 0]
    indexOf(tap, sides).forEach((i, d) => {
      if (inRows[d]) row = row * sides[d] + i
      else column = column * sides[d] + i
    })
    return { row, column }
  })
  const down = sizeOf(sides.filter((_, d) => inRows[d]))
  return { blocks, down, across: blocks.length / down }
}

/** factor·u vᵀ, folded back to the taps. */
function unfoldingGradient(symbol: Symbol, { subset, pair }: Smallest, factor: number): Float64Array {
  const { rows: m, columns: n } = symbol
  const { blocks } = layoutOf(symbol, subset)
  const gradient = new Float64Array(blocks.length * m * n)
  if (!pair) return gradient
  for (const [tap, { row, column }] of blocks.entries())
    for (let j = 0, at = tap * m * n; j < n; j++)
      for (let i = 0; i < m; i++) gradient[at++] = factor * pair.u[row * m + i] * pair.v[column * n + j]
  return gradient
}

export function tapCount(symbol: Symbol): number {
  return sizeOf(symbol.offsets.map(q => q.length))
}
