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
import { radix2, radix3, radix4 } from './radix-2-3-4'
import { radix5, radix7 } from './radix-5-7'

/** Elements of a block that stays in the second-level cache with its copy. */
export const BLOCK: i32 = 4096

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

/** One transform by passes, between x and y; returns where the result is. */
export function transform(n: i32, s: i32, passes: i32, radices: usize, w: usize, x: usize, y: usize): usize {
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
