import { conv } from '../conv.ts'
import { pow2 } from '../rounding.ts'
import { type Operator, type Vector, withOperator } from '../runtime/operator.ts'
import { exponentOf, groupTaps, type Symbol } from '../symbol.ts'

/**
 * ∂/∂A of L = Σ_{i,q} |(R^m)_q,ij| for one column j, R = TᵀT, up to a factor that Euler's identity fixes: ⟨gradient, A⟩ = norm.
 *
 * With z the signs of p_m = R^m δ_j, L = ⟨z, R^m δ_j⟩ and dL = Σ_{a+b=m−1} ⟨R^a z, dR R^b δ_j⟩, so that
 * ∂L/∂K = Σ_{a+b=m−1} (correlation of T p_b and x_a) + (of T x_a and p_b), p_b = R^b δ_j, x_a = R^a z: products with the layer on a
 * circular grid that holds all taps of R^m, no frequencies. A tap of exactly zero has the sign 0.
 *
 * @param m number of factors, 2^(t−1)
 * @param norm the value the gradient belongs to
 */
export function absoluteSumGradient(
  symbol: Symbol,
  group: number,
  grid: readonly number[],
  column: number,
  m: number,
  norm: number,
): Float64Array {
  const { rows, columns } = symbol
  const taps = groupTaps(symbol, group)
  const count = taps.length / (rows * columns)
  // The kernel [rows, columns, taps] of the symbol itself; a dense layer is one of one tap on one point.
  const kernel = new Float64Array(taps.length)
  for (let tap = 0; tap < count; tap++)
    for (let j = 0; j < columns; j++)
      for (let i = 0; i < rows; i++) kernel[(i * columns + j) * count + tap] = taps[(tap * columns + j) * rows + i]
  const sides = grid.length === 0 ? [1] : symbol.offsets.map(q => q.length)
  const size = grid.length === 0 ? [1] : [...grid]
  const layer = conv({ data: kernel, shape: [rows, columns, ...sides] }, { padding: 'circular', inputSize: size })
  const points = size.reduce((a, b) => a * b, 1)
  const slope = withOperator(layer, operator => slopeOf(operator, column * points, m, norm))
  const gradient = new Float64Array(taps.length)
  let inner = 0
  for (let tap = 0; tap < count; tap++) {
    for (let j = 0; j < columns; j++) {
      for (let i = 0; i < rows; i++) {
        const at = (tap * columns + j) * rows + i
        gradient[at] = slope[(i * columns + j) * count + tap]
        inner += gradient[at] * taps[at]
      }
    }
  }
  return inner > 0 ? gradient.map(x => (x * norm) / inner) : gradient.fill(0)
}

function slopeOf(operator: Operator, delta: number, m: number, norm: number): Float64Array {
  // Each application of R is scaled alike, so that all terms a + b = m − 1 keep their weights.
  const scale = pow2(-2 * exponentOf(Float64Array.of(norm)))
  const start = operator.input()
  const unit = new Float64Array(start.length)
  unit[delta] = 1
  operator.write(start, unit)
  const forward = powers(operator, start, m, scale)
  const last = operator.read(forward.inputs[m])
  const signs = operator.input()
  operator.write(signs, last.map(Math.sign))
  const backward = powers(operator, signs, m - 1, scale)
  const total = new Float64Array(operator.correlate(forward.outputs[0], signs).length)
  for (let b = 0; b < m; b++) {
    const first = operator.correlate(forward.outputs[b], backward.inputs[m - 1 - b])
    const second = operator.correlate(backward.outputs[m - 1 - b], forward.inputs[b])
    for (let i = 0; i < total.length; i++) total[i] += first[i] + second[i]
  }
  return total
}

/** x, sRx, … (sR)^count x, and T times each of them. */
function powers(operator: Operator, x: Vector, count: number, scale: number): { inputs: Vector[]; outputs: Vector[] } {
  const inputs = [x]
  const outputs: Vector[] = []
  for (let a = 0; a <= count; a++) {
    outputs.push(operator.output())
    operator.apply(inputs[a], outputs[a])
    if (a === count) break
    inputs.push(operator.input())
    operator.adjoint(outputs[a], inputs[a + 1])
    operator.scale(scale, inputs[a + 1], inputs[a + 1])
  }
  return { inputs, outputs }
}
