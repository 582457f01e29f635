/**
 * Taps of G(θ) = F(θ)ᴴF(θ): G_q = Σ_p A_pᵀA_{p+q}, real n×n matrices built from products of pairs of taps.
 *
 * `autocorrelate` adds one such product; `halfPlanes` turns the taps of one half (q > 0, and q = 0) into the order in which
 * `hermitianSymbol` reads them.
 */

/**
 * c += aᵀb for column-major planes, four columns of a against two of b at a time: eight running dot products, two rows a step.
 *
 *   a, b  in   m × n      c  inout  n × n
 */
export function autocorrelate(m: i32, n: i32, a: usize, b: usize, c: usize): void {
  const column = (<usize>m) << 3
  const pitch = (<usize>n) << 3
  const chunk = max(4, (CACHE / max(8, m << 3)) & ~3)
  for (let first = 0; first < n; first += chunk) {
    const count = min(chunk, n - first)
    const from = a + <usize>first * column
    for (let j = 0; j < n; j += 2) columnPair(m, count, n - j, from, b + <usize>j * column, c + <usize>j * pitch + ((<usize>first) << 3), pitch)
  }
}

/** Columns of a that every pair of columns of b meets before the next ones are fetched: 64 of 512 rows (7 → 22 GFLOP/s at 512×512). */
const CACHE = 1 << 18

/** c += aᵀb for `count` columns of a and two of b, or one where no more are `left`. */
function columnPair(m: i32, count: i32, left: i32, a: usize, b0: usize, c0: usize, pitch: usize): void {
  const column = (<usize>m) << 3
  const b1 = left > 1 ? b0 + column : b0
  const c1 = c0 + pitch
  for (let i = 0; i < count; i += 4) {
    const rows = min(4, count - i)
    const a0 = a + <usize>i * column
    const a1 = rows > 1 ? a0 + column : a0
    const a2 = rows > 2 ? a1 + column : a0
    const a3 = rows > 3 ? a2 + column : a0
    dots(m, a0, a1, a2, a3, b0, b1)
    for (let r = 0; r < rows; r++) {
      const s = sums + ((<usize>r) << 4)
      const o = (<usize>(i + r)) << 3
      store<f64>(c0 + o, load<f64>(c0 + o) + load<f64>(s))
      if (left > 1) store<f64>(c1 + o, load<f64>(c1 + o) + load<f64>(s, 8))
    }
  }
}

// [a_r·b0, a_r·b1] for r < 4
const sums: usize = memory.data(64, 16)

function dots(m: i32, a0: usize, a1: usize, a2: usize, a3: usize, b0: usize, b1: usize): void {
  let s00 = f64x2.splat(0), s01 = f64x2.splat(0)
  let s10 = f64x2.splat(0), s11 = f64x2.splat(0)
  let s20 = f64x2.splat(0), s21 = f64x2.splat(0)
  let s30 = f64x2.splat(0), s31 = f64x2.splat(0)
  const end = ((<usize>m) << 3) & ~15
  let o: usize = 0
  for (; o < end; o += 16) {
    const x = v128.load(b0 + o)
    const y = v128.load(b1 + o)
    let z = v128.load(a0 + o)
    s00 = f64x2.add(s00, f64x2.mul(z, x))
    s01 = f64x2.add(s01, f64x2.mul(z, y))
    z = v128.load(a1 + o)
    s10 = f64x2.add(s10, f64x2.mul(z, x))
    s11 = f64x2.add(s11, f64x2.mul(z, y))
    z = v128.load(a2 + o)
    s20 = f64x2.add(s20, f64x2.mul(z, x))
    s21 = f64x2.add(s21, f64x2.mul(z, y))
    z = v128.load(a3 + o)
    s30 = f64x2.add(s30, f64x2.mul(z, x))
    s31 = f64x2.add(s31, f64x2.mul(z, y))
  }
  if (m & 1) {
    // an odd last row, in lane 0 with a zero beside it
    const x = v128.load64_zero(b0 + o)
    const y = v128.load64_zero(b1 + o)
    const z0 = v128.load64_zero(a0 + o), z1 = v128.load64_zero(a1 + o)
    const z2 = v128.load64_zero(a2 + o), z3 = v128.load64_zero(a3 + o)
    s00 = f64x2.add(s00, f64x2.mul(z0, x))
    s01 = f64x2.add(s01, f64x2.mul(z0, y))
    s10 = f64x2.add(s10, f64x2.mul(z1, x))
    s11 = f64x2.add(s11, f64x2.mul(z1, y))
    s20 = f64x2.add(s20, f64x2.mul(z2, x))
    s21 = f64x2.add(s21, f64x2.mul(z2, y))
    s30 = f64x2.add(s30, f64x2.mul(z3, x))
    s31 = f64x2.add(s31, f64x2.mul(z3, y))
  }
  v128.store(sums, fold(s00, s01))
  v128.store(sums, fold(s10, s11), 16)
  v128.store(sums, fold(s20, s21), 32)
  v128.store(sums, fold(s30, s31), 48)
}

/** [x₀ + x₁, y₀ + y₁] */
@inline
function fold(x: v128, y: v128): v128 {
  return f64x2.add(v128.shuffle<f64>(x, y, 0, 2), v128.shuffle<f64>(x, y, 1, 3))
}

/**
 * Reorders the taps of G for `hermitianSymbol`: G(θ)ᵢⱼ = (G₀)ᵢⱼ + Σ_{q>0} cos(q·θ)·(G_q + G_qᵀ)ᵢⱼ + i·sin(q·θ)·(G_q − G_qᵀ)ᵢⱼ.
 *
 * Lower triangle by columns, two rows at a time (the last of an odd column alone): for each such block first G₀, then for every tap the
 * sums and the differences, so that evaluation reads one stream.
 *
 *   g  in   (1 + taps) × (n × n), q = 0 first      planes  out  n(n+1)/2 × (1 + 2·taps) doubles
 */
export function halfPlanes(n: i32, taps: i32, g: usize, planes: usize): void {
  const plane = (<usize>n * <usize>n) << 3
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i += 2) {
      const width = n - i < 2 ? 1 : 2
      for (let t = 0; t <= taps; t++) {
        const at = g + <usize>t * plane
        for (let r = 0; r < width; r++) {
          const x = load<f64>(at + ((<usize>(j * n + i + r)) << 3))
          const y = load<f64>(at + ((<usize>((i + r) * n + j)) << 3))
          if (t == 0) store<f64>(planes + ((<usize>r) << 3), x)
          else {
            store<f64>(planes + ((<usize>r) << 3), x + y)
            store<f64>(planes + ((<usize>(r + width)) << 3), x - y)
          }
        }
        planes += (<usize>width) << (t == 0 ? 3 : 4)
      }
    }
  }
}

/**
 * G(θ) at a list of frequencies, two at a time; lower triangle only, the rest is left as it was.
 *
 * Blocks outside, frequencies inside: a block's taps stay in the first-level cache however large the layer is.
 *
 *   planes  in   as `halfPlanes` wrote them
 *   phase   in   pairs × taps × [cos cos'][sin sin']
 *   g       out  pairs × (n × n), [re re'][im im']
 */
export function hermitianSymbol(pairs: i32, n: i32, taps: i32, planes: usize, phase: usize, g: usize): void {
  const matrix = (<usize>n * <usize>n) << 5
  const row = (<usize>taps) << 5
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i += 2) {
      let out = g + ((<usize>(j * n + i)) << 5)
      let e = phase
      if (n - i < 2) {
        for (let p = 0; p < pairs; p++, out += matrix) {
          let re = v128.load64_splat(planes)
          let im = f64x2.splat(0)
          let t = planes + 8
          for (const stop = e + row; e < stop; e += 32, t += 16) {
            re = f64x2.add(re, f64x2.mul(v128.load64_splat(t), v128.load(e)))
            im = f64x2.add(im, f64x2.mul(v128.load64_splat(t, 8), v128.load(e, 16)))
          }
          v128.store(out, re)
          v128.store(out, im, 16)
        }
        planes += 8 + ((<usize>taps) << 4)
      } else {
        for (let p = 0; p < pairs; p++, out += matrix) {
          let r0 = v128.load64_splat(planes)
          let r1 = v128.load64_splat(planes, 8)
          let i0 = f64x2.splat(0)
          let i1 = f64x2.splat(0)
          let t = planes + 16
          for (const stop = e + row; e < stop; e += 32, t += 32) {
            const c = v128.load(e)
            const s = v128.load(e, 16)
            r0 = f64x2.add(r0, f64x2.mul(v128.load64_splat(t), c))
            r1 = f64x2.add(r1, f64x2.mul(v128.load64_splat(t, 8), c))
            i0 = f64x2.add(i0, f64x2.mul(v128.load64_splat(t, 16), s))
            i1 = f64x2.add(i1, f64x2.mul(v128.load64_splat(t, 24), s))
          }
          v128.store(out, r0)
          v128.store(out, i0, 16)
          v128.store(out, r1, 32)
          v128.store(out, i1, 48)
        }
        planes += 16 + ((<usize>taps) << 5)
      }
    }
  }
}
