/**
 * Gram matrices of a batch: G = AᴴA, so λ_max(G) = σ₁(A)². Only the lower triangle is written; its diagonal is real to the last bit.
 *
 *   a  in   pairs × (m × n)      g  out  pairs × (n × n)
 *
 * `gram` and `gramWide` differ in the shape of the microkernel (products.mjs), not in any bit.
 */
import { block1x1, block1x2, block2x2 } from './generated/gram'

/** Columns of A that are walked again and again should stay in the second-level cache. */
const CACHE = 1 << 19

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

@inline
function triangle(m: i32, n: i32, a: usize, g: usize, wide: bool): void {
  const rows = max(2, (CACHE / (m << 5)) & ~1)
  for (let first = 0; first < n; first += rows) {
    const last = min(n, first + rows)
    for (let j = 0; j < last; j += 2) columnPair(m, n, max(first, j), last, j, a, g, wide)
  }
}

/** Rows first … last of columns j and j + 1 (of column j alone where j is the last). `first` is even. */
@inline
function columnPair(m: i32, n: i32, first: i32, last: i32, j: i32, a: usize, g: usize, wide: bool): void {
  const lda = (<usize>m) << 5
  const ldg = (<usize>n) << 5
  const b = a + <usize>j * lda
  let i = first
  let p = a + <usize>i * lda
  let c = g + <usize>j * ldg + ((<usize>i) << 5)
  if (i == j) {
    block1x1(lda, p, b, c, ldg)
    i++
    p += lda
    c += 32
  }
  if (j + 1 == n) return
  if (wide) {
    // the row below the corner first, so that what is left comes in twos
    if (i & 1 && i < last) {
      block1x2(lda, p, b, b + lda, c, ldg)
      i++
      p += lda
      c += 32
    }
    for (; i + 1 < last; i += 2, p += 2 * lda, c += 64) block2x2(lda, p, p + lda, b, b + lda, c, ldg)
  }
  for (; i < last; i++, p += lda, c += 32) block1x2(lda, p, b, b + lda, c, ldg)
}
