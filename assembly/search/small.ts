/** Real symmetric matrices of side D ≤ 3, the Hessians of the torus: lists of D², row-major. */
import { item, setItem } from './numbers'

const factor: usize = memory.data(72, 8)
const shifted: usize = memory.data(72, 8)
const nothing: usize = memory.data(24, 8)

/** x ← A⁻¹x for positive definite A by Cholesky; false, and x as it was, where A is not positive definite. */
export function solvePositive(d: i32, a: usize, x: usize): bool {
  memory.copy(factor, a, (<usize>(d * d)) << 3)
  for (let j = 0; j < d; j++) {
    for (let i = j; i < d; i++) {
      let s = item(a, i * d + j)
      for (let k = 0; k < j; k++) s -= item(factor, i * d + k) * item(factor, j * d + k)
      if (i > j) setItem(factor, i * d + j, s / item(factor, j * d + j))
      else if (s > 0) setItem(factor, j * d + j, Math.sqrt(s))
      else return false
    }
  }
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < i; k++) setItem(x, i, item(x, i) - item(factor, i * d + k) * item(x, k))
    setItem(x, i, item(x, i) / item(factor, i * d + i))
  }
  for (let i = d - 1; i >= 0; i--) {
    for (let k = i + 1; k < d; k++) setItem(x, i, item(x, i) - item(factor, k * d + i) * item(x, k))
    setItem(x, i, item(x, i) / item(factor, i * d + i))
  }
  return true
}

/** A lower bound of λ_min(A), exact to a few ulps of ‖A‖: in closed form up to side 2, by bisection on the Cholesky test of A − s·I beyond. */
export function smallestEigenvalue(d: i32, a: usize): f64 {
  let reach: f64 = 0
  for (let i = 0; i < d; i++) {
    let row: f64 = 0
    for (let j = 0; j < d; j++) row += Math.abs(item(a, i * d + j))
    reach = Math.max(reach, row)
  }
  const slack = reach * 1e-14
  if (d == 1) return item(a, 0) - slack
  if (d == 2) {
    const half = 0.5 * (item(a, 0) - item(a, 3))
    return 0.5 * (item(a, 0) + item(a, 3)) - Math.sqrt(half * half + item(a, 1) * item(a, 2)) - slack
  }
  let low = -reach - slack
  let high = reach
  for (let k = 0; k < 50; k++) {
    const middle = 0.5 * (low + high)
    for (let at = 0; at < d * d; at++) setItem(shifted, at, at % (d + 1) == 0 ? item(a, at) - middle : item(a, at))
    memory.fill(nothing, 0, 24)
    if (solvePositive(d, shifted, nothing)) low = middle
    else high = middle
  }
  return low - slack
}
