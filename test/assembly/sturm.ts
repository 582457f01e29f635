/**
 * An independent reference for the singular values of a bidiagonal matrix: Sturm counts of its Golub–Kahan matrix (zero diagonal, d₁, e₁,
 * d₂, … beside it) in double-double arithmetic, about 32 digits. Each computed value is checked against the counts beside it.
 */

/** How many singular values are ≥ xh + xl > 0. */
export function countAtLeast(d: ArrayLike<number>, e: ArrayLike<number>, xh: number, xl: number): number {
  let count = 0
  let ph = -xh
  let pl = -xl
  for (let i = 0; i < 2 * d.length - 1; i++) {
    const c = i % 2 ? e[(i - 1) / 2] : d[i / 2]
    // c² exactly, then the quotient c²/p and −x − quotient, in two parts each
    const ch = c * c
    const cl = productError(c, c, ch)
    const qh = ch / ph
    const back = qh * ph
    const rest = ch - back - productError(qh, ph, back) + cl - qh * pl
    const ql = rest / ph
    const sh = -xh - qh
    const sl = sumError(-xh, -qh, sh) - xl - ql
    ph = sh + sl
    pl = sl - (ph - sh)
    if (ph === 0) ph = -1e-300
    if (ph > 0) count++
  }
  return count
}

/**
 * The largest error of `values` (descending) as a multiple of the largest entry, to within a factor of 1.2.
 * Entries are scaled to about 1, so that squares stay in range.
 */
export function errorOfValues(d: ArrayLike<number>, e: ArrayLike<number>, values: ArrayLike<number>): number {
  const top = Math.max(...Array.from(d), ...Array.from(e))
  if (top === 0) return Math.max(...Array.from(values))
  const half = 2 ** -Math.round(Math.log2(top) / 2)
  const ds = Array.from(d, x => x * half * half)
  const es = Array.from(e, x => x * half * half)
  const within = (k: number, tolerance: number) => {
    const x = values[k] * half * half
    const below = x - tolerance
    return (
      countAtLeast(ds, es, x + tolerance, sumError(x, tolerance, x + tolerance)) <= k &&
      (below <= 0 || countAtLeast(ds, es, below, sumError(x, -tolerance, below)) > k)
    )
  }
  let tolerance = 1e-17
  for (let k = 0; k < values.length; k++) {
    if (k > 0 && !(values[k] <= values[k - 1])) return Number.NaN
    while (!within(k, tolerance)) if ((tolerance *= 1.2) > 10) return Number.NaN
  }
  return tolerance / (top * half * half)
}

/** a + b − s for s = fl(a + b), exactly (Knuth). */
function sumError(a: number, b: number, s: number): number {
  const t = s - a
  return a - (s - t) + (b - t)
}

/** a·b − p for p = fl(a·b), exactly (Dekker). */
function productError(a: number, b: number, p: number): number {
  const ta = 134217729 * a
  const tb = 134217729 * b
  const ah = ta - (ta - a)
  const bh = tb - (tb - b)
  const al = a - ah
  const bl = b - bh
  return al * bl - (p - ah * bh - al * bh - ah * bl)
}
