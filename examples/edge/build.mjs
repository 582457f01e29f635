/** The worker and the module it imports, side by side as workerd wants them. */
import { copyFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = path => fileURLToPath(new URL(path, import.meta.url))

await build({
  entryPoints: [at('worker.js')],
  outfile: at('dist/worker.js'),
  bundle: true,
  format: 'esm',
  conditions: ['workerd'],
  external: ['./opnorm.wasm'],
  // This example is a user of the package like any other: nothing of the repository's own configuration applies.
  tsconfigRaw: {},
})
await copyFile(fileURLToPath(import.meta.resolve('opnorm/opnorm.wasm')), at('dist/opnorm.wasm'))
