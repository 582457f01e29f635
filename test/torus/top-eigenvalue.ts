/**
 * λ_max of a positive semidefinite Hermitian matrix, to a few ulps, in place: a closed form up to side 2, cyclic Jacobi rotations beyond.
 *
 * @param re, im row-major parts of side m; destroyed
 */
export function topEigenvalue(re: Float64Array, im: Float64Array, m: number): number {
  if (m === 1) return re[0]
  if (m === 2) return largerOfTwo(re[0], re[3], re[1] * re[1] + im[1] * im[1])
  let size = 0
  for (let i = 0; i < m; i++) size += re[i * m + i]
  for (let sweep = 0; sweep < 30 && rotateAll(re, im, m, size * 1e-17); sweep++);
  let top = 0
  for (let i = 0; i < m; i++) top = Math.max(top, re[i * m + i])
  return top
}

/** The larger eigenvalue of [[a, b], [b̄, d]], b̄b = square. */
function largerOfTwo(a: number, d: number, square: number): number {
  const half = 0.5 * (a - d)
  return 0.5 * (a + d) + Math.sqrt(half * half + square)
}

/** One sweep of rotations; false where every entry off the diagonal is below `least`. */
function rotateAll(re: Float64Array, im: Float64Array, m: number, least: number): boolean {
  let rotated = false
  for (let p = 0; p < m; p++) {
    for (let q = p + 1; q < m; q++) {
      const [x, y] = [re[p * m + q], im[p * m + q]]
      const b = Math.sqrt(x * x + y * y)
      if (!(b > least)) continue
      rotated = true
      rotate(re, im, m, p, q, x / b, y / b, b)
    }
  }
  return rotated
}

/** Annihilates entry (p, q) = b·(x + iy): first a unit phase that makes it real, then a real rotation. */
function rotate(re: Float64Array, im: Float64Array, m: number, p: number, q: number, x: number, y: number, b: number): void {
  const [pp, qq] = [p * m + p, q * m + q]
  const zeta = (re[qq] - re[pp]) / (2 * b)
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta))
  const c = 1 / Math.sqrt(1 + t * t)
  const s = c * t
  for (let k = 0; k < m; k++) {
    if (k === p || k === q) continue
    const [kp, kq] = [k * m + p, k * m + q]
    // column q times the conjugate phase, then the rotation of the two columns
    const u = re[kq] * x + im[kq] * y
    const v = im[kq] * x - re[kq] * y
    const [g, h] = [re[kp], im[kp]]
    re[kp] = re[p * m + k] = c * g - s * u
    im[kp] = c * h - s * v
    im[p * m + k] = -im[kp]
    re[kq] = re[q * m + k] = s * g + c * u
    im[kq] = s * h + c * v
    im[q * m + k] = -im[kq]
  }
  re[pp] -= t * b
  re[qq] += t * b
  re[p * m + q] = re[q * m + p] = im[p * m + q] = im[q * m + p] = 0
}
