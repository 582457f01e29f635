import { mkdirSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { expand } from '../../src/cli/files.ts'
import { folder, numbers, put, report, run, SMALL, safetensors } from './terminal.ts'

const good = safetensors(SMALL)
const nan = numbers(36)
nan[26] = Number.NaN

/** Every way a file can be wrong that the command line promises a sentence for, and the exit code it leads to. */
const DAMAGED: [string, Uint8Array, number, RegExp][] = [
  ['truncated', good.subarray(0, good.length - 40), 3, /cut short/],
  ['header-too-long', safetensors(SMALL, 10_000_000), 3, /header/],
  ['overlapping', safetensors({ a: { shape: [2, 2, 1, 1] }, b: { shape: [2, 2, 1, 1], offsets: [8, 24] } }), 3, /claims/],
  ['wrong-dtype', safetensors({ 'a.weight': { shape: [2, 2, 1, 1], dtype: 'F64' } }), 3, /bytes/],
  ['empty', new Uint8Array(0), 3, /empty/],
  ['noise', new TextEncoder().encode('not a model at all'), 3, /expected/],
  ['nan', safetensors({ 'a.weight': { shape: [2, 2, 3, 3], data: nan } }), 1, /NaN at \[1, 0, 2, 2\]/],
]

for (const [name, bytes, code, sentence] of DAMAGED) {
  test(`${name}: one sentence, exit ${code}, and the other files are audited`, async () => {
    const place = folder()
    const bad = put(place, `${name}.safetensors`, bytes)
    const before = put(place, 'before.safetensors', good)
    const after = put(place, 'later.safetensors', good)
    const outcome = await run([before, bad, after])
    assert.is(outcome.code, code)
    assert.match(outcome.out, sentence)
    assert.not(/\bat .*\.ts:\d+/.test(outcome.out + outcome.err), 'a stack trace is no sentence')
    const { models, findings } = await report([before, bad, after])
    assert.is(models.length, 3)
    assert.is(models[0].layers.length, 3)
    assert.is(models[2].layers.length, 3)
    assert.is(findings.length, 1)
    assert.is(findings[0].file, bad)
  })
}

test('a file that could not be read is named once', async () => {
  const bad = put(folder(), 'bad.onnx', 'junk')
  for (const format of ['table', 'json', 'csv', 'markdown']) {
    const { out, err } = await run([bad, '-f', format])
    const lines = (out + err).split('\n').filter(line => line.includes('bytes of another kind'))
    assert.ok(lines.length > 0, format)
    for (const line of lines) assert.ok(line.split(bad).length <= 2, line)
  }
})

test('what could not be read is said where somebody looks, once', async () => {
  const bad = `${folder()}/missing.npy`
  const sentence = `${bad}: expected a model file, got nothing of that name. Check the path\n`
  const piped = await run([bad])
  assert.is(piped.code, 3)
  assert.is(piped.err, `opnorm: ${sentence}`)
  const shown = await run([bad], { tty: true, env: { NO_COLOR: '1' } })
  assert.is(shown.out, sentence)
  assert.is(shown.err, '')
})

test('a file without a layer, and a pattern that fits none, are findings', async () => {
  const place = folder()
  const empty = put(place, 'empty.safetensors', safetensors({ 'a.bias': { shape: [3] } }))
  const { code, out } = await run([empty])
  assert.is(code, 1)
  assert.match(out, /empty\.safetensors: expected a layer, got 1 of other kinds \('a\.bias': /)
  const sound = put(place, 'sound.safetensors', good)
  assert.is((await run([sound, '--layers', 'a.*'])).code, 0)
  const none = await run([sound, '--layers', 'a'])
  assert.is(none.code, 1)
  assert.match(none.out, "expected a layer that matches 'a', got none of 3")
  assert.is((await run([sound, '--layers', 'a', '--shard', '1/2'])).code, 0)
})

test('a table of geometries that is none is wrong usage; one that fits nothing is said', async () => {
  const place = folder()
  const model = put(place, 'm.safetensors', good)
  for (const [text, sentence] of [
    ['{', /got no JSON/],
    ['[1]', /an object of layer names/],
    ['{"a.weight": {"stride": 0}}', /a\.weight: stride: expected whole numbers from 1, got 0/],
    ['{"*": {"strides": 2}}', /got 'strides'/],
  ] as const) {
    const { code, out, err } = await run([model, '--geometry', put(place, 'g.json', text)])
    assert.is(code, 2, text)
    assert.is(out, '')
    assert.match(err, sentence)
  }
  assert.is((await run([model, '--geometry', `${place}/none.json`])).code, 2)
  assert.is((await run([model, '--compare', `${place}/none.json`])).code, 2)
  const { code, err } = await run([model, '--geometry', put(place, 'g.json', '{"c.*": {"stride": 2}, "a.*": {"stride": 2}}')])
  assert.is(code, 0)
  assert.is(err, "opnorm: --geometry: expected a layer that 'c.*' fits, got none. Check the spelling\n")
})

test('a directory and a missing file are unreadable files', async () => {
  const place = folder()
  mkdirSync(`${place}/sub`)
  const { code, out } = await run([`${place}/sub`, `${place}/none.onnx`, put(place, 'm.safetensors', good)])
  assert.is(code, 3)
  assert.match(out, 'got a directory')
  assert.match(out, 'got nothing of that name')
  assert.match(out, 'fc.weight')
})

test('patterns match files, in order, across folders', async () => {
  const place = folder()
  mkdirSync(`${place}/deep/er`, { recursive: true })
  for (const name of ['b.bin', 'a.bin', 'c.txt', 'deep/d.bin', 'deep/er/e.bin']) put(place, name, 'x')
  const under = (names: string[]) => names.map(name => name.slice(place.length + 1))
  assert.equal(under(await expand([`${place}/*.bin`])), ['a.bin', 'b.bin'])
  assert.equal(under(await expand([`${place}/**/*.bin`])), ['a.bin', 'b.bin', 'deep/d.bin', 'deep/er/e.bin'])
  assert.equal(under(await expand([`${place}/?.txt`, `${place}/*.txt`])), ['c.txt'])
  assert.equal(under(await expand([`${place}/*/d.bin`])), ['deep/d.bin'])
  assert.equal(await expand([`${place}/*.none`]), [`${place}/*.none`])
})

test.run()
