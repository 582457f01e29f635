/**
 * x ← (t·I − G)⁻¹x for one pair, from the factor that `cholesky` of one pair leaves in its scratch: rows of L, diagonal as −1/l_jj.
 *
 * Close to λ_max(G) this is a step of shift-and-invert towards its eigenvector: 8n² operations against the 4n³/3 of the factor.
 * Lanes that did not pass hold nothing of use.
 *
 *   l  in  n × n      x  inout  n
 */
export function choleskySolve(n: i32, l: usize, x: usize): void {
  const ld = (<usize>n) << 5
  const end = x + ld
  // L y = x: y_i = (Σ_{j<i} l_ij y_j − x_i)·(−1/l_ii)
  for (let out = x, row = l; out < end; out += 32, row += ld) {
    let re = f64x2.splat(0)
    let im = re
    let a = row
    for (let y = x; y < out; y += 32, a += 32) {
      const ar = v128.load(a), ai = v128.load(a, 16)
      const yr = v128.load(y), yi = v128.load(y, 16)
      re = f64x2.add(re, f64x2.sub(f64x2.mul(ar, yr), f64x2.mul(ai, yi)))
      im = f64x2.add(im, f64x2.add(f64x2.mul(ar, yi), f64x2.mul(ai, yr)))
    }
    put(out, f64x2.sub(re, v128.load(out)), f64x2.sub(im, v128.load(out, 16)), v128.load(a))
  }
  // Lᴴ z = y, row by row from the last: once z_i is known it is taken from all before it, y_j − conj(l_ij)·z_i
  for (let out = end - 32, row = l + <usize>(n - 1) * ld; out >= x; out -= 32, row -= ld) {
    put(out, f64x2.neg(v128.load(out)), f64x2.neg(v128.load(out, 16)), v128.load(row + (out - x)))
    const zr = v128.load(out), zi = v128.load(out, 16)
    for (let y = x, a = row; y < out; y += 32, a += 32) {
      const ar = v128.load(a), ai = v128.load(a, 16)
      v128.store(y, f64x2.sub(v128.load(y), f64x2.add(f64x2.mul(ar, zr), f64x2.mul(ai, zi))))
      v128.store(y, f64x2.sub(v128.load(y, 16), f64x2.sub(f64x2.mul(ar, zi), f64x2.mul(ai, zr))), 16)
    }
  }
}

@inline
function put(at: usize, re: v128, im: v128, factor: v128): void {
  v128.store(at, f64x2.mul(re, factor))
  v128.store(at, f64x2.mul(im, factor), 16)
}
