/** workerd serves a request: once with its own entry of the package, once with that of the other edge runtimes. */
import { spawn } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { binary } from './engines.mjs'

export const workers = [
  { name: 'workerd', extent: 'whole', needs: () => binary('workerd'), run: served('workerd', 'opnorm.wasm') },
  {
    name: 'workerd, edge-light',
    extent: 'whole',
    needs: () => binary('workerd'),
    run: served('edge-light', 'opnorm.wasm?module'),
  },
]

function served(condition, module) {
  return async folder => {
    const at = join(folder, condition)
    await mkdir(at, { recursive: true })
    const entryPoints = [join(folder, 'worker.mjs')]
    const external = ['./opnorm.wasm', './opnorm.wasm?module']
    await build({
      entryPoints,
      outfile: join(at, 'worker.js'),
      bundle: true,
      format: 'esm',
      conditions: [condition],
      external,
      logLevel: 'warning',
    })
    await copyFile(join(folder, 'node_modules/opnorm/dist/opnorm.wasm'), join(at, 'opnorm.wasm'))
    const port = await freePort()
    await writeFile(join(at, 'config.capnp'), config(port, module))
    const server = spawn(binary('workerd'), ['serve', 'config.capnp'], { cwd: at, stdio: ['ignore', 'ignore', 'inherit'] })
    try {
      const response = await patient(() => fetch(`http://127.0.0.1:${port}/`))
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
      return await response.json()
    } finally {
      server.kill()
    }
  }
}

function config(port, module) {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "${module}", wasm = embed "opnorm.wasm")],
    compatibilityDate = "2025-09-01"))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);`
}

/** Until the server listens. */
async function patient(request) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request()
    } catch (error) {
      if (attempt === 50 || error.cause?.code !== 'ECONNREFUSED') throw error
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }
}

function freePort() {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
