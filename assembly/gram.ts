/**
 * Gram matrices of a batch: G = AᴴA, so λ_max(G) = σ₁(A)². Only the lower triangle is written; its diagonal is real to the last bit.
 *
 *   a  in   pairs × (m × n)      g  out  pairs × (n × n)
 */
import { strip1x1, strip2x1, strip4x1 } from './generated/gram'

/**
 * Long columns are cut, and the columns of one pass counted, so that a pass stays within a first-level cache of 32 kB; and rows are taken in
 * blocks, whose columns wait in the second-level cache for the next pass. There columns at distances of a power of two leave room for
 * some sixty only (12 → 26 GFLOP/s at 512).
 */
const CUT: usize = 128 << 5
const CACHE: usize = 1 << 15
const ROWS: i32 = 48

export function gram(pairs: i32, m: i32, n: i32, a: usize, g: usize): void {
  const lda = (<usize>m) << 5
  const ldg = (<usize>n) << 5
  for (; pairs > 0; pairs--) {
    for (let cut: usize = 0; cut < lda; cut += CUT) {
      const bytes = min<usize>(CUT, lda - cut)
      const chunk = max(4, <i32>(CACHE / bytes) & ~3)
      for (let from = 0; from < n; from += ROWS) {
        const to = min(n, from + ROWS)
        for (let first = 0; first < to; first += chunk) pass(cut == 0, bytes, max(first, from), to, n, first, first + chunk, a + cut, lda, g, ldg)
      }
    }
    a += <usize>n * lda
    g += <usize>n * ldg
  }
}

/** Rows from … to of columns first … end of G: four at a time up to the diagonal, where two by two go on. All are multiples of four. */
function pass(fresh: bool, bytes: usize, from: i32, to: i32, n: i32, first: i32, end: i32, a: usize, lda: usize, g: usize, ldg: usize): void {
  const b = a + <usize>first * lda
  let i = from
  for (; i + 3 < to; i += 4) {
    const p = a + <usize>i * lda
    const c = g + <usize>first * ldg + ((<usize>i) << 5)
    if (i >= end) strip4x1(end - first, fresh, bytes, p, p + lda, p + 2 * lda, p + 3 * lda, b, lda, c, ldg)
    else {
      strip4x1(i - first, fresh, bytes, p, p + lda, p + 2 * lda, p + 3 * lda, b, lda, c, ldg)
      edge(fresh, bytes, i, i + 4, n, i, i + 4, a, lda, g, ldg)
    }
  }
  edge(fresh, bytes, i, to, n, first, end, a, lda, g, ldg)
}

/** The same, two rows i and i + 1 at a time: what is left of the diagonal, and the corner on it. */
function edge(fresh: bool, bytes: usize, from: i32, to: i32, n: i32, first: i32, end: i32, a: usize, lda: usize, g: usize, ldg: usize): void {
  const b = a + <usize>first * lda
  for (let i = from; i < to; i += 2) {
    const p = a + <usize>i * lda
    const c = g + <usize>first * ldg + ((<usize>i) << 5)
    const corner = i < end
    const columns = min(i, end) - first + i32(corner)
    if (i + 1 == n) strip1x1(columns, fresh, bytes, p, b, lda, c, ldg)
    else {
      strip2x1(columns, fresh, bytes, p, p + lda, b, lda, c, ldg)
      if (corner) strip1x1(1, fresh, bytes, p + lda, p + lda, lda, g + <usize>(i + 1) * (ldg + 32), ldg)
    }
  }
}
