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

/**
 * t ← H₀H₁…t for the columns of t, where reflector k lies in column k of r from row k + offset down, and its β at scales + 32k.
 * Two columns share the loads of a reflector; they stay in the first-level cache while all reflectors pass.
 */
export function applyReflectors(m: i32, columns: i32, reflectors: i32, offset: i32, r: usize, scales: usize, t: usize): void {
  const ld = (<usize>m) << 5
  for (let j = 0; j < columns; j += 2) {
    for (let k = reflectors - 1; k >= 0; k--) {
      const row = (<usize>(k + offset)) << 5
      const v = r + <usize>k * ld + row
      const beta = v128.load(scales + ((<usize>k) << 5))
      if (j + 1 < columns) applyToTwo(ld - row, v, beta, t + row, t + ld + row)
      else applyToOne(ld - row, v, beta, t + row)
    }
    t += 2 * ld
  }
}

/** a ← a − v·β(vᴴa), and b alike. */
function applyToTwo(length: usize, v: usize, beta: v128, a: usize, b: usize): void {
  let sr = f64x2.splat(0)
  let si = sr
  let tr = sr
  let ti = sr
  for (let o: usize = 0; o < length; o += 32) {
    const vr = v128.load(v + o)
    const vi = v128.load(v + o, 16)
    const ar = v128.load(a + o)
    const ai = v128.load(a + o, 16)
    sr = f64x2.add(sr, f64x2.add(f64x2.mul(vr, ar), f64x2.mul(vi, ai)))
    si = f64x2.add(si, f64x2.sub(f64x2.mul(vr, ai), f64x2.mul(vi, ar)))
    const br = v128.load(b + o)
    const bi = v128.load(b + o, 16)
    tr = f64x2.add(tr, f64x2.add(f64x2.mul(vr, br), f64x2.mul(vi, bi)))
    ti = f64x2.add(ti, f64x2.sub(f64x2.mul(vr, bi), f64x2.mul(vi, br)))
  }
  sr = f64x2.mul(sr, beta)
  si = f64x2.mul(si, beta)
  tr = f64x2.mul(tr, beta)
  ti = f64x2.mul(ti, beta)
  for (let o: usize = 0; o < length; o += 32) {
    const vr = v128.load(v + o)
    const vi = v128.load(v + o, 16)
    v128.store(a + o, f64x2.add(f64x2.sub(v128.load(a + o), f64x2.mul(vr, sr)), f64x2.mul(vi, si)))
    v128.store(a + o, f64x2.sub(f64x2.sub(v128.load(a + o, 16), f64x2.mul(vr, si)), f64x2.mul(vi, sr)), 16)
    v128.store(b + o, f64x2.add(f64x2.sub(v128.load(b + o), f64x2.mul(vr, tr)), f64x2.mul(vi, ti)))
    v128.store(b + o, f64x2.sub(f64x2.sub(v128.load(b + o, 16), f64x2.mul(vr, ti)), f64x2.mul(vi, tr)), 16)
  }
}

function applyToOne(length: usize, v: usize, beta: v128, a: usize): void {
  let sr = f64x2.splat(0)
  let si = sr
  for (let o: usize = 0; o < length; o += 32) {
    const vr = v128.load(v + o)
    const vi = v128.load(v + o, 16)
    const ar = v128.load(a + o)
    const ai = v128.load(a + o, 16)
    sr = f64x2.add(sr, f64x2.add(f64x2.mul(vr, ar), f64x2.mul(vi, ai)))
    si = f64x2.add(si, f64x2.sub(f64x2.mul(vr, ai), f64x2.mul(vi, ar)))
  }
  sr = f64x2.mul(sr, beta)
  si = f64x2.mul(si, beta)
  for (let o: usize = 0; o < length; o += 32) {
    const vr = v128.load(v + o)
    const vi = v128.load(v + o, 16)
    v128.store(a + o, f64x2.add(f64x2.sub(v128.load(a + o), f64x2.mul(vr, sr)), f64x2.mul(vi, si)))
    v128.store(a + o, f64x2.sub(f64x2.sub(v128.load(a + o, 16), f64x2.mul(vr, si)), f64x2.mul(vi, sr)), 16)
  }
}
