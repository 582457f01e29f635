import { dense } from '../../conv.ts'
import { plusUp, rootUp, timesUp } from '../../network/outward.ts'
import { sizeOf } from '../../tensor.ts'
import type { View } from './step.ts'
import { type LinearMap, linearStep } from './steps.ts'
import type { Step } from './step.ts'

/** A sparse matrix by rows: row r is Σ weights[k]·x[at[k]] over starts[r] ≤ k < starts[r + 1]. */
export interface Rows {
  readonly starts: Int32Array
  readonly at: Int32Array
  readonly weights: Float64Array
}

/** A matrix that acts along one axis of a tensor. */
export interface AxisMatrix {
  readonly axis: number
  readonly columns: number
  /** number of rows */
  readonly count: number
  /** most entries of a row */
  readonly longest: number
  /** the rows, made anew: a claim needs them once, and most networks are never evaluated */
  readonly rows: () => Rows
}

/** Rows gathered one after another; `fill` gives each entry of row r to `put`. */
export function rowsOf(count: number, most: number, fill: (r: number, put: (at: number, weight: number) => void) => void): Rows {
  const starts = new Int32Array(count + 1)
  const at = new Int32Array(most)
  const weights = new Float64Array(most)
  let used = 0
  const put = (source: number, weight: number): void => {
    at[used] = source
    weights[used++] = weight
  }
  for (let r = 0; r < count; r++) {
    fill(r, put)
    starts[r + 1] = used
  }
  return { starts, at: at.subarray(0, used), weights: weights.subarray(0, used) }
}

/** No axis that is filtered is longer than this; shapes of hostile files are. */
export const LONGEST_AXIS = 2 ** 20

/** Below this many entries the norm of an axis is computed, above it bounded by √(‖A‖₁‖A‖_∞), which is exact where windows do not overlap. */
const DENSE_ENTRIES = 4096

/**
 * Matrices acting on different axes of a tensor: averages, sums, interpolation. The norm of the whole is the product of theirs, since it is
 * their Kronecker product. `relative` bounds the relative error of the weights as they are stored.
 */
export function separable(
  view: View,
  from: readonly number[],
  matrices: readonly AxisMatrix[],
  shape: readonly number[],
  rule: string,
  relative = 0,
): Step {
  const gain = matrices.map(matrix => timesUp(normOf(view, matrix), 1 + relative)).reduce(timesUp, 1)
  let held: readonly Filter[] | undefined
  const filters = (): readonly Filter[] => {
    held ??= matrices.map(matrix => ({ ...matrix, ...matrix.rows() }))
    return held
  }
  const through = (x: Float64Array, weigh: (w: number) => number): Float64Array => {
    let [data, sides] = [x, [...from]]
    for (const filter of filters()) {
      data = applied(data, sides, filter, weigh)
      sides = sides.map((side, d) => (d === filter.axis ? filter.count : side))
    }
    return data
  }
  const map: LinearMap = {
    shape,
    rule,
    gain,
    terms: matrices.reduce((sum, { longest }) => sum + longest + 4, 0),
    apply: x => through(x, w => w),
    absolute: x => through(x, Math.abs),
    adjoint: y => pulledBack(y, from, filters()),
  }
  return linearStep(map)
}

/** A matrix with its rows at hand. */
type Filter = Omit<AxisMatrix, 'rows'> & Rows

/** ≥ ‖A‖₂. */
function normOf(view: View, matrix: AxisMatrix): number {
  const { count, columns, longest } = matrix
  const { starts, at, weights } = matrix.rows()
  const sums = new Float64Array(columns)
  let widest = 0
  for (let r = 0; r < count; r++) {
    let sum = 0
    for (let k = starts[r]; k < starts[r + 1]; k++) {
      const size = Math.abs(weights[k])
      sum = plusUp(sum, size)
      sums[at[k]] = plusUp(sums[at[k]], size)
    }
    widest = Math.max(widest, sum)
  }
  const tallest = sums.reduce((a, b) => Math.max(a, b), 0)
  const schur = timesUp(rootUp(widest), rootUp(tallest))
  if (longest <= 1 || schur === 0 || count * columns > DENSE_ENTRIES || count < 2) return schur
  const data = new Float64Array(count * columns)
  for (let r = 0; r < count; r++) for (let k = starts[r]; k < starts[r + 1]; k++) data[r * columns + at[k]] += weights[k]
  return Math.min(schur, view.norm(dense({ data, shape: [count, columns] })))
}

function applied(
  x: Float64Array,
  sides: readonly number[],
  { axis, columns, count, starts, at, weights }: Filter,
  weigh: (w: number) => number,
): Float64Array {
  const [outer, inner] = [sizeOf(sides.slice(0, axis)), sizeOf(sides.slice(axis + 1))]
  const y = new Float64Array(outer * count * inner)
  for (let o = 0; o < outer; o++)
    for (let r = 0; r < count; r++)
      for (let k = starts[r]; k < starts[r + 1]; k++) {
        const [to, from, factor] = [(o * count + r) * inner, (o * columns + at[k]) * inner, weigh(weights[k])]
        for (let i = 0; i < inner; i++) y[to + i] += factor * x[from + i]
      }
  return y
}

/** The transposes, in the opposite order. */
function pulledBack(y: Float64Array, from: readonly number[], filters: readonly Filter[]): Float64Array {
  const sides = from.map((side, d) => filters.find(filter => filter.axis === d)?.count ?? side)
  let data = y
  for (const { axis, columns, count, starts, at, weights } of [...filters].reverse()) {
    const [outer, inner] = [sizeOf(sides.slice(0, axis)), sizeOf(sides.slice(axis + 1))]
    const next = new Float64Array(outer * columns * inner)
    for (let o = 0; o < outer; o++)
      for (let r = 0; r < count; r++)
        for (let k = starts[r]; k < starts[r + 1]; k++) {
          const [source, to] = [(o * count + r) * inner, (o * columns + at[k]) * inner]
          for (let i = 0; i < inner; i++) next[to + i] += weights[k] * data[source + i]
        }
    sides[axis] = columns
    data = next
  }
  return data
}
