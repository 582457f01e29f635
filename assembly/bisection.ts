/**
 * Singular values of one real bidiagonal matrix by bisection: slow, and sure.
 *
 * The singular values are the positive eigenvalues of the Golub–Kahan matrix, tridiagonal with a zero diagonal and d₁, e₁, d₂, e₂, …, dₙ
 * beside it; the signs of the pivots of T − xI count how many lie below x (Sylvester). Each value is found to 2⁻⁶⁰ of the largest.
 *
 *   de   in   n × d, e at a stride of 32 bytes (one lane of a pair); scale brings the largest into [1, 2)
 *   out  out  n values, descending, at a stride of 16 bytes
 */
export function bisection(n: i32, de: usize, scale: f64, out: usize): void {
  const back = 1 / scale
  for (let k = 0; k < n; k++) {
    let low: f64 = 0
    let high: f64 = 4 // √(‖B‖₁‖B‖_∞) with entries below 2
    for (let i = 0; i < 62; i++) {
      const x = 0.5 * (low + high)
      if (above(n, de, scale, x) > k) low = x
      else high = x
    }
    store<f64>(out + ((<usize>k) << 4), 0.5 * (low + high) * back)
  }
}

/** How many singular values are ≥ x > 0: as many as pivots of T − xI are positive. */
function above(n: i32, de: usize, scale: f64, x: f64): i32 {
  let count = 0
  let pivot = -x
  for (let i = 0; i < n; i++, de += 32) {
    const d = load<f64>(de) * scale
    pivot = nonzero(-x - (d * d) / pivot)
    if (pivot > 0) count++
    if (i + 1 == n) break
    const e = load<f64>(de, 16) * scale
    pivot = nonzero(-x - (e * e) / pivot)
    if (pivot > 0) count++
  }
  return count
}

/** A pivot of zero counts as negative and divides as a very small one. */
@inline
function nonzero(x: f64): f64 {
  return Math.abs(x) < 1e-300 ? -1e-300 : x
}
