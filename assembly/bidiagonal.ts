/**
 * Householder bidiagonalisation of pairs of complex m×n matrices, m ≥ n: QᴴAP = B, upper bidiagonal.
 *
 * Each step reads and writes the trailing matrix once. With v, u the left and right reflectors of the last step its update has rank two,
 * A ← A − v c − y uᴴ (c a row, y a column). It is applied to column j just before that column meets the new v; their product gives the
 * new c_j, then the entry of the new row x, then at once the column's share of A x. As u differs from x in its first entry only, A u
 * follows from A x without another pass (Howell et al. 2008, "Cache efficient bidiagonalization using BLAS 2.5 operators").
 *
 *   a   in   pairs × (m × n)             out: v_k in column k from the diagonal down, conj(u_k) in row k right of the diagonal
 *   de  out  pairs × n × [d d'][e e']    moduli of diagonal and superdiagonal; the last e is 0
 *   w   scratch, (2m + 2n) · 32 bytes
 *
 * Vectors shorter than 2⁻⁴⁸⁰ count as zero: scale matrices to about 1 first.
 */
import { reflect, SCALE } from './inline/reflector'

export function bidiagonal(pairs: i32, m: i32, n: i32, a: usize, de: usize, w: usize): void {
  const column = (<usize>m) << 5
  for (let g = 0; g < pairs; g++) {
    for (let k = 0; k < n; k++) {
      leftStep(m, n, k, a, de, w)
      if (k + 1 < n) rightStep(m, n, k, a, de, w)
      else v128.store(de + ((<usize>k) << 5), f64x2.splat(0), 16)
    }
    a += <usize>n * column
    de += (<usize>n) << 5
  }
}

/** Scratch of one pair: y (m), A x (m), c (n), conj u (n). */
@inline function yAt(w: usize, i: i32): usize { return w + ((<usize>i) << 5) }
@inline function axAt(w: usize, m: i32, i: i32): usize { return w + ((<usize>(m + i)) << 5) }
@inline function cAt(w: usize, m: i32, j: i32): usize { return w + ((<usize>(2 * m + j)) << 5) }
@inline function uAt(w: usize, m: i32, n: i32, j: i32): usize { return w + ((<usize>(2 * m + n + j)) << 5) }

/** Brings column k up to date, reflects it, and sweeps the trailing columns: pending update, c, the new row, A x. */
function leftStep(m: i32, n: i32, k: i32, a: usize, de: usize, w: usize): void {
  const ld = (<usize>m) << 5
  const length = (<usize>(m - k)) << 5
  const v = a + <usize>k * ld + ((<usize>k) << 5)
  const old = v - ld
  const y = yAt(w, k)
  if (k > 0) update(length, v, old, y, cAt(w, m, k), uAt(w, m, n, k))
  const beta = reflect(length, v)
  v128.store(de + ((<usize>k) << 5), v128.load(SCALE))

  const ax = axAt(w, m, k + 1)
  memory.fill(ax, 0, length - 32)
  let c = cAt(w, m, k + 1)
  let u = uAt(w, m, n, k + 1)
  let column = v + ld
  let j = k + 1
  for (; j + 1 < n; j += 2) {
    if (k > 0) {
      updateDot(length, column, old, y, v, beta, c, u)
      updateDot(length, column + ld, old, y, v, beta, c + 32, u + 32)
    } else {
      firstDot(length, column, v, beta, c, u)
      firstDot(length, column + ld, v, beta, c + 32, u + 32)
    }
    accumulateTwo(length - 32, ax, column + 32, column + ld + 32, u)
    column += 2 * ld
    c += 64
    u += 64
  }
  if (j < n) {
    if (k > 0) updateDot(length, column, old, y, v, beta, c, u)
    else firstDot(length, column, v, beta, c, u)
    accumulate(length - 32, ax, column + 32, u)
  }
}

/** Reflects the new row and leaves y = γ(A − v c)u for the next step. */
function rightStep(m: i32, n: i32, k: i32, a: usize, de: usize, w: usize): void {
  const ld = (<usize>m) << 5
  const v = a + <usize>k * ld + ((<usize>(k + 1)) << 5)
  const c = cAt(w, m, k + 1)
  const u = uAt(w, m, n, k + 1)
  const row = (<usize>(n - k - 1)) << 5
  const xr = v128.load(u)
  const xi = v128.load(u, 16)
  const gamma = reflect(row, u)
  v128.store(de + ((<usize>k) << 5), v128.load(SCALE), 16)
  // δ = u₁ − x₁; u holds conjugates
  const dr = f64x2.sub(v128.load(u), xr)
  const di = f64x2.sub(xi, v128.load(u, 16))
  // p = γ c·u
  let pr = f64x2.splat(0)
  let pi = pr
  for (let o: usize = 0; o < row; o += 32) {
    const cr = v128.load(c + o)
    const ci = v128.load(c + o, 16)
    const ur = v128.load(u + o)
    const ui = v128.load(u + o, 16)
    pr = f64x2.add(pr, f64x2.add(f64x2.mul(cr, ur), f64x2.mul(ci, ui)))
    pi = f64x2.add(pi, f64x2.sub(f64x2.mul(ci, ur), f64x2.mul(cr, ui)))
    v128.store(v + (<usize>(o >> 5) + 1) * ld - 32, ur)
    v128.store(v + (<usize>(o >> 5) + 1) * ld - 32, ui, 16)
  }
  finishY((<usize>(m - k - 1)) << 5, yAt(w, k + 1), axAt(w, m, k + 1), v + ld, v, gamma, dr, di, pr, pi)
}

/** a ← a − v·c − y·u with c, u = conj(u_j) read from memory. */
function update(length: usize, a: usize, v: usize, y: usize, c: usize, u: usize): void {
  const cr = v128.load(c)
  const ci = v128.load(c, 16)
  const ur = v128.load(u)
  const ui = v128.load(u, 16)
  for (const end = a + length; a < end; a += 32, v += 32, y += 32) {
    const vr = v128.load(v)
    const vi = v128.load(v, 16)
    const yr = v128.load(y)
    const yi = v128.load(y, 16)
    let re = f64x2.sub(v128.load(a), f64x2.mul(vr, cr))
    let im = f64x2.sub(v128.load(a, 16), f64x2.mul(vr, ci))
    re = f64x2.add(re, f64x2.mul(vi, ci))
    im = f64x2.sub(im, f64x2.mul(vi, cr))
    re = f64x2.sub(re, f64x2.mul(yr, ur))
    im = f64x2.sub(im, f64x2.mul(yr, ui))
    re = f64x2.add(re, f64x2.mul(yi, ui))
    im = f64x2.sub(im, f64x2.mul(yi, ur))
    v128.store(a, re)
    v128.store(a, im, 16)
  }
}

/** The update above, then the new c = β·xᴴa and the new entry of the row, a₀ − x₀·c, both in place of the old ones. */
function updateDot(length: usize, a: usize, v: usize, y: usize, x: usize, beta: v128, c: usize, u: usize): void {
  const cr = v128.load(c)
  const ci = v128.load(c, 16)
  const ur = v128.load(u)
  const ui = v128.load(u, 16)
  let sr = f64x2.splat(0)
  let si = sr
  let p = a
  for (let q = x, end = a + length; p < end; p += 32, v += 32, y += 32, q += 32) {
    const vr = v128.load(v)
    const vi = v128.load(v, 16)
    const yr = v128.load(y)
    const yi = v128.load(y, 16)
    let re = f64x2.sub(v128.load(p), f64x2.mul(vr, cr))
    let im = f64x2.sub(v128.load(p, 16), f64x2.mul(vr, ci))
    re = f64x2.add(re, f64x2.mul(vi, ci))
    im = f64x2.sub(im, f64x2.mul(vi, cr))
    re = f64x2.sub(re, f64x2.mul(yr, ur))
    im = f64x2.sub(im, f64x2.mul(yr, ui))
    re = f64x2.add(re, f64x2.mul(yi, ui))
    im = f64x2.sub(im, f64x2.mul(yi, ur))
    v128.store(p, re)
    v128.store(p, im, 16)
    const xr = v128.load(q)
    const xi = v128.load(q, 16)
    sr = f64x2.add(sr, f64x2.mul(xr, re))
    si = f64x2.add(si, f64x2.mul(xr, im))
    sr = f64x2.add(sr, f64x2.mul(xi, im))
    si = f64x2.sub(si, f64x2.mul(xi, re))
  }
  finishColumn(a, x, beta, sr, si, c, u)
}

/** The first step has nothing pending: only c and the row entry. */
function firstDot(length: usize, a: usize, x: usize, beta: v128, c: usize, u: usize): void {
  let sr = f64x2.splat(0)
  let si = sr
  let tr = sr
  let ti = sr
  for (let p = a, q = x, end = a + length; p < end; p += 32, q += 32) {
    const re = v128.load(p)
    const im = v128.load(p, 16)
    const xr = v128.load(q)
    const xi = v128.load(q, 16)
    sr = f64x2.add(sr, f64x2.mul(xr, re))
    si = f64x2.add(si, f64x2.mul(xr, im))
    tr = f64x2.add(tr, f64x2.mul(xi, im))
    ti = f64x2.add(ti, f64x2.mul(xi, re))
  }
  finishColumn(a, x, beta, f64x2.add(sr, tr), f64x2.sub(si, ti), c, u)
}

@inline
function finishColumn(a: usize, x: usize, beta: v128, sr: v128, si: v128, c: usize, u: usize): void {
  const cr = f64x2.mul(beta, sr)
  const ci = f64x2.mul(beta, si)
  v128.store(c, cr)
  v128.store(c, ci, 16)
  const xr = v128.load(x)
  const xi = v128.load(x, 16)
  v128.store(u, f64x2.sub(v128.load(a), f64x2.sub(f64x2.mul(xr, cr), f64x2.mul(xi, ci))))
  v128.store(u, f64x2.sub(v128.load(a, 16), f64x2.add(f64x2.mul(xr, ci), f64x2.mul(xi, cr))), 16)
}

/** w ← w + a·conj(u). */
function accumulate(length: usize, w: usize, a: usize, u: usize): void {
  const ur = v128.load(u)
  const ui = v128.load(u, 16)
  for (const end = w + length; w < end; w += 32, a += 32) {
    const ar = v128.load(a)
    const ai = v128.load(a, 16)
    v128.store(w, f64x2.add(f64x2.add(v128.load(w), f64x2.mul(ar, ur)), f64x2.mul(ai, ui)))
    v128.store(w, f64x2.sub(f64x2.add(v128.load(w, 16), f64x2.mul(ai, ur)), f64x2.mul(ar, ui)), 16)
  }
}

/** w ← w + a·conj(u₀) + b·conj(u₁): two columns share the loads and stores of w. */
function accumulateTwo(length: usize, w: usize, a: usize, b: usize, u: usize): void {
  const ur = v128.load(u)
  const ui = v128.load(u, 16)
  const tr = v128.load(u, 32)
  const ti = v128.load(u, 48)
  for (const end = w + length; w < end; w += 32, a += 32, b += 32) {
    const ar = v128.load(a)
    const ai = v128.load(a, 16)
    const br = v128.load(b)
    const bi = v128.load(b, 16)
    let re = f64x2.add(v128.load(w), f64x2.mul(ar, ur))
    let im = f64x2.add(v128.load(w, 16), f64x2.mul(ai, ur))
    re = f64x2.add(re, f64x2.mul(ai, ui))
    im = f64x2.sub(im, f64x2.mul(ar, ui))
    re = f64x2.add(re, f64x2.mul(br, tr))
    im = f64x2.add(im, f64x2.mul(bi, tr))
    re = f64x2.add(re, f64x2.mul(bi, ti))
    im = f64x2.sub(im, f64x2.mul(br, ti))
    v128.store(w, re)
    v128.store(w, im, 16)
  }
}

/** y = γ(A x + δ·a − p·v). */
function finishY(length: usize, y: usize, ax: usize, a: usize, v: usize, gamma: v128, dr: v128, di: v128, pr: v128, pi: v128): void {
  for (const end = y + length; y < end; y += 32, ax += 32, a += 32, v += 32) {
    const ar = v128.load(a)
    const ai = v128.load(a, 16)
    const vr = v128.load(v)
    const vi = v128.load(v, 16)
    let re = f64x2.add(v128.load(ax), f64x2.sub(f64x2.mul(dr, ar), f64x2.mul(di, ai)))
    let im = f64x2.add(v128.load(ax, 16), f64x2.add(f64x2.mul(dr, ai), f64x2.mul(di, ar)))
    re = f64x2.sub(re, f64x2.sub(f64x2.mul(pr, vr), f64x2.mul(pi, vi)))
    im = f64x2.sub(im, f64x2.add(f64x2.mul(pr, vi), f64x2.mul(pi, vr)))
    v128.store(y, f64x2.mul(gamma, re))
    v128.store(y, f64x2.mul(gamma, im), 16)
  }
}
