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
