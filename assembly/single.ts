/**
 * Around the evaluation of G and the Cholesky test in single precision: phases rounded to 32 bits, and what the rounding of the factorisation
 * is measured against. "Quad layout": four matrices, one per lane of 32 bits, element (i, j) at (j·n + i)·32: [re ×4][im ×4].
 */

/**
 * The phases of two pairs of frequencies rounded into those of one quad.
 *
 *   p, q  in  taps × [cos cos'][sin sin']      out  out  taps × [cos ×4], then taps × [sin ×4]
 */
export function phasesSingle(taps: i32, p: usize, q: usize, out: usize): void {
  const row = (<usize>taps) << 4
  for (const end = out + row; out < end; out += 16, p += 32, q += 32) {
    v128.store(out, joined(v128.load(p), v128.load(q)))
    v128.store(out + row, joined(v128.load(p, 16), v128.load(q, 16)))
  }
}

@inline
function joined(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 1, 4, 5)
}

/**
 * The largest row sum of |L||L|ᴴ ≥ ‖|L||L|ᴴ‖₂, for the factor `choleskySingle` leaves at l (diagonal entries as −1/l_jj).
 *
 *   l  in  n × n by rows      v  scratch, n·16 bytes      out  out  [largest ×4]
 *
 * Sums of n positive terms twice over: within a factor 1 ± 3n·2⁻²⁴.
 */
export function spread(n: i32, l: usize, v: usize, out: usize): void {
  memory.fill(v, 0, (<usize>n) << 4)
  let row = l
  const ld = (<usize>n) << 5
  for (let i: usize = 0; i < <usize>n; i++, row += ld) {
    for (let j: usize = 0; j <= i; j++) {
      const at = v + (j << 4)
      v128.store(at, f32x4.add(v128.load(at), size(row, j, i)))
    }
  }
  row = l
  let largest = f32x4.splat(0)
  for (let i: usize = 0; i < <usize>n; i++, row += ld) {
    let sum = f32x4.splat(0)
    for (let j: usize = 0; j <= i; j++) sum = f32x4.add(sum, f32x4.mul(size(row, j, i), v128.load(v + (j << 4))))
    largest = f32x4.max(largest, sum)
  }
  v128.store(out, largest)
}

/** |l_ij| */
@inline
function size(row: usize, j: usize, i: usize): v128 {
  const at = row + (j << 5)
  const re = v128.load(at)
  if (i == j) return f32x4.div(f32x4.splat(1), f32x4.abs(re))
  const im = v128.load(at, 16)
  return f32x4.sqrt(f32x4.add(f32x4.mul(re, re), f32x4.mul(im, im)))
}
