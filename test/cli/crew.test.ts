import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { auditLayer } from '../../src/audit/layer.ts'
import { type LayerTask, taskOf } from '../../src/audit/task.ts'
import { alone, workers } from '../../src/cli/crew.ts'
import { readModel } from '../../src/formats/index.ts'
import { folder, numbers, put, safetensors } from './terminal.ts'

// Workers and their process as they are shipped: bundled JavaScript.
const bin = new URL('../../dist/test/cli.js', import.meta.url)
await build({
  entryPoints: [new URL('../../src/cli/bin.ts', import.meta.url).pathname],
  outfile: bin.pathname,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
})

const layers = Object.fromEntries(
  Array.from({ length: 5 }, (_, i) => [`l${i}.weight`, { shape: [6, 4, 3, 3], data: numbers(216, i + 1) }]),
)
const model = readModel({ name: 'm', bytes: safetensors(layers) })
const tasks = model.layers.map((_, i) => taskOf(model, i, { pictures: true }))

const timeless = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, held) => (key === 'ms' ? 0 : held)))

test('workers and this thread find the same bits', async () => {
  const crew = workers(bin, 2)
  const found = await Promise.all([0, 1].map(async lane => [await crew.run(tasks[lane]), await crew.run(tasks[lane + 2])]))
  crew.stop()
  assert.equal(timeless(found.flat()), timeless([0, 2, 1, 3].map(i => auditLayer(tasks[i]))))
  assert.equal(timeless(await alone().run(tasks[4])), timeless(auditLayer(tasks[4])))
})

test('stopping leaves what was under way undone', async () => {
  const crew = workers(bin, 1)
  const big: LayerTask = { ...tasks[0], kernel: { shape: [128, 128, 3, 3], data: numbers(128 * 128 * 9), dtype: 'float32' } }
  const found = crew.run(big)
  crew.stop()
  assert.is(await found, undefined)
})

test('a worker that dies is an error of its layer', async () => {
  const crew = workers(
    new URL(`file://${put(folder(), 'dies.mjs', 'process.nextTick(() => { throw new RangeError("no memory") })')}`),
    1,
  )
  const found = await crew.run(tasks[0])
  crew.stop()
  assert.is(found!.enclosure, null)
  assert.match(found!.error!.message, 'no memory')
})

test('a layer whose worker dies gets another one, once', async () => {
  const place = folder()
  const mark = JSON.stringify(`${place}/died`)
  const script = `
    import { existsSync, writeFileSync } from 'node:fs'
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ name }) => {
      if (existsSync(${mark})) parentPort.postMessage({ name })
      else {
        writeFileSync(${mark}, '')
        process.exit(7)
      }
    })`
  const crew = workers(new URL(`file://${put(place, 'dies-once.mjs', script)}`), 1)
  assert.equal(await crew.run(tasks[0]), { name: tasks[0].name } as unknown)
  assert.equal(await crew.run(tasks[1]), { name: tasks[1].name } as unknown)
  crew.stop()
  const hopeless = workers(new URL(`file://${put(place, 'always.mjs', 'process.exit(7)')}`), 1)
  const found = await hopeless.run(tasks[0])
  hopeless.stop()
  assert.is(found!.enclosure, null)
  assert.match(found!.error!.message, 'ended with code 7')
})

test('Ctrl-C ends a long audit with a valid partial report', async () => {
  const place = folder()
  const long = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`l${i}.weight`, { shape: [96, 96, 3, 3] }]))
  const file = put(place, 'long.safetensors', safetensors(long))
  const child = spawn(process.execPath, [bin.pathname, file, '--json', '-o', `${place}/report.json`, '--threads', '2'], {
    cwd: new URL('../..', import.meta.url),
    stdio: 'ignore',
  })
  await new Promise(resolve => setTimeout(resolve, 2500))
  child.kill('SIGINT')
  const code = await new Promise(resolve => child.on('exit', resolve))
  assert.is(code, 130)
  assert.equal(readdirSync(place).sort(), ['long.safetensors', 'report.json'])
  const report = JSON.parse(readFileSync(`${place}/report.json`, 'utf8'))
  assert.is(report.partial, true)
  assert.ok(report.models[0].layers.length < 60)
})

test.run()
