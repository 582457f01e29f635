/**
 * Discrete Fourier transforms of mixed radix 2, 3, 4, 5, 7 (Stockham: no bit reversal), and of any length by Bluestein's convolution.
 *
 *     X[k] = Σ_j x[j] e^{−2πi jk/n}
 *
 * An element is [re re'][im im'], two signals of a batch, one in each lane. A transform of length n runs over an axis whose elements are
 * `s` apart, all s columns at once, so the innermost loop is contiguous; more axes are more calls. The inverse (unnormalised) is the same
 * with real and imaginary parts exchanged on the way in and out.
 *
 * A pass of radix r takes n = r·m: for p < m and column q, y[q + s(rp + k)] = w^{pk} Σ_j x[q + s(p + jm)] e^{−2πi jk/r}, w = e^{−2πi/n};
 * then n ← m, s ← rs. Twiddles of a pass: m × (r − 1) × (cos, sin) of w^{pk}. The last pass (m = 1) has none to apply.
 */
import { add, mul, sub } from './inline/lanes'

/** Elements of a block that stays in the second-level cache with its copy. */
const BLOCK: i32 = 4096

/**
 * `outer` transforms, each of `s` columns; returns where the result is, x or y. Both are overwritten.
 *
 *   radices  in  passes × i32, their product n        twiddles  in  as above, pass after pass
 *   w        scratch, max(n, 4096) × 64 bytes
 */
export function fft(outer: i32, n: i32, s: i32, passes: i32, radices: usize, twiddles: usize, x: usize, y: usize, w: usize): usize {
  const bytes = (<usize>n * s) << 5
  if (n * s > BLOCK && s > 1) {
    // Columns in blocks, copied out and back: a pass over the whole array would come from the third-level cache each time.
    const columns = max(1, BLOCK / n)
    for (let o = 0; o < outer; o++, x += bytes, y += bytes) {
      for (let c = 0; c < s; c += columns) {
        const width = min(columns, s - c)
        const from = x + ((<usize>c) << 5)
        copyRows(n, width, from, s, w, width)
        const done = transform(n, width, passes, radices, twiddles, w, w + ((<usize>n * width) << 5))
        copyRows(n, width, done, width, from, s)
      }
    }
    return x - bytes * outer
  }
  for (let o = 0; o < outer; o++) transform(n, s, passes, radices, twiddles, x + bytes * o, y + bytes * o)
  return passes & 1 ? y : x
}

function copyRows(rows: i32, width: i32, from: usize, fromStep: i32, to: usize, toStep: i32): void {
  for (let i = 0; i < rows; i++, from += (<usize>fromStep) << 5, to += (<usize>toStep) << 5) memory.copy(to, from, (<usize>width) << 5)
}

function transform(n: i32, s: i32, passes: i32, radices: usize, w: usize, x: usize, y: usize): usize {
  for (const end = radices + ((<usize>passes) << 2); radices < end; radices += 4) {
    const r = load<i32>(radices)
    const m = n / r
    const last = m == 1
    if (r == 4) last ? radix4(m, s, x, y, w, false) : radix4(m, s, x, y, w, true)
    else if (r == 2) last ? radix2(m, s, x, y, w, false) : radix2(m, s, x, y, w, true)
    else if (r == 3) radix3(m, s, x, y, w)
    else if (r == 5) radix5(m, s, x, y, w)
    else last ? radix7(m, s, x, y, w, false) : radix7(m, s, x, y, w, true)
    w += (<usize>(m * (r - 1))) << 4
    n = m
    s *= r
    const swap = x
    x = y
    y = swap
  }
  return x
}

/** Stores a value, times the twiddle at w where there is one to apply. */
@inline
function emit(at: usize, re: v128, im: v128, w: usize, twiddled: bool): void {
  if (twiddled) {
    const c = v128.load64_splat(w)
    const t = v128.load64_splat(w, 8)
    v128.store(at, sub(mul(re, c), mul(im, t)))
    v128.store(at, add(mul(re, t), mul(im, c)), 16)
  } else {
    v128.store(at, re)
    v128.store(at, im, 16)
  }
}

@inline
function radix2(m: i32, s: i32, x: usize, y: usize, w: usize, twiddled: bool): void {
  const row = (<usize>s) << 5
  const half = row * m
  for (let p = 0; p < m; p++, y += row, w += 16) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const a = v128.load(x), ai = v128.load(x, 16)
      const b = v128.load(x + half), bi = v128.load(x + half, 16)
      emit(y, add(a, b), add(ai, bi), w, false)
      emit(y + row, sub(a, b), sub(ai, bi), w, twiddled)
    }
  }
}

@inline
function radix4(m: i32, s: i32, x: usize, y: usize, w: usize, twiddled: bool): void {
  const row = (<usize>s) << 5
  const step = row * m
  for (let p = 0; p < m; p++, y += 3 * row, w += 48) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const x1 = x + step
      const x2 = x1 + step
      const x3 = x2 + step
      const a = v128.load(x), ai = v128.load(x, 16), c = v128.load(x2), ci = v128.load(x2, 16)
      const b = v128.load(x1), bi = v128.load(x1, 16), d = v128.load(x3), di = v128.load(x3, 16)
      const ac = add(a, c), aci = add(ai, ci), bd = add(b, d), bdi = add(bi, di)
      const a_c = sub(a, c), a_ci = sub(ai, ci), b_d = sub(b, d), b_di = sub(bi, di)
      let to = y
      emit(to, add(ac, bd), add(aci, bdi), w, false)
      to += row
      emit(to, add(a_c, b_di), sub(a_ci, b_d), w, twiddled)
      to += row
      emit(to, sub(ac, bd), sub(aci, bdi), w + 16, twiddled)
      to += row
      emit(to, sub(a_c, b_di), add(a_ci, b_d), w + 32, twiddled)
    }
  }
}

const SIN3: f64 = 0.8660254037844386

function radix3(m: i32, s: i32, x: usize, y: usize, w: usize): void {
  const row = (<usize>s) << 5
  const step = row * m
  const half = f64x2.splat(0.5)
  const sine = f64x2.splat(SIN3)
  for (let p = 0; p < m; p++, y += 2 * row, w += 32) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const x1 = x + step
      const x2 = x1 + step
      const a = v128.load(x), ai = v128.load(x, 16)
      const b = v128.load(x1), bi = v128.load(x1, 16), c = v128.load(x2), ci = v128.load(x2, 16)
      const t = add(b, c), ti = add(bi, ci)
      const u = mul(sine, sub(b, c)), ui = mul(sine, sub(bi, ci))
      const v = sub(a, mul(half, t)), vi = sub(ai, mul(half, ti))
      emit(y, add(a, t), add(ai, ti), w, false)
      emit(y + row, add(v, ui), sub(vi, u), w, true)
      emit(y + 2 * row, sub(v, ui), add(vi, u), w + 16, true)
    }
  }
}

/** cos and sin of 2π/5 and 4π/5. */
const C51: f64 = 0.30901699437494745
const C52: f64 = -0.8090169943749475
const S51: f64 = 0.9510565162951535
const S52: f64 = 0.5877852522924731

function radix5(m: i32, s: i32, x: usize, y: usize, w: usize): void {
  const row = (<usize>s) << 5
  const step = row * m
  const c1 = f64x2.splat(C51), c2 = f64x2.splat(C52), s1 = f64x2.splat(S51), s2 = f64x2.splat(S52)
  for (let p = 0; p < m; p++, y += 4 * row, w += 64) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const x1 = x + step
      const x2 = x1 + step
      const x3 = x2 + step
      const x4 = x3 + step
      const a = v128.load(x), ai = v128.load(x, 16)
      const t1 = add(v128.load(x1), v128.load(x4)), t1i = add(v128.load(x1, 16), v128.load(x4, 16))
      const u1 = sub(v128.load(x1), v128.load(x4)), u1i = sub(v128.load(x1, 16), v128.load(x4, 16))
      const t2 = add(v128.load(x2), v128.load(x3)), t2i = add(v128.load(x2, 16), v128.load(x3, 16))
      const u2 = sub(v128.load(x2), v128.load(x3)), u2i = sub(v128.load(x2, 16), v128.load(x3, 16))
      emit(y, add(a, add(t1, t2)), add(ai, add(t1i, t2i)), w, false)
      let v = add(a, add(mul(c1, t1), mul(c2, t2))), vi = add(ai, add(mul(c1, t1i), mul(c2, t2i)))
      let z = add(mul(s1, u1), mul(s2, u2)), zi = add(mul(s1, u1i), mul(s2, u2i))
      emit(y + row, add(v, zi), sub(vi, z), w, true)
      emit(y + 4 * row, sub(v, zi), add(vi, z), w + 48, true)
      v = add(a, add(mul(c2, t1), mul(c1, t2)))
      vi = add(ai, add(mul(c2, t1i), mul(c1, t2i)))
      z = sub(mul(s2, u1), mul(s1, u2))
      zi = sub(mul(s2, u1i), mul(s1, u2i))
      emit(y + 2 * row, add(v, zi), sub(vi, z), w + 16, true)
      emit(y + 3 * row, sub(v, zi), add(vi, z), w + 32, true)
    }
  }
}

/** cos and sin of 2π/7, 4π/7, 6π/7. */
const C71: f64 = 0.6234898018587336
const C72: f64 = -0.2225209339563144
const C73: f64 = -0.9009688679024191
const S71: f64 = 0.7818314824680298
const S72: f64 = 0.9749279121818236
const S73: f64 = 0.4338837391175581

@inline
function radix7(m: i32, s: i32, x: usize, y: usize, w: usize, twiddled: bool): void {
  const row = (<usize>s) << 5
  const step = row * m
  for (let p = 0; p < m; p++, y += 6 * row, w += 96) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const a = v128.load(x), ai = v128.load(x, 16)
      let j = x + step
      let k = x + 6 * step
      const t1 = add(v128.load(j), v128.load(k)), t1i = add(v128.load(j, 16), v128.load(k, 16))
      const u1 = sub(v128.load(j), v128.load(k)), u1i = sub(v128.load(j, 16), v128.load(k, 16))
      j += step
      k -= step
      const t2 = add(v128.load(j), v128.load(k)), t2i = add(v128.load(j, 16), v128.load(k, 16))
      const u2 = sub(v128.load(j), v128.load(k)), u2i = sub(v128.load(j, 16), v128.load(k, 16))
      j += step
      k -= step
      const t3 = add(v128.load(j), v128.load(k)), t3i = add(v128.load(j, 16), v128.load(k, 16))
      const u3 = sub(v128.load(j), v128.load(k)), u3i = sub(v128.load(j, 16), v128.load(k, 16))
      emit(y, add(add(a, t1), add(t2, t3)), add(add(ai, t1i), add(t2i, t3i)), w, false)
      let v = cosines(a, t1, t2, t3), vi = cosines(ai, t1i, t2i, t3i)
      let z = sines(u1, u2, u3), zi = sines(u1i, u2i, u3i)
      emit(y + row, add(v, zi), sub(vi, z), w, twiddled)
      emit(y + 6 * row, sub(v, zi), add(vi, z), w + 80, twiddled)
      // Doubling the angle permutes: 2·(1, 2, 3) = (2, −3, −1) and 3·(1, 2, 3) = (3, −1, 2) mod 7.
      v = cosines(a, t3, t1, t2)
      vi = cosines(ai, t3i, t1i, t2i)
      z = sub(sub(mul(f64x2.splat(S72), u1), mul(f64x2.splat(S73), u2)), mul(f64x2.splat(S71), u3))
      zi = sub(sub(mul(f64x2.splat(S72), u1i), mul(f64x2.splat(S73), u2i)), mul(f64x2.splat(S71), u3i))
      emit(y + 2 * row, add(v, zi), sub(vi, z), w + 16, twiddled)
      emit(y + 5 * row, sub(v, zi), add(vi, z), w + 64, twiddled)
      v = cosines(a, t2, t3, t1)
      vi = cosines(ai, t2i, t3i, t1i)
      z = add(sub(mul(f64x2.splat(S73), u1), mul(f64x2.splat(S71), u2)), mul(f64x2.splat(S72), u3))
      zi = add(sub(mul(f64x2.splat(S73), u1i), mul(f64x2.splat(S71), u2i)), mul(f64x2.splat(S72), u3i))
      emit(y + 3 * row, add(v, zi), sub(vi, z), w + 32, twiddled)
      emit(y + 4 * row, sub(v, zi), add(vi, z), w + 48, twiddled)
    }
  }
}

@inline
function cosines(a: v128, t1: v128, t2: v128, t3: v128): v128 {
  return add(add(a, mul(f64x2.splat(C71), t1)), add(mul(f64x2.splat(C72), t2), mul(f64x2.splat(C73), t3)))
}

@inline
function sines(u1: v128, u2: v128, u3: v128): v128 {
  return add(mul(f64x2.splat(S71), u1), add(mul(f64x2.splat(S72), u2), mul(f64x2.splat(S73), u3)))
}

/**
 * Any length n, as a circular convolution of a smooth length l ≥ 2n − 1: X[k] = c[k] Σ_j (x[j] c[j]) conj c[k − j], c[k] = e^{−πi k²/n}.
 *
 *   chirp     in  n × (cos, sin) of c        spectrum  in  l × (re, im): the transform of conj c, circular, over l
 *   x         in/out  outer × n × s          w         scratch, max(l, 4096) × 64 bytes
 */
export function bluestein(
  outer: i32, n: i32, s: i32, l: i32, passes: i32, radices: usize, twiddles: usize, chirp: usize, spectrum: usize, x: usize, w: usize,
): void {
  const columns = min(s, max(1, BLOCK / l))
  for (let o = 0; o < outer; o++, x += (<usize>n * s) << 5) {
    for (let c = 0; c < s; c += columns) {
      const width = min(columns, s - c)
      const block = x + ((<usize>c) << 5)
      const data = (<usize>n * width) << 5
      const whole = (<usize>l * width) << 5
      modulate(n, width, chirp, block, s, w, width, 0)
      memory.fill(w + data, 0, whole - data)
      const there = transform(l, width, passes, radices, twiddles, w, w + whole)
      modulate(l, width, spectrum, there, width, there, width, 16)
      const back = transform(l, width, passes, radices, twiddles, there, there == w ? w + whole : w)
      exchange(n * width, back)
      modulate(n, width, chirp, back, width, block, s, 0)
    }
  }
}

/** y[k] = t[k]·x[k], rows of x and y `xStep` and `yStep` elements apart; real parts are stored at `real` (16: exchanged with imaginary ones). */
function modulate(n: i32, width: i32, t: usize, x: usize, xStep: i32, y: usize, yStep: i32, real: usize): void {
  for (let k = 0; k < n; k++, t += 16, x += (<usize>xStep) << 5, y += (<usize>yStep) << 5) {
    const c = v128.load64_splat(t)
    const d = v128.load64_splat(t, 8)
    for (let e: usize = 0, end = (<usize>width) << 5; e < end; e += 32) {
      const re = v128.load(x + e)
      const im = v128.load(x + e, 16)
      v128.store(y + e + real, sub(mul(re, c), mul(im, d)))
      v128.store(y + e + (16 - real), add(mul(re, d), mul(im, c)))
    }
  }
}

/** Exchanges real and imaginary parts in place. */
function exchange(count: i32, x: usize): void {
  for (const end = x + ((<usize>count) << 5); x < end; x += 32) {
    const re = v128.load(x)
    v128.store(x, v128.load(x, 16))
    v128.store(x, re, 16)
  }
}

/** Two real arrays into one part of n elements, `step` elements apart: to[i] = [a[i] b[i]]. Reads 8 bytes beyond the end of odd arrays. */
export function interleave(n: i32, step: i32, a: usize, b: usize, to: usize): void {
  const stride = (<usize>step) << 5
  for (const end = a + ((<usize>n) << 3); a < end; a += 16, b += 16, to += 2 * stride) {
    const x = v128.load(a)
    const y = v128.load(b)
    v128.store(to, i64x2.shuffle(x, y, 0, 2))
    if (end - a > 8) v128.store(to + stride, i64x2.shuffle(x, y, 1, 3))
  }
}

/** One part of n elements back into two real arrays; a is written last, so that it wins where the two are one. */
export function deinterleave(n: i32, step: i32, from: usize, a: usize, b: usize): void {
  const stride = (<usize>step) << 5
  for (const end = a + ((<usize>n) << 3); a < end; a += 8, b += 8, from += stride) {
    const both = v128.load(from)
    v128.store64_lane(b, both, 1)
    v128.store64_lane(a, both, 0)
  }
}

/**
 * Four real signals from the transform of two complex ones z = a + ib: A[k] = (Z[k] + conj Z[−k])/2, B[k] = (Z[k] − conj Z[−k])/2i.
 *
 *   pairs   in   count × (i32, i32): k and −k, to be multiplied by `step` elements
 *   re, im  out  4 × count doubles each: a, a', b, b'; imaginary parts times `sign`
 */
export function separate(count: i32, step: i32, pairs: usize, z: usize, sign: f64, re: usize, im: usize): void {
  const half = f64x2.splat(0.5)
  const turned = f64x2.splat(0.5 * sign)
  const part = (<usize>count) << 3
  for (const end = re + part; re < end; re += 8, im += 8, pairs += 8) {
    const k = z + ((<usize>(load<i32>(pairs) * step)) << 5)
    const mirror = z + ((<usize>(load<i32>(pairs, 4) * step)) << 5)
    const x = v128.load(k), xi = v128.load(k, 16)
    const y = v128.load(mirror), yi = v128.load(mirror, 16)
    scatter(re, part, mul(half, add(x, y)), mul(half, add(xi, yi)))
    scatter(im, part, mul(turned, sub(xi, yi)), mul(turned, sub(y, x)))
  }
}

@inline
function scatter(to: usize, part: usize, a: v128, b: v128): void {
  v128.store64_lane(to, a, 0)
  v128.store64_lane(to + part, a, 1)
  v128.store64_lane(to + 2 * part, b, 0)
  v128.store64_lane(to + 3 * part, b, 1)
}
