/** Real signals: two beside each other in lanes, four in a pair of complex ones. */
import { add, mul, sub } from '../inline/lanes'

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
