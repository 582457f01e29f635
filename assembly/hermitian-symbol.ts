/**
 * G(θ) = F(θ)ᴴF(θ) from its taps: G(θ)ᵢⱼ = (G₀)ᵢⱼ + Σ_{q>0} cos(q·θ)·(G_q + G_qᵀ)ᵢⱼ + i·sin(q·θ)·(G_q − G_qᵀ)ᵢⱼ.
 *
 * Blocks of 2×2 entries outside, frequencies inside: a block's taps stay in the first-level cache however large the layer is.
 */
import { blocks1, blocks2 } from './generated/hermitian-symbol'

/**
 * Reorders the taps of G so that evaluation reads one stream: the blocks of the lower triangle by columns, each 00 10 01 11, zero where
 * the matrix has ended; for each block G₀, then the sums of every tap, then the differences.
 *
 *   g       in   (1 + taps) × (N × N), q = 0 first, N = 4⌈n/4⌉, with zeros beyond n
 *   planes  out  b(b+1)/2 × 4·(1 + 2·taps) doubles, b = ⌈n/2⌉
 */
export function halfPlanes(n: i32, taps: i32, g: usize, planes: usize): void {
  const pitch = (<usize>((n + 3) & ~3)) << 3
  const plane = pitch * (pitch >> 3)
  const row = (<usize>taps) << 5
  for (let j = 0; j < n; j += 2) {
    for (let i = j; i < n; i += 2, planes += 32 + 2 * row) {
      for (let e = 0; e < 4; e++) {
        let x = g + <usize>(j + (e >> 1)) * pitch + ((<usize>(i + (e & 1))) << 3)
        let y = g + <usize>(i + (e & 1)) * pitch + ((<usize>(j + (e >> 1))) << 3)
        let to = planes + ((<usize>e) << 3)
        store<f64>(to, load<f64>(x))
        for (let t = 0; t < taps; t++) {
          x += plane
          y += plane
          to += 32
          store<f64>(to, load<f64>(x) + load<f64>(y))
          store<f64>(to + row, load<f64>(x) - load<f64>(y))
        }
      }
    }
  }
}

/**
 * G(θ) at a list of frequencies, two at a time in lanes; lower triangle only, the rest is left as it was.
 *
 *   planes  in   as `halfPlanes` wrote them
 *   phase   in   pairs × taps × [cos cos'][sin sin']
 *   g       out  pairs × (n × n), [re re'][im im']
 */
export function hermitianSymbol(pairs: i32, n: i32, taps: i32, planes: usize, phase: usize, g: usize): void {
  const ld = (<usize>n) << 5
  const size = <usize>(1 + 2 * taps) << 5
  for (let j = 0; j < n; j += 2, g += 2 * (ld + 32)) {
    const inner = (n - j - 2) >> 1
    // What has no place is written where something else comes later: 01 under 11 on the diagonal, a row beyond the last under 00.
    if (j + 1 == n) strip(1, pairs, n, taps, planes, phase, g, 0, 0, 0)
    else strip(1, pairs, n, taps, planes, phase, g, 32, ld + 32, ld + 32)
    planes += size
    if (inner > 0) strip(inner, pairs, n, taps, planes, phase, g + 64, 32, ld, ld + 32)
    planes += <usize>max(0, inner) * size
    if (n & 1 && j + 1 < n) {
      strip(1, pairs, n, taps, planes, phase, g + ((<usize>(n - 1 - j)) << 5), 0, ld, 0)
      planes += size
    }
  }
}

/** `count` blocks whose entries 10, 01 and 11 go to these offsets, for all frequencies: two pairs at a time, an odd one alone. */
function strip(count: i32, pairs: i32, n: i32, taps: i32, planes: usize, phase: usize, g: usize, o10: usize, o01: usize, o11: usize): void {
  const matrix = (<usize>n * <usize>n) << 5
  const row = (<usize>taps) << 5
  const even = pairs & ~1
  if (even > 0) blocks2(count, even, planes, phase, row, g, matrix, o10, o01, o11)
  if (even < pairs) blocks1(count, 1, planes, phase + <usize>even * row, row, g + <usize>even * matrix, matrix, o10, o01, o11)
}
