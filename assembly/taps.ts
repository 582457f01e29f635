/**
 * Real taps times complex vectors, one vector at a time: element i is [re im], 16 bytes, so that a lane is a part and a real factor a splat.
 *
 * These are what derivatives of ‖F(θ)v‖² need: with y_p = A_p v the value is ‖Σ_p y_p e^{ip·θ}‖² at every θ, and derivatives put powers of ip before the phases.
 */

/**
 * y_p ← A_p x for all taps.
 *
 *   a  in  taps × (m × n)      x  in  n × [re im]      y  out  taps × m × [re im]
 */
export function tapProducts(taps: i32, m: i32, n: i32, a: usize, x: usize, y: usize): void {
  const column = (<usize>m) << 3
  const vector = (<usize>m) << 4
  memory.fill(y, 0, <usize>taps * vector)
  for (; taps > 0; taps--) {
    let j = 0
    for (; j + 3 < n; j += 4) {
      // four columns at once: a quarter of the traffic in y
      const x0 = v128.load(x + ((<usize>j) << 4))
      const x1 = v128.load(x + ((<usize>j) << 4), 16)
      const x2 = v128.load(x + ((<usize>j) << 4), 32)
      const x3 = v128.load(x + ((<usize>j) << 4), 48)
      let b = a + column
      let c = b + column
      let d = c + column
      for (let v = y; v < y + vector; v += 16) {
        let s = v128.load(v)
        s = f64x2.add(s, f64x2.mul(v128.load64_splat(a), x0))
        s = f64x2.add(s, f64x2.mul(v128.load64_splat(b), x1))
        s = f64x2.add(s, f64x2.mul(v128.load64_splat(c), x2))
        s = f64x2.add(s, f64x2.mul(v128.load64_splat(d), x3))
        v128.store(v, s)
        a += 8
        b += 8
        c += 8
        d += 8
      }
      a = d
    }
    for (; j < n; j++) {
      const x0 = v128.load(x + ((<usize>j) << 4))
      for (let v = y; v < y + vector; v += 16, a += 8) v128.store(v, f64x2.add(v128.load(v), f64x2.mul(v128.load64_splat(a), x0)))
    }
    y += vector
  }
}

/**
 * z_k ← Σ_p w_kp·y_p, complex.
 *
 *   w  in  count × taps × [re im]      y  in  taps × m × [re im]      z  out  count × m × [re im]
 */
export function tapSums(count: i32, taps: i32, m: i32, w: usize, y: usize, z: usize): void {
  const vector = (<usize>m) << 4
  memory.fill(z, 0, <usize>count * vector)
  for (; count > 0; count--, z += vector) {
    let from = y
    for (let p = 0; p < taps; p++, w += 16) {
      const re = v128.load64_splat(w)
      const im = v128.load64_splat(w, 8)
      const turned = f64x2.replace_lane(im, 0, -f64x2.extract_lane(im, 0))
      for (let v = z; v < z + vector; v += 16, from += 16) {
        const x = v128.load(from)
        const product = f64x2.add(f64x2.mul(x, re), f64x2.mul(v128.shuffle<f64>(x, x, 1, 0), turned))
        v128.store(v, f64x2.add(v128.load(v), product))
      }
    }
  }
}
