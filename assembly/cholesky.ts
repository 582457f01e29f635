/**
 * Cholesky factorisation of t·I − G, G Hermitian: it exists in exact arithmetic if and only if λ_max(G) < t.
 *
 * Plain: no pivoting, every entry an inner product, columns from left to right, L kept by rows so that all loops run along memory.
 * A pivot that is not a positive finite number (NaN included) fails its lane; the other lane goes on, and when both have failed the
 * rest is left out.
 *
 * Rounding, u = 2⁻⁵³: where a lane passes, the computed L satisfies L·Lᴴ = t·I − G + E with |E_ij| ≤ √2·γ_{j+6}·(|L||L|ᴴ)_ij,
 * j the smaller index (from 1): each of the 2j real products of an entry meets at most j + 2 roundings, the reciprocal pivot adds
 * three and the difference with t one.
 */
import { below } from './generated/cholesky'

const ZERO = f64x2.splat(0)

/**
 * Which lanes pass, for each pair.
 *
 *   g      in    pairs × (n × n), lower triangle; kept
 *   level  in    pairs × [t t']
 *   w            n·n·32 bytes
 *   out    out   pairs × [ok ok'], each 1 or 0
 */
export function cholesky(pairs: i32, n: i32, g: usize, level: usize, w: usize, out: usize): void {
  for (; pairs > 0; pairs--) {
    v128.store(out, v128.and(factor(n, g, v128.load(level), w), f64x2.splat(1)))
    g += (<usize>(n * n)) << 5
    level += 16
    out += 16
  }
}

/** Rows of L at `l`, diagonal entries as −1/l_jj; returns the mask of the lanes that passed. */
function factor(n: i32, g: usize, t: v128, l: usize): v128 {
  const ld = (<usize>n) << 5
  let passed = f64x2.eq(ZERO, ZERO)
  for (let j = 0; j < n; j += 2) {
    const bytes = (<usize>j) << 5
    const a = l + <usize>j * ld
    const c = g + <usize>j * ld + bytes
    passed = v128.and(passed, corner(bytes, a, j + 1 < n ? a + ld : a, c, ld, t))
    if (!v128.any_true(passed)) break
    below(n - j - 2, bytes, a, a + ld, a + 2 * ld, ld, c + 64)
  }
  return passed
}

/** The 2×2 corner (1×1 where a1 = a0) of L: its rows a0, a1 are known for `bytes`. Returns the mask of the lanes with good pivots. */
function corner(bytes: usize, a0: usize, a1: usize, g: usize, ldg: usize, t: v128): v128 {
  const single = a0 == a1
  let s0 = ZERO
  let s1 = ZERO
  let re = single ? ZERO : v128.load(g, 32)
  let im = single ? ZERO : v128.load(g, 48)
  for (const end = a0 + bytes; a0 < end; a0 += 32, a1 += 32) {
    const pr = v128.load(a0), pi = v128.load(a0, 16)
    const qr = v128.load(a1), qi = v128.load(a1, 16)
    s0 = f64x2.add(s0, f64x2.add(f64x2.mul(pr, pr), f64x2.mul(pi, pi)))
    s1 = f64x2.add(s1, f64x2.add(f64x2.mul(qr, qr), f64x2.mul(qi, qi)))
    re = f64x2.add(re, f64x2.add(f64x2.mul(pr, qr), f64x2.mul(pi, qi)))
    im = f64x2.add(im, f64x2.sub(f64x2.mul(pr, qi), f64x2.mul(pi, qr)))
  }
  const d0 = f64x2.sub(f64x2.sub(t, v128.load(g)), s0)
  const good = positive(d0)
  const r0 = reciprocal(d0, good)
  v128.store(a0, r0)
  if (single) return good
  re = f64x2.mul(re, r0)
  im = f64x2.mul(im, r0)
  v128.store(a1, re)
  v128.store(a1, im, 16)
  s1 = f64x2.add(s1, f64x2.add(f64x2.mul(re, re), f64x2.mul(im, im)))
  const d1 = f64x2.sub(f64x2.sub(t, v128.load(g + ldg, 32)), s1)
  const both = v128.and(good, positive(d1))
  v128.store(a1, reciprocal(d1, both), 32)
  return both
}

@inline
function positive(d: v128): v128 {
  return v128.and(f64x2.gt(d, ZERO), f64x2.lt(d, f64x2.splat(Infinity)))
}

/** −1/√d in good lanes, −1 in the others: a failed lane stays finite for a while and can never pass again. */
@inline
function reciprocal(d: v128, good: v128): v128 {
  return f64x2.div(f64x2.splat(-1), f64x2.sqrt(v128.bitselect(d, f64x2.splat(1), good)))
}
