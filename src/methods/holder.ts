import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { fail } from '../errors.ts'
import { nextUp } from '../rounding.ts'
import { sqrtUp, sumOfAbsolutes } from '../summation.ts'
import type { TensorLike } from '../tensor.ts'
import { upperBound } from './claim.ts'
import { asLayerOrMatrix, asOptions } from './operand.ts'
import { normalised } from '../symbol.ts'

/**
 * Upper bound on σ₁ of a matrix from its row and column sums: σ₁ ≤ √(‖W‖₁·‖W‖_∞).
 *
 * Exact for non-negative matrices with equal row and column sums; up to √n too large for orthogonal ones. Costs two passes.
 *
 * METHODS §9.
 *
 * @param matrix a matrix, or a dense layer
 * @param options gradient: at a tie of rows or columns the first largest one is taken, and 0 for the sign of a zero entry
 * @throws OpnormError `option` for a convolution
 * @example holder([[1, 1], [1, 1]]).value  // 2.0000000000000013, which is 2 rounded up
 */
export function holder(matrix: Conv | TensorLike, options: { gradient?: boolean } = {}): Bound<'upper'> {
  asOptions(options, 'holder')
  const layer = asLayerOrMatrix(matrix)
  if (layer.kernelSize.length > 0)
    fail('option', 'holder', 'a matrix or a dense layer', 'a convolution', 'Use spatialGram() or spectralNorm() for convolutions')
  const { data, exponent } = normalised(layer.kernel.data)
  const [rows, columns] = layer.kernel.shape
  const { row, column } = largestSums(data, rows, columns)
  const finding = { method: 'holder', scope: 'this-size', exponent, work: 1 } as const
  const upper = row.value === 0 ? 0 : sqrtUp(nextUp(nextUp(row.value) * nextUp(column.value)))
  if (!options.gradient) return upperBound(upper, finding)
  const gradient = new Float64Array(data.length)
  if (row.value > 0) {
    // ∂√(rc) = ½√(c/r)·∂r + ½√(r/c)·∂c
    const [byRow, byColumn] = [0.5 * Math.sqrt(column.value / row.value), 0.5 * Math.sqrt(row.value / column.value)]
    for (let j = 0; j < columns; j++) gradient[row.index * columns + j] += byRow * Math.sign(data[row.index * columns + j])
    for (let i = 0; i < rows; i++) gradient[i * columns + column.index] += byColumn * Math.sign(data[i * columns + column.index])
  }
  return upperBound(upper, { ...finding, gradient: { data: gradient, shape: layer.kernel.shape } })
}

/** ‖W‖_∞ and ‖W‖₁ of a row-major matrix with entries at most 1: the largest sums of absolute values of a row and of a column. */
export function largestSums(data: Float64Array, rows: number, columns: number) {
  return {
    row: largest(rows, i => sumOfAbsolutes(data, i * columns, columns)),
    column: largest(columns, j => sumOfAbsolutes(data, j, rows, columns)),
  }
}

function largest(count: number, value: (index: number) => number): { value: number; index: number } {
  let best = { value: -1, index: 0 }
  for (let index = 0; index < count; index++) {
    const next = value(index)
    if (next > best.value) best = { value: next, index }
  }
  return best
}
