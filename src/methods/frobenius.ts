import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { foldGradient, groupTaps, symbolEverySize } from '../symbol.ts'
import { sqrtOfWhole, sqrtUp, sumOfSquares } from '../summation.ts'
import type { TensorLike } from '../tensor.ts'
import { everySize, productUp, upperBound } from './claim.ts'
import { asLayerOrMatrix, asOptions } from './operand.ts'

/**
 * Upper bound on σ₁ from the sum of squares: σ₁ ≤ ‖W‖_F for a matrix, σ₁ ≤ √(Πk)·‖K‖_F for a convolution (the largest over its groups).
 *
 * ‖F(θ)‖ ≤ Σ_q ‖A_q‖_F ≤ √(number of taps)·‖A‖_F holds for every input size, zero and circular padding. ‖K‖_F alone, without the
 * factor, is no bound of a convolution. Up to √rank too large for a matrix, √(rank·Πk) for a convolution. Costs one pass.
 *
 * METHODS §9.
 *
 * @param layer a layer, or a matrix as `dense` takes it
 * @param options gradient: √(Πk)·K/‖K‖_F on the largest group (the first one at a tie), zero for a zero kernel
 * @example frobenius([[3, 0], [0, 4]]).value  // 5.000000000000003, which is 5 rounded up
 */
export function frobenius(layer: Conv | TensorLike, options: { gradient?: boolean } = {}): Bound<'upper'> {
  asOptions(options, 'frobenius')
  const operand = asLayerOrMatrix(layer)
  const symbol = symbolEverySize(operand)
  let [largest, group] = [-1, 0]
  for (let g = 0; g < symbol.groups; g++) {
    const squares = sumOfSquares(groupTaps(symbol, g))
    if (squares > largest) [largest, group] = [squares, g]
  }
  const taps = symbol.offsets.reduce((product, q) => product * q.length, 1)
  const finding = { method: 'frobenius', scope: everySize(operand), exponent: symbol.exponent, work: 1 }
  const upper = productUp(sqrtOfWhole(taps), sqrtUp(largest))
  if (!options.gradient) return upperBound(upper, finding)
  const factor = largest === 0 ? 0 : Math.sqrt(taps / largest)
  const gradient = foldGradient(operand, symbol, group, groupTaps(symbol, group))
  for (let i = 0; i < gradient.data.length; i++) gradient.data[i] *= factor
  return upperBound(upper, { ...finding, gradient })
}
