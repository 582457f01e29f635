/**
 * Real taps times complex vectors, one vector at a time: element i is [re im], 16 bytes, so that a lane is a part and a real factor a splat.
 *
 * These are what derivatives of ‖F(θ)v‖² need: with y_p = A_p v the value is ‖Σ_p y_p e^{ip·θ}‖² at every θ.
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
 * x ← Σ_p A_pᵀ z_p.
 *
 *   a  in  taps × (m × n)      z  in  taps × m × [re im]      x  out  n × [re im]
 */
export function tapAdjoint(taps: i32, m: i32, n: i32, a: usize, z: usize, x: usize): void {
  const vector = (<usize>m) << 4
  const end = x + ((<usize>n) << 4)
  memory.fill(x, 0, (<usize>n) << 4)
  for (; taps > 0; taps--) {
    for (let v = x; v < end; v += 16) {
      let s0 = f64x2.splat(0)
      let s1 = f64x2.splat(0)
      let w = z
      const pairs = z + (vector & ~31)
      for (; w < pairs; w += 32, a += 16) {
        s0 = f64x2.add(s0, f64x2.mul(v128.load64_splat(a), v128.load(w)))
        s1 = f64x2.add(s1, f64x2.mul(v128.load64_splat(a, 8), v128.load(w, 16)))
      }
      if (m & 1) {
        s0 = f64x2.add(s0, f64x2.mul(v128.load64_splat(a), v128.load(w)))
        a += 8
      }
      v128.store(v, f64x2.add(v128.load(v), f64x2.add(s0, s1)))
    }
    z += vector
  }
}
