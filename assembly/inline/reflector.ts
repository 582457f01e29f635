/** Where `reflect` leaves ‖x‖: one v128, read before the next call. */
export const SCALE = memory.data(16, 16)

/** Squared lengths below 2⁻⁹⁶⁰ count as zero, so that their reciprocals stay finite. */
const NOTHING: f64 = reinterpret<f64>((1023 - 960) << 52)
/** A head below 2⁻⁴⁸⁰ has no accurate phase and is taken for zero. */
const SHORT: f64 = reinterpret<f64>((1023 - 480) << 52)

/**
 * Householder reflector of x, one per lane: H = I − β v vᴴ, Hx = −(x₀/|x₀|)‖x‖e₀, with v = x but v₀ = x₀(1 + ‖x‖/|x₀|) written over x₀.
 * Returns β, which is 1/(‖x‖·|v₀|) and 0 where x is zero (then H = I); ‖x‖ is left at SCALE.
 */
export function reflect(length: usize, x: usize): v128 {
  const zero = f64x2.splat(0)
  const one = f64x2.splat(1)
  let s = zero
  let t = zero
  for (let p = x, end = x + length; p < end; p += 32) {
    const re = v128.load(p)
    const im = v128.load(p, 16)
    s = f64x2.add(s, f64x2.mul(re, re))
    t = f64x2.add(t, f64x2.mul(im, im))
  }
  s = f64x2.add(s, t)
  const some = f64x2.gt(s, f64x2.splat(NOTHING))
  const norm = v128.and(f64x2.sqrt(s), some)
  const re = v128.load(x)
  const im = v128.load(x, 16)
  const head = f64x2.sqrt(f64x2.add(f64x2.mul(re, re), f64x2.mul(im, im)))
  const pivot = f64x2.gt(head, f64x2.splat(SHORT))
  const grow = f64x2.add(one, f64x2.div(norm, v128.bitselect(head, one, pivot)))
  v128.store(x, v128.bitselect(f64x2.mul(re, grow), norm, pivot))
  v128.store(x, v128.and(f64x2.mul(im, grow), pivot), 16)
  v128.store(SCALE, norm)
  return v128.and(f64x2.div(one, v128.bitselect(f64x2.add(s, f64x2.mul(norm, head)), one, some)), some)
}
