/**
 * Real symmetric matrices of side D ≤ 3: the Hessians of the torus. Row-major arrays of D².
 */

/** Solves A x = b for positive definite A by Cholesky; undefined where A is not positive definite. */
export function solvePositive(a: readonly number[], b: readonly number[]): number[] | undefined {
  const d = b.length
  const l = [...a]
  for (let j = 0; j < d; j++) {
    for (let i = j; i < d; i++) {
      let s = a[i * d + j]
      for (let k = 0; k < j; k++) s -= l[i * d + k] * l[j * d + k]
      if (i === j) {
        if (!(s > 0)) return undefined
        l[j * d + j] = Math.sqrt(s)
      } else l[i * d + j] = s / l[j * d + j]
    }
  }
  const x = [...b]
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < i; k++) x[i] -= l[i * d + k] * x[k]
    x[i] /= l[i * d + i]
  }
  for (let i = d - 1; i >= 0; i--) {
    for (let k = i + 1; k < d; k++) x[i] -= l[k * d + i] * x[k]
    x[i] /= l[i * d + i]
  }
  return x
}

/** A lower bound of λ_min(A), exact to a few ulps: bisection on the Cholesky test of A − s·I. */
export function smallestEigenvalue(a: readonly number[], d: number): number {
  let reach = 0
  for (let i = 0; i < d; i++) {
    let row = 0
    for (let j = 0; j < d; j++) row += Math.abs(a[i * d + j])
    reach = Math.max(reach, row)
  }
  let low = -reach * (1 + 1e-14)
  let high = reach
  for (let k = 0; k < 60; k++) {
    const middle = 0.5 * (low + high)
    const shifted = a.map((x, at) => (at % (d + 1) === 0 ? x - middle : x))
    if (solvePositive(shifted, new Array(d).fill(0))) low = middle
    else high = middle
  }
  return low - reach * 1e-14
}
