/**
 * Phases e^{iq·θ} of many positions q at many frequencies θ_d = 2π·x_d/n_d, two frequencies to a vector.
 *
 * Per frequency and axis the factors e^{i|q|θ_d} of all |q| that occur are computed once; a phase is their product over the axes, in order. Each factor
 * is within 2⁻⁵² of the truth (trig.ts).
 */
import { turn } from './trig'

/**
 *   turns    in   axes × n_d                    points  in  count × axes × x_d, whole doubles, |q|·x_d < 2⁵³
 *   sizes    in   axes × how many |q| > 0       far     in  those |q| of every axis, ascending, as doubles
 *   entries  in   taps × axes × ±(1 + place of |q_d| among them), 0 for q_d = 0, 32 bits each
 *   table         as many × [cos cos'][sin sin'], scratch
 *   out      out  ⌈count/2⌉ × taps × [cos cos'][sin sin']; an odd count repeats its last frequency
 */
export function phases(
  count: i32, axes: i32, taps: i32, turns: usize, points: usize, sizes: usize, far: usize, entries: usize, table: usize, out: usize,
): void {
  const row = (<usize>taps) << 5
  const point = (<usize>axes) << 3
  for (let i = 0; i < count; i += 2, points += 2 * point, out += row) {
    factors(axes, turns, points, sizes, far, table)
    factors(axes, turns, i + 1 < count ? points + point : points, sizes, far, table + 8)
    products(axes, taps, sizes, entries, table, out)
  }
}

/** A factor, before it goes into its lane. */
const factor: usize = memory.data(16, 16)

/** Those of one frequency, in one lane. */
function factors(axes: i32, turns: usize, point: usize, sizes: usize, far: usize, lane: usize): void {
  for (let d = 0; d < axes; d++, turns += 8, point += 8, sizes += 4) {
    const n = load<f64>(turns)
    const x = load<f64>(point)
    for (let k = load<i32>(sizes); k > 0; k--, far += 8, lane += 32) {
      const j = load<f64>(far) * x
      turn(j - n * Math.floor(j / n), n, factor)
      store<f64>(lane, load<f64>(factor))
      store<f64>(lane, load<f64>(factor, 8), 16)
    }
  }
}

/** The phases of all positions at two frequencies. */
function products(axes: i32, taps: i32, sizes: usize, entries: usize, table: usize, out: usize): void {
  for (; taps > 0; taps--, out += 32) {
    let re = f64x2.splat(1)
    let im = f64x2.splat(0)
    let first = table - 32
    for (let d = 0; d < axes; d++, entries += 4) {
      const e = load<i32>(entries)
      if (e != 0) {
        const at = first + ((<usize>(e < 0 ? -e : e)) << 5)
        const c = v128.load(at)
        const s = e < 0 ? f64x2.neg(v128.load(at, 16)) : v128.load(at, 16)
        const x = re
        re = f64x2.sub(f64x2.mul(x, c), f64x2.mul(im, s))
        im = f64x2.add(f64x2.mul(x, s), f64x2.mul(im, c))
      }
      first += (<usize>load<i32>(sizes + ((<usize>d) << 2))) << 5
    }
    v128.store(out, re)
    v128.store(out, im, 16)
  }
}
