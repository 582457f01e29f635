import { writeFile } from 'node:fs/promises'
import { startTensorFlow } from '../tfjs/backend.ts'
import { robustAccuracy } from './attack.ts'
import { certifiedAccuracy, certify } from './certificate.ts'
import { ways } from './constraints.ts'
import { type Drawings, draw } from './draw.ts'
import { store } from './store.ts'
import { evaluate, margins, train } from './train.ts'

/** l2 radii of the attacks and of the certificate; grey values are in [0, 1]. */
export const attackRadii = [0.1, 0.25, 0.5]
export const certifiedRadii = [0.02, 0.05, 0.1, 0.2]

/** How much of everything: drawings learnt from, passes over them, drawings tested, and how many of these are attacked. */
export interface Plan {
  readonly drawings: number
  readonly epochs: number
  readonly tested: number
  readonly attacked: number
}

/** One training: a way with its λ or temperature, and seeds of the drawings it learns from and is judged on. */
export interface Task {
  readonly name: string
  readonly value: number
  readonly learns: number
  readonly judgedOn: number
  readonly plan: Plan
  /** Where to keep the network, if it is to be kept. */
  readonly file?: string
}

/** What one training gives, as the tables need it. */
export interface Outcome {
  readonly name: string
  readonly value: number
  /** Of the drawings learnt from; the initial weights are drawn with it, too. */
  readonly seed: number
  readonly accuracy: number
  readonly robust: number[]
  readonly certified: number[]
  readonly product: number
  readonly lipschitz: number
  readonly largestNorm: number
  /** Median processor milliseconds of a step, and the share the constraint adds to the rest of it. */
  readonly step: number
  readonly overhead: number
}

let started: Promise<void> | undefined

/** Trains in one way with one seed, and measures. */
export async function run({ name, value, learns, judgedOn, plan, file }: Task): Promise<Outcome> {
  await (started ??= startTensorFlow())
  const settings = { seed: learns, epochs: plan.epochs, batch: 64, rate: 3e-3 }
  const { network, steps } = train(draw(plan.drawings, learns), settings, () => {}, ways[name].constraint(value))
  const tested = draw(plan.tested, judgedOn)
  const found = margins(evaluate(network, tested), tested.labels)
  const { norms, product, lipschitz } = certify(network)
  const rest = median(steps.map(({ whole, constraint }) => whole - constraint))
  const outcome = {
    name,
    value,
    seed: learns,
    accuracy: certifiedAccuracy(found, 0, 0),
    robust: robustAccuracy(network, first(tested, plan.attacked), attackRadii),
    certified: certifiedRadii.map(radius => certifiedAccuracy(found, lipschitz, radius)),
    product,
    lipschitz,
    largestNorm: Math.max(...norms),
    step: median(steps.map(({ whole }) => whole)),
    overhead: median(steps.map(({ constraint }) => constraint)) / rest,
  }
  const description = { trained_with: name, chosen: String(value), seed: String(learns), certified_lipschitz: String(lipschitz) }
  if (file !== undefined) await writeFile(file, store(network, description))
  return outcome
}

function first({ pixels, labels }: Drawings, count: number): Drawings {
  return { count, pixels, labels: labels.subarray(0, count) }
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1]
}

// As a child process: an outcome and its processor time for every task sent.
if (process.send) {
  process.on('message', async (task: Task) => {
    const before = process.cpuUsage()
    const outcome = await run(task)
    const { user, system } = process.cpuUsage(before)
    process.send!({ outcome, seconds: (user + system) / 1e6 })
  })
}
