import { eachRow, loop, pointers, sums } from './products.mjs'

/**
 * strip<rows>x1(count, fresh, bytes, a…, b, ldb, g, ldg): the inner products of columns a with `count` columns from b on, all `bytes`
 * long, put at g, g + ldg, … or, unless fresh, added to what is there.
 */
function strip(rows) {
  const store = i => `    v128.store(g, re${i}, ${32 * i})\n    v128.store(g, im${i}, ${32 * i + 16})\n`
  return (
    `export function strip${rows}x1(count: i32, fresh: bool, bytes: usize, ${pointers(rows)}, b: usize, ldb: usize, g: usize, ldg: usize): void {\n` +
    `  for (; count > 0; count--) {\n` +
    `    const s = fresh ? ZEROS : g\n` +
    sums(rows, (i, offset) => `s, ${32 * i + offset}`) +
    loop(rows, 'bytes') +
    eachRow(rows, store) +
    `    b += ldb\n    g += ldg\n  }\n}\n`
  )
}

export function source() {
  const zeros = '/** Where sums begin: four rows of complex zeros. */\nconst ZEROS = memory.data(128, 16)\n'
  return `// Made by gram.generate.mjs.\n\n${zeros}\n${[strip(1), strip(2), strip(4)].join('\n')}`
}
