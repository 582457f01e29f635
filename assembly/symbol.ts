/**
 * The symbol at a list of frequencies: F(θ) = Σ_q A_q e^{iq·θ}, two frequencies at a time.
 *
 *   a      in   taps × size doubles (size = m·n, a column-major plane a tap)
 *   phase  in   pairs × taps × [cos cos'][sin sin']
 *   f      out  pairs × size × [re re'][im im']
 *
 * Four entries share the loads of a phase, and eight pairs of frequencies a visit to the planes, whose lines crowd each other out of the
 * cache where their distance is a power of two: 1.7 times as fast at 16×16 as entry by entry, several times at 64×64. The additions of an
 * entry keep their order.
 */
export function symbol(pairs: i32, taps: i32, size: i32, a: usize, phase: usize, f: usize): void {
  const plane = (<usize>size) << 3
  const row = (<usize>taps) << 5
  const matrix = plane << 2
  for (let g = 0; g < pairs; g += 8) {
    const last = phase + row * min(8, pairs - g)
    let to = f
    for (let p = a, end = a + plane; p < end; ) {
      const four = end - p > 24
      for (let e = phase, out = to; e < last; e += row, out += matrix) {
        if (four) fourEntries(p, plane, e, e + row, out)
        else oneEntry(p, plane, e, e + row, out)
      }
      p += four ? 32 : 8
      to += four ? 128 : 32
    }
    phase = last
    f += matrix << 3
  }
}

@inline
function fourEntries(p: usize, plane: usize, phase: usize, stop: usize, f: usize): void {
  let r0 = f64x2.splat(0), r1 = f64x2.splat(0), r2 = f64x2.splat(0), r3 = f64x2.splat(0)
  let i0 = f64x2.splat(0), i1 = f64x2.splat(0), i2 = f64x2.splat(0), i3 = f64x2.splat(0)
  for (; phase < stop; phase += 32, p += plane) {
    const c = v128.load(phase)
    const s = v128.load(phase, 16)
    let x = v128.load64_splat(p)
    r0 = f64x2.add(r0, f64x2.mul(x, c))
    i0 = f64x2.add(i0, f64x2.mul(x, s))
    x = v128.load64_splat(p, 8)
    r1 = f64x2.add(r1, f64x2.mul(x, c))
    i1 = f64x2.add(i1, f64x2.mul(x, s))
    x = v128.load64_splat(p, 16)
    r2 = f64x2.add(r2, f64x2.mul(x, c))
    i2 = f64x2.add(i2, f64x2.mul(x, s))
    x = v128.load64_splat(p, 24)
    r3 = f64x2.add(r3, f64x2.mul(x, c))
    i3 = f64x2.add(i3, f64x2.mul(x, s))
  }
  v128.store(f, r0)
  v128.store(f, i0, 16)
  v128.store(f, r1, 32)
  v128.store(f, i1, 48)
  v128.store(f, r2, 64)
  v128.store(f, i2, 80)
  v128.store(f, r3, 96)
  v128.store(f, i3, 112)
}

@inline
function oneEntry(p: usize, plane: usize, phase: usize, stop: usize, f: usize): void {
  let re = f64x2.splat(0)
  let im = f64x2.splat(0)
  for (; phase < stop; phase += 32, p += plane) {
    const x = v128.load64_splat(p)
    re = f64x2.add(re, f64x2.mul(x, v128.load(phase)))
    im = f64x2.add(im, f64x2.mul(x, v128.load(phase, 16)))
  }
  v128.store(f, re)
  v128.store(f, im, 16)
}
