/**
 * Trains the network in every way of constraints.ts with three seeds, measures, and writes the table and the chart of docs/training.md.
 * Two processes; about 8 minutes on two cores.
 *
 *   npx tsx examples/train-shapes/evidence.ts            train, measure, write
 *   npx tsx examples/train-shapes/evidence.ts --tables   write again from the outcomes of last time (evidence.json)
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { chart } from './chart.ts'
import { constraints } from './constraints.ts'
import type { Outcome, Plan } from './run.ts'
import { type Evidence, table } from './table.ts'

const plan: Plan = { drawings: 5632, epochs: 10, tested: 1000, attacked: 200 }
const seeds = [1, 2, 3]
const stored = new URL('./evidence.json', import.meta.url)
const page = new URL('../../docs/training.md', import.meta.url)
const picture = new URL('../../docs/training.svg', import.meta.url)

const evidence: Evidence = process.argv.includes('--tables') ? JSON.parse(await readFile(stored, 'utf8')) : await measure()
const names = Object.keys(constraints)
await store(evidence)
await writeFile(picture, chart(names, evidence.outcomes))
const text = await readFile(page, 'utf8')
const [before, rest] = text.split('<!-- evidence begins -->')
const after = rest.split('<!-- evidence ends -->')[1]
await writeFile(page, `${before}<!-- evidence begins -->\n${table(names, evidence)}<!-- evidence ends -->${after}`)

function store(found: Evidence): Promise<void> {
  return writeFile(stored, JSON.stringify(found, null, 1) + '\n')
}

async function measure(): Promise<Evidence> {
  const started = performance.now()
  const queue = seeds.flatMap(seed => Object.keys(constraints).map(name => ({ name, seed, plan })))
  const outcomes: Outcome[] = []
  let processor = 0
  const evidence = (): Evidence => ({ plan, seeds, outcomes, seconds: (performance.now() - started) / 1000, processor })
  const work = async () => {
    const child = fork(fileURLToPath(new URL('./run.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
    for (let task = queue.shift(); task; task = queue.shift()) {
      const { outcome, seconds } = await answer(child, task)
      processor += seconds
      outcomes.push(outcome)
      await store(evidence())
      console.log(
        `${task.name}, seed ${task.seed}: accuracy ${outcome.accuracy}, L ${outcome.lipschitz.toFixed(2)}, ${seconds.toFixed(0)} s`,
      )
    }
    child.kill()
  }
  await Promise.all([work(), work()])
  return evidence()
}

function answer(child: ChildProcess, task: object): Promise<{ outcome: Outcome; seconds: number }> {
  return new Promise((resolve, reject) => {
    child.once('message', message => {
      child.off('exit', reject)
      resolve(message as { outcome: Outcome; seconds: number })
    })
    child.once('exit', reject)
    child.send(task)
  })
}
