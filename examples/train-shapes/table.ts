import { layers } from './network.ts'
import { attackRadii, certifiedRadii, type Outcome, type Plan } from './run.ts'

export interface Evidence {
  readonly plan: Plan
  readonly seeds: number[]
  readonly outcomes: Outcome[]
  /** Wall-clock seconds of everything, and processor seconds of the children. */
  readonly seconds: number
  readonly processor: number
}

/** The evidence as two Markdown tables: mean over the seeds, ± half the distance from the smallest to the largest. */
export function table(names: readonly string[], { plan, seeds, outcomes, seconds, processor }: Evidence): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`
  const head = (cells: string[]) => `${row(cells)}\n|---${'|---:'.repeat(cells.length - 1)}|`
  const of = (name: string) => outcomes.filter(outcome => outcome.name === name)
  const percent = (found: Outcome[], pick: (outcome: Outcome) => number) => spread(found.map(pick), x => (100 * x).toFixed(1))
  const robustness = names.map(name => {
    const found = of(name)
    return row([
      name,
      percent(found, ({ accuracy }) => accuracy),
      ...attackRadii.map((_, r) => percent(found, ({ robust }) => robust[r])),
      ...certifiedRadii.map((_, r) => percent(found, ({ certified }) => certified[r])),
    ])
  })
  const norms = names.map(name => {
    const found = of(name)
    return row([
      name,
      spread(
        found.map(({ largestNorm }) => largestNorm),
        short,
      ),
      spread(
        found.map(({ product }) => product),
        short,
      ),
      spread(
        found.map(({ lipschitz }) => lipschitz),
        short,
      ),
      spread(
        found.map(({ step }) => step),
        x => x.toFixed(0),
      ),
      spread(
        found.map(({ overhead }) => overhead),
        x => `${(100 * x).toFixed(0)} %`,
      ),
    ])
  })
  return `
Seeds ${seeds.join(', ')}: mean ± half the spread. ${plan.drawings} drawings, ${plan.epochs} epochs, batch 64; ${plan.tested} test drawings,
${plan.attacked} others attacked. Everything took ${(seconds / 60).toFixed(1)} minutes in two processes, ${(processor / 60).toFixed(1)} minutes of processor time.

Accuracy in per cent: on drawings it never saw; under an l2 attack of the radius; certified at the radius.

${head(['trained with', 'test', ...attackRadii.map(r => `attack ${r}`), ...certifiedRadii.map(r => `certified ${r}`)])}
${robustness.join('\n')}

${head(['trained with', 'largest layer norm', `product of ${layers.length} norms`, 'certified L', 'processor ms a step', 'added by the constraint'])}
${norms.join('\n')}

`
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
