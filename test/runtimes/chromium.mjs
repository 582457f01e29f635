/** Chromium: a plain module page, a worker, content security policies, and what the bundlers make of the package. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
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
  { name: 'vite, dev', extent: 'brief', needs, run: viteDev },
  { name: 'vite, build', extent: 'brief', needs, run: bundled('vite', viteBundle) },
  { name: 'webpack', extent: 'brief', needs, run: bundled('webpack', webpackBundle) },
  { name: 'rollup', extent: 'brief', needs, run: bundled('rollup', rollupBundle) },
  { name: 'esbuild', extent: 'brief', needs, run: bundled('esbuild', esbuildBundle) },
]

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
    return await page.evaluate(() => globalThis.found.catch(({ code, message }) => ({ code, message })))
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

async function viteDev(folder) {
  const server = await viteServer({ root: folder, configFile: false, logLevel: 'error', server: { host: '127.0.0.1', port: 0 } })
  await server.listen()
  try {
    return await found(`http://127.0.0.1:${server.httpServer.address().port}/`)
  } finally {
    await server.close()
  }
}

/** A page around what a bundler wrote into a folder of its own. */
function bundled(name, bundle) {
  return async folder => {
    const out = join(folder, name)
    await mkdir(out, { recursive: true })
    await bundle(folder, out)
    if (name !== 'vite') {
      const html = await readFile(join(folder, 'index.html'), 'utf8')
      await writeFile(join(out, 'index.html'), html.replace('./page.js', './bundle.js'))
    }
    const site = await serve(out)
    try {
      return await found(`${site.url}index.html`)
    } finally {
      site.close()
    }
  }
}

function viteBundle(folder, out) {
  return viteBuild({ root: folder, configFile: false, logLevel: 'error', build: { outDir: out, emptyOutDir: false } })
}

async function rollupBundle(folder, out) {
  const bundle = await rollup({ input: join(folder, 'page.js'), plugins: [nodeResolve({ browser: true })] })
  await bundle.write({ file: join(out, 'bundle.js'), format: 'esm' })
}

function esbuildBundle(folder, out) {
  return esbuild({
    entryPoints: [join(folder, 'page.js')],
    outfile: join(out, 'bundle.js'),
    bundle: true,
    format: 'iife',
    logLevel: 'warning',
  })
}

function webpackBundle(folder, out) {
  return new Promise((resolve, reject) => {
    webpack(
      {
        mode: 'production',
        context: folder,
        entry: './page.js',
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
