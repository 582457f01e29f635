import { eachRow, loop, pointers, sums } from './products.mjs'

/**
 * update(count, bytes, a0…a3, b, ld, out): to `count` rows of four columns, from `out` on, is added what `bytes` of earlier columns give: rows b against
 * the rows a of the four. The sums of a call begin at zero, so that rounding does not see how many calls there are.
 *
 * below(count, bytes, a0, a1, b, ld, g, down, across): `count` rows of L from b on at the two columns whose own rows are a0 and a1, all known for `bytes`.
 * Row a0 goes on with −1/l₀₀, row a1 with l₁₀ and −1/l₁₁. What the sums begin with is at g, the next row `down` bytes on, the other column `across`.
 */
export function source() {
  const store = i => `    v128.store(SUMS, re${i}, ${32 * i})\n    v128.store(SUMS, im${i}, ${32 * i + 16})\n`
  const add = i => [0, 16].map(o => 32 * i + o).map(o => `    v128.store(out, f64x2.add(v128.load(out, ${o}), v128.load(SUMS, ${o})), ${o})\n`).join('')
  return `// Made by cholesky.generate.mjs.

/** Where sums begin: complex zeros. */
const ZEROS = memory.data(32, 16)
const SUMS = memory.data(128, 16)

export function update(count: i32, bytes: usize, ${pointers(4)}, b: usize, ld: usize, out: usize): void {
  for (; count > 0; count--) {
${sums(4, (_, offset) => `ZEROS, ${offset}`)}${loop(4, 'bytes')}${eachRow(4, store)}${eachRow(4, add)}    b += ld
    out += ld
  }
}

export function below(count: i32, bytes: usize, ${pointers(2)}, b: usize, ld: usize, g: usize, down: usize, across: usize): void {
  for (; count > 0; count--) {
    const h = g + across
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
    g += down
  }
}
`
}
