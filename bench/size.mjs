/**
 * node bench/size.mjs: what a page downloads, in kB. Exits 1 where the default entry is above its ceiling.
 *
 * The last rows are what a bundler leaves of the default entry for a page that imports only these names.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'

/** What the default entry is meant to weigh, gzipped, and what it may: just above what it does, so that growth is a decision. */
const AIM = 45_000
const CEILING = 86_500

const dist = new URL('../dist/', import.meta.url)
const IMPORTS = ['conv, spectralNorm', 'conv, exact', 'conv, f4']

console.log('file'.padEnd(30), 'raw'.padStart(7), 'gzip'.padStart(7), 'brotli'.padStart(7))
for (const name of ['index.js', 'index.workerd.js', 'index.edge.js', 'audit.js', 'opnorm.wasm'])
  print(name, await readFile(new URL(name, dist)))
for (const names of IMPORTS) print(`import { ${names} }`, await bundled(names))

const entry = gzipped(await readFile(new URL('index.js', dist)))
console.log(`default entry: ${kB(entry)} kB gzip; aim ${AIM / 1000}, ceiling ${CEILING / 1000}`)
if (entry > CEILING) process.exitCode = 1

function print(name, bytes) {
  const sizes = [bytes.length, gzipped(bytes), brotliCompressSync(bytes).length]
  console.log(name.padEnd(30), ...sizes.map(size => kB(size).padStart(7)))
}

async function bundled(names) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: `export { ${names} } from './index.js'`, resolveDir: fileURLToPath(dist) },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  })
  return outputFiles[0].contents
}

function gzipped(bytes) {
  return gzipSync(bytes, { level: 9 }).length
}

function kB(size) {
  return (size / 1000).toFixed(1)
}
