import { type Choices, scoreOf } from './choices.ts'
import type { Way } from './constraints.ts'
import type { Finished } from './crew.ts'
import { layers } from './network.ts'
import { attackRadii, certifiedRadii, type Outcome, type Plan } from './run.ts'

export interface Evidence extends Finished {
  readonly plan: Plan
  /** Seed of the drawings everything was measured on. */
  readonly judgedOn: number
}

/** The evidence as Markdown: mean over the seeds, ± half the distance from the smallest to the largest; and what had been chosen before. */
export function tables(ways: Readonly<Record<string, Way>>, evidence: Evidence, choices: Choices): string {
  const { plan, judgedOn, outcomes, seconds, processor } = evidence
  const names = Object.keys(ways)
  const seeds = [...new Set(outcomes.map(({ seed }) => seed))]
  const of = (name: string) => outcomes.filter(outcome => outcome.name === name)
  return `
Seeds ${seeds.join(', ')}: mean ± half the spread. ${plan.drawings} drawings, ${plan.epochs} epochs, batch 64; ${plan.tested} drawings tested (seed ${judgedOn}),
${plan.attacked} of them attacked. Everything took ${(seconds / 60).toFixed(1)} minutes in two processes, ${(processor / 60).toFixed(1)} minutes of processor time.

Accuracy in per cent: on drawings it never saw; under an l2 attack of the radius; certified at the radius.

${head(['trained with', 'test', ...attackRadii.map(r => `attack ${r}`), ...certifiedRadii.map(r => `certified ${r}`)])}
${names.map(name => robustness(name, of(name))).join('\n')}

${head(['trained with', 'largest layer norm', `product of ${layers.length} norms`, 'certified L', 'processor ms a step', 'added by the constraint'])}
${names.map(name => norms(name, of(name))).join('\n')}

${choiceText(ways, choices)}
`
}

function robustness(name: string, found: Outcome[]): string {
  const percent = (pick: (outcome: Outcome) => number) => spread(found.map(pick), x => (100 * x).toFixed(1))
  return row([
    name,
    percent(({ accuracy }) => accuracy),
    ...attackRadii.map((_, r) => percent(({ robust }) => robust[r])),
    ...certifiedRadii.map((_, r) => percent(({ certified }) => certified[r])),
  ])
}

function norms(name: string, found: Outcome[]): string {
  const across = (pick: (outcome: Outcome) => number, write: (x: number) => string) => spread(found.map(pick), write)
  return row([
    name,
    across(({ largestNorm }) => largestNorm, short),
    across(({ product }) => product, short),
    across(({ lipschitz }) => lipschitz, short),
    across(
      ({ step }) => step,
      x => x.toFixed(0),
    ),
    across(
      ({ overhead }) => overhead,
      x => `${(100 * x).toFixed(0)} %`,
    ),
  ])
}

/** The candidates with their scores, the chosen one in bold. */
function choiceText(ways: Readonly<Record<string, Way>>, { sets, processor, trials, chosen }: Choices): string {
  const most = Math.max(...Object.keys(chosen).map(name => ways[name].candidates.length))
  const rows = Object.keys(chosen).map(name => {
    const own = trials.filter(trial => trial.name === name)
    const cells = own.map(trial => {
      const cell = `${trial.value}: ${(100 * scoreOf(trial)).toFixed(1)}`
      return trial.value === chosen[name] ? `**${cell}**` : cell
    })
    return row([name, ways[name].chosen!, ...cells, ...new Array<string>(most - cells.length).fill('')])
  })
  return `λ and temperature were chosen before, on other drawings (learnt from: seed ${sets.learns}, judged on: seed ${sets.judgedOn}; choose.ts, ${(processor / 60).toFixed(1)} minutes of
processor time), by the mean of accuracy, accuracy under attack at 0.25 and certified accuracy at 0.05, in per cent; within a point the larger
certified accuracy decides.

${head(['trained with', 'chosen', 'candidate: score', ...new Array<string>(most - 1).fill('')])}
${rows.join('\n')}`
}

function row(cells: string[]): string {
  return `| ${cells.join(' | ')} |`
}

function head(cells: string[]): string {
  return `${row(cells)}\n|---${'|---:'.repeat(cells.length - 1)}|`
}

/** Mean ± half the range, written by one rule. */
function spread(numbers: number[], write: (x: number) => string): string {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length
  const half = (Math.max(...numbers) - Math.min(...numbers)) / 2
  return `${write(mean)} ± ${write(half)}`
}

/** Three digits. */
function short(x: number): string {
  return x >= 1000 ? Math.round(x).toLocaleString('en') : x >= 100 ? x.toFixed(0) : x.toFixed(x >= 10 ? 1 : 2)
}
