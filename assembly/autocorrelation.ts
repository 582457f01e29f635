/**
 * Real products C ← C + AᵀB: the taps G_q = Σ_p A_pᵀA_{p+q} of G(θ) = F(θ)ᴴF(θ), and Gram matrices of unfoldings.
 *
 * Operands are packed first, once for all products they go into: panels of four columns, two rows at a time, so that the product reads
 * two streams. Each block of 4×2 entries is eight sums of ⌈m/2⌉ terms in two lanes, cut after 64: six loads for sixteen operations.
 */

/**
 * Panels of four columns: rows 2k and 2k + 1 of each of them are 64 bytes. Zeros stand for what an odd row or a fourth of columns lacks.
 *
 *   a  in  m × n, column-major      panels  out  ⌈n/4⌉ × ⌈m/2⌉ × 64 bytes
 */
export function pack(m: i32, n: i32, a: usize, panels: usize): void {
  const column = (<usize>m) << 3
  for (let j = 0; j < n; j += 4) {
    for (let k = 0; k < m; k += 2) {
      for (let c = j; c < j + 4; c++, panels += 16) {
        const at = a + <usize>c * column + ((<usize>k) << 3)
        if (c >= n) v128.store(panels, f64x2.splat(0))
        else v128.store(panels, k + 1 < m ? v128.load(at) : v128.load64_zero(at))
      }
    }
  }
}

/**
 * The panels `pack` would make of Σ_t w_t·A_t. A panel stays in the first-level cache while the taps are added, two at a time; what weighs nothing is not read.
 *
 *   a  in  taps × (m × n), column-major      w  in  taps      panels  out
 */
export function packSum(taps: i32, m: i32, n: i32, a: usize, w: usize, panels: usize): void {
  const column = (<usize>m) << 3
  const panel = (<usize>((m + 1) >> 1)) << 6
  for (let j = 0; j < n; j += 4, panels += panel) {
    memory.fill(panels, 0, panel)
    for (let t = weighing(taps, w, 0); t < taps; ) {
      const next = weighing(taps, w, t + 1)
      // the last one may be alone
      const u = next < taps ? next : t
      const other = next < taps ? weightAt(w, next) : 0
      let from = a + <usize>(t * n + j) * column
      const apart = <usize>((u - t) * n) * column
      for (let c = 0; c < min(4, n - j); c++, from += column)
        addColumns(m, weightAt(w, t), from, other, from + apart, panels + ((<usize>c) << 4))
      t = weighing(taps, w, next + 1)
    }
  }
}

@inline
function weightAt(w: usize, t: i32): f64 {
  return load<f64>(w + ((<usize>t) << 3))
}

/** The first tap from t on that weighs something. */
function weighing(taps: i32, w: usize, t: i32): i32 {
  while (t < taps && weightAt(w, t) == 0) t++
  return t
}

/** Adds p·a, then q·b to a column of a panel. */
@inline
function addColumns(m: i32, p: f64, a: usize, q: f64, b: usize, to: usize): void {
  const first = f64x2.splat(p)
  const second = f64x2.splat(q)
  for (const end = a + ((<usize>(m & ~1)) << 3); a < end; a += 16, b += 16, to += 64) {
    const sum = f64x2.add(v128.load(to), f64x2.mul(first, v128.load(a)))
    v128.store(to, f64x2.add(sum, f64x2.mul(second, v128.load(b))))
  }
  if (m & 1) store<f64>(to, load<f64>(to) + p * load<f64>(a) + q * load<f64>(b))
}

/** Panels that every pair of columns of b meets before the next ones are fetched fill at most half a second-level cache. */
const CACHE = 1 << 19

/**
 * c += aᵀb; where a and b are the same, only its blocks on and below the diagonal.
 *
 *   a, b  in  panels of m × n      c  inout  N × N, N = 4⌈n/4⌉, column-major
 */
export function autocorrelate(m: i32, n: i32, a: usize, b: usize, c: usize): void {
  blocks(m, n, n, a, b, c)
}

/**
 * c += aᵀb
 *
 *   a  in  panels of m × rows      b  in  panels of m × columns      c  inout  R × C, R = 4⌈rows/4⌉, C = 4⌈columns/4⌉, column-major
 */
export function multiply(m: i32, rows: i32, columns: i32, a: usize, b: usize, c: usize): void {
  blocks(m, rows, columns, a, b, c)
}

function blocks(m: i32, rows: i32, columns: i32, a: usize, b: usize, c: usize): void {
  const panel = (<usize>((m + 1) >> 1)) << 6
  const panels = (rows + 3) >> 2
  const across = (columns + 3) >> 2
  const pitch = (<usize>panels) << 5
  const chunk = max(1, CACHE / max(64, <i32>panel))
  for (let first = 0; first < panels; first += chunk) {
    const end = min(panels, first + chunk)
    for (let j = 0; j < across; j++) {
      const start = a == b ? max(first, j) : first
      const from = a + <usize>start * panel
      const right = b + <usize>j * panel
      const to = c + (<usize>j << 2) * pitch + ((<usize>start) << 5)
      strip(end - start, panel, from, right, to, pitch)
      strip(end - start, panel, from, right + 32, to + 2 * pitch, pitch)
    }
  }
}

/** 128 rows are summed in one go, two of them 64 bytes: shorter sums have smaller rounding errors and take longer (2 % here). */
const CUT: usize = 64 << 6

/** Blocks of four rows, one below the other, at two columns: those of b at the head of its panel or in the middle of it. */
function strip(count: i32, panel: usize, a: usize, b: usize, c: usize, pitch: usize): void {
  for (; count > 0; count--, c += 32) {
    for (let q = b, last = b + panel; q < last; ) {
      const end = min(q + CUT, last)
      let s00 = f64x2.splat(0), s01 = f64x2.splat(0)
      let s10 = f64x2.splat(0), s11 = f64x2.splat(0)
      let s20 = f64x2.splat(0), s21 = f64x2.splat(0)
      let s30 = f64x2.splat(0), s31 = f64x2.splat(0)
      for (; q < end; a += 64, q += 64) {
        const x = v128.load(q), y = v128.load(q, 16)
        let z = v128.load(a)
        s00 = f64x2.add(s00, f64x2.mul(z, x))
        s01 = f64x2.add(s01, f64x2.mul(z, y))
        z = v128.load(a, 16)
        s10 = f64x2.add(s10, f64x2.mul(z, x))
        s11 = f64x2.add(s11, f64x2.mul(z, y))
        z = v128.load(a, 32)
        s20 = f64x2.add(s20, f64x2.mul(z, x))
        s21 = f64x2.add(s21, f64x2.mul(z, y))
        z = v128.load(a, 48)
        s30 = f64x2.add(s30, f64x2.mul(z, x))
        s31 = f64x2.add(s31, f64x2.mul(z, y))
      }
      v128.store(c, f64x2.add(v128.load(c), fold(s00, s10)))
      v128.store(c, f64x2.add(v128.load(c, 16), fold(s20, s30)), 16)
      const d = c + pitch
      v128.store(d, f64x2.add(v128.load(d), fold(s01, s11)))
      v128.store(d, f64x2.add(v128.load(d, 16), fold(s21, s31)), 16)
    }
  }
}

/** [x₀ + x₁, y₀ + y₁] */
@inline
function fold(x: v128, y: v128): v128 {
  return f64x2.add(v128.shuffle<f64>(x, y, 0, 2), v128.shuffle<f64>(x, y, 1, 3))
}
