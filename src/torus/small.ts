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

/** A lower bound of λ_min(A), exact to a few ulps of ‖A‖: in closed form up to side 2, by bisection on the Cholesky test of A − s·I beyond. */
export function smallestEigenvalue(a: readonly number[], d: number): number {
  let reach = 0
  for (let i = 0; i < d; i++) {
    let row = 0
    for (let j = 0; j < d; j++) row += Math.abs(a[i * d + j])
    reach = Math.max(reach, row)
  }
  const slack = reach * 1e-14
  if (d === 1) return a[0] - slack
  if (d === 2) {
    const half = 0.5 * (a[0] - a[3])
    return 0.5 * (a[0] + a[3]) - Math.sqrt(half * half + a[1] * a[2]) - slack
  }
  let low = -reach - slack
  let high = reach
  const zero = new Array<number>(d).fill(0)
  for (let k = 0; k < 50; k++) {
    const middle = 0.5 * (low + high)
    const shifted = a.map((x, at) => (at % (d + 1) === 0 ? x - middle : x))
    if (solvePositive(shifted, zero)) low = middle
    else high = middle
  }
  return low - slack
}
