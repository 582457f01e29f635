import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { help } from '../../src/cli/help.ts'
import { OPTION_NAMES, readCommand } from '../../src/cli/options.ts'
import { run } from './terminal.ts'

test('help names every option and every option has help', () => {
  for (const name of OPTION_NAMES) assert.ok(help.includes(`--${name}`), `--${name} is missing in --help`)
  for (const [, name] of help.matchAll(/--([a-z][a-z-]*)/g))
    assert.ok(OPTION_NAMES.includes(name), `--help speaks of --${name}, which is no option`)
  for (const line of help.split('\n')) assert.ok(line.length <= 130, line)
})

test('help and the documentation list the same exit codes', () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
  const codes = (text: string, row: RegExp) => [...text.matchAll(row)].map(([, code]) => Number(code))
  const listed = codes(help.slice(help.indexOf('Exit codes')), /^ {2}(\d+) {2}/gm)
  assert.equal(listed, [0, 1, 2, 3, 70, 130])
  assert.equal(codes(page, /^\| (\d+) \|/gm), listed)
})

test('an unknown option suggests the nearest one and is wrong usage', async () => {
  for (const [wrong, meant] of [
    ['--gpa', '--gap'],
    ['--max-nrom', '--max-norm'],
    ['--inputsize', '--input-size'],
    ['--compar', '--compare'],
  ]) {
    const { code, out, err } = await run(['model.safetensors', wrong, '1'])
    assert.is(code, 2)
    assert.is(out, '')
    assert.match(err, `Did you mean ${meant}?`)
  }
  const { code, err } = await run(['model.safetensors', '--zzzzzzzzzzzz'])
  assert.is(code, 2)
  assert.match(err, 'Try opnorm --help')
})

test('wrong values are wrong usage, one sentence each', async () => {
  for (const args of [
    [],
    ['merge'],
    ['m', '--gap', 'small'],
    ['m', '--gap', '-1'],
    ['m', '--gap'],
    ['m', '--input-size', '0'],
    ['m', '--input-size', '32xx'],
    ['m', '--padding', 'reflect'],
    ['m', '--method', 'f5'],
    ['m', '--format', 'yaml'],
    ['m', '--shard', '0/3'],
    ['m', '--shard', '4/3'],
    ['m', '--shard', '1/2/3'],
    ['m', '--shard', '1/'],
    ['merge', 'm', '--gap', '1e-3'],
    ['merge', 'm', '--fold'],
    ['m', '--max-norm', 'NaN'],
    ['m', '--threads', '0'],
    ['m', '--json=yes'],
  ]) {
    const { code, out, err } = await run(args)
    assert.is(code, 2, args.join(' '))
    assert.is(out, '')
    assert.match(err, /^opnorm: .+\n$/, args.join(' '))
  }
})

test('values become a goal', () => {
  const line =
    'a b --gap 1e-3 --input-size 32x48 -m power,frobenius -m holder --shard 2/5 --input-shape 1x3x8x8 --input-shape h=2x64 --json'
  const { goal, files, format } = readCommand(line.split(' '))
  assert.equal(files, ['a', 'b'])
  assert.is(format, 'json')
  assert.equal(goal, {
    gap: 1e-3,
    methods: ['power', 'frobenius', 'holder'],
    inputSize: [32, 48],
    inputShapes: { '': [1, 3, 8, 8], h: [2, 64] },
    shard: { part: 2, of: 5 },
  })
})

test('help and version', async () => {
  assert.is((await run(['--help'])).out, help)
  assert.match((await run(['-V'])).out, /^\d+\.\d+\.\d+\n$/)
})

test.run()
