/**
 * Householder tridiagonalisation of pairs of Hermitian n×n matrices: QᴴGQ = T, real and symmetric.
 *
 * With v the last reflector, G ← G − v wᴴ − w vᴴ. A column takes this update just before it meets the next reflector x: one walk through
 * the triangle a step. (Dongarra, Hammarling & Sorensen 1989, without the panels: matrices here fit in cache.)
 *
 *   g   in   pairs × (n × n), lower triangle; out: v_k in column k below the diagonal
 *   de  out  pairs × n × [d d'][e e']    diagonal, and moduli beside it; the last e is 0
 *   w        scratch, 2n · 32 bytes
 *
 * Columns shorter than 2⁻⁴⁸⁰ count as zero: scale matrices to about 1 first.
 */
import { reflect, SCALE } from './inline/reflector'

export function tridiagonal(pairs: i32, n: i32, g: usize, de: usize, w: usize): void {
  const column = (<usize>n) << 5
  for (; pairs > 0; pairs--) {
    let old = w
    let next = w + column
    for (let k = 0; k < n; k++) {
      const at = (<usize>k) << 5
      const corner = g + <usize>k * column + at
      if (k > 0) update(column - at, corner, corner - column, old + at)
      v128.store(de, v128.load(corner))
      if (k + 1 < n) {
        const beta = reflect(column - at - 32, corner + 32)
        v128.store(de, v128.load(SCALE), 16)
        product(n, k, g, old, next)
        combine(column - at - 32, corner + 32, next + at + 32, beta)
      } else v128.store(de, f64x2.splat(0), 16)
      const swap = old
      old = next
      next = swap
      de += 32
    }
    g += <usize>n * column
  }
}

/** a ← a − v w̄₀ − w v̄₀ on a column of `length` bytes; v₀ and w₀ are the entries beside its first one. */
@inline
function update(length: usize, a: usize, v: usize, w: usize): void {
  const vr = v128.load(v), vi = v128.load(v, 16)
  const wr = v128.load(w), wi = v128.load(w, 16)
  for (let o: usize = 0; o < length; o += 32) {
    const xr = v128.load(v + o), xi = v128.load(v + o, 16)
    const yr = v128.load(w + o), yi = v128.load(w + o, 16)
    const re = f64x2.add(f64x2.add(f64x2.mul(xr, wr), f64x2.mul(xi, wi)), f64x2.add(f64x2.mul(yr, vr), f64x2.mul(yi, vi)))
    const im = f64x2.add(f64x2.sub(f64x2.mul(xi, wr), f64x2.mul(xr, wi)), f64x2.sub(f64x2.mul(yi, vr), f64x2.mul(yr, vi)))
    v128.store(a + o, f64x2.sub(v128.load(a + o), re))
    v128.store(a + o, f64x2.sub(v128.load(a + o, 16), im), 16)
  }
}

/** y = G x over rows and columns after k, x being column k of g; the pending update (v in column k − 1, w) is applied on the way. */
@inline
function product(n: i32, k: i32, g: usize, w: usize, y: usize): void {
  const column = (<usize>n) << 5
  const x = g + <usize>k * column
  const first = (<usize>(k + 1)) << 5
  for (let o = first; o < column; o += 32) {
    v128.store(y + o, f64x2.splat(0))
    v128.store(y + o, f64x2.splat(0), 16)
  }
  let a = x + column
  for (let j = first; j < column; j += 32, a += column) {
    if (k > 0) update(column - j, a + j, x - column + j, w + j)
    const xr = v128.load(x + j), xi = v128.load(x + j, 16)
    let sr = f64x2.mul(v128.load(a + j), xr)
    let si = f64x2.mul(v128.load(a + j), xi)
    for (let o = j + 32; o < column; o += 32) {
      const ar = v128.load(a + o), ai = v128.load(a + o, 16)
      const pr = v128.load(x + o), pi = v128.load(x + o, 16)
      v128.store(y + o, f64x2.add(v128.load(y + o), f64x2.sub(f64x2.mul(ar, xr), f64x2.mul(ai, xi))))
      v128.store(y + o, f64x2.add(v128.load(y + o, 16), f64x2.add(f64x2.mul(ar, xi), f64x2.mul(ai, xr))), 16)
      sr = f64x2.add(sr, f64x2.add(f64x2.mul(ar, pr), f64x2.mul(ai, pi)))
      si = f64x2.add(si, f64x2.sub(f64x2.mul(ar, pi), f64x2.mul(ai, pr)))
    }
    v128.store(y + j, f64x2.add(v128.load(y + j), sr))
    v128.store(y + j, f64x2.add(v128.load(y + j, 16), si), 16)
  }
}

/** y ← β(y − ½β(xᴴy)x): the w of the next update. β² may be out of range. */
@inline
function combine(length: usize, x: usize, y: usize, beta: v128): void {
  let s = f64x2.splat(0)
  for (let o: usize = 0; o < length; o += 32) {
    s = f64x2.add(s, f64x2.add(f64x2.mul(v128.load(x + o), v128.load(y + o)), f64x2.mul(v128.load(x + o, 16), v128.load(y + o, 16))))
  }
  const c = f64x2.mul(f64x2.splat(0.5), f64x2.mul(beta, s))
  for (let o: usize = 0; o < length; o += 32) {
    v128.store(y + o, f64x2.mul(beta, f64x2.sub(v128.load(y + o), f64x2.mul(c, v128.load(x + o)))))
    v128.store(y + o, f64x2.mul(beta, f64x2.sub(v128.load(y + o, 16), f64x2.mul(c, v128.load(x + o, 16)))), 16)
  }
}
