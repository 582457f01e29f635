/**
 * The top eigenpair of a real symmetric tridiagonal matrix T with positive off-diagonal entries, of 128 rows at most. For the few rows of a Lanczos process: no batches,
 * no vectors.
 */

/** Most rows. */
export const MOST: i32 = 128

/** What is asked about: the diagonal, and below it, 0 in the last row. What comes back: the vector, ‖·‖ = 1, zeros where T has ended. */
export const alpha: usize = memory.data(128 * 8, 16)
export const beta: usize = memory.data(128 * 8, 16)
export const ritz: usize = memory.data(128 * 8, 16)

const pivot: usize = memory.data(128 * 8, 16)

/**
 * The eigenvalue by Newton's method on det(ρ·I − T), which falls from above without passing it; where that gains less than a half (eigenvalues crowd far
 * below), by bisection too. The vector by solves just above it.
 *
 * @param enough relative accuracy of the eigenvalue
 */
export function topPair(steps: i32, enough: f64): f64 {
  let used = 0
  let low = -Infinity
  let high = -Infinity
  let before: f64 = 0
  while (used < steps) {
    const a = load<f64>(alpha + ((<usize>used) << 3))
    const b = load<f64>(beta + ((<usize>used) << 3))
    used++
    low = Math.max(low, a)
    high = Math.max(high, a + b + before)
    before = b
    if (b <= 1e-13 * high) break // an invariant space: T ends here
  }
  high += (high - low) * 0.25 + Math.abs(high) * 4e-16 + 1e-300
  for (let k = 0; k < 54 && high - low > Math.abs(high) * enough; k++) {
    const step = newton(used, high)
    // rounding has taken the last step below the eigenvalue
    if (step < 0) break
    const far = high - low
    high -= step
    if (step < Math.abs(high) * enough) break
    if (high - low <= 0.5 * far) continue
    const middle = 0.5 * (low + high)
    if (newton(used, middle) >= 0) high = middle
    else low = middle
  }
  newton(used, high + Math.abs(high) * 1e-15)
  memory.fill(ritz, 0, (<usize>steps) << 3)
  for (let i = 0; i < used; i++) store<f64>(ritz + ((<usize>i) << 3), 1)
  for (let k = 0; k < 3; k++) solve(used)
  return high
}

/**
 * What Newton takes from ρ: 1/Σd_i'/d_i, d_i the pivots of ρ·I − T; −1 unless all of them are positive, that is unless ρ is above the spectrum. Leaves them
 * in `pivot`, made positive.
 */
function newton(steps: i32, rho: f64): f64 {
  let all = true
  let sum: f64 = 0
  let d: f64 = 1
  let slope: f64 = 0
  for (let i = 0; i < steps; i++) {
    const o = (<usize>i) << 3
    const b = i > 0 ? load<f64>(beta + o - 8) : 0
    const f = (b * b) / d
    slope = 1 + f * (slope / d)
    d = rho - load<f64>(alpha + o) - f
    if (!(d > 1e-290)) {
      all = all && d > 0
      d = Math.max(Math.abs(d), 1e-290) // 1/d is a number: of zeros every vector is one of the top
    }
    sum += slope / d
    store<f64>(pivot + o, d)
  }
  return all ? 1 / sum : -1
}

/** One step of inverse iteration with the pivots of ρ·I − T = L·D·Lᵀ. */
function solve(steps: i32): void {
  for (let i = 1; i < steps; i++) {
    const o = (<usize>i) << 3
    store<f64>(ritz + o, load<f64>(ritz + o) + (load<f64>(beta + o - 8) / load<f64>(pivot + o - 8)) * load<f64>(ritz + o - 8))
  }
  let norm: f64 = 0
  let x: f64 = 0
  for (let i = steps - 1; i >= 0; i--) {
    const o = (<usize>i) << 3
    x = (load<f64>(ritz + o) + (i + 1 < steps ? load<f64>(beta + o) * x : 0)) / load<f64>(pivot + o)
    store<f64>(ritz + o, x)
    norm = Math.max(norm, Math.abs(x))
  }
  let sum: f64 = 0
  for (let i = 0; i < steps; i++) {
    const o = (<usize>i) << 3
    x = load<f64>(ritz + o) / norm
    store<f64>(ritz + o, x)
    sum += x * x
  }
  const f = 1 / Math.sqrt(sum)
  for (let i = 0; i < steps; i++) {
    const o = (<usize>i) << 3
    store<f64>(ritz + o, load<f64>(ritz + o) * f)
  }
}
