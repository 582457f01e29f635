import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Report } from '../../src/report.ts'
import { folder, numbers, put, report, run, SMALL, safetensors } from './terminal.ts'

const place = folder()
const models = ['x', 'y', 'z'].map((name, i) =>
  put(
    place,
    `${name}.safetensors`,
    safetensors({ ...SMALL, [`${name}.weight`]: { shape: [2, 2, 3, 3], data: numbers(36, i + 7) } }),
  ),
)
const broken = put(place, 'broken.safetensors', 'no')

/** A report without what differs from run to run. */
function timeless(value: Report): unknown {
  return JSON.parse(JSON.stringify(value, (key, held) => (key === 'ms' ? 0 : held)))
}

async function mergeOf(files: string[], of: number): Promise<Report> {
  const parts: string[] = []
  for (let part = of; part >= 1; part--) {
    const { out } = await run([...files, '--json', '--shard', `${part}/${of}`])
    parts.push(put(place, `part-${part}.json`, out))
  }
  return report(['merge', ...parts])
}

test('shards by file, merged, are the whole', async () => {
  const files = [...models, broken]
  const whole = await report(files)
  for (const of of [1, 2, 3, 4]) assert.equal(timeless(await mergeOf(files, of)), timeless(whole), `${of} parts`)
  const { models: first } = await report([...files, '--shard', '1/2'])
  assert.equal(
    first.map(model => model.file),
    [models[0], models[2]],
  )
})

test('shards by layer, merged, are the whole', async () => {
  const whole = await report([models[0], broken])
  for (const of of [3, 5]) assert.equal(timeless(await mergeOf([models[0], broken], of)), timeless(whole), `${of} parts`)
  const counts = await Promise.all(
    [1, 2, 3].map(async part => (await report([models[0], '--shard', `${part}/3`])).models[0].layers.length),
  )
  assert.equal(counts, [2, 1, 1])
})

test('missing, doubled and foreign parts are refused', async () => {
  const part = async (options: string[], name: string) => put(place, name, (await run([...models, '--json', ...options])).out)
  const one = await part(['--shard', '1/2'], 'one.json')
  const two = await part(['--shard', '2/2'], 'two.json')
  const again = await part(['--shard', '2/2'], 'again.json')
  const other = await part(['--shard', '2/2', '--gap', '0.1'], 'other.json')
  for (const [parts, sentence] of [
    [[one], 'Run the missing ones: 2'],
    [[one, two, again], 'Leave out what is there twice'],
    [[one, other], 'the same options in all'],
    [[broken], 'expected a JSON report'],
  ] as const) {
    const { code, out, err } = await run(['merge', ...parts])
    assert.is(code, 2)
    assert.is(out, '')
    assert.match(err, sentence)
  }
  assert.is((await run(['merge', `${place}/absent.json`])).code, 3)
})

test('a merged report is printed like any other, limits and all', async () => {
  const { out } = await run([...models, '--json', '--max-norm', '1e-3'])
  const { code, out: table } = await run(['merge', put(place, 'whole.json', out)])
  assert.is(code, 1)
  assert.match(table, 'expected a norm of at most 0.001')
})

test('a merge is the gate of a build: its limits are checked, and are those of the whole', async () => {
  const parts: string[] = []
  for (const part of [1, 2])
    parts.push(put(place, `gate-${part}.json`, (await run([...models, '--json', '--shard', `${part}/2`])).out))
  const whole = await report(['merge', ...parts])
  const largest = Math.max(...whole.models.flatMap(model => model.layers.map(layer => layer.enclosure!.upper!)))
  const limited = await report(['merge', ...parts, '--max-norm', String(largest)])
  assert.is(limited.goal.maxNorm, largest)
  assert.is((await run(['merge', ...parts, '--max-norm', String(largest)])).code, 0)
  const { code, out } = await run(['merge', ...parts, '--max-norm', String(largest * 0.999)])
  assert.is(code, 1)
  assert.match(out, 'expected a norm of at most')
  const lipschitz = await run(['merge', ...parts, '--max-lipschitz', '1e30'])
  assert.is(lipschitz.code, 1)
  assert.match(lipschitz.out, 'expected a certified Lipschitz constant of at most 1e+30, got no graph in the file')
})

test.run()
