/**
 * Text of the loop all Hermitian routines live on: a block of rows × columns complex inner products of columns in pair layout,
 *
 *     c[i][j] += Σ_k conj(a_i[k]) · b_j[k]
 *
 * 8 operations a product and 2·(rows + columns) loads. Engines of the age of Node 20 hoist every load of the body to its top: with
 * 15 usable registers, 1×2 (4 sums, 6 loads) is then the largest block that never spills; newer ones keep up with 2×2 and need fewer
 * loads. Each sum adds the same numbers in the same order whatever its block, so the choice cannot be seen in the bits.
 */
const range = n => Array.from({ length: n }, (_, i) => i)

/** Declares the sums of a block; `start(i, j, part)` is the expression each begins with. */
export function sums(rows, columns, start) {
  return range(rows)
    .flatMap(i => range(columns).map(j => `  let re${i}${j} = ${start(i, j, 're')}\n  let im${i}${j} = ${start(i, j, 'im')}\n`))
    .join('')
}

/** The loop over `length` bytes; pointers a0…, b0… are moved. */
export function loop(rows, columns, length) {
  const lines = [`  const end = a0 + ${length}`, `  while (a0 < end) {`]
  for (const j of range(columns)) lines.push(`    const br${j} = v128.load(b${j}), bi${j} = v128.load(b${j}, 16)`)
  for (const i of range(rows)) {
    lines.push(`    const ar${i} = v128.load(a${i}), ai${i} = v128.load(a${i}, 16)`)
    for (const j of range(columns)) {
      const product = (op, x, y) => `f64x2.${op}(f64x2.mul(ar${i}, ${x}${j}), f64x2.mul(ai${i}, ${y}${j}))`
      lines.push(`    re${i}${j} = f64x2.add(re${i}${j}, ${product('add', 'br', 'bi')})`)
      lines.push(`    im${i}${j} = f64x2.add(im${i}${j}, ${product('sub', 'bi', 'br')})`)
    }
  }
  for (const i of range(rows)) lines.push(`    a${i} += 32`)
  for (const j of range(columns)) lines.push(`    b${j} += 32`)
  return lines.join('\n') + '\n  }\n'
}

/** Parameters `prefix0: usize, …`. */
export function pointers(prefix, count) {
  return range(count).map(i => `${prefix}${i}: usize`).join(', ')
}

export { range }
