/**
 * A few steps of Lanczos towards the top eigenvector of a Hermitian matrix, one matrix in each lane.
 *
 * From x₀ the method builds an orthonormal basis Q of the Krylov space with G·Q = Q·T + β_s q_{s+1}e_sᵀ, T real tridiagonal; the top
 * pair (ρ, y) of T gives x = Q·y with xᴴGx = ρ ≤ λ_max(G) and ‖Gx − ρx‖ = β_s|y_s|. Every new vector is made orthogonal to all before it,
 * which costs little beside the product with G; where nothing is left of it the space is invariant and T ends. More accuracy comes from
 * calling again with the x that came back (Saad 2011, Numerical Methods for Large Eigenvalue Problems, §6.3).
 */

import { alpha, beta, MOST, ritz, topPair } from './top-pair'

const ZERO = f64x2.splat(0)
const ONE = f64x2.splat(1)

/** Relative accuracy of the top eigenvalue of T. */
const ENOUGH: f64 = 2e-16

// A lane, and how one number of it is read and written: climb-single.generate.mjs makes the same of four lanes of 32 bits.
const LANES: usize = 2
const LANE_BITS: usize = 3

@inline
function read(at: usize): f64 {
  return load<f64>(at)
}

@inline
function write(at: usize, x: f64): void {
  store<f64>(at, x)
}

/**
 *   g    in     n × n in pair layout, lower triangle
 *   x    inout  n, the start; then the Ritz vector, ‖x‖ = 1
 *   w           (steps + 1)·n·32 + steps·48 bytes
 *   out  out    [ρ ρ'] [residual residual']
 *
 * 1 ≤ steps ≤ 128. A zero start is replaced by the first unit vector.
 */
export function climb(n: i32, steps: i32, g: usize, x: usize, w: usize, out: usize): void {
  if (steps > MOST) steps = MOST
  if (steps > n) steps = n
  const column = (<usize>n) << 5
  const t = w + <usize>(steps + 1) * column // per step [α α'][β β'], then [y y']
  const y = t + ((<usize>steps) << 5)
  normalise(n, x, w)
  for (let s = 0; s < steps; s++) {
    const q = w + <usize>s * column
    const next = q + column
    times(n, g, q, next)
    const a = realDot(n, q, next)
    subtract(n, next, a, q)
    if (s > 0) subtract(n, next, v128.load(t + ((<usize>(s - 1)) << 5), 16), q - column)
    for (let k = 0; k <= s; k++) orthogonalise(n, next, w + <usize>k * column)
    const b = f64x2.sqrt(realDot(n, next, next))
    v128.store(t + ((<usize>s) << 5), a)
    v128.store(t + ((<usize>s) << 5), b, 16)
    shrink(n, next, v128.and(f64x2.div(ONE, v128.bitselect(b, ONE, f64x2.gt(b, ZERO))), f64x2.gt(b, ZERO)))
  }
  for (let lane: usize = 0; lane < LANES; lane++) topOfTridiagonal(steps, t + (lane << LANE_BITS), y + (lane << LANE_BITS), out + (lane << LANE_BITS))
  memory.fill(x, 0, column)
  for (let s = 0; s < steps; s++) subtract(n, x, f64x2.neg(v128.load(y + ((<usize>s) << 4))), w + <usize>s * column)
  normalise(n, x, w)
  memory.copy(x, w, column)
}

/**
 * G ← G − σ·v·vᴴ in the lower triangle, each lane with its own v and σ: what remains has its largest eigenvalue elsewhere.
 *
 *   g  inout  n × n      v  in  n      sigma  in  [σ σ']
 */
export function deflate(n: i32, g: usize, v: usize, sigma: usize): void {
  const s = v128.load(sigma)
  const end = v + ((<usize>n) << 5)
  for (let q = v, column = g; q < end; q += 32, column += (<usize>(n + 1)) << 5) {
    const re = f64x2.mul(s, v128.load(q))
    const im = f64x2.mul(s, v128.load(q, 16))
    let a = column
    for (let p = q; p < end; p += 32, a += 32) {
      const x = v128.load(p), y = v128.load(p, 16)
      v128.store(a, f64x2.sub(v128.load(a), f64x2.add(f64x2.mul(x, re), f64x2.mul(y, im))))
      v128.store(a, f64x2.sub(v128.load(a, 16), f64x2.sub(f64x2.mul(y, re), f64x2.mul(x, im))), 16)
    }
  }
}

/**
 * y ← G·x from the lower triangle, for each pair: each stored column serves its row as well.
 *
 *   g  in  pairs × (n × n)      x  in  n, the same for all      y  out  pairs × n
 */
export function hermitianTimes(pairs: i32, n: i32, g: usize, x: usize, y: usize): void {
  for (; pairs > 0; pairs--) {
    times(n, g, x, y)
    g += (<usize>(n * n)) << 5
    y += (<usize>n) << 5
  }
}

function times(n: i32, g: usize, x: usize, y: usize): void {
  memory.fill(y, 0, (<usize>n) << 5)
  const step = (<usize>(n + 1)) << 5
  const end = x + ((<usize>n) << 5)
  for (; x < end; x += 32, y += 32, g += step) {
    const xr = v128.load(x)
    const xi = v128.load(x, 16)
    const d = v128.load(g)
    let sr = f64x2.mul(d, xr)
    let si = f64x2.mul(d, xi)
    let a = g + 32
    let v = y + 32
    for (let u = x + 32; u < end; u += 32) {
      const ar = v128.load(a)
      const ai = v128.load(a, 16)
      const ur = v128.load(u)
      const ui = v128.load(u, 16)
      v128.store(v, f64x2.add(v128.load(v), f64x2.sub(f64x2.mul(ar, xr), f64x2.mul(ai, xi))))
      v128.store(v, f64x2.add(v128.load(v, 16), f64x2.add(f64x2.mul(ar, xi), f64x2.mul(ai, xr))), 16)
      sr = f64x2.add(sr, f64x2.add(f64x2.mul(ar, ur), f64x2.mul(ai, ui)))
      si = f64x2.add(si, f64x2.sub(f64x2.mul(ar, ui), f64x2.mul(ai, ur)))
      a += 32
      v += 32
    }
    v128.store(y, f64x2.add(v128.load(y), sr))
    v128.store(y, f64x2.add(v128.load(y, 16), si), 16)
  }
}

/** Re xᴴy */
function realDot(n: i32, x: usize, y: usize): v128 {
  let s = ZERO
  for (const end = x + ((<usize>n) << 5); x < end; x += 32, y += 32) {
    s = f64x2.add(s, f64x2.add(f64x2.mul(v128.load(x), v128.load(y)), f64x2.mul(v128.load(x, 16), v128.load(y, 16))))
  }
  return s
}

/** y ← y − s·x, s real */
function subtract(n: i32, y: usize, s: v128, x: usize): void {
  for (const end = x + ((<usize>n) << 5); x < end; x += 32, y += 32) {
    v128.store(y, f64x2.sub(v128.load(y), f64x2.mul(s, v128.load(x))))
    v128.store(y, f64x2.sub(v128.load(y, 16), f64x2.mul(s, v128.load(x, 16))), 16)
  }
}

/** y ← y − q·(qᴴy) */
function orthogonalise(n: i32, y: usize, q: usize): void {
  let re = ZERO
  let im = ZERO
  const end = q + ((<usize>n) << 5)
  let v = y
  for (let x = q; x < end; x += 32, v += 32) {
    const xr = v128.load(x), xi = v128.load(x, 16)
    const yr = v128.load(v), yi = v128.load(v, 16)
    re = f64x2.add(re, f64x2.add(f64x2.mul(xr, yr), f64x2.mul(xi, yi)))
    im = f64x2.add(im, f64x2.sub(f64x2.mul(xr, yi), f64x2.mul(xi, yr)))
  }
  for (let x = q; x < end; x += 32, y += 32) {
    const xr = v128.load(x), xi = v128.load(x, 16)
    v128.store(y, f64x2.sub(v128.load(y), f64x2.sub(f64x2.mul(xr, re), f64x2.mul(xi, im))))
    v128.store(y, f64x2.sub(v128.load(y, 16), f64x2.add(f64x2.mul(xr, im), f64x2.mul(xi, re))), 16)
  }
}

function shrink(n: i32, x: usize, s: v128): void {
  for (const end = x + ((<usize>n) << 5); x < end; x += 32) {
    v128.store(x, f64x2.mul(s, v128.load(x)))
    v128.store(x, f64x2.mul(s, v128.load(x, 16)), 16)
  }
}

/** q ← x/‖x‖, e₁ where x is zero */
function normalise(n: i32, x: usize, q: usize): void {
  memory.copy(q, x, (<usize>n) << 5)
  const norm = f64x2.sqrt(realDot(n, q, q))
  const good = f64x2.gt(norm, ZERO)
  shrink(n, q, f64x2.div(ONE, v128.bitselect(norm, ONE, good)))
  v128.store(q, v128.bitselect(v128.load(q), ONE, good))
}

/** The top pair of T in one lane: its vector at y, its value and the residual at `out`. */
function topOfTridiagonal(steps: i32, t: usize, y: usize, out: usize): void {
  for (let s = 0; s < steps; s++) {
    store<f64>(alpha + ((<usize>s) << 3), read(t + ((<usize>s) << 5)))
    store<f64>(beta + ((<usize>s) << 3), s + 1 < steps ? read(t + ((<usize>s) << 5) + 16) : 0)
  }
  write(out, topPair(steps, ENOUGH))
  let last: usize = 0
  for (let i = 0; i < steps; i++) {
    const x = load<f64>(ritz + ((<usize>i) << 3))
    if (x != 0) last = i
    write(y + ((<usize>i) << 4), x)
  }
  write(out + 16, read(t + (last << 5) + 16) * Math.abs(load<f64>(ritz + (last << 3))))
}
