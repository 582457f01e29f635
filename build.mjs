/**
 * Builds the package: assembly/ → dist/opnorm.wasm → a module of text → dist/*.js and declarations.
 *
 *   node build.mjs          everything
 *   node build.mjs --wasm   only the WebAssembly and its text module, enough to run the sources and the tests
 */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { only } from './assembly/only.mjs'
import { textOf } from './assembly/text.mjs'

const root = fileURLToPath(new URL('.', import.meta.url))
const at = path => root + path
const onlyWasm = process.argv.includes('--wasm')

await mkdir(at('dist'), { recursive: true })
await compileWasm()
if (!onlyWasm) await bundle()

/** asc, unless nothing it is made from is newer than the last module. */
async function compileWasm() {
  const target = at('src/runtime/generated/wasm.ts')
  await generateRoutines()
  const sources = [await newest(at('assembly')), await changed(at('asconfig.json')), await changed(at('build.mjs'))]
  if (Math.max(...sources) < (await changed(target))) return
  await mkdir(at('src/runtime/generated'), { recursive: true })
  for (const config of ['asconfig.json', 'assembly/unpack/asconfig.json'])
    await run(process.execPath, [at('node_modules/assemblyscript/bin/asc.js'), '--config', at(config), '--target', 'release'])
  const bytes = await readFile(at('dist/opnorm.wasm'))
  await writeFile(target, await textModule(bytes))
  console.log(`dist/opnorm.wasm  ${(bytes.length / 1000).toFixed(1)} kB`)
}

async function textModule(bytes) {
  const head = "import type { WasmText } from '../wasm-text.ts'\n\n/** dist/opnorm.wasm as text, made by assembly/text.mjs. */\n"
  const unpack = (await readFile(at('src/runtime/generated/unpack.wasm'))).toString('hex')
  return `${head}export const text: WasmText = ${JSON.stringify({ ...textOf(bytes), unpack })}\n`
}

/** Unrolled microkernels come from generator scripts: assembly/<name>.generate.mjs exports `source()`, written to assembly/generated/<name>.ts when it changes. */
async function generateRoutines() {
  for (const name of await readdir(at('assembly'))) {
    if (!name.endsWith('.generate.mjs')) continue
    const { source } = await import(at('assembly/' + name))
    const target = at('assembly/generated/' + name.replace('.generate.mjs', '.ts'))
    const text = source()
    if ((await readFile(target, 'utf8').catch(() => '')) === text) continue
    await mkdir(at('assembly/generated'), { recursive: true })
    await writeFile(target, text)
  }
}

/** The JavaScript bundles, one per way of getting at the module, the audit entry, the command line, and the declarations. */
async function bundle() {
  const esbuild = await import('esbuild')
  const terser = await import('terser')
  // what a former build left, so that nothing of a module that has moved is published
  for (const name of await readdir(at('dist'))) if (name !== 'opnorm.wasm') await rm(at('dist/' + name), { recursive: true })
  const common = {
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    keepNames: false,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  }
  // esbuild takes the modules together; terser then names what is local with fewer letters, which is what gzip likes: 5 % less.
  const write = async options => {
    const { outputFiles } = await esbuild.build({ ...common, ...options })
    const { code } = await terser.minify(outputFiles[0].text, {
      module: true,
      ecma: 2022,
      compress: { passes: 3 },
      // one character of two bytes makes all of the file twice as long for an engine
      format: { ascii_only: true },
    })
    await writeFile(options.outfile, code)
    return code
  }
  const external = ['./opnorm.wasm', './opnorm.wasm?module']
  const core = await write({
    entryPoints: [at('src/index.ts')],
    outfile: at('dist/index.workerd.js'),
    external,
    plugins: [instead('runtime/load.ts', 'runtime/load.workerd.ts')],
  })
  await write({
    entryPoints: [at('src/index.ts')],
    outfile: at('dist/index.edge.js'),
    external,
    plugins: [instead('runtime/load.ts', 'runtime/load.edge.ts')],
  })
  await write({ entryPoints: [at('src/index.ts')], outfile: at('dist/index.js'), plugins: [await routinesOf(core)] })
  // The audit, the command line and the core are separate files that share one instance of the module: what computes is imported from
  // the core's own bundle, in the variant that fits the runtime.
  const auditing = { packages: 'external', platform: 'neutral' }
  for (const variant of ['', '.workerd', '.edge'])
    await write({
      ...auditing,
      entryPoints: [at('src/audit.ts')],
      outfile: at(`dist/audit${variant}.js`),
      plugins: [coreIs(`./index${variant}.js`), ...(variant ? [instead('audit/here.ts', 'audit/here.edge.ts')] : [])],
    })
  await write({
    ...auditing,
    entryPoints: [at('src/audit/worker.ts')],
    outfile: at('dist/audit.worker.js'),
    plugins: [coreIs('./index.js')],
  })
  await write({
    entryPoints: [at('src/cli/bin.ts')],
    outfile: at('dist/cli.js'),
    packages: 'external',
    platform: 'node',
    banner: { js: '#!/usr/bin/env node' },
    plugins: [coreIs('./index.js')],
  })
  await writeFile(
    at('dist/opnorm.wasm.d.ts'),
    "declare const module: import('./runtime/instance.js').CompiledModule\nexport default module\n",
  )
  await run(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.declarations.json')])
}

/**
 * Inside an entry go the routines it has as properties, not those that only tests and benchmarks call (complete decompositions, real transforms,
 * exponentials): 2 kB gzipped of 15. dist/opnorm.wasm has them all.
 */
async function routinesOf(code) {
  const bytes = await readFile(at('dist/opnorm.wasm'))
  const names = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name)
  const contents = await textModule(
    only(
      bytes,
      names.filter(name => new RegExp(`[.{,]${name}\\b`).test(code)),
    ),
  )
  return {
    name: 'routines',
    setup: build => build.onLoad({ filter: /runtime\/generated\/wasm\.ts$/ }, () => ({ contents, loader: 'ts' })),
  }
}

/** Another file in the place of one, by their names in src/. */
function instead(file, other) {
  return {
    name: file,
    setup: build =>
      build.onResolve({ filter: /\.ts$/ }, ({ path, resolveDir }) =>
        resolve(resolveDir, path) === at(`src/${file}`) ? { path: at(`src/${other}`) } : undefined,
      ),
  }
}

/** Everything that may reach the WebAssembly module comes from the core's bundle; its public names must suffice. */
function coreIs(bundle) {
  return {
    name: 'core',
    setup: build =>
      build.onResolve({ filter: /\.ts$/ }, ({ path, importer }) =>
        /\/src\/(methods|torus|training|runtime)\/|\/src\/(index|apply)\.ts$/.test(new URL(path, `file://${importer}`).pathname)
          ? { path: bundle, external: true }
          : undefined,
      ),
  }
}

async function newest(folder) {
  let latest = 0
  for (const entry of await readdir(folder, { recursive: true })) latest = Math.max(latest, await changed(`${folder}/${entry}`))
  return latest
}

async function changed(path) {
  return (await stat(path).catch(() => ({ mtimeMs: 0 }))).mtimeMs
}

function run(command, args) {
  return new Promise((done, reject) => {
    spawn(command, args, { stdio: 'inherit', cwd: root }).on('exit', code =>
      code === 0 ? done() : reject(new Error(`${args[0]} exited with ${code}`)),
    )
  })
}
