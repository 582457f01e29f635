import { loop, pointers, range, sums } from './products.mjs'

/** block<rows>x<columns>(bytes, a…, b…, g, ldg): inner products of `bytes` long columns, put at g. */
function block(rows, columns) {
  const store = range(columns).flatMap(j =>
    range(rows).map(i => `  v128.store(g${j}, re${i}${j}, ${i * 32})\n  v128.store(g${j}, im${i}${j}, ${i * 32 + 16})\n`),
  )
  const targets = range(columns - 1).map(j => `  const g${j + 1} = g${j} + ldg\n`)
  return (
    `export function block${rows}x${columns}(bytes: usize, ${pointers('a', rows)}, ${pointers('b', columns)}, g0: usize, ldg: usize): void {\n` +
    targets.join('') +
    sums(rows, columns, () => 'f64x2.splat(0)') +
    loop(rows, columns, 'bytes') +
    store.join('') +
    '}\n'
  )
}

export function source() {
  return `// Made by gram.generate.mjs.\n\n${[block(1, 1), block(1, 2), block(2, 2)].join('\n')}`
}
