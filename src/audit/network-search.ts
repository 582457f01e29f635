import type { Bound } from '../bound.ts'
import { OpnormError } from '../errors.ts'
import { nextDown } from '../rounding.ts'
import { sizeOf } from '../tensor.ts'
import type { Plan } from './network-plan.ts'
import type { CertifiedValue, NetworkOptions } from './network-types.ts'
import type { Numbers } from './rules/numbers.ts'
import type { Linear } from './rules/step.ts'

/** Beyond so many entries over all values a search would take minutes and gigabytes. */
const MOST_WORK = 2 ** 26

/** Distances between the two inputs, in units of the input's own scale: near enough to stay on one piece, far enough for the rounding. */
const DISTANCES = [1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5]

interface Found {
  readonly lower?: Bound<'lower'>
  readonly lowerReason?: string
}

/** Values by name. */
type Point = ReadonlyMap<string, Numbers>

/**
 * A gain that two inputs really have: ‖f(a) − f(b)‖/‖a − b‖, rounded down, so no Lipschitz constant is below it.
 *
 * Power iteration on the Jacobian at a point finds the direction; then pairs along it, at several distances, are put through the network
 * with radii around every number that account for all rounding. Costs two passes an iteration. A lower bound at a random point is mostly
 * far from the largest gain there is: it says how loose the certificate can at most be, not how loose it is.
 */
export function searchGain(plan: Plan, outputs: readonly CertifiedValue[], options: NetworkOptions, upper: number): Found {
  const entries = [...plan.shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0)
  if (entries > MOST_WORK) return { lowerReason: `${entries} numbers in one pass are too many to search with` }
  const names = outputs.map(({ name }) => name).filter(name => !plan.constants.has(name))
  if (names.length === 0) return { lowerReason: 'no output depends on an input' }
  try {
    const start = startOf(plan, options)
    const iterations = options.iterations ?? Math.max(3, Math.min(30, Math.floor((8 * MOST_WORK) / entries / 16)))
    const direction = steepest(plan, start, names, iterations, options.seed ?? 1)
    const value = DISTANCES.reduce((best, h) => Math.max(best, gainBetween(plan, start, direction, h, names)), 0)
    const bound = {
      value,
      kind: 'lower',
      method: 'pair along the top of the Jacobian',
      scope: 'this-size',
      lower: value,
      upper,
    } as const
    return { lower: { ...bound, work: 2 * iterations } }
  } catch (error) {
    if (!(error instanceof OpnormError)) throw error
    return { lowerReason: error.message }
  }
}

function startOf(plan: Plan, { at, seed = 1 }: NetworkOptions): Map<string, Float64Array> {
  const random = generator(seed)
  return new Map(
    plan.inputs.map(({ name, shape }) => {
      const given = at?.[name]
      const size = sizeOf(shape)
      if (given && given.length !== size)
        throw new OpnormError(
          'option',
          `at.${name}: expected ${size} numbers, got ${given.length}. Give one for each entry of the input`,
        )
      return [name, given ? Float64Array.from(given) : Float64Array.from({ length: size }, random)]
    }),
  )
}

/** The direction that the Jacobian at a point stretches most, as far as the iterations get: a unit vector in all inputs together. */
function steepest(
  plan: Plan,
  start: ReadonlyMap<string, Float64Array>,
  outputs: readonly string[],
  iterations: number,
  seed: number,
): Map<string, Float64Array> {
  const point = evaluated(plan, exactly(plan, start), false)
  const linears = plan.steps.map(({ step, operands, output }) =>
    step.linearize(
      operands.map(operand => operand && point.get(operand.name)),
      point.get(output)!,
    ),
  )
  const random = generator(seed + 1)
  let direction: Map<string, Float64Array> = new Map([...start].map(([name, x]) => [name, x.map(() => random() - 0.5)]))
  for (let i = 0; i < iterations; i++) {
    normalize(direction)
    const next = backward(plan, linears, forward(plan, linears, direction), outputs)
    for (const [name, x] of start) if (!next.has(name)) next.set(name, new Float64Array(x.length))
    if (normOf(next) === 0) break
    direction = next
  }
  normalize(direction)
  return direction
}

/** J·v: how every value moves when the inputs do. */
function forward(
  plan: Plan,
  linears: readonly Linear[],
  direction: ReadonlyMap<string, Float64Array>,
): Map<string, Float64Array> {
  const moves = new Map(direction)
  plan.steps.forEach(({ operands, output }, i) => {
    moves.set(
      output,
      linears[i].forward(operands.map(operand => (operand?.constant ? undefined : operand && moves.get(operand.name)))),
    )
  })
  return moves
}

/** Jᵀ·w for the moves w of the outputs, input by input. */
function backward(
  plan: Plan,
  linears: readonly Linear[],
  moves: ReadonlyMap<string, Float64Array>,
  outputs: readonly string[],
): Map<string, Float64Array> {
  const pulls = new Map<string, Float64Array>()
  const pull = (name: string, by: Float64Array): void => {
    const held = pulls.get(name)
    pulls.set(name, held ? held.map((x, i) => x + by[i]) : by)
  }
  for (const name of outputs) pull(name, moves.get(name)!)
  for (let i = plan.steps.length - 1; i >= 0; i--) {
    const { operands, output } = plan.steps[i]
    const held = pulls.get(output)
    if (!held) continue
    pulls.delete(output)
    linears[i].backward(held).forEach((by, at) => {
      const operand = operands[at]
      if (by && operand && !operand.constant) pull(operand.name, by)
    })
  }
  return new Map(plan.inputs.flatMap(({ name }) => (pulls.has(name) ? [[name, pulls.get(name)!] as const] : [])))
}

/** ≤ ‖f(a) − f(b)‖/‖a − b‖ for a = x + h·d and b = x − h·d, each rounded once and then exact. */
function gainBetween(
  plan: Plan,
  start: ReadonlyMap<string, Float64Array>,
  direction: ReadonlyMap<string, Float64Array>,
  h: number,
  outputs: readonly string[],
): number {
  const shifted = (sign: number): Map<string, Float64Array> =>
    new Map([...start].map(([name, x]) => [name, x.map((v, i) => v + sign * h * direction.get(name)![i])]))
  const [a, b] = [shifted(1), shifted(-1)]
  const [ya, yb] = [a, b].map(point => evaluated(plan, exactly(plan, point), true, outputs))
  let apart = 0
  for (const name of outputs) {
    const [p, q] = [ya.get(name)!, yb.get(name)!]
    for (let i = 0; i < p.data.length; i++) {
      const sure = Math.abs(p.data[i] - q.data[i]) - (p.radius?.[i] ?? 0) - (q.radius?.[i] ?? 0)
      if (sure > 0) apart += sure * sure
    }
  }
  let distance = 0
  for (const [name, x] of a) {
    const y = b.get(name)!
    for (let i = 0; i < x.length; i++) distance += (x[i] - y[i]) * (x[i] - y[i])
  }
  // Sums of n squares err by less than n·2⁻⁵² relative; 1e-9 covers them for every n that fits into memory.
  const gain = distance > 0 ? Math.sqrt(apart / distance) * (1 - 1e-9) : 0
  return Number.isFinite(gain) ? Math.max(0, nextDown(gain)) : 0
}

/** All values at a point, or, where only some are asked for, those; what is no longer needed is let go. */
function evaluated(plan: Plan, inputs: Point, careful: boolean, keep?: readonly string[]): Map<string, Numbers> {
  const values = new Map([...plan.constants, ...inputs])
  const uses = new Map<string, number>()
  for (const { operands } of plan.steps)
    for (const operand of operands) if (operand) uses.set(operand.name, (uses.get(operand.name) ?? 0) + 1)
  for (const { step, operands, output } of plan.steps) {
    values.set(
      output,
      step.evaluate(
        operands.map(operand => operand && values.get(operand.name)),
        careful,
      ),
    )
    if (!keep) continue
    for (const operand of operands) {
      if (!operand || operand.constant) continue
      const left = uses.get(operand.name)! - 1
      uses.set(operand.name, left)
      if (left === 0 && !keep.includes(operand.name)) values.delete(operand.name)
    }
  }
  return values
}

function exactly(plan: Plan, point: ReadonlyMap<string, Float64Array>): Point {
  return new Map(plan.inputs.map(({ name, shape }) => [name, { shape, data: point.get(name)! }]))
}

function normOf(vectors: ReadonlyMap<string, Float64Array>): number {
  let sum = 0
  for (const x of vectors.values()) for (const v of x) sum += v * v
  return Math.sqrt(sum)
}

function normalize(vectors: ReadonlyMap<string, Float64Array>): void {
  const norm = normOf(vectors)
  if (norm === 0) return
  for (const x of vectors.values()) for (let i = 0; i < x.length; i++) x[i] /= norm
}

/** Uniform numbers in [0, 1) from a 32-bit linear congruence, high bits only: the same in every runtime. */
function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 5) / 2 ** 27
  }
}
