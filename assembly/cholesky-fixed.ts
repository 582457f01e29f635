/**
 * The Cholesky test of t·I − G in fixed point: what earlier columns add to later ones is summed from whole numbers of 16 bits, four matrices to a vector, at nearly
 * twice the rate of single precision; the columns themselves, eight at a time, are found in single precision (cholesky.ts).
 *
 * Entries of L below a panel are rounded to q·(a + ib), a and b whole, |a|, |b| < 2¹⁵. Panels that follow one another share q, a group, while no entry is too large for it
 * and no row of the group longer than q·√2³¹: by Cauchy–Schwarz no product of two rows leaves 32 bits then, and the sum of a group is exact.
 *
 * What a passed test proves. Let L̃ be the factor with its rounded entries and δ what they were rounded by. Each part of δ/q is what is left of a computed quotient
 * beside its nearest whole number, to which the division by q and the rounding of q² add at most 0.006; so |δ| ≤ 0.7228q. Then L̃·L̃ᴴ = t·I − G + E + R.
 *
 *   E  is the rounding of single precision, u = 2⁻²⁴: |E_ij| ≤ √2·γ_c·(|L̃||L̃|ᴴ)_ij, and γ_c·max(G_jj, 0) < γ_c·t more on the diagonal (cholesky.ts), c = groups + 15.
 *      An entry meets the addition of each group's sum, which is rounded when it is converted and multiplied by q², seven additions in its panel, three roundings of the
 *      reciprocal pivot, one each of the product with that and of the difference with t.
 *   R  comes from δ: rows x below a diagonal block D are found from x·Dᴴ, so that their entries of R are δ·Dᴴ, and ‖R‖_F² ≤ 2·Σ_panels ‖δ‖_F²·‖D‖₁‖D‖_∞.
 *
 * docs/rounding.md, "Tests in fixed point".
 */
import { begin, columns } from './generated/cholesky-single'

const ZERO = f32x4.splat(0)

/** Columns that are found at a time, columns of L that are kept together, rows that meet a group of columns at a time. */
const PANEL: i32 = 8
const STRIPE: i32 = 32
const ROWS: i32 = 16
/** Bytes of a row: of a panel, [re ×4][im ×4] for each column; of a stripe, [(re, im) ×4] for each. */
const ROW: usize = 256
const LINE: usize = 512

/** No entry is more than this many q. */
const MOST: f32 = 32760
/** No row's square is more than this many q²: 2³¹, less what rounding adds to it. */
const LONGEST: f32 = 2140000000
/** q at least, as a part of the longest row in the panel a group begins with: four such panels are within LONGEST, and no entry above 22,223q. */
const SHORT: f32 = 4.5e-5
/** The same of √t, lest q be zero. */
const LEAST: f32 = 9.094947017729282e-13
/** Of q, what an entry is rounded by at most; and what is not seen of that in the parts of δ/q, for one entry. */
const ROUNDED: f32 = 0.7228
const UNSEEN: f32 = 0.0085
/** What is added to it turns a small number into its nearest whole one, in the low bits. */
const WHOLE: f32 = 12582912

// Where things are in the scratch: rounded entries, stripe by stripe; the panel; for each row the square of what the open group has of it, that of what the panel has,
// and its sum in |L̃||L̃|ᴴ; for each group [q² ×4][its end]; the rows of the panel's own columns at the columns of a group.
let side: i32 = 0
let stripes: usize = 0
let panel: usize = 0
let lengths: usize = 0
let added: usize = 0
let sums: usize = 0
let groups: usize = 0
let own: usize = 0
let count: i32 = 0

/** For each column of the panel the sum of the absolute values in it; the square of all; the mask of lanes that have not failed. */
const totals: usize = memory.data(128, 16)
const square: usize = memory.data(16, 16)
const alive: usize = memory.data(16, 16)

/**
 * Which lanes pass, and what a passed one proves.
 *
 *   g      in   n × n in quad layout, lower triangle; kept
 *   level  in   [t ×4]
 *   w           16·(n + 1)·(32⌈n/32⌉ + 19) + 4·n + 8,256 bytes, less than n·n·32 from 64 columns on
 *   out    out  [ok ×4], each 1 or 0; [bounds of ‖R‖_F ×4]; [the largest row sums of |L̃||L̃|ᴴ ×4]; the number of groups
 */
export function choleskyFixed(n: i32, g: usize, level: usize, w: usize, out: usize): void {
  place(n, w)
  v128.store(alive, f32x4.eq(ZERO, ZERO))
  let q = ZERO
  let lost = ZERO
  const least = f32x4.mul(f32x4.sqrt(v128.load(level)), f32x4.splat(LEAST))
  for (let first = 0; first < n; first += PANEL) {
    const end = min(first + PANEL, n)
    const a = rowAt(first)
    begin(n, first, end, g, a, ROW)
    for (let k = 0, from = 0; k < count; k++) {
      const to = load<i32>(groups + ((<usize>k) << 5), 16)
      earlier(first, from, to, v128.load(groups + ((<usize>k) << 5)))
      from = to
    }
    if (!columns(n - first, end - first, a, ROW, a, ROW, 32, level, alive)) break
    const weight = ofBlock(first, end)
    const largest = v128.and(ofRows(end), v128.load(alive))
    // sees what is infinite or not a number
    const passed = v128.and(v128.load(alive), f32x4.lt(v128.load(square), f32x4.splat(Infinity)))
    v128.store(alive, passed)
    const room = f32x4.mul(f32x4.mul(q, q), f32x4.splat(LONGEST))
    const fits = v128.and(
      f32x4.le(largest, f32x4.mul(q, f32x4.splat(MOST))),
      f32x4.le(longest(end, f32x4.eq(ZERO, ZERO), passed), room),
    )
    if ((first & (STRIPE - 1)) == 0 || !i32x4.all_true(fits)) {
      q = f32x4.max(least, f32x4.mul(f32x4.sqrt(longest(end, ZERO, passed)), f32x4.splat(SHORT)))
      v128.store(groups + ((<usize>count) << 5), f32x4.mul(q, q))
      count++
    }
    store<i32>(groups + ((<usize>(count - 1)) << 5), end, 16)
    const seen = f32x4.sqrt(round(first, end, f32x4.div(f32x4.splat(1), q), f32x4.mul(q, f32x4.splat(ROUNDED))))
    const off = f32x4.mul(q, f32x4.add(seen, f32x4.splat(UNSEEN * Mathf.sqrt(<f32>(PANEL * (n - end))))))
    lost = f32x4.add(lost, f32x4.mul(weight, f32x4.mul(off, off)))
  }
  let most = ZERO
  for (let i: usize = 0; i < <usize>n; i++) most = f32x4.max(most, v128.load(sums + (i << 4)))
  v128.store(out, v128.and(v128.load(alive), f32x4.splat(1)))
  v128.store(out, f32x4.sqrt(f32x4.add(lost, lost)), 16)
  v128.store(out, most, 32)
  store<i32>(out, count, 48)
}

/** Rows beyond the last are read, and what comes of them is not. */
function place(n: i32, w: usize): void {
  const rows = <usize>n + 1
  side = n
  stripes = w
  panel = stripes + rows * ((<usize>((n + STRIPE - 1) & ~(STRIPE - 1))) << 4)
  lengths = panel + rows * ROW
  added = lengths + (rows << 4)
  sums = added + (rows << 4)
  groups = sums + (rows << 4)
  own = groups + ((<usize>((n + PANEL - 1) / PANEL)) << 5)
  count = 0
  memory.fill(sums, 0, rows << 4)
}

/** Of a row, in the stripe that holds a column, where that column is. */
@inline
function lineAt(row: i32, column: i32): usize {
  const stripe = <usize>(column & ~(STRIPE - 1)) * <usize>(side + 1)
  return stripes + (stripe << 4) + <usize>row * LINE + ((<usize>(column & (STRIPE - 1))) << 4)
}

@inline
function rowAt(row: i32): usize {
  return panel + <usize>row * ROW
}

/** What a group of earlier columns adds to all rows of the panel. */
function earlier(first: i32, from: i32, to: i32, scale: v128): void {
  const bytes = (<usize>(to - from)) << 4
  for (let p = 0; p < PANEL; p++) {
    const a = lineAt(min(first + p, side), from)
    let at = own + <usize>(p >> 1) * 4 * bytes + ((<usize>(p & 1)) << 5)
    for (let o: usize = 0; o < bytes; o += 16, at += 64) {
      const x = v128.load(a + o)
      v128.store(at, x)
      v128.store(at, joined(i32x4.neg(i32x4.shr_s(x, 16)), x), 16)
    }
  }
  for (let i = first; i < side; i += ROWS) {
    const rows = min(ROWS, side - i)
    const b = lineAt(i, from)
    // Two calls, lest the routine be inlined (products.mjs).
    for (let p: usize = 0; p < 4; p += 2) {
      update(rows, bytes, own + 4 * p * bytes, b, rowAt(i) + (p << 6), scale)
      update(rows, bytes, own + 4 * (p + 1) * bytes, b, rowAt(i) + ((p + 1) << 6), scale)
    }
  }
}

/** (re, im) of the low bits of each. */
@inline
function joined(re: v128, im: v128): v128 {
  return v128.or(v128.and(re, i32x4.splat(0xffff)), i32x4.shl(im, 16))
}

const NONE: usize = memory.data(16, 16)
const SUMS: usize = memory.data(128, 16)

/**
 * Adds scale·Σ_k conj(a_k)·b_k to two columns of the panel, rows b two at a time. `a` has [a][ia] of both columns for each k: the real part of conj(a)·b is the sum of
 * two products of whole numbers in (a, b), the imaginary part in (ia, b). The shape of the loop: products.mjs; of those tried it is the fastest.
 */
function update(rows: i32, bytes: usize, a: usize, b: usize, out: usize, scale: v128): void {
  for (; rows > 0; rows -= 2) {
    let re0 = v128.load(NONE), im0 = v128.load(NONE)
    let re1 = v128.load(NONE), im1 = v128.load(NONE)
    let re2 = v128.load(NONE), im2 = v128.load(NONE)
    let re3 = v128.load(NONE), im3 = v128.load(NONE)
    for (let o: usize = 0; o < bytes; o += 16) {
      const at = a + (o << 2)
      const x = v128.load(b + o), y = v128.load(b + o + LINE)
      const p = v128.load(at), ip = v128.load(at, 16)
      re0 = i32x4.add(re0, i32x4.dot_i16x8_s(x, p))
      im0 = i32x4.add(im0, i32x4.dot_i16x8_s(x, ip))
      re2 = i32x4.add(re2, i32x4.dot_i16x8_s(y, p))
      im2 = i32x4.add(im2, i32x4.dot_i16x8_s(y, ip))
      const r = v128.load(at, 32), ir = v128.load(at, 48)
      re1 = i32x4.add(re1, i32x4.dot_i16x8_s(x, r))
      im1 = i32x4.add(im1, i32x4.dot_i16x8_s(x, ir))
      re3 = i32x4.add(re3, i32x4.dot_i16x8_s(y, r))
      im3 = i32x4.add(im3, i32x4.dot_i16x8_s(y, ir))
    }
    v128.store(SUMS, re0)
    v128.store(SUMS, im0, 16)
    v128.store(SUMS, re1, 32)
    v128.store(SUMS, im1, 48)
    v128.store(SUMS, re2, 64)
    v128.store(SUMS, im2, 80)
    v128.store(SUMS, re3, 96)
    v128.store(SUMS, im3, 112)
    for (let row: usize = 0; row < 128; row += 64, out += ROW)
      for (let k: usize = 0; k < 64; k += 16) {
        const sum = f32x4.convert_i32x4_s(v128.load(SUMS + row + k))
        v128.store(out + k, f32x4.add(v128.load(out + k), f32x4.mul(scale, sum)))
      }
    b += 2 * LINE
  }
}

/** |l_ij| in the diagonal block. */
@inline
function sizeIn(at: usize, diagonal: bool): v128 {
  const re = v128.load(at)
  if (diagonal) return f32x4.div(f32x4.splat(1), f32x4.abs(re))
  const im = v128.load(at, 16)
  return f32x4.sqrt(f32x4.add(f32x4.mul(re, re), f32x4.mul(im, im)))
}

/** ‖D‖₁‖D‖_∞ of the diagonal block; begins the sums of the columns. */
function ofBlock(first: i32, end: i32): v128 {
  memory.fill(totals, 0, 128)
  let rows = ZERO
  for (let i = first; i < end; i++) {
    let sum = ZERO
    for (let j = first, at = rowAt(i), column = totals; j <= i; j++, at += 32, column += 16) {
      const size = sizeIn(at, j == i)
      sum = f32x4.add(sum, size)
      v128.store(column, f32x4.add(v128.load(column), size))
    }
    rows = f32x4.max(rows, sum)
  }
  let most = ZERO
  for (let column = totals, last = totals + 128; column < last; column += 16) most = f32x4.max(most, v128.load(column))
  return f32x4.mul(rows, most)
}

/** The largest part of an entry below the diagonal block; the squares of its rows and of all, and the sums of its columns. */
function ofRows(end: i32): v128 {
  let largest = ZERO
  let all = ZERO
  for (let i = end; i < side; i++) {
    let length = ZERO
    for (let at = rowAt(i), column = totals, last = totals + 128; column < last; at += 32, column += 16) {
      const re = v128.load(at), im = v128.load(at, 16)
      const size = f32x4.add(f32x4.mul(re, re), f32x4.mul(im, im))
      largest = f32x4.pmax(largest, f32x4.pmax(f32x4.abs(re), f32x4.abs(im)))
      length = f32x4.add(length, size)
      v128.store(column, f32x4.add(v128.load(column), f32x4.sqrt(size)))
    }
    v128.store(added + ((<usize>i) << 4), length)
    all = f32x4.add(all, length)
  }
  v128.store(square, all)
  return largest
}

/** The squares of a group's rows: those of the panel, and under the mask `group` what the open group has already; the largest. */
function longest(end: i32, group: v128, passed: v128): v128 {
  let most = ZERO
  for (let at = (<usize>end) << 4, last = (<usize>side) << 4; at < last; at += 16) {
    const length = f32x4.add(v128.load(added + at), v128.and(v128.load(lengths + at), group))
    v128.store(lengths + at, length)
    most = f32x4.pmax(most, length)
  }
  return v128.and(most, passed)
}

/**
 * Rounds the entries below the diagonal block, and adds the panel to the row sums of |L̃||L̃|ᴴ, where entries are off by as much as `most`; the sum of the squares of
 * what is seen of δ/q.
 */
function round(first: i32, end: i32, inverse: v128, most: v128): v128 {
  const whole = f32x4.splat(WHOLE)
  const more = f32x4.mul(f32x4.splat(<f32>(side - end)), most)
  for (let column = totals, last = totals + 128; column < last; column += 16) v128.store(column, f32x4.add(v128.load(column), more))
  for (let i = first; i < end; i++) {
    let sum = v128.load(sums + ((<usize>i) << 4))
    for (let j = first, at = rowAt(i), column = totals; j <= i; j++, at += 32, column += 16)
      sum = f32x4.add(sum, f32x4.mul(sizeIn(at, j == i), v128.load(column)))
    v128.store(sums + ((<usize>i) << 4), sum)
  }
  let seen = ZERO
  for (let i = end; i < side; i++) {
    let sum = v128.load(sums + ((<usize>i) << 4))
    let to = lineAt(i, first)
    for (let at = rowAt(i), column = totals, last = totals + 128; column < last; at += 32, column += 16, to += 16) {
      const re = v128.load(at), im = v128.load(at, 16)
      const size = f32x4.add(most, f32x4.sqrt(f32x4.add(f32x4.mul(re, re), f32x4.mul(im, im))))
      sum = f32x4.add(sum, f32x4.mul(size, v128.load(column)))
      const a = f32x4.mul(re, inverse), b = f32x4.mul(im, inverse)
      const wa = f32x4.add(a, whole), wb = f32x4.add(b, whole)
      v128.store(to, joined(wa, wb))
      const da = f32x4.sub(a, f32x4.sub(wa, whole)), db = f32x4.sub(b, f32x4.sub(wb, whole))
      seen = f32x4.add(seen, f32x4.add(f32x4.mul(da, da), f32x4.mul(db, db)))
    }
    v128.store(sums + ((<usize>i) << 4), sum)
  }
  return seen
}
