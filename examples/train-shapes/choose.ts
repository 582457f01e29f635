/**
 * Chooses the one free number of every way of training, λ or a temperature, on drawings of its own (sets.ts), and writes choices.json,
 * from which evidence.ts takes them. Each candidate is trained once, as long as for the table; those that choices.json has already are
 * not trained again (delete it to begin anew). Two processes; about 5 minutes on two cores from nothing.
 *
 *   npx tsx examples/train-shapes/choose.ts
 */
import { readFile, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { type Choices, choose, type Trial, trialOf } from './choices.ts'
import { ways } from './constraints.ts'
import { trainAll } from './crew.ts'
import type { Plan } from './run.ts'
import { sets } from './sets.ts'

/** Ten epochs because the table has to be ready in ten minutes; that was not chosen by what came out. */
const plan: Plan = { drawings: 5632, epochs: 10, tested: 1000, attacked: 200 }
const file = new URL('./choices.json', import.meta.url)

const before = await known()
const open = Object.entries(ways).filter(([, { chosen }]) => chosen)
const candidates = open.flatMap(([name, way]) => way.candidates.map(value => ({ name, value })))
const missing = candidates.filter(candidate => !find(before.trials, candidate))
const { outcomes, processor } = await trainAll(missing.map(candidate => ({ ...candidate, ...sets.choice, plan })))
const all = [...before.trials, ...outcomes.map(trialOf)]
const trials = candidates.map(candidate => find(all, candidate)!)
const chosen = Object.fromEntries(open.map(([name]) => [name, choose(trials.filter(trial => trial.name === name))]))
const choices: Choices = { plan, sets: sets.choice, processor: before.processor + processor, trials, chosen }
await writeFile(file, JSON.stringify(choices, null, 1) + '\n')
console.log(chosen)

/** The trials of last time, if they were made in the same way. */
async function known(): Promise<Pick<Choices, 'trials' | 'processor'>> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  const last: Choices | undefined = text && JSON.parse(text)
  const same = last && isDeepStrictEqual([last.plan, last.sets], [plan, sets.choice])
  return same ? last : { trials: [], processor: 0 }
}

function find(trials: readonly Trial[], { name, value }: { name: string; value: number }): Trial | undefined {
  return trials.find(trial => trial.name === name && trial.value === value)
}
