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
 * Subtracts from w its components along `count` vectors of a basis, `stride` bytes apart: four at a time, one group after the other
 * (block Gram–Schmidt), so that w is read and written a quarter as often. A second call makes it orthogonal to rounding.
 *
 *   c  out  count doubles: the components
 */
export function project(count: i32, n: i32, basis: usize, stride: usize, w: usize, c: usize): void {
  let i = 0
  for (; i + 4 <= count; i += 4, basis += 4 * stride, c += 32) {
    dots(n, basis, stride, w, c)
    subtract(n, basis, stride, w, c)
  }
  for (; i < count; i++, basis += stride, c += 8) {
    const x = dot(n, basis, w)
    axpy(n, -x, basis, w)
    store<f64>(c, x)
  }
}

/** Four dot products with w. */
function dots(n: i32, q0: usize, stride: usize, w: usize, c: usize): void {
  let a0 = f64x2.splat(0), a1 = f64x2.splat(0), a2 = f64x2.splat(0), a3 = f64x2.splat(0)
  let q1 = q0 + stride
  let q2 = q1 + stride
  let q3 = q2 + stride
  for (const stop = w + ((<usize>(n & ~1)) << 3); w < stop; w += 16, q0 += 16, q1 += 16, q2 += 16, q3 += 16) {
    const x = v128.load(w)
    a0 = f64x2.add(a0, f64x2.mul(x, v128.load(q0)))
    a1 = f64x2.add(a1, f64x2.mul(x, v128.load(q1)))
    a2 = f64x2.add(a2, f64x2.mul(x, v128.load(q2)))
    a3 = f64x2.add(a3, f64x2.mul(x, v128.load(q3)))
  }
  const x: f64 = n & 1 ? load<f64>(w) : 0
  store<f64>(c, total(a0) + x * load<f64>(q0))
  store<f64>(c, total(a1) + x * load<f64>(q1), 8)
  store<f64>(c, total(a2) + x * load<f64>(q2), 16)
  store<f64>(c, total(a3) + x * load<f64>(q3), 24)
}

@inline
function total(a: v128): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1)
}

/** w ← w − c₀q₀ − … − c₃q₃; nothing beyond the end of w is written. */
function subtract(n: i32, q0: usize, stride: usize, w: usize, c: usize): void {
  const c0 = v128.load64_splat(c)
  const c1 = v128.load64_splat(c, 8)
  const c2 = v128.load64_splat(c, 16)
  const c3 = v128.load64_splat(c, 24)
  let q1 = q0 + stride
  let q2 = q1 + stride
  let q3 = q2 + stride
  for (const stop = w + ((<usize>n) << 3); w < stop; w += 16, q0 += 16, q1 += 16, q2 += 16, q3 += 16) {
    let x = v128.load(w)
    x = f64x2.sub(x, f64x2.mul(c0, v128.load(q0)))
    x = f64x2.sub(x, f64x2.mul(c1, v128.load(q1)))
    x = f64x2.sub(x, f64x2.mul(c2, v128.load(q2)))
    x = f64x2.sub(x, f64x2.mul(c3, v128.load(q3)))
    if (stop - w > 8) v128.store(w, x)
    else v128.store64_lane(w, x, 0)
  }
}

/**
 * New vectors from old ones in place: basis_j ← Σ_i basis_i·q[i, j] for j < kept ≤ count, eight numbers of all vectors at a time.
 *
 *   basis  in/out  vectors `stride` bytes apart, n rounded up to a multiple of eight doubles
 *   q      in      count × kept doubles, column-major      w  scratch, kept × 64 bytes
 */
export function combine(count: i32, kept: i32, n: i32, basis: usize, stride: usize, q: usize, w: usize): void {
  for (const end = basis + ((<usize>n) << 3); basis < end; basis += 64) {
    let t = q
    let out = w
    for (let j = 0; j < kept; j++, out += 64) {
      let a = f64x2.splat(0), b = f64x2.splat(0), c = f64x2.splat(0), d = f64x2.splat(0)
      let v = basis
      for (const stop = t + ((<usize>count) << 3); t < stop; t += 8, v += stride) {
        const s = v128.load64_splat(t)
        a = f64x2.add(a, f64x2.mul(s, v128.load(v)))
        b = f64x2.add(b, f64x2.mul(s, v128.load(v, 16)))
        c = f64x2.add(c, f64x2.mul(s, v128.load(v, 32)))
        d = f64x2.add(d, f64x2.mul(s, v128.load(v, 48)))
      }
      v128.store(out, a)
      v128.store(out, b, 16)
      v128.store(out, c, 32)
      v128.store(out, d, 48)
    }
    let v = basis
    for (let from = w; from < out; from += 64, v += stride) memory.copy(v, from, 64)
  }
}
