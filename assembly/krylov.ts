/**
 * Powers of Hermitian matrices times vectors, and the derivative of a power: d(G^m) = Σ_{a+b=m−1} G^a·dG·G^b, so that zᴴ·d(G^m)·e is the
 * inner product of dG with H = Σ_{a+b=m−1} x_b y_aᴴ, x_b = G^b e, y_a = G^a z. Vectors lie one behind the other, in pair layout.
 */
import { strip1x1, strip4x1 } from './generated/gram'

/**
 * x_{s+1} = G·x_s for each pair, in several chains of vectors at a time.
 *
 *   g  in  pairs × (n × n), both triangles      x  inout  pairs × chains × (steps + 1) × n; the first vector of each chain is given
 */
export function krylov(pairs: i32, n: i32, steps: i32, chains: i32, g: usize, x: usize): void {
  const column = (<usize>n) << 5
  const chain = <usize>(steps + 1) * column
  for (; pairs > 0; pairs--, g += <usize>n * column, x += <usize>chains * chain) {
    for (let s = 0, at = x; s < steps; s++, at += column) times(n, g, chains, at, chain, at + column)
  }
}

/** Columns of A·B, A Hermitian: inner products of its own columns, four at a time, with those of b. Columns of b and c are `pitch` apart. */
function times(n: i32, a: usize, columns: i32, b: usize, pitch: usize, c: usize): void {
  const column = (<usize>n) << 5
  let i = 0
  for (; i + 3 < n; i += 4, a += 4 * column, c += 128)
    strip4x1(columns, true, column, a, a + column, a + 2 * column, a + 3 * column, b, pitch, c, pitch)
  for (; i < n; i++, a += column, c += 32) strip1x1(columns, true, column, a, b, pitch, c, pitch)
}

/**
 * H = PM + MP for each pair, the derivative of a square: the lower triangle; what is above it is overwritten.
 *
 *   p, m  in  pairs × (n × n), Hermitian, both triangles      h  out  pairs × (n × n)
 */
export function anticommutator(pairs: i32, n: i32, p: usize, m: usize, h: usize): void {
  const column = (<usize>n) << 5
  for (; pairs > 0; pairs--, p += <usize>n * column, m += <usize>n * column, h += <usize>n * column) {
    times(n, p, n, m, column, h)
    for (let j = 0; j < n; j++) {
      for (let i = j; i < n; i++) {
        const below = h + <usize>j * column + ((<usize>i) << 5)
        const above = h + <usize>i * column + ((<usize>j) << 5)
        const im = f64x2.sub(v128.load(below, 16), v128.load(above, 16))
        v128.store(below, f64x2.add(v128.load(below), v128.load(above)))
        v128.store(below, im, 16)
      }
    }
  }
}

/**
 * H = Σ_b x_b y_{count−1−b}ᴴ + its adjoint for each pair, lower triangle.
 *
 *   x  in  pairs × (count × n for x, then as much for y)      h  out  pairs × (n × n)
 */
export function hermitianSum(pairs: i32, n: i32, count: i32, x: usize, h: usize): void {
  const column = (<usize>n) << 5
  const all = <usize>count * column
  for (; pairs > 0; pairs--, x += 2 * all) {
    const last = x + 2 * all - column
    for (let j: usize = 0; j < column; j += 32, h += column) {
      for (let i = j; i < column; i += 64) rows(x, x + all, last, column, i, i + 32 < column ? 32 : 0, j, h + i)
    }
  }
}

/** Σ_b x_i·conj(y_j) + y_i·conj(x_j) for two rows i, `step` apart. */
@inline
function rows(x: usize, end: usize, y: usize, column: usize, i: usize, step: usize, j: usize, to: usize): void {
  let re = f64x2.splat(0), im = f64x2.splat(0)
  let re2 = f64x2.splat(0), im2 = f64x2.splat(0)
  for (; x < end; x += column, y -= column) {
    const c = v128.load(y + j), d = v128.load(y + j, 16)
    const e = v128.load(x + j), f = v128.load(x + j, 16)
    let p = x + i
    let q = y + i
    let a = v128.load(p), b = v128.load(p, 16)
    re = f64x2.add(re, f64x2.add(f64x2.mul(a, c), f64x2.mul(b, d)))
    im = f64x2.add(im, f64x2.sub(f64x2.mul(b, c), f64x2.mul(a, d)))
    a = v128.load(q), b = v128.load(q, 16)
    re = f64x2.add(re, f64x2.add(f64x2.mul(a, e), f64x2.mul(b, f)))
    im = f64x2.add(im, f64x2.sub(f64x2.mul(b, e), f64x2.mul(a, f)))
    p += step
    q += step
    a = v128.load(p), b = v128.load(p, 16)
    re2 = f64x2.add(re2, f64x2.add(f64x2.mul(a, c), f64x2.mul(b, d)))
    im2 = f64x2.add(im2, f64x2.sub(f64x2.mul(b, c), f64x2.mul(a, d)))
    a = v128.load(q), b = v128.load(q, 16)
    re2 = f64x2.add(re2, f64x2.add(f64x2.mul(a, e), f64x2.mul(b, f)))
    im2 = f64x2.add(im2, f64x2.sub(f64x2.mul(b, e), f64x2.mul(a, f)))
  }
  v128.store(to, re)
  v128.store(to, im, 16)
  v128.store(to + step, re2)
  v128.store(to + step, im2, 16)
}
