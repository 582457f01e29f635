import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { folder, put, safetensors } from './terminal.ts'

// The process and its workers as they are shipped: bundled JavaScript, side by side.
const root = new URL('../../', import.meta.url)
const at = (path: string) => fileURLToPath(new URL(path, root))
await build({
  entryPoints: { cli: at('src/cli/bin.ts'), 'audit.worker': at('src/audit/worker.ts') },
  outdir: at('dist/test'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
})

test('Ctrl-C ends a long audit with a valid partial report', async () => {
  const place = folder()
  // Some twenty seconds of work, interrupted after two and a half.
  const long = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`l${i}.weight`, { shape: [384, 384, 3, 3] }]))
  const file = put(place, 'long.safetensors', safetensors(long))
  const report = `${place}/report.json`
  const child = spawn(process.execPath, [at('dist/test/cli.js'), file, '--json', '-o', report, '--threads', '2'], {
    cwd: root,
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  await new Promise(resolve => setTimeout(resolve, 2500))
  assert.is(child.exitCode, null, 'the audit was done before it could be interrupted')
  child.kill('SIGINT')
  assert.equal(await ended, [130, null])
  assert.equal(readdirSync(place).sort(), ['long.safetensors', 'report.json'])
  const { partial, models } = JSON.parse(readFileSync(report, 'utf8'))
  assert.is(partial, true)
  assert.ok(models[0].layers.length < 16)
})

test.run()
