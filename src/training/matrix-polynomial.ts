import { sizeOf, stridesOf } from '../tensor.ts'

/**
 * `W(θ) = Σ_p W_p e^{ip·θ}` by its taps, p from 0 to sides − 1 along every axis; a matrix has no axes and one tap.
 * Entry (i, c) of tap p is `taps[(p·rows + i)·columns + c]`.
 */
export interface MatrixPolynomial {
  readonly rows: number
  readonly columns: number
  readonly sides: readonly number[]
  readonly taps: Float64Array
}

/**
 * `W Wᴴ` by direct products of taps: `R_q = Σ_p W_{p+q} W_pᵀ` for q from −(sides − 1), so 2·sides − 1 taps an axis, the constant one in
 * the middle. Exactly Hermitian, `R_{−q} = R_qᵀ`, also after rounding. Every entry is right relative to the norms of its two rows
 * alone, however large the others are; a transform would smear the largest over all (METHODS §4).
 */
export function autocorrelation(w: MatrixPolynomial): MatrixPolynomial {
  const { rows, columns } = w
  const { sides, at, middle } = pairs(w.sides)
  const plane = rows * rows
  const taps = new Float64Array(sizeOf(sides) * plane)
  for (let a = 0; a < at.length; a++) {
    for (let b = 0; b <= a; b++) {
      const target = (at[a] - at[b] + middle) * plane
      for (let i = 0; i < rows; i++) {
        const x = (a * rows + i) * columns
        const last = a === b ? i : rows - 1
        for (let j = 0; j <= last; j++) taps[target + i * rows + j] += dot(w.taps, x, (b * rows + j) * columns, columns)
      }
    }
  }
  mirror(taps, rows, middle)
  return { rows, columns: rows, sides, taps }
}

/** Fills the upper half of the constant tap, and R_{−q} from R_q. */
function mirror(taps: Float64Array, rows: number, middle: number): void {
  const plane = rows * rows
  for (let q = 0; q <= middle; q++) {
    const [from, to] = [(middle + q) * plane, (middle - q) * plane]
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < (q === 0 ? i : rows); j++) taps[to + j * rows + i] = taps[from + i * rows + j]
    }
  }
}

/**
 * The gradient of `⟨C, autocorrelation(W)⟩` with respect to W: `(C + Cᴴ) W`, kept to W's own taps.
 *
 * @param cotangent as long as the autocorrelation's taps
 */
export function autocorrelationVjp(w: MatrixPolynomial, cotangent: Float64Array): Float64Array {
  const { rows, columns } = w
  const { at, middle } = pairs(w.sides)
  const plane = rows * rows
  const gradient = new Float64Array(w.taps.length)
  for (let a = 0; a < at.length; a++) {
    for (let b = 0; b < at.length; b++) {
      const there = (at[a] - at[b] + middle) * plane
      const back = (at[b] - at[a] + middle) * plane
      for (let i = 0; i < rows; i++) {
        const to = (a * rows + i) * columns
        for (let j = 0; j < rows; j++) {
          const c = cotangent[there + i * rows + j] + cotangent[back + j * rows + i]
          if (c === 0) continue
          const from = (b * rows + j) * columns
          for (let k = 0; k < columns; k++) gradient[to + k] += c * w.taps[from + k]
        }
      }
    }
  }
  return gradient
}

/** Entry (i, c): `Σ_p |W_p|`, which bounds |W(θ)| at every frequency. */
export function absoluteSum({ rows, columns, sides, taps }: MatrixPolynomial): Float64Array {
  const sum = new Float64Array(rows * columns)
  const count = sizeOf(sides)
  for (let p = 0; p < count; p++) {
    for (let e = 0; e < sum.length; e++) sum[e] += Math.abs(taps[p * sum.length + e])
  }
  return sum
}

/** Flat places of the taps in the grid of differences, where p − q lies at `at[p] − at[q] + middle`. */
function pairs(taps: readonly number[]) {
  const sides = taps.map(k => 2 * k - 1)
  const strides = stridesOf(sides)
  const inner = stridesOf(taps)
  const at = Array.from({ length: sizeOf(taps) }, (_, flat) =>
    taps.reduce((sum, k, d) => sum + (Math.floor(flat / inner[d]) % k) * strides[d], 0),
  )
  return { sides, at, middle: at[at.length - 1] }
}

/** Four partial sums: a third faster than one, and a quarter of the rounding error. */
function dot(data: Float64Array, x: number, y: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let k = 0
  for (; k + 4 <= length; k += 4) {
    s0 += data[x + k] * data[y + k]
    s1 += data[x + k + 1] * data[y + k + 1]
    s2 += data[x + k + 2] * data[y + k + 2]
    s3 += data[x + k + 3] * data[y + k + 3]
  }
  for (; k < length; k++) s0 += data[x + k] * data[y + k]
  return s0 + s1 + (s2 + s3)
}
