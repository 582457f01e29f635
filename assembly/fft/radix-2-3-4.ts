/** Passes of radix 2, 3 and 4: y[q + s(rp + k)] = w^{pk} Σ_j x[q + s(p + jm)] e^{−2πi jk/r} (transform.ts). */
import { add, mul, sub } from '../inline/lanes'
import { emit } from './emit'

@inline
export function radix2(m: i32, s: i32, x: usize, y: usize, w: usize, twiddled: bool): void {
  const row = (<usize>s) << 5
  const half = row * m
  for (let p = 0; p < m; p++, y += row, w += 16) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const a = v128.load(x), ai = v128.load(x, 16)
      const b = v128.load(x + half), bi = v128.load(x + half, 16)
      emit(y, add(a, b), add(ai, bi), w, false)
      emit(y + row, sub(a, b), sub(ai, bi), w, twiddled)
    }
  }
}

@inline
export function radix4(m: i32, s: i32, x: usize, y: usize, w: usize, twiddled: bool): void {
  const row = (<usize>s) << 5
  const step = row * m
  for (let p = 0; p < m; p++, y += 3 * row, w += 48) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const x1 = x + step
      const x2 = x1 + step
      const x3 = x2 + step
      const a = v128.load(x), ai = v128.load(x, 16), c = v128.load(x2), ci = v128.load(x2, 16)
      const b = v128.load(x1), bi = v128.load(x1, 16), d = v128.load(x3), di = v128.load(x3, 16)
      const ac = add(a, c), aci = add(ai, ci), bd = add(b, d), bdi = add(bi, di)
      const a_c = sub(a, c), a_ci = sub(ai, ci), b_d = sub(b, d), b_di = sub(bi, di)
      let to = y
      emit(to, add(ac, bd), add(aci, bdi), w, false)
      to += row
      emit(to, add(a_c, b_di), sub(a_ci, b_d), w, twiddled)
      to += row
      emit(to, sub(ac, bd), sub(aci, bdi), w + 16, twiddled)
      to += row
      emit(to, sub(a_c, b_di), add(a_ci, b_d), w + 32, twiddled)
    }
  }
}

const SIN3: f64 = 0.8660254037844386

export function radix3(m: i32, s: i32, x: usize, y: usize, w: usize): void {
  const row = (<usize>s) << 5
  const step = row * m
  const half = f64x2.splat(0.5)
  const sine = f64x2.splat(SIN3)
  for (let p = 0; p < m; p++, y += 2 * row, w += 32) {
    for (const end = x + row; x < end; x += 32, y += 32) {
      const x1 = x + step
      const x2 = x1 + step
      const a = v128.load(x), ai = v128.load(x, 16)
      const b = v128.load(x1), bi = v128.load(x1, 16), c = v128.load(x2), ci = v128.load(x2, 16)
      const t = add(b, c), ti = add(bi, ci)
      const u = mul(sine, sub(b, c)), ui = mul(sine, sub(bi, ci))
      const v = sub(a, mul(half, t)), vi = sub(ai, mul(half, ti))
      emit(y, add(a, t), add(ai, ti), w, false)
      emit(y + row, add(v, ui), sub(vi, u), w, true)
      emit(y + 2 * row, sub(v, ui), add(vi, u), w + 16, true)
    }
  }
}
