import { add, mul, sub } from '../inline/lanes'

/** Stores a value, times the twiddle at w where there is one to apply. */
@inline
export function emit(at: usize, re: v128, im: v128, w: usize, twiddled: bool): void {
  if (twiddled) {
    const c = v128.load64_splat(w)
    const t = v128.load64_splat(w, 8)
    v128.store(at, sub(mul(re, c), mul(im, t)))
    v128.store(at, add(mul(re, t), mul(im, c)), 16)
  } else {
    v128.store(at, re)
    v128.store(at, im, 16)
  }
}
