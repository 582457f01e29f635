/**
 * Powers of Hermitian matrices times vectors, and the derivative of a power: d(G^m) = Σ_{a+b=m−1} G^a·dG·G^b, so that zᴴ·d(G^m)·e is the
 * inner product of dG with H = Σ_{a+b=m−1} x_b y_aᴴ, x_b = G^b e, y_a = G^a z. Vectors lie one behind the other, in pair layout.
 */
import { hermitianTimes } from './climb'

/**
 * x_{s+1} = scale·G·x_s for each pair.
 *
 *   g  in  pairs × (n × n), lower triangle      x  inout  pairs × (steps + 1) × n; the first vector of each pair is given
 */
export function krylov(pairs: i32, n: i32, steps: i32, scale: f64, g: usize, x: usize): void {
  const column = (<usize>n) << 5
  const factor = f64x2.splat(scale)
  for (; pairs > 0; pairs--, g += <usize>n * column, x += column) {
    for (let s = 0; s < steps; s++) {
      const next = x + column
      hermitianTimes(1, n, g, x, next)
      for (let at = next; at < next + column; at += 16) v128.store(at, f64x2.mul(factor, v128.load(at)))
      x = next
    }
  }
}

/**
 * H = Σ_b x_b y_{count−1−b}ᴴ + its adjoint for each pair, lower triangle.
 *
 *   x, y  in  pairs × count × n      h  out  pairs × (n × n)
 */
export function hermitianSum(pairs: i32, n: i32, count: i32, x: usize, y: usize, h: usize): void {
  const column = (<usize>n) << 5
  const all = <usize>count * column
  for (; pairs > 0; pairs--, x += all, y += all) {
    const last = y + all - column
    for (let j: usize = 0; j < column; j += 32, h += column) {
      for (let i = j; i < column; i += 32) entry(x, x + all, last, column, i, j, h + i)
    }
  }
}

/** Σ_b x_i·conj(y_j) + y_i·conj(x_j) */
@inline
function entry(x: usize, end: usize, y: usize, column: usize, i: usize, j: usize, to: usize): void {
  let re = f64x2.splat(0)
  let im = f64x2.splat(0)
  for (; x < end; x += column, y -= column) {
    let a = v128.load(x + i), b = v128.load(x + i, 16)
    let c = v128.load(y + j), d = v128.load(y + j, 16)
    re = f64x2.add(re, f64x2.add(f64x2.mul(a, c), f64x2.mul(b, d)))
    im = f64x2.add(im, f64x2.sub(f64x2.mul(b, c), f64x2.mul(a, d)))
    a = v128.load(y + i), b = v128.load(y + i, 16)
    c = v128.load(x + j), d = v128.load(x + j, 16)
    re = f64x2.add(re, f64x2.add(f64x2.mul(a, c), f64x2.mul(b, d)))
    im = f64x2.add(im, f64x2.sub(f64x2.mul(b, c), f64x2.mul(a, d)))
  }
  v128.store(to, re)
  v128.store(to, im, 16)
}
