import { attackRadii, certifiedRadii, type Outcome, type Plan } from './run.ts'

/** What a candidate is judged by. */
export interface Trial {
  readonly name: string
  readonly value: number
  readonly accuracy: number
  /** Accuracy under attack at 0.25. */
  readonly attacked: number
  /** Certified accuracy at 0.05. */
  readonly certified: number
  readonly lipschitz: number
}

export function trialOf({ name, value, accuracy, robust, certified, lipschitz }: Outcome): Trial {
  const [attack, certificate] = [attackRadii.indexOf(0.25), certifiedRadii.indexOf(0.05)]
  return { name, value, accuracy, attacked: robust[attack], certified: certified[certificate], lipschitz }
}

/** What choose.ts wrote. */
export interface Choices {
  readonly plan: Plan
  readonly sets: { readonly learns: number; readonly judgedOn: number }
  readonly processor: number
  readonly trials: readonly Trial[]
  /** λ or temperature by the name of the way. */
  readonly chosen: Readonly<Record<string, number>>
}

/** What a choice is made by, the same for every way: the mean of accuracy, accuracy under attack at 0.25 and certified accuracy at 0.05. */
export function scoreOf({ accuracy, attacked, certified }: Trial): number {
  return (accuracy + attacked + certified) / 3
}

/** Scores that differ by no more are the same: with 200 attacked drawings and one seed a score has a standard error of 1.2 points. */
const POINT = 0.01

/** The value with the best score; of those that come within a point of it, the one with the largest certified accuracy. */
export function choose(trials: readonly Trial[]): number {
  const byScore = trials.toSorted((a, b) => scoreOf(b) - scoreOf(a))
  const near = byScore.filter(trial => scoreOf(trial) >= scoreOf(byScore[0]) - POINT)
  return near.reduce((a, b) => (b.certified > a.certified ? b : a)).value
}
