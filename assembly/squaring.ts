/**
 * What repeated squaring of Hermitian matrices needs between two calls of `gram`: their size, and their other half.
 */

/**
 * ‖G‖_F² from the lower triangle: Σ g_jj² + 2·Σ_{i>j} |g_ij|², summed column by column, so that no sum has more than 2n terms.
 *
 *   g  in   pairs × (n × n), lower triangle      out  out  pairs × [x x']
 */
export function frobeniusSquared(pairs: i32, n: i32, g: usize, out: usize): void {
  const step = ((<usize>n) + 1) << 5
  for (; pairs > 0; pairs--) {
    let total = f64x2.splat(0)
    let corner = g
    for (let j = 0; j < n; j++) {
      const d = v128.load(corner)
      let column = f64x2.splat(0)
      const end = corner + ((<usize>(n - j)) << 5)
      for (let p = corner + 32; p < end; p += 32) {
        const re = v128.load(p)
        const im = v128.load(p, 16)
        column = f64x2.add(column, f64x2.add(f64x2.mul(re, re), f64x2.mul(im, im)))
      }
      total = f64x2.add(total, f64x2.add(f64x2.mul(d, d), f64x2.add(column, column)))
      corner += step
    }
    v128.store(out, total)
    g += (<usize>(n * n)) << 5
    out += 16
  }
}

/**
 * Multiplies the lower triangle by a factor of its own in each lane and writes the conjugate above the diagonal.
 *
 *   g  inout  pairs × (n × n)      factor  in  pairs × [s s']
 */
export function fillHermitian(pairs: i32, n: i32, g: usize, factor: usize): void {
  const row = (<usize>n) << 5
  for (; pairs > 0; pairs--) {
    const s = v128.load(factor)
    for (let j = 0; j < n; j++) {
      let below = g + <usize>j * row + ((<usize>j) << 5)
      const end = g + <usize>(j + 1) * row
      v128.store(below, f64x2.mul(v128.load(below), s))
      v128.store(below, f64x2.splat(0), 16)
      let right = below + row
      for (below += 32; below < end; below += 32, right += row) {
        const re = f64x2.mul(v128.load(below), s)
        const im = f64x2.mul(v128.load(below, 16), s)
        v128.store(below, re)
        v128.store(below, im, 16)
        v128.store(right, re)
        v128.store(right, f64x2.neg(im), 16)
      }
    }
    g += (<usize>(n * n)) << 5
    factor += 16
  }
}
