/** U Σ Vᵀ of a small square matrix; all matrices by columns, singular values descending. */
export interface SmallSvd {
  readonly sigma: Float64Array
  readonly u: Float64Array[]
  readonly v: Float64Array[]
}

/**
 * Singular value decomposition of the few dozen columns a Krylov basis projects to, by one-sided Jacobi rotations.
 *
 * Accurate to a few ulps of σ₁ and short; anything larger goes to the runtime. (Hestenes 1958; Demmel & Veselić 1992.)
 *
 * @param columns square, by columns; overwritten
 */
export function smallSvd(columns: Float64Array[]): SmallSvd {
  const n = columns.length
  const right = columns.map((_, j) => {
    const column = new Float64Array(n)
    column[j] = 1
    return column
  })
  const sweep = () => {
    let rotated = false
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotated = rotatePair(columns, right, p, q) || rotated
    return rotated
  }
  for (let sweeps = 0; sweeps < 40 && sweep(); sweeps++);
  const norms = columns.map(column => Math.sqrt(inner(column, column)))
  const order = norms.map((_, j) => j).sort((a, b) => norms[b] - norms[a])
  return {
    sigma: Float64Array.from(order, j => norms[j]),
    u: order.map(j => (norms[j] > 0 ? columns[j].map(x => x / norms[j]) : columns[j])),
    v: order.map(j => right[j]),
  }
}

/** Makes two columns orthogonal; false when they already are. */
function rotatePair(columns: Float64Array[], right: Float64Array[], p: number, q: number): boolean {
  const a = inner(columns[p], columns[p])
  const b = inner(columns[q], columns[q])
  const c = inner(columns[p], columns[q])
  if (Math.abs(c) <= 2 ** -52 * Math.sqrt(a) * Math.sqrt(b)) return false
  const zeta = (b - a) / (2 * c)
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta))
  const cosine = 1 / Math.sqrt(1 + t * t)
  for (const pair of [columns, right]) {
    const [x, y] = [pair[p], pair[q]]
    for (let i = 0; i < x.length; i++) {
      const [xi, yi] = [x[i], y[i]]
      x[i] = cosine * (xi - t * yi)
      y[i] = cosine * (t * xi + yi)
    }
  }
  return true
}

function inner(x: Float64Array, y: Float64Array): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i]
  return sum
}
