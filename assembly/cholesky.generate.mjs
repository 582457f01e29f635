import { loop, pointers, range, sums } from './products.mjs'

/**
 * below<rows>(count, bytes, a0, a1, b, ld, g): `count` rows of L from b on at the two columns whose own rows are a0 and a1, all known for
 * `bytes`. Row a0 goes on with −1/l₀₀, row a1 with l₁₀ and −1/l₁₁; g is G at the first of the rows and columns.
 */
function below(rows) {
  const from = (i, j, part) => `v128.load(${i === 0 ? 'g' : 'h'}, ${32 * j + (part === 're' ? 0 : 16)})`
  const finish = j =>
    `    const pr${j} = f64x2.mul(re0${j}, r0), pi${j} = f64x2.mul(im0${j}, r0)\n` +
    `    v128.store(b${j} + bytes, pr${j})\n    v128.store(b${j} + bytes, pi${j}, 16)\n` +
    `    re1${j} = f64x2.add(re1${j}, f64x2.add(f64x2.mul(lr, pr${j}), f64x2.mul(li, pi${j})))\n` +
    `    im1${j} = f64x2.add(im1${j}, f64x2.sub(f64x2.mul(lr, pi${j}), f64x2.mul(li, pr${j})))\n` +
    `    v128.store(b${j} + bytes, f64x2.mul(re1${j}, r1), 32)\n    v128.store(b${j} + bytes, f64x2.mul(im1${j}, r1), 48)\n`
  return (
    `export function below${rows}(count: i32, bytes: usize, ${pointers('a', 2)}, b0: usize, ld: usize, g: usize): void {\n` +
    `  for (; count >= ${rows}; count -= ${rows}) {\n` +
    `    const h = g + ld\n` +
    range(rows).map(j => (j ? `    const b${j} = b${j - 1} + ld\n` : '')).join('') +
    sums(2, rows, from) +
    loop(2, rows, 'bytes') +
    `    const q0 = a0 + bytes, q1 = a1 + bytes\n` +
    `    const r0 = v128.load(q0), lr = v128.load(q1), li = v128.load(q1, 16), r1 = v128.load(q1, 32)\n` +
    range(rows).map(finish).join('') +
    `    b0 += ${rows} * ld\n    g += ${rows} * 32\n  }\n}\n`
  )
}

export function source() {
  return `// Made by cholesky.generate.mjs.\n\n${[below(1), below(2)].join('\n')}`
}
