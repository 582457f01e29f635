/**
 * The symbol on a rectangular grid. Along a row only the last axis changes, so the taps of the others are summed once a row
 * (`fold` in contract.ts) and what remains is a symbol of the last axis with complex taps; or all of the grid comes from a Fourier transform.
 */
import { add, mul, sub } from './inline/lanes'

/**
 * F(θ) = Σ_q T_q e^{iqθ} at pairs of frequencies of a row, T complex and planar: as `symbol`, two entries at a time.
 *
 *   t      in   taps × size doubles, real parts; imaginary parts `part` bytes on
 *   phase  in   pairs × taps × [cos cos'][sin sin']
 *   f      out  pairs × size × [re re'][im im']
 */
export function symbolRow(pairs: i32, taps: i32, size: i32, t: usize, part: usize, phase: usize, f: usize): void {
  const plane = (<usize>size) << 3
  const row = (<usize>taps) << 5
  for (let g = 0; g < pairs; g++, phase += row) {
    const stop = phase + row
    for (let p = t, end = t + plane; p < end; p += 16, f += 64) {
      let a = f64x2.splat(0), ai = f64x2.splat(0), b = f64x2.splat(0), bi = f64x2.splat(0)
      for (let e = phase, at = p; e < stop; e += 32, at += plane) {
        const c = v128.load(e)
        const s = v128.load(e, 16)
        let re = v128.load64_splat(at)
        let im = v128.load64_splat(at + part)
        a = add(a, sub(mul(re, c), mul(im, s)))
        ai = add(ai, add(mul(re, s), mul(im, c)))
        re = v128.load64_splat(at, 8)
        im = v128.load64_splat(at + part, 8)
        b = add(b, sub(mul(re, c), mul(im, s)))
        bi = add(bi, add(mul(re, s), mul(im, c)))
      }
      v128.store(f, a)
      v128.store(f, ai, 16)
      if (end - p > 8) {
        v128.store(f, b, 32)
        v128.store(f, bi, 48)
      } else f -= 32
    }
  }
}

/**
 * Entries of the symbol from their transform: four real signals of one element, z = (a a') + i(b b'), at the frequencies of a list.
 *
 *   pairs  in   2·ceil(count/2) × (i32, i32): where in z, in units of `step` elements, frequency k and −k are; an odd list repeats its last
 *   f      out  as `symbol`, of which `entries` ≤ 4 are written
 */
export function symbolFromTransform(count: i32, step: i32, pairs: usize, z: usize, size: i32, entries: i32, f: usize): void {
  const half = f64x2.splat(0.5)
  const matrix = (<usize>size) << 5
  for (const end = pairs + ((<usize>count) << 3); pairs < end; f += matrix) {
    for (let lane: usize = 0; lane < 16; lane += 8, pairs += 8) {
      const k = z + ((<usize>(load<i32>(pairs) * step)) << 5)
      const mirror = z + ((<usize>(load<i32>(pairs, 4) * step)) << 5)
      const x = v128.load(k), xi = v128.load(k, 16)
      const y = v128.load(mirror), yi = v128.load(mirror, 16)
      scatter(f + lane, entries, mul(half, add(x, y)), mul(half, sub(xi, yi)))
      scatter(f + lane + 64, entries - 2, mul(half, add(xi, yi)), mul(half, sub(y, x)))
    }
  }
}

@inline
function scatter(to: usize, entries: i32, re: v128, im: v128): void {
  if (entries > 0) {
    v128.store64_lane(to, re, 0)
    v128.store64_lane(to, im, 0, 16)
  }
  if (entries > 1) {
    v128.store64_lane(to, re, 1, 32)
    v128.store64_lane(to, im, 1, 48)
  }
}
