/**
 * Singular value decomposition of one real bidiagonal matrix: B = X Σ Yᵀ by implicit QR with the smaller value of the last 2×2 block as
 * shift (Golub & Kahan 1965), without shift where a diagonal entry is negligible (Demmel & Kahan 1990), which drives that zero to the end.
 *
 * Each sweep first makes its rotations, then applies them to X and Y a few rows at a time, so that a row is read and written once a sweep.
 *
 *   d, e  in, out  n and n − 1 doubles, at most about 1; d becomes Σ ≥ 0 in no order, e becomes 0
 *   x, y  in, out  ld × n column-major, ld a multiple of 8 and ≥ n: identities that become X and Y
 *   w     scratch, 4n doubles
 *
 * Returns whether it converged, within 30 sweeps a value.
 */
import { inversePower } from './power'

export function golubKahan(n: i32, d: usize, e: usize, ld: i32, x: usize, y: usize, w: usize): bool {
  const step = (<usize>n) << 4
  // Rounding makes e of this size again and again where all d are alike; dropping it moves no value further.
  const negligible = 4e-16 * largestOf(n, d, e)
  let hi = n - 1
  for (let sweeps = 0; sweeps < 30 * n + 30; sweeps++) {
    while (hi > 0 && drop(at(e, hi - 1), negligible)) hi--
    if (hi == 0) break
    let lo = hi - 1
    while (lo > 0 && !drop(at(e, lo - 1), negligible)) lo--
    const shift = shiftOf(d, e, lo, hi, negligible)
    if (shift == 0) sweepUnshifted(d, e, lo, hi, w, w + step)
    else sweepShifted(d, e, lo, hi, shift, w, w + step)
    rotate(n, ld, lo, hi, y, w)
    rotate(n, ld, lo, hi, x, w + step)
  }
  makePositive(n, d, ld, y)
  return hi == 0
}

@inline
function at(a: usize, i: i32): usize {
  return a + ((<usize>i) << 3)
}

function largestOf(n: i32, d: usize, e: usize): f64 {
  let top: f64 = load<f64>(d)
  for (let i = 1; i < n; i++) top = Math.max(top, Math.max(load<f64>(at(d, i)), load<f64>(at(e, i - 1))))
  return top
}

/** Whether e counts as zero; then it is made zero. */
@inline
function drop(e: usize, negligible: f64): bool {
  if (Math.abs(load<f64>(e)) > negligible) return false
  store<f64>(e, 0)
  return true
}

/** The smaller singular value of the last 2×2 block, or 0 if some diagonal entry is as good as zero. */
function shiftOf(d: usize, e: usize, lo: i32, hi: i32, negligible: f64): f64 {
  for (let i = lo; i <= hi; i++) if (Math.abs(load<f64>(at(d, i))) <= 0.01 * negligible) return 0
  const f = load<f64>(at(d, hi - 1))
  const g = load<f64>(at(e, hi - 1))
  const h = load<f64>(at(d, hi))
  // σ_max² = (t + √(t² − 4f²h²))/2 with t = f² + g² + h², and σ_min = |f·h|/σ_max
  const plus = Math.sqrt((f + h) * (f + h) + g * g)
  const minus = Math.sqrt((f - h) * (f - h) + g * g)
  return Math.abs((2 * f * h) / (plus + minus))
}

/** Rotations of one sweep: right ones (c, s) from `right` on, left ones from `left` on, 16 bytes each by index. */
function sweepShifted(d: usize, e: usize, lo: i32, hi: i32, shift: f64, right: usize, left: usize): void {
  let di = load<f64>(at(d, lo))
  let ei = load<f64>(at(e, lo))
  let f = (Math.abs(di) - shift) * ((di > 0 ? 1 : -1) + shift / di)
  let g = ei
  for (let i = lo; i < hi; i++) {
    let r = rotation(f, g, right + ((<usize>i) << 4))
    let c = load<f64>(right + ((<usize>i) << 4))
    let s = load<f64>(right + ((<usize>i) << 4), 8)
    if (i > lo) store<f64>(at(e, i - 1), r)
    const next = load<f64>(at(d, i + 1))
    f = c * di + s * ei
    ei = c * ei - s * di
    r = rotation(f, s * next, left + ((<usize>i) << 4))
    di = c * next
    c = load<f64>(left + ((<usize>i) << 4))
    s = load<f64>(left + ((<usize>i) << 4), 8)
    store<f64>(at(d, i), r)
    f = c * ei + s * di
    di = c * di - s * ei
    if (i + 1 < hi) {
      const beyond = load<f64>(at(e, i + 1))
      g = s * beyond
      ei = c * beyond
    }
  }
  store<f64>(at(e, hi - 1), f)
  store<f64>(at(d, hi), di)
}

function sweepUnshifted(d: usize, e: usize, lo: i32, hi: i32, right: usize, left: usize): void {
  let c: f64 = 1
  let oldC: f64 = 1
  let oldS: f64 = 0
  for (let i = lo; i < hi; i++) {
    const p = right + ((<usize>i) << 4)
    const q = left + ((<usize>i) << 4)
    const r = rotation(load<f64>(at(d, i)) * c, load<f64>(at(e, i)), p)
    c = load<f64>(p)
    if (i > lo) store<f64>(at(e, i - 1), oldS * r)
    store<f64>(at(d, i), rotation(oldC * r, load<f64>(at(d, i + 1)) * load<f64>(p, 8), q))
    oldC = load<f64>(q)
    oldS = load<f64>(q, 8)
  }
  const h = load<f64>(at(d, hi)) * c
  store<f64>(at(d, hi), h * oldC)
  store<f64>(at(e, hi - 1), h * oldS)
}

/** (c, s) with c·f + s·g = r and c·g = s·f; returns r. Squares that underflow would leave c² + s² ≠ 1, so tiny ones are scaled first. */
function rotation(f: f64, g: f64, out: usize): f64 {
  const scale = f * f + g * g < 1e-280 ? inversePower(Math.max(Math.abs(f), Math.abs(g))) : 1
  f *= scale
  g *= scale
  const r = Math.sqrt(f * f + g * g)
  if (r == 0) {
    store<f64>(out, 1)
    store<f64>(out, 0, 8)
    return 0
  }
  const inverse = 1 / r
  store<f64>(out, f * inverse)
  store<f64>(out, g * inverse, 8)
  return r / scale
}

/** Columns lo … hi of a: (a_j, a_{j+1}) ← (c·a_j + s·a_{j+1}, c·a_{j+1} − s·a_j) one after another, eight rows at a time. */
function rotate(n: i32, ld: i32, lo: i32, hi: i32, a: usize, turns: usize): void {
  const stride = (<usize>ld) << 3
  const first = turns + ((<usize>lo) << 4)
  const end = turns + ((<usize>hi) << 4)
  const row = a + <usize>lo * stride
  for (let o: usize = 0; o < (<usize>n) << 3; o += 64) rotateEight(row + o, stride, first, end)
}

function rotateEight(p: usize, stride: usize, turn: usize, end: usize): void {
  let x0 = v128.load(p)
  let x1 = v128.load(p, 16)
  let x2 = v128.load(p, 32)
  let x3 = v128.load(p, 48)
  for (; turn < end; turn += 16) {
    const c = v128.load64_splat(turn)
    const s = v128.load64_splat(turn, 8)
    const q = p + stride
    let y = v128.load(q)
    v128.store(p, f64x2.add(f64x2.mul(c, x0), f64x2.mul(s, y)))
    x0 = f64x2.sub(f64x2.mul(c, y), f64x2.mul(s, x0))
    y = v128.load(q, 16)
    v128.store(p, f64x2.add(f64x2.mul(c, x1), f64x2.mul(s, y)), 16)
    x1 = f64x2.sub(f64x2.mul(c, y), f64x2.mul(s, x1))
    y = v128.load(q, 32)
    v128.store(p, f64x2.add(f64x2.mul(c, x2), f64x2.mul(s, y)), 32)
    x2 = f64x2.sub(f64x2.mul(c, y), f64x2.mul(s, x2))
    y = v128.load(q, 48)
    v128.store(p, f64x2.add(f64x2.mul(c, x3), f64x2.mul(s, y)), 48)
    x3 = f64x2.sub(f64x2.mul(c, y), f64x2.mul(s, x3))
    p = q
  }
  v128.store(p, x0)
  v128.store(p, x1, 16)
  v128.store(p, x2, 32)
  v128.store(p, x3, 48)
}

/** Negative values give their sign to Y. */
function makePositive(n: i32, d: usize, ld: i32, y: usize): void {
  for (let j = 0; j < n; j++, y += (<usize>ld) << 3) {
    const value = load<f64>(at(d, j))
    if (value >= 0) continue
    store<f64>(at(d, j), -value)
    for (let p = y, end = y + ((<usize>n) << 3); p < end; p += 8) store<f64>(p, -load<f64>(p))
  }
}
