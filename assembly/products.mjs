/**
 * Text of the loop all Hermitian routines live on: inner products of `rows` columns a with one column b in pair layout,
 *
 *     s_i += Σ_k conj(a_i[k]) · b[k]
 *
 * Four rows a turn: 10 loads for 32 operations, 95 % of the peak on every V8 measured (11.3, 12.4 and 13.6). Each sum takes its two products
 * as one term. Other shapes suit one engine and not the next (docs/architecture.md has the table): those of the age of Node 20 and 22 hoist
 * the loads of an inner loop to its top, so that 2×2 and 3×1 spill their sums there and nowhere else.
 */
const range = n => Array.from({ length: n }, (_, i) => i)

/** `text(i)` of each row. */
export function eachRow(rows, text) {
  return range(rows).map(text).join('')
}

/** Declares the sums; `start(i, offset)` is where the real (0) and imaginary (16) part begin: in memory, see `loop`. */
export function sums(rows, start) {
  return eachRow(rows, i => `    let re${i} = v128.load(${start(i, 0)})\n    let im${i} = v128.load(${start(i, 16)})\n`)
}

/**
 * The loop over `length` bytes of a0…, b. One offset for all, sums that begin in memory and are stored first thing after it, a loop around it
 * (over columns b) in the same function, and more than one call of that function, lest it be inlined: without any one of these Node 20
 * moves sums between registers, and 30 GFLOP/s become 25 or 20.
 */
export function loop(rows, length) {
  const row = i => `
      const ar${i} = v128.load(a${i} + o), ai${i} = v128.load(a${i} + o, 16)
      re${i} = f64x2.add(re${i}, f64x2.add(f64x2.mul(ar${i}, br), f64x2.mul(ai${i}, bi)))
      im${i} = f64x2.add(im${i}, f64x2.sub(f64x2.mul(ar${i}, bi), f64x2.mul(ai${i}, br)))`
  return `    for (let o: usize = 0; o < ${length}; o += 32) {
      const br = v128.load(b + o), bi = v128.load(b + o, 16)${eachRow(rows, row)}
    }\n`
}

/** Parameters a0: usize, … */
export function pointers(rows) {
  return range(rows).map(i => `a${i}: usize`).join(', ')
}
