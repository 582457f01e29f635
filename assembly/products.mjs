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
    .flatMap(i => range(columns).map(j => `    let re${i}${j} = ${start(i, j, 're')}\n    let im${i}${j} = ${start(i, j, 'im')}\n`))
    .join('')
}

/**
 * The loop over `length` bytes of the columns at a0…, b0…. One offset for all of them, and sums that begin in memory: with pointers
 * of their own, or with zeros, Node 20 moves sums between registers.
 */
export function loop(rows, columns, length) {
  const load = (name, offset) => `v128.load(${name} + o${offset ? `, ${offset}` : ''})`
  const lines = [`    for (let o: usize = 0; o < ${length}; o += 32) {`]
  for (const j of range(columns)) lines.push(`      const br${j} = ${load(`b${j}`)}, bi${j} = ${load(`b${j}`, 16)}`)
  for (const i of range(rows)) {
    lines.push(`      const ar${i} = ${load(`a${i}`)}, ai${i} = ${load(`a${i}`, 16)}`)
    for (const j of range(columns)) {
      const product = (op, x, y) => `f64x2.${op}(f64x2.mul(ar${i}, ${x}${j}), f64x2.mul(ai${i}, ${y}${j}))`
      lines.push(`      re${i}${j} = f64x2.add(re${i}${j}, ${product('add', 'br', 'bi')})`)
      lines.push(`      im${i}${j} = f64x2.add(im${i}${j}, ${product('sub', 'bi', 'br')})`)
    }
  }
  return lines.join('\n') + '\n    }\n'
}

/** Parameters `prefix0: usize, …`. */
export function pointers(prefix, count) {
  return range(count).map(i => `${prefix}${i}: usize`).join(', ')
}

export { range }
