import { type Start, vectorOf } from '../bound.ts'
import { blockOf, type Conv, type SizedConv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import type { LinearOperator } from '../linear-operator.ts'
import { gamma, nextDown, nextUp } from '../rounding.ts'
import type { Arena } from '../runtime/arena.ts'
import { openCallbacks } from '../runtime/callbacks.ts'
import { normalizeVector, openOperator, type Operator, type Vector } from '../runtime/operator.ts'
import { groupTaps, symbolEverySize } from '../symbol.ts'
import { peakOf, sqrtUp, sumOfAbsolutes, sumOfSquares } from '../summation.ts'
import type { Tensor } from '../tensor.ts'
import { asSized, isLayer } from './operand.ts'
import { uniform } from './uniform.ts'

/** What power and Lanczos iterations act on: a layer's products, or a caller's. */
export interface Products extends Omit<Operator, 'correlate'> {
  readonly correlate?: Operator['correlate']
  readonly layer?: SizedConv
}

export function openProducts(operand: SizedConv | LinearOperator, arena: Arena, method: string): Products {
  if (!isLayer(operand) && typeof operand === 'object' && operand !== null && 'shape' in operand)
    return openCallbacks(operand, arena)
  const layer = asSized(operand, method)
  return { ...openOperator(layer, arena), layer }
}

/**
 * A proven floor of σ₁ from one vector: σ₁ ≥ ‖T v‖/‖v‖ − η, with η for the rounding of the product.
 *
 * Each entry of the computed T v errs by at most γ_N times the sum of the absolute values of its N terms, so the vector by
 * γ_N·‖|T||v|‖ ≤ γ_N·√(‖T‖₁‖T‖_∞)·‖v‖. The two norms are summed in twice the working precision. What a caller's operator returns is
 * taken at its word.
 */
export function rayleighFloor(products: Products, v: Vector, image: Vector): number {
  const length = Math.sqrt(sumOfSquares(products.read(v)))
  if (length === 0) return 0
  const quotient = Math.sqrt(sumOfSquares(products.read(image))) / length
  const { layer } = products
  const error = layer ? nextUp(gamma(termsOf(layer) + 2) * absoluteNorm(layer)) : 0
  return Math.max(0, nextDown(nextDown(nextDown(quotient)) - error))
}

/** Products in one entry of the larger of T v and Tᵀ u. */
function termsOf(layer: Conv): number {
  const { rows, columns } = blockOf(layer)
  return Math.max(rows, columns) * layer.kernelSize.reduce((product, k) => product * k, 1)
}

/** √(‖T‖₁·‖T‖_∞) of the scaled layer from above: a row of T holds some of a row of K, a column some of a column. */
function absoluteNorm(layer: Conv): number {
  const symbol = symbolEverySize(layer)
  const { rows, columns } = symbol
  let largest = 0
  for (let g = 0; g < symbol.groups; g++) {
    const taps = groupTaps(symbol, g)
    const count = taps.length / (rows * columns)
    const total = new Float64Array(rows * columns)
    for (let entry = 0; entry < total.length; entry++) total[entry] = nextUp(sumOfAbsolutes(taps, entry, count, total.length))
    let [row, column] = [0, 0]
    for (let i = 0; i < rows; i++) row = Math.max(row, sumOfAbsolutes(total, i, columns, rows))
    for (let j = 0; j < columns; j++) column = Math.max(column, sumOfAbsolutes(total, j * rows, rows))
    largest = Math.max(largest, sqrtUp(nextUp(nextUp(row) * nextUp(column))))
  }
  return largest
}

/** ∂σ/∂K = correlation of the unit vectors u = T v/‖T v‖ and v (METHODS §3). */
export function pairGradient(products: Products, u: Vector, v: Vector): Tensor {
  const { layer, correlate } = products
  if (!layer || !correlate)
    fail(
      'option',
      'gradient',
      'a layer from conv() or dense()',
      'an operator given by its products',
      'Only a layer has a kernel to derive by',
    )
  const scale = products.norm(u) * products.norm(v)
  const data = scale === 0 ? new Float64Array(layer.kernel.data.length) : correlate(u, v).map(x => x / scale)
  return { data, shape: layer.kernel.shape }
}

/** Share of noise in a start that is a guess: whatever the guess lacks must be there to be found. */
const NOISE = 0.01

/**
 * Writes the start vector: the one given, or seeded noise around a guess. Uniform, since no noise is better than another for an unknown
 * operator.
 */
export function writeStart(
  products: Products,
  v: Vector,
  start: Start | undefined,
  seed: number,
  guess: () => Float64Array | undefined = () => undefined,
): void {
  const given = vectorOf(start, 0)
  if (start !== undefined && given?.length !== v.length)
    fail(
      'option',
      'start',
      `a vector of ${v.length} numbers`,
      show(given?.length ?? start),
      'Pass the `start` of an earlier result for this input size',
    )
  if (given) {
    const peak = peakOf(given)
    if (!Number.isFinite(peak))
      fail('nonfinite', 'start', 'finite numbers', String(peak), 'Pass the `start` of an earlier result')
    if (peak > 0) {
      products.write(v, peak > 2 ** 400 || peak < 2 ** -400 ? given.map(x => x / peak) : given)
      normalizeVector(products, v)
      return
    }
  }
  const noise = Float64Array.from({ length: v.length }, uniform(seed))
  const guessed = guess()
  if (guessed) {
    const share = NOISE * Math.sqrt(sumOfSquares(guessed) / sumOfSquares(noise))
    products.write(
      v,
      guessed.map((x, i) => x + share * noise[i]),
    )
  } else products.write(v, noise)
  normalizeVector(products, v)
}
