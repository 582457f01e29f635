/**
 * Magnitudes that neither over- nor underflow. The caller finds the largest entry, brings it to [½, 1) by a power of two, exactly, and sums
 * squares of what is left: entries below 2⁻⁵³⁷ of the largest vanish from the sum, far below its rounding.
 */

/** max |x|, 0 for no entries. */
export function largest(n: i32, x: usize): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0)
  const end = x + ((<usize>n) << 3)
  for (const stop = x + ((<usize>(n & ~3)) << 3); x < stop; x += 32) {
    a = f64x2.max(a, f64x2.abs(v128.load(x)))
    b = f64x2.max(b, f64x2.abs(v128.load(x, 16)))
  }
  for (; x < end; x += 8) a = f64x2.max(a, f64x2.abs(v128.load64_splat(x)))
  a = f64x2.max(a, b)
  return max(f64x2.extract_lane(a, 0), f64x2.extract_lane(a, 1))
}

/** y ← (x·p)·q for powers of two p and q, whose product may be beyond the range of one double; x and y may be the same. */
export function rescale(n: i32, p: f64, q: f64, x: usize, y: usize): void {
  const first = f64x2.splat(p)
  const second = f64x2.splat(q)
  for (const end = x + ((<usize>n) << 3); x < end; x += 16, y += 16) {
    const scaled = f64x2.mul(f64x2.mul(v128.load(x), first), second)
    if (end - x > 8) v128.store(y, scaled)
    else v128.store64_lane(y, scaled, 0)
  }
}

/**
 * Σx², within 3·2⁻⁵³ of the truth relatively for |x| ≤ 1 and fewer than 2⁴⁸ entries: each square rounds once, and the rounding errors of the
 * sums are themselves summed (Knuth's TwoSum), one sum in each lane.
 */
export function sumOfSquares(n: i32, x: usize): f64 {
  let sum = f64x2.splat(0), rest = f64x2.splat(0)
  for (const end = x + ((<usize>n) << 3); x < end; x += 16) {
    const v = end - x > 8 ? v128.load(x) : v128.load64_zero(x)
    const square = f64x2.mul(v, v)
    const next = f64x2.add(sum, square)
    const part = f64x2.sub(next, sum)
    rest = f64x2.add(rest, f64x2.add(f64x2.sub(sum, f64x2.sub(next, part)), f64x2.sub(square, part)))
    sum = next
  }
  const total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
  const part = total - f64x2.extract_lane(sum, 0)
  const carry = f64x2.extract_lane(sum, 0) - (total - part) + (f64x2.extract_lane(sum, 1) - part)
  return total + (carry + (f64x2.extract_lane(rest, 0) + f64x2.extract_lane(rest, 1)))
}
