import { dense } from '../../conv.ts'
import { plusUp, rootUp, timesUp } from '../../network/outward.ts'
import { sizeOf } from '../../tensor.ts'
import type { View } from './step.ts'
import { type LinearMap, linearStep } from './steps.ts'
import type { Step } from './step.ts'

/** One row of a sparse matrix: Σ weight·x[at]. */
export type Row = readonly (readonly [at: number, weight: number])[]

/** A matrix that acts along one axis of a tensor. */
export interface AxisMatrix {
  readonly axis: number
  readonly columns: number
  readonly rows: readonly Row[]
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
  const through = (x: Float64Array, weigh: (w: number) => number): Float64Array => {
    let [data, sides] = [x, [...from]]
    for (const matrix of matrices) {
      data = applied(data, sides, matrix, weigh)
      sides = sides.map((side, d) => (d === matrix.axis ? matrix.rows.length : side))
    }
    return data
  }
  const map: LinearMap = {
    shape,
    rule,
    gain,
    terms: matrices.reduce((sum, { rows }) => sum + rows.reduce((most, row) => Math.max(most, row.length), 0) + 4, 0),
    apply: x => through(x, w => w),
    absolute: x => through(x, Math.abs),
    adjoint: y => pulledBack(y, from, matrices),
  }
  return linearStep(map)
}

/** ≥ ‖A‖₂. */
function normOf(view: View, { rows, columns }: AxisMatrix): number {
  const sums = new Array<number>(columns).fill(0)
  let widest = 0
  for (const row of rows) {
    widest = Math.max(
      widest,
      row.reduce((sum, [, w]) => plusUp(sum, Math.abs(w)), 0),
    )
    for (const [at, w] of row) sums[at] = plusUp(sums[at], Math.abs(w))
  }
  const tallest = sums.reduce((a, b) => Math.max(a, b), 0)
  const schur = timesUp(rootUp(widest), rootUp(tallest))
  const single = rows.every(row => row.length <= 1) || schur === 0
  if (single || rows.length * columns > DENSE_ENTRIES || rows.length < 2) return schur
  const data = new Float64Array(rows.length * columns)
  for (const [i, row] of rows.entries()) for (const [at, w] of row) data[i * columns + at] += w
  return Math.min(schur, view.norm(dense({ data, shape: [rows.length, columns] })))
}

function applied(
  x: Float64Array,
  sides: readonly number[],
  { axis, rows, columns }: AxisMatrix,
  weigh: (w: number) => number,
): Float64Array {
  const [outer, inner] = [sizeOf(sides.slice(0, axis)), sizeOf(sides.slice(axis + 1))]
  const y = new Float64Array(outer * rows.length * inner)
  for (let o = 0; o < outer; o++)
    for (let r = 0; r < rows.length; r++)
      for (const [at, w] of rows[r]) {
        const [to, from, factor] = [(o * rows.length + r) * inner, (o * columns + at) * inner, weigh(w)]
        for (let i = 0; i < inner; i++) y[to + i] += factor * x[from + i]
      }
  return y
}

/** The transposes, in the opposite order. */
function pulledBack(y: Float64Array, from: readonly number[], matrices: readonly AxisMatrix[]): Float64Array {
  const sides = from.map((side, d) => matrices.find(m => m.axis === d)?.rows.length ?? side)
  let data = y
  for (const { axis, rows, columns } of [...matrices].reverse()) {
    const [outer, inner] = [sizeOf(sides.slice(0, axis)), sizeOf(sides.slice(axis + 1))]
    const next = new Float64Array(outer * columns * inner)
    for (let o = 0; o < outer; o++)
      for (let r = 0; r < rows.length; r++)
        for (const [at, w] of rows[r]) {
          const [source, to] = [(o * rows.length + r) * inner, (o * columns + at) * inner]
          for (let i = 0; i < inner; i++) next[to + i] += w * data[source + i]
        }
    sides[axis] = columns
    data = next
  }
  return data
}
