/**
 * Complete singular value decomposition of pairs of complex m×n matrices, m ≥ n: A = U Σ Vᴴ, U m×n, V n×n, values descending.
 *
 * QᴴAP = D₁BD₂ᴴ by Householder reflections, with B real bidiagonal and D₁, D₂ diagonal of modulus 1; B = XΣYᵀ by implicit QR in real
 * arithmetic, one lane after the other; then U = Q(D₁X), V = P(D₂Y), both lanes at once. The QR iteration thus rotates real n×n matrices
 * only: a quarter of the work of rotating U and V themselves.
 *
 *   a       in   pairs × (m × n)     destroyed
 *   u       out  pairs × (m × n)
 *   values  out  pairs × n × [σ σ']
 *   v       out  pairs × (n × n)
 *   w       scratch, 48n² + 64m + 432n bytes
 *
 * Scale matrices to about 1 first, as for `bidiagonal`. Returns how many matrices did not converge (their vectors are unitary all the same).
 */
import { bidiagonal } from './bidiagonal'
import { golubKahan } from './inline/golub-kahan'
import { applyReflectors } from './inline/reflector'

export function svd(pairs: i32, m: i32, n: i32, a: usize, u: usize, values: usize, v: usize, w: usize): i32 {
  const row = (<usize>n) << 5
  const matrix = (<usize>m) * row
  const rows = w // conj(u_k) as columns, n × n
  const xy = rows + <usize>n * row
  const de = xy + (<usize>(leading(n) * n) << 4)
  const left = de + row
  const right = left + row
  const scales = right + row
  const rest = scales + row
  let failed = 0
  for (let g = 0; g < pairs; g++) {
    bidiagonal(1, m, n, a, de, rest)
    gatherRows(m, n, a, rows)
    phases(m, n, a, de, rows, left, right, scales)
    memory.fill(u, 0, matrix)
    for (let lane = 0; lane < 2; lane++) {
      const o = (<usize>lane) << 3
      if (!decomposeLane(n, m, de + o, u + o, values + o, v + o, left + o, right + o, xy, rest)) failed++
    }
    applyReflectors(m, n, n, 0, a, scales, u)
    applyReflectors(n, n, n - 1, 1, rows, scales + 16, v)
    a += matrix
    u += matrix
    values += row >> 1
    v += <usize>n * row
  }
  return failed
}

/** Leading dimension of X and Y: whole cache lines, and an odd number of them so that the columns of a row spread over the cache. */
@inline
function leading(n: i32): i32 {
  return (((n + 7) >> 3) | 1) << 3
}

/** Row reflectors into columns: entry j > k of column k is u_k(j). */
function gatherRows(m: i32, n: i32, a: usize, rows: usize): void {
  for (let k = 0; k + 1 < n; k++) {
    for (let j = k + 1; j < n; j++) {
      const from = a + ((<usize>(j * m + k)) << 5)
      const to = rows + ((<usize>(k * n + j)) << 5)
      v128.store(to, v128.load(from))
      v128.store(to, f64x2.neg(v128.load(from, 16)), 16)
    }
  }
}

/** D₁ to `left`, D₂ to `right`, and for each k the scales β of both reflectors, [β β'] left then right. */
function phases(m: i32, n: i32, a: usize, de: usize, rows: usize, left: usize, right: usize, scales: usize): void {
  let re = f64x2.splat(1)
  let im = f64x2.splat(0)
  for (let k = 0; k < n; k++) {
    const o = (<usize>k) << 5
    v128.store(right + o, re)
    v128.store(right + o, im, 16)
    // D₁ = −(v₀/|v₀|)·D₂
    v128.store(scales + o, turn(a + ((<usize>(k * m + k)) << 5), v128.load(de + o), re, im, left + o))
    re = v128.load(left + o)
    im = v128.load(left + o, 16)
    if (k + 1 == n) break
    // D₂ of the next column = −(u₀/|u₀|)·D₁
    v128.store(scales + o, turn(rows + ((<usize>(k * n + k + 1)) << 5), v128.load(de + o, 16), re, im, right + o + 32), 16)
    re = v128.load(right + o, 32)
    im = v128.load(right + o, 48)
  }
}

/** −(h/|h|)·(re + i·im) to `out`, kept at modulus 1; returns the reflector's β = 1/(length·|h|), or 0 where it is the identity. */
function turn(h: usize, length: v128, re: v128, im: v128, out: usize): v128 {
  const one = f64x2.splat(1)
  const some = f64x2.gt(length, f64x2.splat(0))
  const hr = v128.load(h)
  const hi = v128.load(h, 16)
  const size = v128.bitselect(f64x2.sqrt(f64x2.add(f64x2.mul(hr, hr), f64x2.mul(hi, hi))), one, some)
  const c = f64x2.div(v128.bitselect(hr, one, some), size)
  const s = f64x2.div(v128.and(hi, some), size)
  const x = f64x2.sub(f64x2.mul(s, im), f64x2.mul(c, re))
  const y = f64x2.neg(f64x2.add(f64x2.mul(c, im), f64x2.mul(s, re)))
  const fix = f64x2.sub(f64x2.splat(1.5), f64x2.mul(f64x2.splat(0.5), f64x2.add(f64x2.mul(x, x), f64x2.mul(y, y))))
  v128.store(out, f64x2.mul(x, fix))
  v128.store(out, f64x2.mul(y, fix), 16)
  return v128.and(f64x2.div(one, v128.bitselect(f64x2.mul(length, size), one, some)), some)
}

/** One lane: B = XΣYᵀ, then D₁X and D₂Y into their lane of u and v, and the values, all in descending order. */
function decomposeLane(
  n: i32,
  m: i32,
  de: usize,
  u: usize,
  values: usize,
  v: usize,
  left: usize,
  right: usize,
  xy: usize,
  w: usize,
): bool {
  const ld = leading(n)
  const size = (<usize>ld) * (<usize>n) << 3
  const x = xy
  const y = xy + size
  const d = w
  const e = d + ((<usize>n) << 3)
  memory.fill(xy, 0, 2 * size)
  for (let i = 0; i < n; i++) {
    const o = (<usize>i) << 5
    store<f64>(d + (o >> 2), load<f64>(de + o))
    store<f64>(e + (o >> 2), load<f64>(de + o, 16))
    store<f64>(x + ((<usize>(i * ld + i)) << 3), 1)
    store<f64>(y + ((<usize>(i * ld + i)) << 3), 1)
  }
  const converged = golubKahan(n, d, e, ld, x, y, e + ((<usize>n) << 3))
  for (let j = 0; j < n; j++) {
    const from = takeLargest(n, d, values + ((<usize>j) << 4))
    place(n, x + ((<usize>(from * ld)) << 3), left, u + ((<usize>(j * m)) << 5))
    place(n, y + ((<usize>(from * ld)) << 3), right, v + ((<usize>(j * n)) << 5))
  }
  return converged
}

/** Moves the largest value left to `out` and returns its index; −1 marks it as taken. */
function takeLargest(n: i32, d: usize, out: usize): i32 {
  let best = 0
  let top: f64 = -1
  for (let i = 0; i < n; i++) {
    const x = load<f64>(d + ((<usize>i) << 3))
    if (x > top) {
      top = x
      best = i
    }
  }
  store<f64>(out, top)
  store<f64>(d + ((<usize>best) << 3), -1)
  return best
}

/** One column of D·X into its lane. */
function place(n: i32, x: usize, phase: usize, out: usize): void {
  for (let i = 0; i < n; i++) {
    const value = load<f64>(x + ((<usize>i) << 3))
    const o = (<usize>i) << 5
    store<f64>(out + o, value * load<f64>(phase + o))
    store<f64>(out + o, value * load<f64>(phase + o, 16), 16)
  }
}
