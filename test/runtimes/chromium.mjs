/** Chromium: a plain module page, a worker, content security policies, and what the bundlers make of the package. */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import nodeResolve from '@rollup/plugin-node-resolve'
import { build as esbuild } from 'esbuild'
import { chromium } from 'playwright-core'
import { rollup } from 'rollup'
import { build as viteBuild, createServer as viteServer } from 'vite'
import webpack from 'webpack'
import { serve } from './site.mjs'

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const place = PLACES.find(path => path && existsSync(path))
const needs = () => place
const ALLOWED = "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'"
const FORBIDDEN = "script-src 'self' 'unsafe-inline'"

export const pages = [
  { name: 'chromium, page', extent: 'whole', needs, run: folder => plain(folder, 'whole') },
  { name: 'chromium, worker', extent: 'brief', needs, run: inWorker },
  { name: "chromium, 'wasm-unsafe-eval'", extent: 'brief', needs, run: folder => plain(folder, 'brief', ALLOWED) },
  { name: 'chromium, forbidden: the error', extent: 'refusal', needs, run: folder => plain(folder, 'brief', FORBIDDEN) },
  { name: 'chromium, pool', extent: 'pool', needs, run: poolInPage },
  { name: 'chromium, pool inside a worker', extent: 'pool', needs, run: poolInWorker },
  { name: 'vite, dev', extent: 'brief', needs, run: folder => viteDev(folder, '') },
  { name: 'vite, dev, pool', extent: 'pool', needs, run: folder => viteDev(folder, 'pool-bundled.html') },
  { name: 'vite, build', extent: 'brief', needs, run: bundled('vite', viteBundle) },
  { name: 'vite, build, pool', extent: 'pool', needs, run: bundled('vite-pool', viteBundle, 'pool-bundled') },
  { name: 'webpack', extent: 'brief', needs, run: bundled('webpack', webpackBundle) },
  { name: 'webpack, pool', extent: 'pool', needs, run: bundled('webpack-pool', webpackBundle, 'pool-bundled') },
  { name: 'rollup', extent: 'brief', needs, run: bundled('rollup', rollupBundle) },
  { name: 'esbuild', extent: 'brief', needs, run: bundled('esbuild', esbuildBundle) },
  { name: 'rollup, pool', extent: 'pool', needs, run: bundled('rollup-pool', rollupBundle, 'pool-beside') },
  { name: 'esbuild, pool', extent: 'pool', needs, run: bundled('esbuild-pool', esbuildBundle, 'pool-beside') },
]

/** Milliseconds a page may take. */
const PATIENCE = 120_000

/** Opens the page, and waits for what it puts into globalThis.found. */
async function found(url) {
  const browser = await chromium.launch({ executablePath: place, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    const complaints = []
    page.on('pageerror', error => complaints.push(error.message))
    await page.goto(url)
    await page
      .waitForFunction(() => 'found' in globalThis, undefined, { timeout: 60_000 })
      .catch(error => {
        throw new Error([...complaints, error.message].join('; '))
      })
    const late = new Promise((_, reject) => setTimeout(reject, PATIENCE, new Error('no answer')))
    return await Promise.race([page.evaluate(() => globalThis.found.catch(({ code, message }) => ({ code, message }))), late])
  } finally {
    await browser.close()
  }
}

/** No bundler: an import map says where the packages are, as in any page. */
async function plain(folder, extent, policy) {
  const script = `${IMPORTS}globalThis.found = probe(opnorm, auditing, '${extent}')`
  return inPage(folder, `<script type="importmap">${MAP}</script><script type="module">${script}</script>`, policy)
}

async function inWorker(folder) {
  const core = "import * as opnorm from './node_modules/opnorm/dist/index.js'\nimport { probe } from './probe.js'\n"
  await writeFile(
    join(folder, 'inside.js'),
    `${core}postMessage({ kind: opnorm.backend().kind, value: opnorm.dense([[3, 0], [0, 4]]) && opnorm.exact(opnorm.dense([[3, 0], [0, 4]])).value })`,
  )
  // Import maps do not reach workers: the audit, which imports packages, is bundled for them.
  const bundle = join(folder, 'bundled.worker.js')
  await writeFile(join(folder, 'worker-entry.js'), `${IMPORTS}probe(opnorm, auditing, 'brief').then(postMessage)`)
  await esbuild({
    entryPoints: [join(folder, 'worker-entry.js')],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    logLevel: 'warning',
  })
  const open = file => `new Promise((resolve, reject) => {
    const worker = new Worker('${file}', { type: 'module' })
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = reject
  })`
  const script = `globalThis.found = ${open('./inside.js')}.then(({ kind, value }) => {
    if (kind !== 'wasm' || value !== 4) throw new Error('in a worker: ' + kind + ' ' + value)
    return ${open('./bundled.worker.js')}
  })`
  return inPage(folder, `<script type="module">${script}</script>`)
}

function poolInPage(folder) {
  const script = '<script type="module" src="./pool-plain.js"></script>'
  return inPage(folder, `<script type="importmap">${MAP}</script>${script}`)
}

/** A worker with workers of its own, as the playground has them; bundled, because import maps do not reach workers. */
async function poolInWorker(folder) {
  const entry = join(folder, 'pool-worker.js')
  const page = await readFile(join(folder, 'pool-beside.js'), 'utf8')
  await writeFile(entry, `${page}.catch(({ message }) => ({ message })).then(postMessage)`)
  const outdir = join(folder, 'pool-worker')
  await esbuild({ entryPoints: [entry], outdir, bundle: true, format: 'esm', logLevel: 'warning' })
  await putWorkers(folder, outdir)
  return inPage(
    folder,
    `<script type="module">globalThis.found = new Promise((resolve, reject) => {
      const worker = new Worker('pool-worker/pool-worker.js', { type: 'module' })
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = reject
    })</script>`,
  )
}

/** What has to lie beside a bundle of a bundler that does not know workers. */
async function putWorkers(folder, outdir) {
  await esbuild({
    entryPoints: { 'audit.worker': join(folder, 'living.js') },
    outdir,
    bundle: true,
    format: 'esm',
    logLevel: 'warning',
  })
  await copyFile(join(folder, 'dies.js'), join(outdir, 'dies.js'))
}

async function inPage(folder, body, policy) {
  const name = `${Math.trunc(performance.now() * 1000)}.html`
  await writeFile(join(folder, name), `<!doctype html><meta charset="utf-8"><title>opnorm</title>${body}`)
  const site = await serve(folder, policy)
  try {
    return await found(site.url + name)
  } finally {
    site.close()
  }
}

const IMPORTS = "import * as opnorm from 'opnorm'\nimport * as auditing from 'opnorm/audit'\nimport { probe } from './probe.js'\n"
const MAP = JSON.stringify({
  imports: {
    opnorm: './node_modules/opnorm/dist/index.js',
    'opnorm/audit': './node_modules/opnorm/dist/audit.js',
    fflate: './node_modules/fflate/esm/browser.js',
    pbf: './node_modules/pbf/index.js',
  },
})

async function viteDev(folder, page) {
  const server = await viteServer({ root: folder, configFile: false, logLevel: 'error', server: { host: '127.0.0.1', port: 0 } })
  await server.listen()
  try {
    return await found(`http://127.0.0.1:${server.httpServer.address().port}/${page}`)
  } finally {
    await server.close()
  }
}

/** A page around what a bundler wrote into a folder of its own. */
function bundled(name, bundle, page = 'page') {
  return async folder => {
    const out = join(folder, name)
    await mkdir(out, { recursive: true })
    await bundle(folder, out, page)
    if (bundle !== viteBundle) {
      const html = await readFile(join(folder, 'index.html'), 'utf8')
      await writeFile(join(out, 'index.html'), html.replace('./page.js', './bundle.js'))
    }
    if (page === 'pool-beside') await putWorkers(folder, out)
    const site = await serve(out)
    try {
      return await found(`${site.url}${existsSync(join(out, 'index.html')) ? 'index' : page}.html`)
    } finally {
      site.close()
    }
  }
}

function viteBundle(folder, out, page) {
  const input = join(folder, page === 'page' ? 'index.html' : `${page}.html`)
  const rolldownOptions = { input }
  return viteBuild({
    root: folder,
    configFile: false,
    logLevel: 'error',
    build: { outDir: out, emptyOutDir: false, rolldownOptions },
  })
}

async function rollupBundle(folder, out, page) {
  const bundle = await rollup({ input: join(folder, `${page}.js`), plugins: [nodeResolve({ browser: true })] })
  await bundle.write({ file: join(out, 'bundle.js'), format: 'esm' })
}

function esbuildBundle(folder, out, page) {
  return esbuild({
    entryPoints: [join(folder, `${page}.js`)],
    outfile: join(out, 'bundle.js'),
    bundle: true,
    format: page === 'page' ? 'iife' : 'esm',
    logLevel: 'warning',
  })
}

function webpackBundle(folder, out, page) {
  return new Promise((resolve, reject) => {
    webpack(
      {
        mode: 'production',
        context: folder,
        entry: `./${page}.js`,
        output: { path: out, filename: 'bundle.js' },
        performance: false,
      },
      (error, stats) => {
        if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString('errors-only')))
        else resolve()
      },
    )
  })
}
