/** node bench/size.mjs: what a page downloads, beside the budget. Exits 1 above it. */
import { readFile } from 'node:fs/promises'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const BUDGET = 45_000

const files = ['index.js', 'index.workerd.js', 'index.edge.js', 'audit.js', 'opnorm.wasm']
console.log('file                  raw    gzip  brotli')
for (const name of files) {
  const bytes = await readFile(new URL(`../dist/${name}`, import.meta.url))
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length]
  console.log(name.padEnd(18), ...sizes.map(size => (size / 1000).toFixed(1).padStart(6)), 'kB')
  if (name === 'index.js' && sizes[1] > BUDGET) {
    console.log(`  default entry: ${(sizes[1] / 1000).toFixed(1)} kB gzip, over the budget of ${BUDGET / 1000} kB`)
    process.exitCode = 1
  }
}
