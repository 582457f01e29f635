import { loop, pointers, range, sums } from './products.mjs'

/**
 * strip<rows>x<columns>(count, fresh, bytes, a…, b, ldb, g, ldg): the inner products of columns a with `count` columns from b on, all
 * `bytes` long, put at g, g + ldg, … or, unless fresh, added to what is there.
 *
 * The loop over the columns belongs to the strip: an inner loop Node 20 compiles well (30 GFLOP/s), a lone one less so (25).
 */
function strip(rows, columns) {
  const list = text => range(columns).map(text).join('')
  const store = j =>
    range(rows)
      .map(i => `    v128.store(g${j}, re${i}${j}, ${32 * i})\n    v128.store(g${j}, im${i}${j}, ${32 * i + 16})\n`)
      .join('')
  return (
    `export function strip${rows}x${columns}(count: i32, fresh: bool, bytes: usize, ${pointers('a', rows)}, b0: usize, ldb: usize, g0: usize, ldg: usize): void {\n` +
    `  for (; count > 0; count -= ${columns}) {\n` +
    list(j => (j ? `    const g${j} = g${j - 1} + ldg, b${j} = b${j - 1} + ldb\n` : '')) +
    list(j => `    const s${j} = fresh ? ZEROS : g${j}\n`) +
    sums(rows, columns, (i, j, part) => `v128.load(s${j}, ${32 * i + (part === 're' ? 0 : 16)})`) +
    loop(rows, columns, 'bytes') +
    list(store) +
    `    b0 += ${columns} * ldb\n    g0 += ${columns} * ldg\n  }\n}\n`
  )
}

export function source() {
  const zeros = `/** Where sums begin: two rows of complex zeros. */\nconst ZEROS = memory.data(64, 16)\n`
  return `// Made by gram.generate.mjs.\n\n${zeros}\n${[strip(1, 1), strip(2, 1), strip(2, 2)].join('\n')}`
}
