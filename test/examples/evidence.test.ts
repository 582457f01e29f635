import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Choices, choose, type Trial } from '../../examples/train-shapes/choices.ts'
import { ways } from '../../examples/train-shapes/constraints.ts'
import { draw } from '../../examples/train-shapes/draw.ts'
import { seeded } from '../../examples/train-shapes/random.ts'
import { certifiedRadii } from '../../examples/train-shapes/run.ts'
import { sets } from '../../examples/train-shapes/sets.ts'
import { type Evidence, tables } from '../../examples/train-shapes/table.ts'
import { audit, readModel } from '../../src/audit.ts'

const test = suite('examples/evidence')
const folder = 'examples/train-shapes'
const read = async (file: string) => JSON.parse(await readFile(`${folder}/${file}`, 'utf8'))

/** Steps of the generator between the streams of two seeds: its state grows by a constant, which is odd and so has an inverse. */
function distance(a: number, b: number): number {
  const [increment, all] = [0x6d2b79f5n, 1n << 32n]
  let inverse = 1n
  for (let i = 0; i < 6; i++) inverse = (((inverse * (2n - increment * inverse)) % all) + all) % all
  const steps = Number((((BigInt(b - a) * inverse) % all) + all) % all)
  return Math.min(steps, 2 ** 32 - steps)
}

test('what was chosen on, learnt from and judged on are different streams of numbers', () => {
  const seeds = [sets.choice.learns, sets.choice.judgedOn, ...sets.table.learns, sets.table.judgedOn]
  assert.is(new Set(seeds).size, seeds.length)
  // A drawing takes 12 numbers a pixel and some more; the longest set has 5632.
  const longest = 5632 * (12 * 256 + 100)
  for (const a of seeds) for (const b of seeds) if (a !== b) assert.ok(distance(a, b) > longest, `${a} and ${b}`)
  // The distance is what it says: one seed's stream continues in another's.
  const later = seeded(5 + 3 * 0x6d2b79f5)
  const first = seeded(5)
  for (let i = 0; i < 3; i++) first()
  assert.is(first(), later())
  assert.is(distance(5, 5 + 3 * 0x6d2b79f5), 3)
  assert.is.not(draw(20, sets.choice.judgedOn).pixels[0], draw(20, sets.table.judgedOn).pixels[0])
})

test('the choice is what its rule says of the trials on record, and every candidate was tried', async () => {
  const { trials, chosen, sets: used }: Choices = await read('choices.json')
  assert.equal(used, sets.choice)
  for (const [name, { candidates, chosen: what }] of Object.entries(ways)) {
    if (!what) continue
    const own = trials.filter(trial => trial.name === name)
    assert.equal(
      own.map(({ value }) => value),
      candidates,
    )
    assert.is(chosen[name], choose(own), name)
  }
})

test('the best score wins; within a point of it the larger certified accuracy does', () => {
  const trial = (value: number, accuracy: number, certified: number): Trial => ({
    name: 'any',
    value,
    accuracy,
    attacked: 0.3,
    certified,
    lipschitz: 1,
  })
  assert.is(choose([trial(1, 0.5, 0), trial(2, 0.9, 0), trial(3, 0.6, 0)]), 2)
  assert.is(choose([trial(1, 0.9, 0), trial(2, 0.78, 0.1)]), 2)
  assert.is(choose([trial(1, 0.9, 0), trial(2, 0.74, 0.1)]), 1)
  assert.is(choose([trial(1, 0.89, 0), trial(2, 0.9, 0)]), 2)
})

test('the tables of docs/training.md are those of the evidence on record, which used what was chosen', async () => {
  const [evidence, choices]: [Evidence, Choices] = [await read('evidence.json'), await read('choices.json')]
  const page = await readFile('docs/training.md', 'utf8')
  assert.ok(page.includes(`<!-- evidence begins -->\n${tables(ways, evidence, choices)}<!-- evidence ends -->`))
  assert.is(evidence.judgedOn, sets.table.judgedOn)
  for (const { name, value, seed } of evidence.outcomes) {
    assert.is(value, choices.chosen[name] ?? 1, name)
    assert.ok((sets.table.learns as readonly number[]).includes(seed))
  }
})

test('what the evidence has to show: a better certificate, a norm above 1, a cheap penalty', async () => {
  const { outcomes }: Evidence = await read('evidence.json')
  const of = (name: string) => outcomes.filter(outcome => outcome.name === name)
  const mean = (name: string, r: number) => of(name).reduce((sum, { certified }) => sum + certified[r], 0) / of(name).length
  assert.ok(certifiedRadii.some((_, r) => mean('normalised operator', r) > mean('plain', r) + 0.02))
  for (const { largestNorm } of of('normalised operator')) assert.ok(largestNorm <= 1)
  for (const { largestNorm } of of('normalised reshaped kernel')) assert.ok(largestNorm > 1)
  for (const { overhead } of of('tensor-norm penalty')) assert.ok(overhead < 0.3)
})

test('the script trains in every way, attacks, certifies and writes all it should: its short form', async () => {
  const before = await readFile('docs/training.md', 'utf8')
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', `${folder}/evidence.ts`, '--short'])
  const made = stdout.match(/written: (.*)docs\/training\.md/)![1]
  try {
    const page = await readFile(`${made}docs/training.md`, 'utf8')
    // Robustness and norms for every way, and the choice for all but one.
    for (const name of Object.keys(ways)) assert.is(page.split(`\n| ${name} |`).length - 1, name === 'plain' ? 2 : 3, name)
    assert.is.not(page, before)
    assert.is(page.split('<!-- evidence begins -->')[0], before.split('<!-- evidence begins -->')[0])
    assert.match(await readFile(`${made}docs/training.svg`, 'utf8'), /^<svg[\s\S]*<\/svg>\n$/)
    const { outcomes }: Evidence = JSON.parse(await readFile(`${made}${folder}/evidence.json`, 'utf8'))
    assert.equal(
      outcomes.map(({ name }) => name),
      Object.keys(ways),
    )
    for (const { step, robust, lipschitz } of outcomes) assert.ok(step > 0 && robust.length === 3 && lipschitz > 0)
    for (const file of ['normalised-operator', 'normalised-reshaped-kernel'])
      assert.ok((await readFile(`${made}${folder}/models/${file}.safetensors`)).length > 80000)
    assert.is(await readFile('docs/training.md', 'utf8'), before)
  } finally {
    await rm(made, { recursive: true })
  }
})

test('two networks of the table, audited: norms of at most 1, and of more than 2', async () => {
  const geometry = await read('models/shapes.geometry.json')
  for (const [file, least, most] of [
    ['normalised-operator', 0.5, 1],
    ['normalised-reshaped-kernel', 2, 4],
  ] as const) {
    // biome-ignore format: a table
    const name = `${file}.safetensors`
    const model = readModel({ name, bytes: new Uint8Array(await readFile(`${folder}/models/${name}`)) }, { geometry })
    const norms = audit(model).models[0].layers.map(({ enclosure }) => enclosure!.upper!)
    assert.is(norms.length, 7)
    const largest = Math.max(...norms)
    assert.ok(largest > least && largest <= most, `${file}: ${norms}`)
  }
})

test.run()
