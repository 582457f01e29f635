/**
 * Real vectors in linear memory. Every sum is taken in one fixed order (four accumulators of two lanes, then the rest), so that the same
 * numbers give the same bits. Lengths are in doubles; addresses are multiples of 16.
 */

/** Σ x·y. */
export function dot(n: i32, x: usize, y: usize): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0), c = f64x2.splat(0), d = f64x2.splat(0)
  const end = x + ((<usize>n) << 3)
  for (const stop = x + ((<usize>(n & ~7)) << 3); x < stop; x += 64, y += 64) {
    a = f64x2.add(a, f64x2.mul(v128.load(x), v128.load(y)))
    b = f64x2.add(b, f64x2.mul(v128.load(x, 16), v128.load(y, 16)))
    c = f64x2.add(c, f64x2.mul(v128.load(x, 32), v128.load(y, 32)))
    d = f64x2.add(d, f64x2.mul(v128.load(x, 48), v128.load(y, 48)))
  }
  a = f64x2.add(f64x2.add(a, c), f64x2.add(b, d))
  let sum = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1)
  for (; x < end; x += 8, y += 8) sum += load<f64>(x) * load<f64>(y)
  return sum
}

/** y ← y + s·x. */
export function axpy(n: i32, s: f64, x: usize, y: usize): void {
  const v = f64x2.splat(s)
  const end = y + ((<usize>n) << 3)
  for (const stop = y + ((<usize>(n & ~3)) << 3); y < stop; x += 32, y += 32) {
    v128.store(y, f64x2.add(v128.load(y), f64x2.mul(v, v128.load(x))))
    v128.store(y, f64x2.add(v128.load(y, 16), f64x2.mul(v, v128.load(x, 16))), 16)
  }
  for (; y < end; x += 8, y += 8) store<f64>(y, load<f64>(y) + s * load<f64>(x))
}

/** y ← s·x; x and y may be the same. */
export function scale(n: i32, s: f64, x: usize, y: usize): void {
  const v = f64x2.splat(s)
  const end = y + ((<usize>n) << 3)
  for (const stop = y + ((<usize>(n & ~3)) << 3); y < stop; x += 32, y += 32) {
    v128.store(y, f64x2.mul(v, v128.load(x)))
    v128.store(y, f64x2.mul(v, v128.load(x, 16)), 16)
  }
  for (; y < end; x += 8, y += 8) store<f64>(y, s * load<f64>(x))
}

/** √Σx². */
export function norm(n: i32, x: usize): f64 {
  return Math.sqrt(dot(n, x, x))
}

/**
 * Subtracts from w its components along `count` vectors of a basis, `stride` bytes apart, one after the other (modified Gram–Schmidt).
 * coefficients out: count doubles, added to what is there, so that a second pass sums up.
 */
export function project(count: i32, n: i32, basis: usize, stride: usize, w: usize, coefficients: usize): void {
  for (let i = 0; i < count; i++, basis += stride, coefficients += 8) {
    const c = dot(n, basis, w)
    axpy(n, -c, basis, w)
    store<f64>(coefficients, load<f64>(coefficients) + c)
  }
}
