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

/** One entry of all matrices, in all taps. */
function addEntry(pairs: i32, taps: i32, value: usize, matrix: usize, weights: usize, to: usize): void {
  const row = (<usize>(taps + 1)) << 5
  const far = (<usize>taps) << 5
  for (let t = 0; t <= taps; t++, weights += 32, to += 32) {
    let re = f64x2.splat(0)
    let im = f64x2.splat(0)
    let x = value
    let w = weights
    for (let p = 0; p < pairs; p++, x += matrix, w += row) {
      re = f64x2.add(re, f64x2.mul(v128.load(w), v128.load(x)))
      im = f64x2.add(im, f64x2.mul(v128.load(w, 16), v128.load(x, 16)))
    }
    store<f64>(to, load<f64>(to) + f64x2.extract_lane(re, 0) + f64x2.extract_lane(re, 1))
    if (t > 0) store<f64>(to + far, load<f64>(to + far) + f64x2.extract_lane(im, 0) + f64x2.extract_lane(im, 1))
  }
}
