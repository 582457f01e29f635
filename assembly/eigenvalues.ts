/**
 * Largest eigenvalue of pairs of real symmetric tridiagonal matrices T ≽ 0 by Laguerre's method from above.
 *
 * Right of the spectrum the pivots q_i of x·I − T are positive, increasing and concave in x, so that s₁ = Σ 1/(x − λ_i) and
 * s₂ = Σ 1/(x − λ_i)² come from one recurrence of positive terms, one division an entry. Each step stays right of λ_max and converges
 * cubically where it is simple (Parlett 1964); λ_max ≥ x − √(n/s₂) closes the bracket, and bisection helps out where eigenvalues crowd.
 * The result is within a few ulps of the largest.
 *
 *   de   in   pairs × n × [d d'][e e']      out  out  pairs × [λ λ']
 */
export function largestEigenvalue(pairs: i32, n: i32, de: usize, out: usize): void {
  const bytes = (<usize>n) << 5
  for (; pairs > 0; pairs--) {
    v128.store(out, search(n, bytes, de))
    de += bytes
    out += 16
  }
}

const ZERO = f64x2.splat(0)
/** Below 2⁻⁹⁰⁰ the bound itself is the answer: its reciprocals would not be finite. */
const NOTHING: f64 = reinterpret<f64>((1023 - 900) << 52)
const LAGUERRE = 8
const MOST = 90

function search(n: i32, bytes: usize, de: usize): v128 {
  let low = ZERO
  let high = ZERO
  let before = ZERO
  for (let p = de, end = de + bytes; p < end; p += 32) {
    const d = v128.load(p), e = v128.load(p, 16)
    low = f64x2.max(low, d)
    high = f64x2.max(high, f64x2.add(d, f64x2.add(e, before)))
    before = e
  }
  const ulp = f64x2.splat(f64.EPSILON)
  high = f64x2.add(high, f64x2.mul(high, f64x2.splat(4 * f64.EPSILON)))
  const size = f64x2.splat(n)
  const others = f64x2.splat(n - 1)
  let active = f64x2.gt(high, f64x2.splat(NOTHING))
  let x = high
  for (let turn = 1; turn <= MOST; turn++) {
    // lanes at rest are evaluated at 1 above their bound, harmlessly
    const at = v128.bitselect(x, f64x2.add(high, f64x2.splat(1)), active)
    let r = f64x2.splat(1)
    let u = ZERO, c = ZERO, t = ZERO, s1 = ZERO, s2 = ZERO
    let least = f64x2.splat(Infinity)
    for (let p = de, end = de + bytes; p < end; p += 32) {
      const twice = f64x2.add(f64x2.mul(f64x2.add(u, u), u), c)
      const q = f64x2.sub(f64x2.sub(at, v128.load(p)), t)
      least = f64x2.pmin(least, q)
      r = f64x2.div(f64x2.splat(1), q)
      u = f64x2.mul(f64x2.add(f64x2.splat(1), f64x2.mul(t, u)), r)
      c = f64x2.mul(f64x2.mul(t, twice), r)
      s1 = f64x2.add(s1, u)
      s2 = f64x2.add(s2, f64x2.add(f64x2.mul(u, u), c))
      const e = v128.load(p, 16)
      t = f64x2.mul(f64x2.mul(e, e), r)
    }
    const above = v128.and(f64x2.gt(least, ZERO), active)
    const below = v128.andnot(active, above)
    const root = f64x2.sqrt(f64x2.max(ZERO, f64x2.mul(others, f64x2.sub(f64x2.mul(size, s2), f64x2.mul(s1, s1)))))
    const step = f64x2.div(size, f64x2.add(s1, root))
    const reach = f64x2.sqrt(f64x2.div(size, s2))
    low = v128.bitselect(f64x2.max(low, f64x2.sub(x, reach)), low, above)
    low = v128.bitselect(f64x2.max(low, x), low, below)
    let next = f64x2.sub(x, step)
    // a step of an ulp, or one that meets the lower end: next ≥ λ_max ≥ low up to rounding
    const met = f64x2.le(next, f64x2.add(low, f64x2.mul(ulp, low)))
    const close = v128.and(above, v128.or(met, f64x2.le(step, f64x2.mul(ulp, x))))
    high = v128.bitselect(x, high, above)
    high = v128.bitselect(f64x2.max(next, low), high, close)
    active = v128.andnot(active, close)
    active = v128.and(active, f64x2.gt(f64x2.sub(high, low), f64x2.mul(ulp, high)))
    if (!v128.any_true(active)) break
    const middle = f64x2.mul(f64x2.splat(0.5), f64x2.add(low, high))
    next = f64x2.max(next, low)
    next = turn > LAGUERRE && turn & 1 ? middle : v128.bitselect(next, middle, above)
    x = v128.bitselect(next, x, active)
  }
  return high
}
