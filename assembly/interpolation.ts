/**
 * Taps of G(θ) from its values, complex ones at frequencies or real products at points.
 */

/**
 * From values at frequencies, the transpose of `hermitianSymbol`: adds to the planes of `halfPlanes`
 *
 *     G₀ += Σ c₀·Re G,   G_q + G_qᵀ += Σ c_q·Re G,   G_q − G_qᵀ += Σ s_q·Im G
 *
 * over both lanes of all pairs. With the weights of an inverse Fourier transform over as many frequencies as G has taps these are its taps.
 *
 *   g        in     pairs × (n × n), lower triangle
 *   weights  in     (1 + taps) × pairs × [c c'][s s'], q = 0 first
 *   planes   inout  b(b+1)/2 × 4·(1 + 2·taps) doubles, b = ⌈n/2⌉
 *   w        work   pairs × 32 bytes
 */
export function addHalfPlanes(pairs: i32, n: i32, taps: i32, g: usize, weights: usize, planes: usize, w: usize): void {
  const matrix = (<usize>n * <usize>n) << 5
  const size = (<usize>(1 + 2 * taps)) << 5
  for (let j = 0; j < n; j += 2) {
    for (let i = j; i < n; i += 2, planes += size) {
      for (let e = 0; e < 4; e++) {
        const row = i + (e & 1)
        const column = j + (e >> 1)
        // Above the diagonal and beyond the last row nothing is evaluated.
        if (row >= n || column > row) continue
        gather(pairs, g + ((<usize>(column * n + row)) << 5), matrix, w)
        addEntry(pairs, taps, w, weights, planes + ((<usize>e) << 3))
      }
    }
  }
}

/** One entry of all matrices, side by side: matrices are far apart, and every tap reads it. */
@inline
function gather(pairs: i32, from: usize, matrix: usize, to: usize): void {
  for (; pairs > 0; pairs--, from += matrix, to += 32) {
    v128.store(to, v128.load(from))
    v128.store(to, v128.load(from, 16), 16)
  }
}

/** One entry of all matrices, in all taps: two at a time, so that it is read half as often. */
function addEntry(pairs: i32, taps: i32, value: usize, weights: usize, to: usize): void {
  const row = (<usize>pairs) << 5
  const far = (<usize>taps) << 5
  add(to, centreOf(pairs, value, weights))
  for (let t = 0; t < taps; t += 2) {
    // of an odd number the last is alone: its second sums are its first
    const step: usize = t + 1 < taps ? row : 0
    weights += row
    to += 32
    let re = f64x2.splat(0), im = f64x2.splat(0)
    let re2 = f64x2.splat(0), im2 = f64x2.splat(0)
    let x = value
    for (const end = weights + row; weights < end; x += 32, weights += 32) {
      const c = v128.load(x), d = v128.load(x, 16)
      re = f64x2.add(re, f64x2.mul(v128.load(weights), c))
      im = f64x2.add(im, f64x2.mul(v128.load(weights, 16), d))
      re2 = f64x2.add(re2, f64x2.mul(v128.load(weights + step), c))
      im2 = f64x2.add(im2, f64x2.mul(v128.load(weights + step, 16), d))
    }
    add(to, re)
    add(to + far, im)
    if (step == 0) break
    add(to + 32, re2)
    add(to + 32 + far, im2)
    to += 32
  }
}

function centreOf(pairs: i32, x: usize, w: usize): v128 {
  let sum = f64x2.splat(0)
  for (; pairs > 0; pairs--, x += 32, w += 32) sum = f64x2.add(sum, f64x2.mul(v128.load(w), v128.load(x)))
  return sum
}

@inline
function add(to: usize, sum: v128): void {
  store<f64>(to, load<f64>(to) + f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1))
}

/** Columns of values read together: lines of what mirrors them across the diagonal are used whole. */
const TILE = 8

/**
 * From real matrices V: writes to the planes of `halfPlanes`
 *
 *     G₀ = Σ c₀·(V + Vᵀ),   G_q + G_qᵀ = Σ c_q·(V + Vᵀ),   G_q − G_qᵀ = Σ s_q·(V − Vᵀ)
 *
 *   v        in   count × (N × N), N = 4⌈n/4⌉
 *   weights  in   (1 + taps) × count × [c s], q = 0 first
 *   planes   out  b(b+1)/2 × 4·(1 + 2·taps) doubles, b = ⌈n/2⌉
 *   w        work count × 64 bytes
 */
export function interpolate(count: i32, n: i32, taps: i32, v: usize, weights: usize, planes: usize, w: usize): void {
  const pitch = (<usize>((n + 3) & ~3)) << 3
  const blocks = (n + 1) >> 1
  const size = (<usize>(1 + 2 * taps)) << 5
  for (let tile = 0; tile < n; tile += TILE) {
    for (let i = tile; i < n; i += 2) {
      for (let j = tile; j < min(tile + TILE, i + 1); j += 2) {
        const column = j >> 1
        const block = column * blocks - ((column * (column - 1)) >> 1) + ((i - j) >> 1)
        mirror(count, pitch, v + <usize>j * pitch + ((<usize>i) << 3), v + <usize>i * pitch + ((<usize>j) << 3), w)
        weigh(count, taps, w, weights, planes + <usize>block * size)
      }
    }
  }
}

/** The sums of a block of 2×2 entries and what mirrors them, then the differences, for each matrix. */
@inline
function mirror(count: i32, pitch: usize, below: usize, above: usize, w: usize): void {
  for (const plane = pitch * (pitch >> 3); count > 0; count--, w += 64, below += plane, above += plane) {
    const x = v128.load(below), y = v128.load(below + pitch)
    const r = v128.load(above), s = v128.load(above + pitch)
    const p = v128.shuffle<f64>(r, s, 0, 2), q = v128.shuffle<f64>(r, s, 1, 3)
    v128.store(w, f64x2.add(x, p))
    v128.store(w, f64x2.add(y, q), 16)
    v128.store(w, f64x2.sub(x, p), 32)
    v128.store(w, f64x2.sub(y, q), 48)
  }
}

/** All taps of a block. */
function weigh(count: i32, taps: i32, from: usize, weights: usize, to: usize): void {
  const last = from + ((<usize>count) << 6)
  for (let t = 0; t <= taps; t++, to += 32) {
    let c0 = f64x2.splat(0), c1 = f64x2.splat(0)
    let s0 = f64x2.splat(0), s1 = f64x2.splat(0)
    for (let w = from; w < last; w += 64, weights += 16) {
      const c = v128.load64_splat(weights), s = v128.load64_splat(weights, 8)
      c0 = f64x2.add(c0, f64x2.mul(c, v128.load(w)))
      c1 = f64x2.add(c1, f64x2.mul(c, v128.load(w, 16)))
      s0 = f64x2.add(s0, f64x2.mul(s, v128.load(w, 32)))
      s1 = f64x2.add(s1, f64x2.mul(s, v128.load(w, 48)))
    }
    v128.store(to, c0)
    v128.store(to, c1, 16)
    if (t == 0) continue
    const far = to + ((<usize>taps) << 5)
    v128.store(far, s0)
    v128.store(far, s1, 16)
  }
}
