/**
 * Text of the loop all Hermitian routines live on: inner products of `rows` columns a with one column b in pair layout,
 *
 *     s_i += Σ_k conj(a_i[k]) · b[k]
 *
 * Two rows a turn: 6 loads for 16 operations, 12 registers. That is the shape that reaches nine tenths of the peak on every V8 measured
 * (11.3 and 13.6): engines of the age of Node 20 hoist the loads of an inner loop to its top, so that 2×2, 3×1 or two turns at once
 * spill their sums (60–75 %), and newer ones gain nothing from more than this as long as each sum takes its two products as one term.
 * Summed one after the other they would make the better shape depend on the engine: 2×1 on Node 20, 2×2 on Node 24.
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
 * The loop over `length` bytes of a0…, b. One offset for all, sums that begin in memory, and a loop around it (over columns b) in the same
 * function: without any one of these Node 20 moves sums between registers, and 30 GFLOP/s become 25.
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
