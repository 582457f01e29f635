import { gamma, scaled, UNIT } from '../rounding.ts'
import { exponentOf } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { absoluteSum, autocorrelation, autocorrelationVjp, type MatrixPolynomial } from './matrix-polynomial.ts'

/** mantissa · 2^exponent; zero has mantissa 0. Two numbers, because scales reach beyond the range of one double. */
export interface RowScale {
  readonly mantissa: number
  readonly exponent: number
}

/**
 * One squaring: X = diag(2^exponents)·rows on the way in, R = rows·rowsᴴ, and X Xᴴ = diag(2^exponents)·R·diag(2^exponents).
 * Every live row of `rows` has its largest entry in [½, 1), so nothing over- or underflows where it matters.
 */
interface Stage {
  readonly exponents: Int32Array
  readonly rows: MatrixPolynomial
  readonly product: MatrixPolynomial
}

/**
 * t_i = (Σ_{j,q} |((W Wᴴ)^{2^{n−1}})_{ij,q}|)^{1/2^n}, with a margin that makes ‖diag(t)⁻¹ W‖ ≤ 1 true for the rounded numbers.
 *
 * Why it holds: P = (W Wᴴ)^{2^{n−1}} is symmetric, so P ≼ diag(row sums of |P|) = diag(t)^{2^n}; roots keep the order: W Wᴴ ≼ diag(t)².
 * Why in floating point: a computed product errs by at most γ|X||X|ᴴ, and diag(t)^{−2^s}·that has a norm below γ·‖diag(t)^{−2^{s−1}}|X|‖²,
 * where the entries of the last matrix are at most about 1, whatever the scales of the rows.
 */
export function rowScales(w: MatrixPolynomial, iterations: number): { scales: RowScale[]; stages: Stage[] } {
  const stages: Stage[] = []
  let [rows, exponents]: [MatrixPolynomial, Int32Array] = equilibrate(w, new Int32Array(w.rows), new Int32Array(w.columns))
  for (let s = 0; s < iterations; s++) {
    if (s > 0) {
      const { product, exponents: columns } = stages[s - 1]
      ;[rows, exponents] = equilibrate(product, columns, columns)
    }
    stages.push({ exponents, rows, product: autocorrelation(rows) })
  }
  const scales = rootsOfRowSums(stages)
  const margin = marginOf(stages, scales) * ROOM
  return { scales: scales.map(({ mantissa, exponent }) => ({ mantissa: mantissa * margin, exponent })), stages }
}

/**
 * More than rounding needs, so that others can prove it too: an enclosure of the rescaled layer's norm to a gap of 7·10⁻¹² ends at or
 * below 1, also where the formula is sharp (a row of positive taps has norm 1 to the last digit without it).
 */
const ROOM = 1 + 2 ** -37

/** diag(2^outer)·X·diag(2^columns) as diag(2^exponents)·rows. A part below 2^−1074 of its row's largest entry is lost, far within the margin. */
function equilibrate(x: MatrixPolynomial, outer: Int32Array, columns: Int32Array): [MatrixPolynomial, Int32Array] {
  const count = sizeOf(x.sides)
  const inner = rowExponents(x, columns)
  const taps = new Float64Array(x.taps.length)
  for (let p = 0; p < count; p++) {
    for (let i = 0; i < x.rows; i++) {
      for (let c = 0; c < x.columns; c++) {
        const e = (p * x.rows + i) * x.columns + c
        if (x.taps[e] !== 0) taps[e] = scaled(x.taps[e], columns[c] - inner[i])
      }
    }
  }
  return [{ ...x, taps }, inner.map((e, i) => e + outer[i])]
}

/** The exponent of each row's largest entry; 0 for a row of zeros. */
function rowExponents({ rows, columns, taps }: MatrixPolynomial, shifts: Int32Array): Int32Array {
  const exponents = new Int32Array(rows).fill(NONE)
  const entry = new Float64Array(1)
  for (let e = 0; e < taps.length; e++) {
    if (taps[e] === 0) continue
    entry[0] = taps[e]
    const i = Math.floor(e / columns) % rows
    exponents[i] = Math.max(exponents[i], exponentOf(entry) + shifts[e % columns])
  }
  return exponents.map(e => (e === NONE ? 0 : e))
}

const NONE = -(2 ** 31)

/** Sums of a stage's last product along row i, in units of 2^(exponents[i] + unit). */
function rowSum({ exponents, product }: Stage, sums: Float64Array, i: number): { sum: number; unit: number } {
  let unit = NONE
  for (let j = 0; j < product.rows; j++) if (sums[i * product.rows + j] > 0) unit = Math.max(unit, exponents[j])
  let sum = 0
  for (let j = 0; j < product.rows; j++) {
    const part = sums[i * product.rows + j]
    if (part > 0) sum += scaled(part, exponents[j] - unit)
  }
  return { sum, unit }
}

function rootsOfRowSums(stages: Stage[]): RowScale[] {
  const last = stages[stages.length - 1]
  const sums = absoluteSum(last.product)
  return Array.from(last.exponents, (exponent, i) => {
    const { sum, unit } = rowSum(last, sums, i)
    if (sum === 0) return { mantissa: 0, exponent: 0 }
    const whole = exponent + unit
    const power = 2 ** stages.length
    const root = Math.floor(whole / power)
    let mantissa = scaled(sum, whole - root * power)
    for (let s = 0; s < stages.length; s++) mantissa = Math.sqrt(mantissa)
    return { mantissa, exponent: root }
  })
}

/**
 * The factor ≥ 1 on every t that pays for rounding. From the last stage down, X_s X_sᴴ ≼ c_s·diag(t)^{2^s} with
 * c_n = 1 + ε_n + (row sums and roots), c_s = √c_{s+1} + ε_s; and at the end the division of W by t.
 */
function marginOf(stages: Stage[], scales: RowScale[]): number {
  const { product } = stages[stages.length - 1]
  let c = 1 + gamma(sizeOf(product.sides) + product.rows + 8 * 2 ** stages.length)
  let norm = 0
  for (let s = stages.length - 1; s >= 0; s--) {
    const { rows } = stages[s]
    norm = relativeNorm(stages[s], scales, s)
    c = (s === stages.length - 1 ? c : Math.sqrt(c)) + gamma(rows.columns + sizeOf(rows.sides) + 8) * norm * norm
  }
  return Math.sqrt(c) * (1 + 4 * UNIT * norm) * (1 + 8 * UNIT)
}

/** Frobenius norm of Σ_p |diag(t)^{−2^s}·X_p|, which bounds the norm at every frequency. */
function relativeNorm({ exponents, rows }: Stage, scales: RowScale[], s: number): number {
  const sums = absoluteSum(rows)
  let square = 0
  for (let i = 0; i < rows.rows; i++) {
    if (scales[i].mantissa === 0) continue
    let { mantissa, exponent } = scales[i]
    for (let times = 0; times < s; times++) [mantissa, exponent] = [mantissa * mantissa, exponent * 2]
    for (let c = 0; c < rows.columns; c++) {
      const entry = scaled(sums[i * rows.columns + c], exponents[i] - exponent) / mantissa
      square += entry * entry
    }
  }
  return Math.sqrt(square)
}

/**
 * Gradient of `Σ_i weights[i]·log t_i` with respect to the taps of W, the exponents being constants. An entry of P that is zero counts
 * as not moving (its absolute value has a kink there).
 */
export function rowScalesVjp(stages: Stage[], weights: Float64Array): Float64Array {
  const last = stages[stages.length - 1]
  let cotangent = rowSumsVjp(last, weights, 2 ** -stages.length)
  for (let s = stages.length - 1; ; s--) {
    const { rows, exponents } = stages[s]
    const gradient = autocorrelationVjp(rows, cotangent)
    const outer = s > 0 ? stages[s - 1].exponents : undefined
    for (let e = 0; e < gradient.length; e++) {
      const i = Math.floor(e / rows.columns) % rows.rows
      if (gradient[e] === 0) continue
      gradient[e] = scaled(gradient[e], outer ? outer[e % rows.columns] + outer[i] - exponents[i] : -exponents[i])
    }
    if (s === 0) return gradient
    cotangent = gradient
  }
}

/** log of a row sum, times `root`, with respect to the entries of the stage's product. */
function rowSumsVjp(stage: Stage, weights: Float64Array, root: number): Float64Array {
  const { product, exponents } = stage
  const { rows, taps } = product
  const sums = absoluteSum(product)
  const cotangent = new Float64Array(taps.length)
  for (let i = 0; i < rows; i++) {
    if (weights[i] === 0) continue
    const { sum, unit } = rowSum(stage, sums, i)
    if (sum === 0) continue
    for (let e = i * rows; e < taps.length; e += rows * rows) {
      for (let j = 0; j < rows; j++) {
        const sign = taps[e + j] > 0 ? 1 : taps[e + j] < 0 ? -1 : 0
        if (sign !== 0) cotangent[e + j] = scaled(((sign * weights[i]) / sum) * root, exponents[j] - unit)
      }
    }
  }
  return cotangent
}
