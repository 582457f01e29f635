import { startTensorFlow } from '../tfjs/backend.ts'
import { robustAccuracy } from './attack.ts'
import { certifiedAccuracy, certify } from './certificate.ts'
import { constraints } from './constraints.ts'
import { draw } from './draw.ts'
import { evaluate, margins, train } from './train.ts'

/** l2 radii of the attacks and of the certificate; grey values are in [0, 1]. */
export const attackRadii = [0.1, 0.25, 0.5]
export const certifiedRadii = [0.05, 0.1, 0.2, 0.4]

/** What one training gives, as the table needs it. */
export interface Outcome {
  readonly name: string
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

export interface Plan {
  readonly drawings: number
  readonly epochs: number
  readonly tested: number
  readonly attacked: number
}

let started: Promise<void> | undefined

/** Trains with one constraint and seed, and measures. */
export async function run(name: string, seed: number, plan: Plan): Promise<Outcome> {
  await (started ??= startTensorFlow())
  const settings = { seed: 100 * seed, epochs: plan.epochs, batch: 64, rate: 3e-3 }
  const { network, steps } = train(draw(plan.drawings, 1000 + seed), settings, () => {}, constraints[name]())
  const tested = draw(plan.tested, 2)
  const found = margins(evaluate(network, tested), tested.labels)
  const { norms, product, lipschitz } = certify(network)
  const rest = median(steps.map(({ whole, constraint }) => whole - constraint))
  return {
    name,
    seed,
    accuracy: certifiedAccuracy(found, 0, 0),
    robust: robustAccuracy(network, draw(plan.attacked, 3), attackRadii),
    certified: certifiedRadii.map(radius => certifiedAccuracy(found, lipschitz, radius)),
    product,
    lipschitz,
    largestNorm: Math.max(...norms),
    step: median(steps.map(({ whole }) => whole)),
    overhead: median(steps.map(({ constraint }) => constraint)) / rest,
  }
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1]
}

// As a child process: an outcome and its processor time for every task sent.
if (process.send) {
  process.on('message', async ({ name, seed, plan }: { name: string; seed: number; plan: Plan }) => {
    const before = process.cpuUsage()
    const outcome = await run(name, seed, plan)
    const { user, system } = process.cpuUsage(before)
    process.send!({ outcome, seconds: (user + system) / 1e6 })
  })
}
