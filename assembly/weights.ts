/** Sizes of a layer's weights, in one pass over them. */

/** How many of n numbers are at most `small` and not zero. */
export function countSmall(n: i32, small: f64, x: usize): i32 {
  const most = f64x2.splat(small)
  const zero = f64x2.splat(0)
  let counts = i64x2.splat(0)
  const end = x + ((<usize>n) << 3)
  for (const stop = end - 8; x < stop; x += 16) {
    const size = f64x2.abs(v128.load(x))
    // true is −1
    counts = i64x2.sub(counts, v128.and(f64x2.le(size, most), f64x2.ne(size, zero)))
  }
  let count = <i32>(i64x2.extract_lane(counts, 0) + i64x2.extract_lane(counts, 1))
  if (x < end) {
    const size = Math.abs(load<f64>(x))
    if (size <= small && size != 0) count++
  }
  return count
}

/**
 * ‖Σ_t|A_t|‖_F². A line of eight entries is taken from tap after tap: taps are often a power of two apart, where a cache holds few of them.
 *
 *   a  in  taps × plane
 */
export function absoluteSquares(taps: i32, plane: i32, a: usize): f64 {
  const apart = (<usize>plane) << 3
  let even = f64x2.splat(0), odd = f64x2.splat(0)
  const end = a + apart
  for (const stop = a + ((<usize>(plane & ~7)) << 3); a < stop; a += 64) {
    let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0)
    for (let t = 0, at = a; t < taps; t++, at += apart) {
      s0 = f64x2.add(s0, f64x2.abs(v128.load(at)))
      s1 = f64x2.add(s1, f64x2.abs(v128.load(at, 16)))
      s2 = f64x2.add(s2, f64x2.abs(v128.load(at, 32)))
      s3 = f64x2.add(s3, f64x2.abs(v128.load(at, 48)))
    }
    even = f64x2.add(even, f64x2.add(f64x2.mul(s0, s0), f64x2.mul(s1, s1)))
    odd = f64x2.add(odd, f64x2.add(f64x2.mul(s2, s2), f64x2.mul(s3, s3)))
  }
  even = f64x2.add(even, odd)
  let squares = f64x2.extract_lane(even, 0) + f64x2.extract_lane(even, 1)
  for (; a < end; a += 8) {
    let sum: f64 = 0
    for (let t = 0, at = a; t < taps; t++, at += apart) sum += Math.abs(load<f64>(at))
    squares += sum * sum
  }
  return squares
}
