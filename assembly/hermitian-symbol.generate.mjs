/**
 * blocks<width>(count, taps, planes, phase, row, g, matrix, o10, o01, o11): `count` blocks of four entries, one below the other, for `width`
 * pairs of frequencies at once.
 *
 * Four entries by two pairs are eight sums and six loads a tap, the most that stays in registers everywhere: 84 % of the peak. The real
 * parts take all cosines before the imaginary parts take the sines; both at once would be twice the sums.
 */
const range = n => Array.from({ length: n }, (_, i) => i)
const each = (n, text) => range(n).map(text).join('')

/**
 * Two lanes of 64 bits and four of 32: bytes of a number, the instruction that spreads it, and where the cosines and the sines of a
 * frequency begin and how far they are apart.
 */
const DOUBLE = { type: 'f64x2', bytes: 8, spread: 'v128.load64_splat', phases: ['0', '16'], step: 32, phaseRow: 'row' }
const SINGLE = { type: 'f32x4', bytes: 4, spread: 'v128.load32_splat', phases: ['0', 'row'], step: 16, phaseRow: '2 * row' }

/** One sweep over the taps; `start(i)` is where the sums of entry i begin, `part` 0 for cosines and 1 for sines. */
function sweep({ type, bytes, spread, phases, step }, width, start, part) {
  const sums = (i, text) => range(width).map(p => text(`s${i}${p}`, `e${p}`)).join('; ')
  return `${each(4, i => `      ${sums(i, s => `${s} = ${start(i)}`)}\n`)}${each(width, p => `      const c${part}${p} = f${p} + ${phases[part]}\n`)}      for (let o: usize = 0; o < row; o += ${step}) {
${each(width, p => `        const e${p} = v128.load(c${part}${p} + o)\n`)}${each(
    4,
    i => `        const t${i} = ${spread}(t + o, ${bytes * i})
        ${sums(i, (s, e) => `${s} = ${type}.add(${s}, ${type}.mul(t${i}, ${e}))`)}\n`,
  )}      }
${each(width, p => `      v128.store(h${p} + o01, s2${p}, ${16 * part})
      v128.store(h${p} + o11, s3${p}, ${16 * part})
      v128.store(h${p} + o10, s1${p}, ${16 * part})
      v128.store(h${p}, s0${p}, ${16 * part})\n`)}`
}

function blocks(lanes, width) {
  const { type, bytes, spread, phaseRow } = lanes
  const zero = `${type}.splat(0)`
  return `export function blocks${width}(count: i32, pairs: i32, planes: usize, phase: usize, row: usize, g: usize, matrix: usize, o10: usize, o01: usize, o11: usize): void {
${each(4, i => `  let ${range(width).map(p => `s${i}${p} = ${zero}`).join(', ')}\n`)}  for (; count > 0; count--) {
    let f0 = phase, h0 = g
    for (let p = pairs; p > 0; p -= ${width}) {
${each(width - 1, p => `      const f${p + 1} = f${p} + ${phaseRow}, h${p + 1} = h${p} + matrix\n`)}      let t = planes + ${4 * bytes}
${sweep(lanes, width, i => `${spread}(planes, ${bytes * i})`, 0)}      t += row
${sweep(lanes, width, () => zero, 1)}      f0 += ${width === 1 ? '' : `${width} * `}${phaseRow}
      h0 += ${width === 1 ? '' : `${width} * `}matrix
    }
    planes += ${4 * bytes} + 2 * row
    g += 64
  }
}
`
}

export function source(lanes = DOUBLE) {
  return `// Made by hermitian-symbol.generate.mjs.\n\n${blocks(lanes, 1)}\n${blocks(lanes, 2)}`
}

export const single = () => source(SINGLE)
