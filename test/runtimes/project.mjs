/** An empty folder with nothing in it but the packed tarball, as somebody who installs the package has it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { wideModel } from './wide.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sample = join(root, 'examples/train-shapes/models/shapes.safetensors')

/** @returns the folder; beside the package it holds probe.js and the small programs that run it */
export async function project() {
  const folder = mkdtempSync(join(tmpdir(), 'opnorm-runtimes-'))
  const npm = (cwd, ...args) => execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  npm(root, 'pack', '--silent', '--pack-destination', folder)
  const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'))
  const write = (name, text) => writeFileSync(join(folder, name), text)
  write('package.json', JSON.stringify({ private: true, type: 'module', dependencies: { opnorm: `file:${tarball}` } }))
  npm(folder, 'install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline')
  await probe(join(folder, 'probe.js'))
  const imports =
    "import * as opnorm from 'opnorm'\nimport * as auditing from 'opnorm/audit'\nimport { pool, probe } from './probe.js'\n"
  write('import.mjs', `${imports}console.log(JSON.stringify(await probe(opnorm, auditing, 'whole')))`)
  write(
    'require.cjs',
    "const opnorm = require('opnorm'), auditing = require('opnorm/audit'), { probe } = require('./probe.js')\nprobe(opnorm, auditing, 'brief').then(found => console.log(JSON.stringify(found)))",
  )
  write('page.js', `${imports}globalThis.found = probe(opnorm, auditing, 'brief')`)
  write('index.html', '<!doctype html><meta charset="utf-8"><title>opnorm</title><script type="module" src="./page.js"></script>')
  write(
    'worker.mjs',
    `${imports}const found = async () => ({ ...(await probe(opnorm, auditing, 'whole')), ...(await pool(auditing)) })
export default { fetch: async () => Response.json(await found()) }`,
  )
  poolPrograms(write)
  write('wide.safetensors', wideModel())
  return folder
}

/** The pool: by itself, and with a first worker that leaves in the middle of its first layer. */
function poolPrograms(write) {
  const imports = "import * as auditing from 'opnorm/audit'\nimport { pool } from './probe.js'\n"
  write(
    'dies.mjs',
    `import { parentPort } from 'node:worker_threads'
parentPort.on('message', message => 'module' in message || process.exit(7))
parentPort.postMessage({ present: '' })`,
  )
  write(
    'pool.mjs',
    `import { Worker } from 'node:worker_threads'
${imports}const worker = dead => new Worker(new URL(dead ? './dies.mjs' : import.meta.resolve('opnorm/audit/worker'), import.meta.url))
console.log(JSON.stringify(await pool(auditing, worker)))`,
  )
  write(
    'dies.js',
    `navigator.locks.request('dies', () => {
  postMessage({ present: 'dies' })
  return new Promise(() => {})
})
onmessage = ({ data }) => 'module' in data || close()`,
  )
  // How a page names a worker depends on its bundler; 'opnorm/audit' itself names one in the way that Vite and webpack know.
  const page = (name, dead, living) => {
    write(
      `${name}.js`,
      `${imports}const worker = dead => dead ? ${dead} : ${living}
globalThis.found = pool(auditing, worker)`,
    )
    write(
      `${name}.html`,
      `<!doctype html><meta charset="utf-8"><title>opnorm</title><script type="module" src="./${name}.js"></script>`,
    )
  }
  const start = place => `new Worker(${place}, { type: 'module' })`
  const inModule = path => start(`new URL('${path}', import.meta.url)`)
  page('pool-bundled', inModule('./dies.js'), inModule('./living.js'))
  page('pool-beside', start("'dies.js'"), start("'audit.worker.js'"))
  page('pool-plain', start("'dies.js'"), start("'node_modules/opnorm/dist/audit.worker.js'"))
  write('living.js', "import 'opnorm/audit/worker'")
}

/** test/digest and the sample model in one file without imports, for engines that read neither TypeScript nor files. */
async function probe(outfile) {
  const contents = `
    import { digests } from './test/digest/digests.ts'
    import { wideModel } from './test/runtimes/wide.mjs'
    const bytes = Uint8Array.from(atob('${readFileSync(sample).toString('base64')}'), byte => byte.charCodeAt(0))
    export async function probe(opnorm, { audit, readModel }, extent) {
      const model = readModel([{ name: 'shapes.safetensors', bytes }])
      const real = model.layers.map(({ kernel }) => ({ data: Float64Array.from(kernel.data), shape: [...kernel.shape] }))
      const { layers } = audit(model, { gap: 1e-3 }).models[0]
      return {
        backend: opnorm.backend().kind,
        audit: layers.map(({ enclosure }) => [enclosure.lower, enclosure.upper]),
        digests: await (extent === 'whole' ? digests(opnorm, real) : digests(opnorm, [], 12)),
      }
    }
    const ends = ({ models }) => models[0].layers.map(({ enclosure }) => enclosure && [enclosure.lower, enclosure.upper])
    export async function pool({ auditParallel, readModel }, start) {
      const model = readModel([{ name: 'wide.safetensors', bytes: wideModel() }])
      const steps = []
      const onStep = ({ done }) => steps.push(done)
      const threads = ends(await auditParallel(model, { gap: 1e-3 }, { workers: 2, onStep }))
      let started = 0
      const worker = start && (() => start(started++ === 0))
      const again = ends(await auditParallel(model, { gap: 1e-3 }, { workers: 2, worker }))
      return { threads, again, steps, started }
    }`
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  })
}
