/**
 * Trains the network in every way of constraints.ts with three seeds, measures on drawings that nothing was chosen on, and writes the
 * tables and the chart of docs/training.md and two of the networks. Two processes; about 5 minutes on two cores.
 *
 *   npx tsx examples/train-shapes/evidence.ts             train, measure, write
 *   npx tsx examples/train-shapes/evidence.ts --tables    write again from the outcomes of last time (evidence.json)
 *   npx tsx examples/train-shapes/evidence.ts --short     the whole machinery in ten seconds, three steps a training, written to a temporary folder
 */
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chart } from './chart.ts'
import type { Choices } from './choices.ts'
import { ways } from './constraints.ts'
import { trainAll } from './crew.ts'
import type { Plan, Task } from './run.ts'
import { sets } from './sets.ts'
import { type Evidence, tables } from './table.ts'

const root = new URL('../../', import.meta.url)
const folder = 'examples/train-shapes'
const names = Object.keys(ways)
const choices: Choices = JSON.parse(await readFile(new URL(`${folder}/choices.json`, root), 'utf8'))
const short = process.argv.includes('--short')
/** Trained as the candidates were, and measured on more. */
const plan: Plan = short
  ? { drawings: 192, epochs: 1, tested: 64, attacked: 16 }
  : { ...choices.plan, tested: 2000, attacked: 400 }
const seeds = short ? sets.table.learns.slice(0, 1) : sets.table.learns

/** Kept with their proven norms in the file: what the normalisations are about can be looked at with `npx opnorm`. */
const kept: Readonly<Record<string, string>> = {
  'normalised operator': 'normalised-operator',
  'normalised reshaped kernel': 'normalised-reshaped-kernel',
}

const target = short ? await temporary() : root
const stored = new URL(`${folder}/evidence.json`, target)
const evidence: Evidence = process.argv.includes('--tables') ? JSON.parse(await readFile(stored, 'utf8')) : await measure()
await writeFile(stored, JSON.stringify(evidence, null, 1) + '\n')
await writeFile(new URL('docs/training.svg', target), chart(names, evidence.outcomes))
const page = new URL('docs/training.md', target)
const text = await readFile(page, 'utf8')
const [before, rest] = text.split('<!-- evidence begins -->')
const after = rest.split('<!-- evidence ends -->')[1]
await writeFile(page, `${before}<!-- evidence begins -->\n${tables(ways, evidence, choices)}<!-- evidence ends -->${after}`)
console.log(`${(evidence.seconds / 60).toFixed(1)} minutes; written: ${fileURLToPath(page)}`)

async function measure(): Promise<Evidence> {
  const tasks = seeds.flatMap(learns => names.map(name => taskOf(name, learns)))
  return { plan, judgedOn: sets.table.judgedOn, ...(await trainAll(tasks)) }
}

function taskOf(name: string, learns: number): Task {
  const keep = learns === seeds[0] && name in kept
  return {
    name,
    value: choices.chosen[name] ?? ways[name].candidates[0],
    learns,
    judgedOn: sets.table.judgedOn,
    plan,
    ...(keep && { file: fileURLToPath(new URL(`${folder}/models/${kept[name]}.safetensors`, target)) }),
  }
}

/** A copy of the page in a folder that nobody misses. */
async function temporary(): Promise<URL> {
  const made = pathToFileURL((await mkdtemp(join(tmpdir(), 'opnorm-evidence-'))) + '/')
  for (const part of [`${folder}/models`, 'docs']) await mkdir(new URL(part, made), { recursive: true })
  await copyFile(new URL('docs/training.md', root), new URL('docs/training.md', made))
  return made
}
