import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { numbers, safetensors } from '../cli/terminal.ts'

// The worker over the sources, in this process: it asks nothing of its runtime but fetch's classes.
const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
await build({
  entryPoints: [at('examples/edge/worker.js')],
  outfile: at('dist/test/edge.js'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  alias: { opnorm: at('src/index.ts'), 'opnorm/audit': at('src/audit.ts') },
})
const worker = (await import(at('dist/test/edge.js'))).default

interface Answer {
  readonly status: number
  readonly error?: string
  readonly layers?: readonly { readonly name: string; readonly lower: number; readonly upper: number }[]
}

async function post(body: Uint8Array | string, type?: string): Promise<Answer> {
  const headers = { 'content-type': type ?? (typeof body === 'string' ? 'application/json' : 'application/octet-stream') }
  const response = await worker.fetch(new Request('http://edge/?gap=1e-3', { method: 'POST', headers, body: body as BodyInit }))
  return { status: response.status, ...(await response.json()) }
}

const kernel = { data: [1, 2, 3], shape: [1, 1, 3] }
const layer = (geometry: unknown) => JSON.stringify({ kernel, geometry })
const half = (name: string, shape: number[], bytes: number) =>
  safetensors({ [name]: { shape, dtype: 'F16', data: new Float32Array(bytes / 4).fill(0.5) } })

/** What is sent, the status, and a part of its sentence. */
const refused: [what: string, body: Uint8Array | string, status: number, part: RegExp][] = [
  ['a pad with nothing but a length', layer({ pad: { length: 1e9 } }), 422, /pad: expected one number or 1/],
  ['a stride with nothing but a length', layer({ stride: { length: 4e9 } }), 422, /stride: expected one number or 1/],
  ['no geometry', layer(null), 422, /geometry: expected an object, got null/],
  ['no pad', layer({ pad: null }), 422, /pad: expected one number or 1, got null/],
  [
    'words nobody can print',
    JSON.stringify({ kernel: { ...kernel, dtype: { toString: 1 }, shape: [{ toString: 1 }] } }),
    422,
    /shape/,
  ],
  ['brackets without end', `{"kernel":${'['.repeat(100_000)}1${']'.repeat(100_000)}}`, 413, /16 levels of brackets/],
  [
    'one number for 30000 × 30000 taps',
    JSON.stringify({ kernel: { data: [1], shape: [1, 1, 30_000, 30_000], strides: [0, 0, 0, 0] } }),
    413,
    /layer: expected at most 4000000 entries/,
  ],
  ['600 × 600 taps', half('c.weight', [3, 3, 600, 600], 6_480_000), 413, /c.weight: expected at most 1024 taps/],
  ['600 channels, in either layout', half('c/kernel', [3, 3, 600, 600], 6_480_000), 413, /expected less work/],
  ['600 channels, in either layout', half('c.weight', [600, 600, 3, 3], 6_480_000), 413, /expected less work/],
  [
    'bytes after the last tensor',
    Buffer.concat([safetensors({ 'a.weight': { shape: [2, 2, 3] } }), new Uint8Array(8)]),
    400,
    /its end/,
  ],
  [
    'bytes that no tensor claims',
    safetensors({ a: { shape: [2, 2, 1] }, b: { shape: [2, 2, 1], offsets: [32, 48] } }),
    400,
    /b: expected data_offsets that begin at 16, got \[32,48\]/,
  ],
  [
    'a header with brackets without end',
    safetensors({ a: { shape: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`), data: numbers(4) } }),
    413,
    /levels/,
  ],
]

for (const [what, body, status, part] of refused)
  test(`${what}: ${status} at once`, async () => {
    const started = process.cpuUsage()
    const answer = await post(body)
    assert.is(answer.status, status, answer.error)
    assert.match(answer.error!, part)
    // The processor's time, so that what else runs on the machine does not count.
    const { user, system } = process.cpuUsage(started)
    assert.ok(user + system < 5e6, `${((user + system) / 1e6).toFixed(1)} s`)
  })

test('what is sound has its enclosure', async () => {
  const { status, layers } = await post(JSON.stringify({ name: 'brackets [[ in "strings" ]]', kernel: [[[3]]] }))
  assert.is(status, 200)
  assert.is(layers![0].name, 'brackets [[ in "strings" ]]')
  assert.ok(layers![0].lower <= 3 && 3 <= layers![0].upper)
  const named = await post(JSON.stringify({ name: { toString: 1 }, kernel }))
  assert.is(named.layers?.[0].name, 'layer')
  const model = readFileSync(at('examples/train-shapes/models/shapes.safetensors'))
  assert.ok((await post(model)).layers!.length > 3)
  const empty = safetensors({ a: { shape: [0, 2] }, b: { shape: [2, 2, 1] }, c: { shape: [0] } })
  assert.is((await post(empty)).status, 200)
})

test('a content type is read in any case', async () => {
  assert.is((await post(JSON.stringify({ kernel }), 'Application/JSON; charset=utf-8')).status, 200)
  assert.is((await post('x', 'text/plain')).status, 415)
})

test.run()
