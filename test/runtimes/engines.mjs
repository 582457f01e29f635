/** Engines with a command line: Node in three versions, Deno, Bun. Each runs the program and prints what the probe found. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const here = fileURLToPath(new URL('node_modules/', import.meta.url))
const platform = `${process.platform}-${process.arch}`
const glibc = process.platform === 'linux' ? '-glibc' : ''

/** The packages of the binaries themselves: no install script has to run. */
const binaries = {
  'node 20': `node20-${platform}/bin/node`,
  'node 22': `node22-${platform}/bin/node`,
  'node 24': `node24-${platform}/bin/node`,
  deno: `@deno/${platform}${glibc}/deno`,
  bun: `@oven/bun-${platform}/bin/bun`,
  workerd: `@cloudflare/workerd-${process.platform}-${process.arch === 'x64' ? '64' : 'arm64'}/bin/workerd`,
}

/** The path of an engine, or undefined where it is not installed. */
export function binary(name) {
  const path = join(here, binaries[name])
  if (existsSync(path)) return path
  return name === `node ${process.versions.node.split('.')[0]}` ? process.execPath : undefined
}

export const engines = [
  ...['node 20', 'node 22', 'node 24'].flatMap(name => [
    { name: `${name}, import`, extent: 'whole', needs: () => binary(name), run: launch(name, ['import.mjs']) },
    { name: `${name}, require`, extent: 'brief', needs: () => binary(name), run: launch(name, ['require.cjs']) },
  ]),
  { name: 'deno', extent: 'whole', needs: () => binary('deno'), run: launch('deno', ['run', 'import.mjs']) },
  { name: 'bun', extent: 'whole', needs: () => binary('bun'), run: launch('bun', ['import.mjs']) },
  ...['node 20', 'node 24', 'deno', 'bun'].map(name => ({
    name: `${name}, command line on 2 threads`,
    extent: 'threads',
    needs: () => binary(name),
    run: commandLine(name, name === 'deno' ? ['run', '-A'] : []),
  })),
  ...['node 20', 'node 22', 'node 24', 'deno', 'bun'].map(name => ({
    name: `${name}, pool`,
    extent: 'pool',
    needs: () => binary(name),
    run: launch(name, name === 'deno' ? ['run', 'pool.mjs'] : ['pool.mjs']),
  })),
]

function launch(name, args) {
  return async folder => JSON.parse((await output(name, args, folder)).trim().split('\n').at(-1))
}

/** An audit by worker threads, which must find what one thread finds. */
function commandLine(name, flags) {
  return async folder => {
    const args = [...flags, 'node_modules/opnorm/dist/cli.js', 'wide.safetensors', '--json', '--gap', '1e-3', '--threads', '2']
    const { layers } = JSON.parse(await output(name, args, folder)).models[0]
    return { threads: layers.map(({ enclosure }) => [enclosure.lower, enclosure.upper]) }
  }
}

async function output(name, args, folder) {
  const env = { ...process.env, DENO_DIR: join(folder, '.deno'), DENO_NO_UPDATE_CHECK: '1', NODE_OPTIONS: '' }
  const { stdout } = await promisify(execFile)(binary(name), args, { cwd: folder, env, timeout: 300_000 })
  return stdout
}
