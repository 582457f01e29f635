/**
 * Cholesky factorisation of t·I − G, G Hermitian: it exists in exact arithmetic if and only if λ_max(G) < t.
 *
 * No pivoting, every entry an inner product, columns from left to right, L kept by rows so that all loops run along memory. An even number of them beyond 256 is taken in panels of
 * eight: what earlier columns add to a panel is summed for 32 of them at a time and then added, which costs nothing (the cache makes up for it), so that an entry meets a ninth of the
 * roundings at 512.
 * A pivot that is not a positive finite number (NaN included) fails its lane; the other lane goes on, and when both have failed the
 * rest is left out.
 *
 * Rounding, u = 2⁻⁵³: where a lane passes, the computed L satisfies L·Lᴴ = t·I − G + E with |E_ij| ≤ √2·γ_c·(|L||L|ᴴ)_ij, and γ_c·max(G_jj, 0) < γ_c·t more on the
 * diagonal, since the sum is rounded before the difference with t. Each of the real products of an entry is rounded, is joined to another, and meets as many additions
 * as come after it: j at most, the smaller index (from 1), in one panel; otherwise 31 of its own
 * sum, one for that and each of the ⌈n/32⌉ − 1 sums that may follow, and eight in its panel. The reciprocal pivot adds three and the difference with t one. So
 * c = n + 6 in one panel and 45 + ⌈n/32⌉ in many (`choleskyRoundings` in gram-taps.ts has a little more).
 */
import { below, update } from './generated/cholesky'

const ZERO = f64x2.splat(0)

/** Sides up to which, odd ones beyond too, all columns are one panel; the columns of a panel beyond that; earlier columns, and rows, that meet it at a time. */
const WHOLE: i32 = 256
const PANEL: i32 = 8
const CHUNK: i32 = 32
const ROWS: i32 = 16

/** The rows of a panel's own columns at the earlier columns that are in turn. */
const own: usize = memory.data(8 * 32 * 32, 16)

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
    v128.store(out, f64x2.eq(ZERO, ZERO))
    factor(n, g, level, w, out)
    v128.store(out, v128.and(v128.load(out), f64x2.splat(1)))
    g += (<usize>(n * n)) << 5
    level += 16
    out += 16
  }
}

/** Rows of L at `l`, diagonal entries as −1/l_jj; takes the lanes that fail out of the mask at `passed`. The first panel takes what is no multiple of a panel. */
function factor(n: i32, g: usize, level: usize, l: usize, passed: usize): void {
  const ld = (<usize>n) << 5
  let end = n <= WHOLE || n & 1 ? n : ((n - 1) & (PANEL - 1)) + 1
  for (let first = 0; first < n; first = end, end += PANEL) {
    const a = l + <usize>first * (ld + 32)
    // Sums begin with G in the first panel, with what `earlier` has left in the rows of L in the others.
    if (first == 0) {
      if (!columns(n, end, a, ld, g, 32, ld, level, passed)) return
      continue
    }
    begin(n, first, end, g, a, ld)
    for (let from = 0; from < first; from += CHUNK) earlier(n, first, from, min(CHUNK, first - from), l)
    if (!columns(n - first, end - first, a, ld, a, ld, 32, level, passed)) return
  }
}

/**
 * The columns of a panel.
 *
 *   rows          from the panel's first own row down
 *   a, ld         that row of L at the panel's first column; bytes of a row
 *   c             what its sum begins with; `down` and `across` bytes on those of the next row and column
 *   passed  inout the mask of lanes with good pivots; true while there are any
 */
export function columns(rows: i32, count: i32, a: usize, ld: usize, c: usize, down: usize, across: usize, level: usize, passed: usize): bool {
  const t = v128.load(level)
  for (let j = 0; j < count; j += 2, a += 2 * ld, c += 2 * (down + across)) {
    const bytes = (<usize>j) << 5
    const good = v128.and(v128.load(passed), corner(bytes, a, j + 1 < count ? a + ld : a, c, down, across, t))
    v128.store(passed, good)
    if (!v128.any_true(good)) return false
    below(rows - j - 2, bytes, a, a + ld, a + 2 * ld, ld, c + 2 * down, down, across)
  }
  return true
}

/** The entries of G in the columns of a panel, by rows `ld` bytes apart from `a` on. */
export function begin(n: i32, first: i32, end: i32, g: usize, a: usize, ld: usize): void {
  const column = (<usize>n) << 5
  for (let i = first; i < n; i++, a += ld) {
    let to = a
    let from = g + <usize>first * column + ((<usize>i) << 5)
    for (let j = min(i + 1, end) - first; j > 0; j--, to += 32, from += column) {
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
    }
  }
}

/** What `count` earlier columns add to all rows of a panel, four columns of it at a time; above its diagonal nothing of use is written. */
function earlier(n: i32, first: i32, from: i32, count: i32, l: usize): void {
  const ld = (<usize>n) << 5
  const bytes = (<usize>count) << 5
  const rows = l + <usize>first * ld
  const half: usize = 4 * bytes
  for (let p: usize = 0; p < <usize>PANEL; p++) memory.copy(own + p * bytes, rows + p * ld + ((<usize>from) << 5), bytes)
  for (let i = first; i < n; i += ROWS) {
    const row = l + <usize>i * ld
    const b = row + ((<usize>from) << 5)
    const out = row + ((<usize>first) << 5)
    const few = min(ROWS, n - i)
    // Two calls, lest the routine be inlined (assembly/products.mjs).
    update(few, bytes, own, own + bytes, own + 2 * bytes, own + 3 * bytes, b, ld, out)
    update(few, bytes, own + half, own + half + bytes, own + half + 2 * bytes, own + half + 3 * bytes, b, ld, out + 128)
  }
}

/** The 2×2 corner (1×1 where a1 = a0) of L: its rows a0, a1 are known for `bytes`, sums begin at g as in `below`. Returns the mask of the lanes with good pivots. */
function corner(bytes: usize, a0: usize, a1: usize, g: usize, down: usize, across: usize, t: v128): v128 {
  const single = a0 == a1
  let s0 = v128.load(g)
  let s1 = single ? ZERO : v128.load(g + down + across)
  let re = single ? ZERO : v128.load(g + down)
  let im = single ? ZERO : v128.load(g + down, 16)
  for (const end = a0 + bytes; a0 < end; a0 += 32, a1 += 32) {
    const pr = v128.load(a0), pi = v128.load(a0, 16)
    const qr = v128.load(a1), qi = v128.load(a1, 16)
    s0 = f64x2.add(s0, f64x2.add(f64x2.mul(pr, pr), f64x2.mul(pi, pi)))
    s1 = f64x2.add(s1, f64x2.add(f64x2.mul(qr, qr), f64x2.mul(qi, qi)))
    re = f64x2.add(re, f64x2.add(f64x2.mul(pr, qr), f64x2.mul(pi, qi)))
    im = f64x2.add(im, f64x2.sub(f64x2.mul(pr, qi), f64x2.mul(pi, qr)))
  }
  const d0 = f64x2.sub(t, s0)
  const good = positive(d0)
  const r0 = reciprocal(d0, good)
  v128.store(a0, r0)
  if (single) return good
  re = f64x2.mul(re, r0)
  im = f64x2.mul(im, r0)
  v128.store(a1, re)
  v128.store(a1, im, 16)
  s1 = f64x2.add(s1, f64x2.add(f64x2.mul(re, re), f64x2.mul(im, im)))
  const d1 = f64x2.sub(t, s1)
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
