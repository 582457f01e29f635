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
 *   table         as many × [cos sin], scratch
 *   out      out  ⌈count/2⌉ × taps × [cos cos'][sin sin']; an odd count repeats its last frequency
 */
export function phases(
  count: i32, axes: i32, taps: i32, turns: usize, points: usize, sizes: usize, far: usize, entries: usize, table: usize, out: usize,
): void {
  const row = (<usize>taps) << 5
  for (let i = 0; i < count; i++, points += (<usize>axes) << 3) {
    factors(axes, turns, points, sizes, far, table)
    const at = out + <usize>(i >> 1) * row + ((<usize>(i & 1)) << 3)
    products(axes, taps, sizes, entries, table, at)
    if (i + 1 == count && !(i & 1)) products(axes, taps, sizes, entries, table, at + 8)
  }
}

function factors(axes: i32, turns: usize, point: usize, sizes: usize, far: usize, table: usize): void {
  for (let d = 0; d < axes; d++, turns += 8, point += 8, sizes += 4) {
    const n = load<f64>(turns)
    const x = load<f64>(point)
    for (let k = load<i32>(sizes); k > 0; k--, far += 8, table += 16) {
      const j = load<f64>(far) * x
      turn(j - n * Math.floor(j / n), n, table)
    }
  }
}

/** One lane of the phases of all positions. */
function products(axes: i32, taps: i32, sizes: usize, entries: usize, table: usize, out: usize): void {
  for (; taps > 0; taps--, out += 32) {
    let re: f64 = 1
    let im: f64 = 0
    let first = table - 16
    for (let d = 0; d < axes; d++, entries += 4) {
      const e = load<i32>(entries)
      if (e != 0) {
        const at = first + ((<usize>(e < 0 ? -e : e)) << 4)
        const c = load<f64>(at)
        const s = e < 0 ? -load<f64>(at, 8) : load<f64>(at, 8)
        const x = re
        re = x * c - im * s
        im = x * s + im * c
      }
      first += (<usize>load<i32>(sizes + ((<usize>d) << 2))) << 4
    }
    store<f64>(out, re)
    store<f64>(out, im, 16)
  }
}
