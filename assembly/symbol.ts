/**
 * The symbol at a list of frequencies: F(θ) = Σ_q A_q e^{iq·θ}, two frequencies at a time.
 *
 *   a      in   taps × size doubles (size = m·n, a column-major plane a tap)
 *   phase  in   pairs × taps × [cos cos'][sin sin']
 *   f      out  pairs × size × [re re'][im im']
 */
export function symbol(pairs: i32, taps: i32, size: i32, a: usize, phase: usize, f: usize): void {
  const plane = (<usize>size) << 3
  const row = (<usize>taps) << 5
  for (let g = 0; g < pairs; g++) {
    const end = a + plane
    for (let p = a; p < end; p += 8) {
      let re = f64x2.splat(0)
      let im = f64x2.splat(0)
      let e = phase
      const stop = phase + row
      for (let t = p; e < stop; e += 32, t += plane) {
        const x = v128.load64_splat(t)
        re = f64x2.add(re, f64x2.mul(x, v128.load(e)))
        im = f64x2.add(im, f64x2.mul(x, v128.load(e, 16)))
      }
      v128.store(f, re)
      v128.store(f, im, 16)
      f += 32
    }
    phase += row
  }
}
