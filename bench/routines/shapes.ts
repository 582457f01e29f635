/**
 * Which block of inner products suits an engine: `rows` columns of A with `columns` of B at once, complex, in pair layout, as a fraction of
 * the peak. Run it with another Node to compare; docs/architecture.md has the table. All shapes give the same bits.
 */
import asc from 'assemblyscript/asc'
import { best, peak } from '../frame.ts'

const SHAPES = [
  [1, 1],
  [2, 1],
  [3, 1],
  [4, 1],
  [5, 1],
  [1, 2],
  [2, 2],
  [3, 2],
  [1, 4],
  [2, 4],
]
const range = (n: number) => Array.from({ length: n }, (_, i) => i)

/** For each of `count` columns of B, by `columns`: the products with `rows` columns of A, all `bytes` long. */
function strip(rows: number, columns: number): string {
  const each = (text: (i: number, j: number) => string) =>
    range(rows)
      .map(i =>
        range(columns)
          .map(j => text(i, j))
          .join('\n'),
      )
      .join('\n')
  return `export function s${rows}x${columns}(count: i32, bytes: usize, a: usize, b: usize, g: usize): void {
  ${range(rows)
    .map(i => `const a${i} = a + ${i} * bytes`)
    .join('; ')}
  for (; count > 0; count -= ${columns}) {
    ${range(columns)
      .map(j => `const b${j} = b + ${j} * bytes, g${j} = g + ${j} * bytes`)
      .join('; ')}
    ${each((i, j) => `let re${i}${j} = v128.load(ZERO), im${i}${j} = v128.load(ZERO)`)}
    for (let o: usize = 0; o < bytes; o += 32) {
      ${range(columns)
        .map(j => `const br${j} = v128.load(b${j} + o), bi${j} = v128.load(b${j} + o, 16)`)
        .join('; ')}
      ${range(rows)
        .map(
          i => `const ar${i} = v128.load(a${i} + o), ai${i} = v128.load(a${i} + o, 16)
        ${range(columns)
          .map(
            j => `re${i}${j} = f64x2.add(re${i}${j}, f64x2.add(f64x2.mul(ar${i}, br${j}), f64x2.mul(ai${i}, bi${j})))
          im${i}${j} = f64x2.add(im${i}${j}, f64x2.sub(f64x2.mul(ar${i}, bi${j}), f64x2.mul(ai${i}, br${j})))`,
          )
          .join('\n')}`,
        )
        .join('\n')}
    }
    ${each((i, j) => `v128.store(g${j}, re${i}${j}, ${32 * i}); v128.store(g${j}, im${i}${j}, ${32 * i + 16})`)}
    b += ${columns} * bytes
    g += ${columns} * bytes
  }
}
`
}

type Strip = (count: number, bytes: number, a: number, b: number, g: number) => void
const text = `const ZERO = memory.data(16, 16)\n${SHAPES.map(([r, c]) => strip(r, c)).join('')}`
const options = { optimizeLevel: 3, runtime: 'stub', noAssert: true, enable: ['simd'], initialMemory: 64 }
const { binary, stderr } = await asc.compileString(text, options)
if (!binary) throw new Error(`the shapes do not compile: ${stderr}`)
const { instance } = await WebAssembly.instantiate(binary as BufferSource, { env: { abort() {} } })
const strips = instance.exports as unknown as Record<string, Strip>

console.log(`Node ${process.version}       ${SHAPES.map(([r, c]) => `${r}×${c}`.padStart(6)).join('')}`)
// Sides that all shapes divide, small enough for the first-level cache, half of the second, and in between.
for (const n of [12, 60, 120]) {
  const bytes = n * 32
  const [a, g] = [1 << 16, (1 << 16) + n * bytes]
  const top = await peak()
  const rates = SHAPES.map(([r, c]) => {
    const work = () => {
      for (let i = 0; i < n; i += r) strips[`s${r}x${c}`](n, bytes, a + i * bytes, a, g + i * 32)
    }
    return (16 * n ** 3) / best(work, 0.1) / top
  })
  console.log(`shapes ${String(n).padStart(10)}   ${rates.map(x => `${(100 * x).toFixed(0)} %`.padStart(6)).join('')}`)
}
