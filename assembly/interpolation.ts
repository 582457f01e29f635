/**
 * Taps of G(θ) from its values at frequencies, the transpose of `hermitianSymbol`: adds to the planes of `halfPlanes`
 *
 *     G₀ += Σ c₀·Re G,   G_q + G_qᵀ += Σ c_q·Re G,   G_q − G_qᵀ += Σ s_q·Im G
 *
 * over both lanes of all pairs. With the weights of an inverse Fourier transform over as many frequencies as G has taps these are its taps.
 *
 *   g        in     pairs × (n × n), lower triangle
 *   weights  in     pairs × (1 + taps) × [c c'][s s'], q = 0 first
 *   planes   inout  b(b+1)/2 × 4·(1 + 2·taps) doubles, b = ⌈n/2⌉
 */
export function addHalfPlanes(pairs: i32, n: i32, taps: i32, g: usize, weights: usize, planes: usize): void {
  const matrix = (<usize>n * <usize>n) << 5
  const size = (<usize>(1 + 2 * taps)) << 5
  for (let j = 0; j < n; j += 2) {
    for (let i = j; i < n; i += 2, planes += size) {
      for (let e = 0; e < 4; e++) {
        const row = i + (e & 1)
        const column = j + (e >> 1)
        // Above the diagonal and beyond the last row nothing is evaluated.
        if (row >= n || column > row) continue
        addEntry(pairs, taps, g + ((<usize>(column * n + row)) << 5), matrix, weights, planes + ((<usize>e) << 3))
      }
    }
  }
}

/** One entry of all matrices, in all taps: two at a time, so that it is read half as often. */
function addEntry(pairs: i32, taps: i32, value: usize, matrix: usize, weights: usize, to: usize): void {
  const row = (<usize>(taps + 1)) << 5
  const far = (<usize>taps) << 5
  add(to, centreOf(pairs, value, matrix, weights, row))
  for (let t = 0; t < taps; t += 2) {
    // of an odd number the last is alone: its second sums are its first
    const step: usize = t + 1 < taps ? 32 : 0
    weights += 32
    to += 32
    let re = f64x2.splat(0), im = f64x2.splat(0)
    let re2 = f64x2.splat(0), im2 = f64x2.splat(0)
    let x = value
    let w = weights
    for (let p = 0; p < pairs; p++, x += matrix, w += row) {
      const c = v128.load(x), d = v128.load(x, 16)
      re = f64x2.add(re, f64x2.mul(v128.load(w), c))
      im = f64x2.add(im, f64x2.mul(v128.load(w, 16), d))
      re2 = f64x2.add(re2, f64x2.mul(v128.load(w + step), c))
      im2 = f64x2.add(im2, f64x2.mul(v128.load(w + step, 16), d))
    }
    add(to, re)
    add(to + far, im)
    if (step == 0) break
    add(to + 32, re2)
    add(to + 32 + far, im2)
    weights += 32
    to += 32
  }
}

function centreOf(pairs: i32, x: usize, matrix: usize, w: usize, row: usize): v128 {
  let sum = f64x2.splat(0)
  for (; pairs > 0; pairs--, x += matrix, w += row) sum = f64x2.add(sum, f64x2.mul(v128.load(w), v128.load(x)))
  return sum
}

@inline
function add(to: usize, sum: v128): void {
  store<f64>(to, load<f64>(to) + f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1))
}
