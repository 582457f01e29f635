import { loop, pointers, range, sums } from './products.mjs'

/**
 * below<rows>(bytes, a0, a1, b…, g, ldg): rows b of L at the two columns whose rows of L are a0 and a1, with `bytes` of each known.
 * Row a0 goes on with −1/l₀₀, row a1 with l₁₀ and −1/l₁₁.
 */
function below(rows) {
  const from = (i, j, part) => `v128.load(${i === 0 ? 'g' : 'h'}, ${j * 32 + (part === 're' ? 0 : 16)})`
  const finish = range(rows).map(j => {
    const scaled = (i, part, r) => `f64x2.mul(${part}${i}${j}, ${r})`
    return (
      `  const pr${j} = ${scaled(0, 're', 'r0')}, pi${j} = ${scaled(0, 'im', 'r0')}\n` +
      `  v128.store(b${j}, pr${j})\n  v128.store(b${j}, pi${j}, 16)\n` +
      `  re1${j} = f64x2.add(re1${j}, f64x2.add(f64x2.mul(lr, pr${j}), f64x2.mul(li, pi${j})))\n` +
      `  im1${j} = f64x2.add(im1${j}, f64x2.sub(f64x2.mul(lr, pi${j}), f64x2.mul(li, pr${j})))\n` +
      `  v128.store(b${j}, ${scaled(1, 're', 'r1')}, 32)\n  v128.store(b${j}, ${scaled(1, 'im', 'r1')}, 48)\n`
    )
  })
  return (
    `export function below${rows}(bytes: usize, ${pointers('a', 2)}, ${pointers('b', rows)}, g: usize, ldg: usize): void {\n` +
    `  const h = g + ldg\n` +
    sums(2, rows, from) +
    loop(2, rows, 'bytes') +
    `  const r0 = v128.load(a0), lr = v128.load(a1), li = v128.load(a1, 16), r1 = v128.load(a1, 32)\n` +
    finish.join('') +
    '}\n'
  )
}

export function source() {
  return `// Made by cholesky.generate.mjs.\n\n${[below(1), below(2)].join('\n')}`
}
