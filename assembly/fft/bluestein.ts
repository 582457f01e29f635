import { add, mul, sub } from '../inline/lanes'
import { BLOCK, transform } from './transform'

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
