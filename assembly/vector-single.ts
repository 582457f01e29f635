/**
 * Real vectors in single precision, four numbers to a v128, and their inner products in double precision: a sum of a hundred thousand
 * terms would lose two digits more than a product does. One fixed order, as in vector.ts. Lengths are in numbers; addresses are multiples
 * of 16, and what lies between the end and the next multiple of four may be read and written: vectors are padded with zeros.
 */

/** Σ x·y in double precision. */
export function dotSingle(n: i32, x: usize, y: usize): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0)
  for (const end = x + ((<usize>n) << 2); x < end; x += 16, y += 16) {
    const p = v128.load(x)
    const q = v128.load(y)
    a = f64x2.add(a, f64x2.mul(low(p), low(q)))
    b = f64x2.add(b, f64x2.mul(high(p), high(q)))
  }
  a = f64x2.add(a, b)
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1)
}

@inline
function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x)
}

@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3))
}

/** y ← x, rounded from double precision. */
export function demote(n: i32, x: usize, y: usize): void {
  for (const end = y + ((<usize>n) << 2); y < end; x += 32, y += 16) {
    const p = f32x4.demote_f64x2_zero(v128.load(x))
    const q = f32x4.demote_f64x2_zero(v128.load(x, 16))
    v128.store(y, v128.shuffle<f32>(p, q, 0, 1, 4, 5))
  }
}

/** y ← y + s·x. */
export function axpySingle(n: i32, s: f64, x: usize, y: usize): void {
  const v = f32x4.splat(<f32>s)
  for (const end = y + ((<usize>n) << 2); y < end; x += 16, y += 16) {
    v128.store(y, f32x4.add(v128.load(y), f32x4.mul(v, v128.load(x))))
  }
}

/** y ← s·x; x and y may be the same. */
export function scaleSingle(n: i32, s: f64, x: usize, y: usize): void {
  const v = f32x4.splat(<f32>s)
  for (const end = y + ((<usize>n) << 2); y < end; x += 16, y += 16) v128.store(y, f32x4.mul(v, v128.load(x)))
}

/**
 * Subtracts from w its components along `count` vectors of a basis, `stride` bytes apart: all components first, two at a time so that w is
 * read half as often.
 *
 *   w  in/out  with room for a multiple of sixteen numbers      c  out  count doubles: the components
 */
export function projectSingle(count: i32, n: i32, basis: usize, stride: usize, w: usize, c: usize): void {
  let q = basis
  let i = 0
  for (; i + 2 <= count; i += 2, q += 2 * stride) pair(n, q, q + stride, w, c + ((<usize>i) << 3))
  if (i < count) store<f64>(c + ((<usize>i) << 3), dotSingle(n, q, w))
  addSum(-1, count, n, basis, stride, c, w)
}

@inline
function pair(n: i32, q0: usize, q1: usize, w: usize, c: usize): void {
  let a0 = f64x2.splat(0), a1 = f64x2.splat(0), b0 = f64x2.splat(0), b1 = f64x2.splat(0)
  for (const end = w + ((<usize>n) << 2); w < end; w += 16, q0 += 16, q1 += 16) {
    const x = v128.load(w)
    const y0 = v128.load(q0)
    const y1 = v128.load(q1)
    a0 = f64x2.add(a0, f64x2.mul(low(x), low(y0)))
    b0 = f64x2.add(b0, f64x2.mul(high(x), high(y0)))
    a1 = f64x2.add(a1, f64x2.mul(low(x), low(y1)))
    b1 = f64x2.add(b1, f64x2.mul(high(x), high(y1)))
  }
  a0 = f64x2.add(a0, b0)
  a1 = f64x2.add(a1, b1)
  store<f64>(c, f64x2.extract_lane(a0, 0) + f64x2.extract_lane(a0, 1))
  store<f64>(c, f64x2.extract_lane(a1, 0) + f64x2.extract_lane(a1, 1), 8)
}

/** w ← w + sign·Σ c_i·basis_i, sixteen numbers of w at a time. */
function addSum(sign: f64, count: i32, n: i32, basis: usize, stride: usize, c: usize, w: usize): void {
  const stop = c + ((<usize>count) << 3)
  for (const end = w + ((<usize>n) << 2); w < end; w += 64, basis += 64) {
    let x0 = v128.load(w), x1 = v128.load(w, 16), x2 = v128.load(w, 32), x3 = v128.load(w, 48)
    let q = basis
    for (let t = c; t < stop; t += 8, q += stride) {
      const s = f32x4.splat(<f32>(sign * load<f64>(t)))
      x0 = f32x4.add(x0, f32x4.mul(s, v128.load(q)))
      x1 = f32x4.add(x1, f32x4.mul(s, v128.load(q, 16)))
      x2 = f32x4.add(x2, f32x4.mul(s, v128.load(q, 32)))
      x3 = f32x4.add(x3, f32x4.mul(s, v128.load(q, 48)))
    }
    v128.store(w, x0)
    v128.store(w, x1, 16)
    v128.store(w, x2, 32)
    v128.store(w, x3, 48)
  }
}

/**
 * New vectors from old ones in place: basis_j ← Σ_i basis_i·q[i, j] for j < kept ≤ count, sixteen numbers of all vectors at a time.
 *
 *   basis  in/out  vectors `stride` bytes apart, with room for a multiple of sixteen numbers
 *   q      in      count × kept doubles, column-major      w  scratch, kept × 64 bytes
 */
export function combineSingle(count: i32, kept: i32, n: i32, basis: usize, stride: usize, q: usize, w: usize): void {
  const column = (<usize>count) << 3
  for (const end = basis + ((<usize>n) << 2); basis < end; basis += 64) {
    memory.fill(w, 0, (<usize>kept) << 6)
    for (let j: usize = 0; j < <usize>kept; j++) addSum(1, count, 16, basis, stride, q + j * column, w + (j << 6))
    let v = basis
    for (let j: usize = 0; j < <usize>kept; j++, v += stride) memory.copy(v, w + (j << 6), 64)
  }
}
