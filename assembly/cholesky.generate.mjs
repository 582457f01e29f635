import { loop, pointers, sums } from './products.mjs'

/**
 * below(count, bytes, a0, a1, b, ld, g): `count` rows of L from b on at the two columns whose own rows are a0 and a1, all known for `bytes`.
 * Row a0 goes on with −1/l₀₀, row a1 with l₁₀ and −1/l₁₁; g is G at the first of the rows and columns.
 */
export function source() {
  return `// Made by cholesky.generate.mjs.

export function below(count: i32, bytes: usize, ${pointers(2)}, b: usize, ld: usize, g: usize): void {
  for (; count > 0; count--) {
    const h = g + ld
${sums(2, (i, offset) => `${i === 0 ? 'g' : 'h'}, ${offset}`)}${loop(2, 'bytes')}    const q0 = a0 + bytes, q1 = a1 + bytes, out = b + bytes
    const r0 = v128.load(q0), lr = v128.load(q1), li = v128.load(q1, 16), r1 = v128.load(q1, 32)
    re0 = f64x2.mul(re0, r0)
    im0 = f64x2.mul(im0, r0)
    v128.store(out, re0)
    v128.store(out, im0, 16)
    re1 = f64x2.add(re1, f64x2.add(f64x2.mul(lr, re0), f64x2.mul(li, im0)))
    im1 = f64x2.add(im1, f64x2.sub(f64x2.mul(lr, im0), f64x2.mul(li, re0)))
    v128.store(out, f64x2.mul(re1, r1), 32)
    v128.store(out, f64x2.mul(im1, r1), 48)
    b += ld
    g += 32
  }
}
`
}
