/**
 * blocks<width>(count, taps, planes, phase, row, g, matrix, o10, o01, o11): `count` blocks of four entries, one below the other, for `width`
 * pairs of frequencies at once.
 *
 * Four entries by two pairs are eight sums and six loads a tap, the most that stays in registers everywhere: 84 % of the peak. The real
 * parts take all cosines before the imaginary parts take the sines; both at once would be twice the sums.
 */
const range = n => Array.from({ length: n }, (_, i) => i)
const each = (n, text) => range(n).map(text).join('')

/** One sweep over the taps; `start(i)` is where the sums of entry i begin, `part` 0 for cosines and 16 for sines. */
function sweep(width, start, part) {
  const sums = (i, text) => range(width).map(p => text(`s${i}${p}`, `e${p}`)).join('; ')
  return `${each(4, i => `      ${sums(i, s => `${s} = ${start(i)}`)}\n`)}      for (let o: usize = 0; o < row; o += 32) {
${each(width, p => `        const e${p} = v128.load(f${p} + o, ${part})\n`)}${each(
    4,
    i => `        const t${i} = v128.load64_splat(t + o, ${8 * i})
        ${sums(i, (s, e) => `${s} = f64x2.add(${s}, f64x2.mul(t${i}, ${e}))`)}\n`,
  )}      }
${each(width, p => `      v128.store(h${p} + o01, s2${p}, ${part})
      v128.store(h${p} + o11, s3${p}, ${part})
      v128.store(h${p} + o10, s1${p}, ${part})
      v128.store(h${p}, s0${p}, ${part})\n`)}`
}

function blocks(width) {
  return `export function blocks${width}(count: i32, pairs: i32, planes: usize, phase: usize, row: usize, g: usize, matrix: usize, o10: usize, o01: usize, o11: usize): void {
${each(4, i => `  let ${range(width).map(p => `s${i}${p} = f64x2.splat(0)`).join(', ')}\n`)}  for (; count > 0; count--) {
    let f0 = phase, h0 = g
    for (let p = pairs; p > 0; p -= ${width}) {
${each(width - 1, p => `      const f${p + 1} = f${p} + row, h${p + 1} = h${p} + matrix\n`)}      let t = planes + 32
${sweep(width, i => `v128.load64_splat(planes, ${8 * i})`, 0)}      t += row
${sweep(width, () => 'f64x2.splat(0)', 16)}      f0 += ${width === 1 ? '' : `${width} * `}row
      h0 += ${width === 1 ? '' : `${width} * `}matrix
    }
    planes += 32 + 2 * row
    g += 64
  }
}
`
}

export function source() {
  return `// Made by hermitian-symbol.generate.mjs.\n\n${blocks(1)}\n${blocks(2)}`
}
