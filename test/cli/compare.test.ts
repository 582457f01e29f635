import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { folder, numbers, put, report, run, safetensors } from './terminal.ts'

const place = folder()
const kernel = numbers(36)
const before = put(
  place,
  'epoch-1.safetensors',
  safetensors({
    'same.weight': { shape: [2, 2, 3, 3], data: kernel },
    'grown.weight': { shape: [2, 2, 3, 3], data: kernel },
    'shrunk.weight': { shape: [2, 2, 3, 3], data: kernel },
    'gone.weight': { shape: [2, 2] },
  }),
)
const after = put(
  place,
  'epoch-2.safetensors',
  safetensors({
    'same.weight': { shape: [2, 2, 3, 3], data: kernel },
    'grown.weight': { shape: [2, 2, 3, 3], data: kernel.map(x => 4 * x) },
    'shrunk.weight': { shape: [2, 2, 3, 3], data: kernel.map(x => x / 2) },
    'new.weight': { shape: [2, 2] },
  }),
)

test('what changed between two checkpoints', async () => {
  const old = put(place, 'old.json', (await run([before, '--json'])).out)
  const { comparison } = await report([after, '--compare', old])
  assert.is(comparison!.length, 1)
  const verdicts = Object.fromEntries(comparison![0].layers.map(layer => [layer.name, layer.verdict]))
  assert.equal(verdicts, {
    'same.weight': 'close',
    'grown.weight': 'larger',
    'shrunk.weight': 'smaller',
    'new.weight': 'added',
    'gone.weight': 'removed',
  })
  const ratio = comparison![0].layers.find(layer => layer.name === 'grown.weight')!.ratio!
  assert.ok(Math.abs(ratio - 4) < 1e-5)
  const { out } = await run([after, '--compare', old])
  assert.match(out, /grown\.weight .* 4\.00× +larger/)
  assert.match(out, '1 larger, 1 smaller, 1 the same within the gap, 1 new, 1 gone')
})

test('what changed, in Markdown', async () => {
  const old = put(place, 'old.json', (await run([before, '--json'])).out)
  const { out } = await run([after, '--compare', old, '-f', 'markdown'])
  assert.match(out, /### Since `.*epoch-1\.safetensors`/)
  assert.match(out, /\| grown\.weight \| .* \| 4\.00× \| larger \|/)
})

test('an old report that is none is wrong usage', async () => {
  const { code, err } = await run([after, '--compare', after])
  assert.is(code, 2)
  assert.match(err, 'expected a JSON report')
})

test.run()
