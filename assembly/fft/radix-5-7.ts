/** Passes of radix 5 and 7 (transform.ts). */
import { add, mul, sub } from '../inline/lanes'
import { emit } from './emit'

/** cos and sin of 2π/5 and 4π/5. */
const C51: f64 = 0.30901699437494745
const C52: f64 = -0.8090169943749475
const S51: f64 = 0.9510565162951535
const S52: f64 = 0.5877852522924731

export function radix5(m: i32, s: i32, x: usize, y: usize, w: usize): void {
  const row = (<usize>s) << 5
  const step = row * m
  const c1 = f64x2.splat(C51), c2 = f64x2.splat(C52), s1 = f64x2.splat(S51), s2 = f64x2.splat(S52)
  for (let p = 0; p < m; p++, y += 4 * row, w += 64) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const x1 = x + step
      const x2 = x1 + step
      const x3 = x2 + step
      const x4 = x3 + step
      const a = v128.load(x), ai = v128.load(x, 16)
      const t1 = add(v128.load(x1), v128.load(x4)), t1i = add(v128.load(x1, 16), v128.load(x4, 16))
      const u1 = sub(v128.load(x1), v128.load(x4)), u1i = sub(v128.load(x1, 16), v128.load(x4, 16))
      const t2 = add(v128.load(x2), v128.load(x3)), t2i = add(v128.load(x2, 16), v128.load(x3, 16))
      const u2 = sub(v128.load(x2), v128.load(x3)), u2i = sub(v128.load(x2, 16), v128.load(x3, 16))
      emit(y, add(a, add(t1, t2)), add(ai, add(t1i, t2i)), w, false)
      let v = add(a, add(mul(c1, t1), mul(c2, t2))), vi = add(ai, add(mul(c1, t1i), mul(c2, t2i)))
      let z = add(mul(s1, u1), mul(s2, u2)), zi = add(mul(s1, u1i), mul(s2, u2i))
      emit(y + row, add(v, zi), sub(vi, z), w, true)
      emit(y + 4 * row, sub(v, zi), add(vi, z), w + 48, true)
      v = add(a, add(mul(c2, t1), mul(c1, t2)))
      vi = add(ai, add(mul(c2, t1i), mul(c1, t2i)))
      z = sub(mul(s2, u1), mul(s1, u2))
      zi = sub(mul(s2, u1i), mul(s1, u2i))
      emit(y + 2 * row, add(v, zi), sub(vi, z), w + 16, true)
      emit(y + 3 * row, sub(v, zi), add(vi, z), w + 32, true)
    }
  }
}

/** cos and sin of 2π/7, 4π/7, 6π/7. */
const C71: f64 = 0.6234898018587336
const C72: f64 = -0.2225209339563144
const C73: f64 = -0.9009688679024191
const S71: f64 = 0.7818314824680298
const S72: f64 = 0.9749279121818236
const S73: f64 = 0.4338837391175581

@inline
export function radix7(m: i32, s: i32, x: usize, y: usize, w: usize, twiddled: bool): void {
  const row = (<usize>s) << 5
  const step = row * m
  for (let p = 0; p < m; p++, y += 6 * row, w += 96) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const a = v128.load(x), ai = v128.load(x, 16)
      let j = x + step
      let k = x + 6 * step
      const t1 = add(v128.load(j), v128.load(k)), t1i = add(v128.load(j, 16), v128.load(k, 16))
      const u1 = sub(v128.load(j), v128.load(k)), u1i = sub(v128.load(j, 16), v128.load(k, 16))
      j += step
      k -= step
      const t2 = add(v128.load(j), v128.load(k)), t2i = add(v128.load(j, 16), v128.load(k, 16))
      const u2 = sub(v128.load(j), v128.load(k)), u2i = sub(v128.load(j, 16), v128.load(k, 16))
      j += step
      k -= step
      const t3 = add(v128.load(j), v128.load(k)), t3i = add(v128.load(j, 16), v128.load(k, 16))
      const u3 = sub(v128.load(j), v128.load(k)), u3i = sub(v128.load(j, 16), v128.load(k, 16))
      emit(y, add(add(a, t1), add(t2, t3)), add(add(ai, t1i), add(t2i, t3i)), w, false)
      let v = cosines(a, t1, t2, t3), vi = cosines(ai, t1i, t2i, t3i)
      let z = sines(u1, u2, u3), zi = sines(u1i, u2i, u3i)
      emit(y + row, add(v, zi), sub(vi, z), w, twiddled)
      emit(y + 6 * row, sub(v, zi), add(vi, z), w + 80, twiddled)
      // Doubling the angle permutes: 2·(1, 2, 3) = (2, −3, −1) and 3·(1, 2, 3) = (3, −1, 2) mod 7.
      v = cosines(a, t3, t1, t2)
      vi = cosines(ai, t3i, t1i, t2i)
      z = sub(sub(mul(f64x2.splat(S72), u1), mul(f64x2.splat(S73), u2)), mul(f64x2.splat(S71), u3))
      zi = sub(sub(mul(f64x2.splat(S72), u1i), mul(f64x2.splat(S73), u2i)), mul(f64x2.splat(S71), u3i))
      emit(y + 2 * row, add(v, zi), sub(vi, z), w + 16, twiddled)
      emit(y + 5 * row, sub(v, zi), add(vi, z), w + 64, twiddled)
      v = cosines(a, t2, t3, t1)
      vi = cosines(ai, t2i, t3i, t1i)
      z = add(sub(mul(f64x2.splat(S73), u1), mul(f64x2.splat(S71), u2)), mul(f64x2.splat(S72), u3))
      zi = add(sub(mul(f64x2.splat(S73), u1i), mul(f64x2.splat(S71), u2i)), mul(f64x2.splat(S72), u3i))
      emit(y + 3 * row, add(v, zi), sub(vi, z), w + 32, twiddled)
      emit(y + 4 * row, sub(v, zi), add(vi, z), w + 48, twiddled)
    }
  }
}

@inline
function cosines(a: v128, t1: v128, t2: v128, t3: v128): v128 {
  return add(add(a, mul(f64x2.splat(C71), t1)), add(mul(f64x2.splat(C72), t2), mul(f64x2.splat(C73), t3)))
}

@inline
function sines(u1: v128, u2: v128, u3: v128): v128 {
  return add(mul(f64x2.splat(S71), u1), add(mul(f64x2.splat(S72), u2), mul(f64x2.splat(S73), u3)))
}
