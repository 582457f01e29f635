/**
 * Contractions of a real tap tensor A (taps × plane of m×n doubles, column-major) with complex vectors, the steps of the higher-order power
 * method (METHODS §5). Two passes over A serve all modes: T = Σ_q w_q A_q with w the product of the spatial vectors gives the matrix modes,
 * S_q = uᵀ A_q v gives the spatial ones. A plane is one flat vector here: the order of its entries matters only to `outer`, `left`, `right`.
 *
 * Complex vectors and matrices are planar: all real parts, then all imaginary parts, each part padded to a multiple of eight doubles
 * (`padded(size)` below). The padding of vectors must be zeros; A, T and W are followed by eight doubles of zeros.
 */

@inline
function padded(size: i32): usize {
  return <usize>((size + 7) & ~7) << 3
}

/** T = Σ_q w_q A_q.   w in taps × (re, im)   t out planar, size. */
export function fold(taps: i32, size: i32, a: usize, w: usize, t: usize): void {
  const plane = (<usize>size) << 3
  const part = padded(size)
  const stop = w + ((<usize>taps) << 4)
  for (const end = t + part; t < end; t += 64, a += 64) {
    let r0 = f64x2.splat(0), r1 = f64x2.splat(0), r2 = f64x2.splat(0), r3 = f64x2.splat(0)
    let i0 = f64x2.splat(0), i1 = f64x2.splat(0), i2 = f64x2.splat(0), i3 = f64x2.splat(0)
    let from = a
    for (let q = w; q < stop; q += 16, from += plane) {
      const re = v128.load64_splat(q)
      const im = v128.load64_splat(q, 8)
      let x = v128.load(from)
      r0 = f64x2.add(r0, f64x2.mul(x, re))
      i0 = f64x2.add(i0, f64x2.mul(x, im))
      x = v128.load(from, 16)
      r1 = f64x2.add(r1, f64x2.mul(x, re))
      i1 = f64x2.add(i1, f64x2.mul(x, im))
      x = v128.load(from, 32)
      r2 = f64x2.add(r2, f64x2.mul(x, re))
      i2 = f64x2.add(i2, f64x2.mul(x, im))
      x = v128.load(from, 48)
      r3 = f64x2.add(r3, f64x2.mul(x, re))
      i3 = f64x2.add(i3, f64x2.mul(x, im))
    }
    store4(t, r0, r1, r2, r3)
    store4(t + part, i0, i1, i2, i3)
  }
}

@inline
function store4(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(at, a)
  v128.store(at, b, 16)
  v128.store(at, c, 32)
  v128.store(at, d, 48)
}

/**
 * S_q = Σ over a plane of A_q·W (no conjugate), three taps at a time: six accumulators and five loads are what registers hold.
 *
 *   w  in  planar, size      s  out  taps × (re, im)
 */
export function forms(taps: i32, size: i32, a: usize, w: usize, s: usize): void {
  const plane = (<usize>size) << 3
  const part = padded(size)
  const stop = w + part
  for (let left = taps; left > 0; left -= 3, a += 3 * plane, s += 48) {
    let r0 = f64x2.splat(0), r1 = f64x2.splat(0), r2 = f64x2.splat(0)
    let i0 = f64x2.splat(0), i1 = f64x2.splat(0), i2 = f64x2.splat(0)
    let a0 = a
    let a1 = left > 1 ? a0 + plane : a0
    let a2 = left > 2 ? a1 + plane : a1
    for (let e = w; e < stop; e += 16, a0 += 16, a1 += 16, a2 += 16) {
      const re = v128.load(e)
      const im = v128.load(e + part)
      let x = v128.load(a0)
      r0 = f64x2.add(r0, f64x2.mul(x, re))
      i0 = f64x2.add(i0, f64x2.mul(x, im))
      x = v128.load(a1)
      r1 = f64x2.add(r1, f64x2.mul(x, re))
      i1 = f64x2.add(i1, f64x2.mul(x, im))
      x = v128.load(a2)
      r2 = f64x2.add(r2, f64x2.mul(x, re))
      i2 = f64x2.add(i2, f64x2.mul(x, im))
    }
    storeSums(s, r0, i0)
    if (left > 1) storeSums(s + 16, r1, i1)
    if (left > 2) storeSums(s + 32, r2, i2)
  }
}

@inline
function storeSums(at: usize, re: v128, im: v128): void {
  v128.store(at, f64x2.add(i64x2.shuffle(re, im, 0, 2), i64x2.shuffle(re, im, 1, 3)))
}

/** W = u vᵀ, planar with its padding.   u in planar, m   v in planar, n. */
export function outer(m: i32, n: i32, u: usize, v: usize, w: usize): void {
  const part = padded(m * n)
  const row = (<usize>m) << 3
  const vi = padded(n)
  const ui = u + padded(m)
  let at = w
  for (const stop = v + ((<usize>n) << 3); v < stop; v += 8, at += row) {
    const x = v128.load64_splat(v)
    const y = v128.load64_splat(v + vi)
    for (let i: usize = 0; i < row; i += 16) {
      const a = v128.load(u + i)
      const b = v128.load(ui + i)
      const re = f64x2.sub(f64x2.mul(a, x), f64x2.mul(b, y))
      const im = f64x2.add(f64x2.mul(a, y), f64x2.mul(b, x))
      if (row - i > 8) {
        v128.store(at + i, re)
        v128.store(at + i + part, im)
      } else {
        v128.store64_lane(at + i, re, 0)
        v128.store64_lane(at + i + part, im, 0)
      }
    }
  }
  zero(at, w + part, part)
}

/** Clears the padding of both parts. */
function zero(from: usize, end: usize, part: usize): void {
  memory.fill(from, 0, end - from)
  memory.fill(from + part, 0, end - from)
}

/** out = T v (m numbers), T m×n planar column-major. */
export function left(m: i32, n: i32, t: usize, v: usize, out: usize): void {
  const part = padded(m * n)
  const to = padded(m)
  const row = (<usize>m) << 3
  const vi = padded(n)
  const stop = v + ((<usize>n) << 3)
  for (let i: usize = 0; i < row; i += 16) {
    let re = f64x2.splat(0), im = f64x2.splat(0)
    let at = t + i
    for (let j = v; j < stop; j += 8, at += row) {
      const x = v128.load64_splat(j)
      const y = v128.load64_splat(j + vi)
      const a = v128.load(at)
      const b = v128.load(at + part)
      re = f64x2.add(re, f64x2.sub(f64x2.mul(a, x), f64x2.mul(b, y)))
      im = f64x2.add(im, f64x2.add(f64x2.mul(a, y), f64x2.mul(b, x)))
    }
    v128.store(out + i, re)
    v128.store(out + i + to, im)
  }
  zero(out + row, out + to, to)
}

/** out = Tᵀ u (n numbers, no conjugate). */
export function right(m: i32, n: i32, t: usize, u: usize, out: usize): void {
  const part = padded(m * n)
  const to = padded(n)
  const row = (<usize>m) << 3
  const ui = u + padded(m)
  const whole = out + to
  for (const end = out + ((<usize>n) << 3); out < end; out += 8, t += row) {
    let re = f64x2.splat(0), im = f64x2.splat(0)
    for (let i: usize = 0; i < row; i += 16) {
      const x = v128.load(u + i)
      const y = v128.load(ui + i)
      const a = v128.load(t + i)
      const b = v128.load(t + i + part)
      re = f64x2.add(re, f64x2.sub(f64x2.mul(a, x), f64x2.mul(b, y)))
      im = f64x2.add(im, f64x2.add(f64x2.mul(a, y), f64x2.mul(b, x)))
    }
    store<f64>(out, f64x2.extract_lane(re, 0) + f64x2.extract_lane(re, 1))
    store<f64>(out + to, f64x2.extract_lane(im, 0) + f64x2.extract_lane(im, 1))
  }
  zero(out, whole, to)
}
