/**
 * Gram matrices of a batch: G = AᴴA, so λ_max(G) = σ₁(A)². Only the lower triangle is written; its diagonal is real to the last bit.
 *
 *   a  in   pairs × (m × n)      g  out  pairs × (n × n)
 *
 * `gram` and `gramWide` differ in the shape of the microkernel (products.mjs), not in any bit.
 */
import { strip1x1, strip2x1, strip2x2 } from './generated/gram'

/** Long columns are cut, and the columns of one pass counted, so that a pass stays within a first-level cache of 32 kB. */
const CUT: usize = 128 << 5
const CACHE: usize = 1 << 15

export function gram(pairs: i32, m: i32, n: i32, a: usize, g: usize): void {
  for (; pairs > 0; pairs--) {
    triangle(m, n, a, g, false)
    a += (<usize>(m * n)) << 5
    g += (<usize>(n * n)) << 5
  }
}

export function gramWide(pairs: i32, m: i32, n: i32, a: usize, g: usize): void {
  for (; pairs > 0; pairs--) {
    triangle(m, n, a, g, true)
    a += (<usize>(m * n)) << 5
    g += (<usize>(n * n)) << 5
  }
}

/** Two rows of G at a time, i and i + 1, against the columns to their left and the corner on the diagonal. */
@inline
function triangle(m: i32, n: i32, a: usize, g: usize, wide: bool): void {
  const lda = (<usize>m) << 5
  const ldg = (<usize>n) << 5
  for (let cut: usize = 0; cut < lda; cut += CUT) {
    const fresh = cut == 0
    const bytes = min<usize>(CUT, lda - cut)
    const chunk = max(2, <i32>(CACHE / bytes) & ~1)
    for (let first = 0; first < n; first += chunk) {
      const b = a + <usize>first * lda
      for (let i = first; i < n; i += 2) {
        const p = a + <usize>i * lda
        const c = g + <usize>first * ldg + ((<usize>i) << 5)
        const left = min(i - first, chunk)
        const corner = left < chunk
        if (i + 1 == n) strip1x1(left + i32(corner), fresh, bytes, p, b, lda, c, ldg)
        else {
          if (wide) strip2x2(left, fresh, bytes, p, p + lda, b, lda, c, ldg)
          const done = wide ? left : 0
          strip2x1(left - done + i32(corner), fresh, bytes, p, p + lda, b + <usize>done * lda, lda, c + <usize>done * ldg, ldg)
          if (corner) strip1x1(1, fresh, bytes, p + lda, p + lda, lda, g + <usize>(i + 1) * (ldg + 32), ldg)
        }
      }
    }
    a += CUT
  }
}
