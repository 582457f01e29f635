/** Bundles the playground from the built package into dist/: static files, to be put on any server. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { toHtml } from 'opnorm/audit'

const at = path => fileURLToPath(new URL(path, import.meta.url))
const { build } = createRequire(at('../../package.json'))('esbuild')

await mkdir(at('dist'), { recursive: true })
await build({
  // The audit starts workers of its own from the file beside it.
  entryPoints: {
    app: at('app.js'),
    worker: at('worker.js'),
    'audit.worker': fileURLToPath(import.meta.resolve('opnorm/audit/worker')),
  },
  outdir: at('dist'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  logLevel: 'warning',
})
for (const file of ['index.html', 'playground.css']) await copyFile(at(file), at(`dist/${file}`))
for (const file of ['shapes.safetensors', 'shapes.geometry.json'])
  await copyFile(at(`../../examples/train-shapes/models/${file}`), at(`dist/${file}`))
// The page forbids inline scripts, so the report's own comes as a file.
const empty = { opnorm: '', goal: {}, models: [], findings: [], partial: false }
await writeFile(at('dist/sort.js'), toHtml(empty).split('<script>')[1].split('</script>')[0])
