import type { Bound } from '../bound.ts'
import { congruence } from '../congruence.ts'
import { fail, OpnormError, show } from '../errors.ts'
import { nextDown } from '../rounding.ts'
import { sizeOf, tabulate } from '../tensor.ts'
import type { Plan } from './network-plan.ts'
import type { CertifiedValue, NetworkOptions } from './network-types.ts'
import type { Numbers } from './rules/numbers.ts'
import type { Linear } from './rules/step.ts'

/** Beyond so many entries over all values a search takes longer than all the rest; who asks for iterations gets them up to the second. */
const [MANY_ENTRIES, MOST_ENTRIES] = [2 ** 21, 2 ** 26]

/** Entries that all passes of a search may compute together: a second or two. A step costs as much as so many entries, however small it is. */
const [BUDGET, STEP] = [2 ** 25, 2 ** 10]

/** Distances between the two inputs: near enough to stay on one piece of the function, far enough for the rounding. */
const DISTANCES = [1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5]

/** Where to look when no input is given: uniform in [0, 1), centred, and far out, where rectifiers no longer change. */
const STARTS = [
  { scale: 1, shift: 0 },
  { scale: 2, shift: -1 },
  { scale: 200, shift: -100 },
]

interface Found {
  readonly lower?: Bound<'lower'>
  readonly estimate?: Bound<'estimate'>
  readonly lowerReason?: string
}

/** Values by name. */
type Point = ReadonlyMap<string, Numbers>
type Vectors = Map<string, Float64Array>

/** A point, the direction that the Jacobian stretches most there, and by how much. */
interface Top {
  readonly point: Vectors
  readonly direction: Vectors
  readonly gain: number
}

/**
 * A gain that two inputs really have: ‖f(a) − f(b)‖/‖a − b‖, rounded down, so no Lipschitz constant is below it.
 *
 * Power iteration on the Jacobian at a point finds the direction; then pairs along it, at several distances, are put through the network
 * with radii around every number that account for all rounding. In deep networks the radii outgrow the difference: then only the
 * stretch of the Jacobian remains, an estimate. Two passes an iteration. Mostly far from the largest gain there is: it says how loose the
 * certificate can at most be, not how loose it is.
 */
export function searchGain(plan: Plan, outputs: readonly CertifiedValue[], options: NetworkOptions, upper: number): Found {
  const entries = [...plan.shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0)
  if (entries > (options.iterations === undefined ? MANY_ENTRIES : MOST_ENTRIES))
    return { lowerReason: `${entries} numbers in one pass are too many to search with` }
  const cost = entries + STEP * plan.steps.length
  if (options.iterations === undefined && cost > MANY_ENTRIES + BUDGET / 4)
    return { lowerReason: `${plan.steps.length} steps in one pass are too many to search with` }
  const names = outputs.map(({ name }) => name).filter(name => !plan.constants.has(name))
  if (names.length === 0) return { lowerReason: 'no output depends on an input' }
  try {
    const passes = Math.floor(BUDGET / cost)
    const iterations = options.iterations ?? Math.max(3, Math.min(30, Math.floor(passes / 8)))
    const starts = startsOf(plan, options).slice(0, passes < 60 ? 1 : STARTS.length)
    const rough = starts.map(point => steepest(plan, point, names, Math.min(4, iterations), options.seed ?? 1))
    const best = rough.reduce((a, b) => (b.gain > a.gain ? b : a))
    const top = steepest(plan, best.point, names, iterations, best.direction)
    const work = 2 * (iterations + 4 * starts.length)
    const shared = { scope: 'this-size', work } as const
    const stretch = {
      value: top.gain,
      kind: 'estimate',
      method: 'power iteration on the Jacobian',
      lower: 0,
      upper: Infinity,
    } as const
    const estimate = { ...shared, ...stretch }
    const value = widestGap(plan, top, names)
    if (value === 0) return { estimate, lowerReason: 'rounding could account for all of the difference between two outputs' }
    return { estimate, lower: { ...shared, value, kind: 'lower', method: 'gain between two inputs', lower: value, upper } }
  } catch (error) {
    if (!(error instanceof OpnormError) || error.code === 'option') throw error
    return { lowerReason: error.message }
  }
}

/** The best pair along a direction; once two distances in a row do no better, neither will the rest. */
function widestGap(plan: Plan, top: Top, outputs: readonly string[]): number {
  let best = 0
  let worse = 0
  for (const h of DISTANCES) {
    const gain = gainBetween(plan, top, h, outputs)
    worse = gain > best ? 0 : worse + 1
    best = Math.max(best, gain)
    if (worse === 2) break
  }
  return best
}

function startsOf(plan: Plan, { at, seed = 1 }: NetworkOptions): Vectors[] {
  if (at)
    return [
      new Map(
        plan.inputs.map(({ name, shape }) => {
          const [given, size] = [at[name], sizeOf(shape)]
          if (given?.length !== size || !Array.from(given).every(Number.isFinite))
            fail('option', `at.${name}`, `${size} finite numbers`, show(given?.length), 'Give one for each entry of every input')
          return [name, Float64Array.from(given)]
        }),
      ),
    ]
  return STARTS.map(({ scale, shift }) => {
    const random = generator(seed)
    return new Map(plan.inputs.map(({ name, shape }) => [name, tabulate(sizeOf(shape), () => scale * random() + shift)]))
  })
}

/** Power iteration on JᵀJ from a direction or a seed, as far as the iterations get. */
function steepest(plan: Plan, start: Vectors, outputs: readonly string[], iterations: number, from: Vectors | number): Top {
  const point = evaluated(plan, exactly(plan, start), false)
  const linears = plan.steps.map(({ step, operands, output }) =>
    step.linearize(
      operands.map(operand => operand && point.get(operand.name)),
      point.get(output)!,
    ),
  )
  let direction = typeof from === 'number' ? noise(start, from + 1) : from
  let gain = 0
  for (let i = 0; i < iterations; i++) {
    normalize(direction)
    const moves = forward(plan, linears, direction)
    gain = normOf(outputs.map(name => moves.get(name)!))
    if (gain === 0 || i === iterations - 1) break
    const next = backward(plan, linears, moves, outputs)
    for (const [name, x] of start) if (!next.has(name)) next.set(name, new Float64Array(x.length))
    direction = next
  }
  return { point: start, direction, gain }
}

function noise(like: Vectors, seed: number): Vectors {
  const random = generator(seed)
  return new Map([...like].map(([name, x]) => [name, tabulate(x.length, () => random() - 0.5)]))
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
    pulls.set(name, held ? tabulate(by.length, i => held[i] + by[i]) : by)
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
function gainBetween(plan: Plan, { point, direction }: Top, h: number, outputs: readonly string[]): number {
  const shifted = (sign: number): Vectors =>
    new Map(
      [...point].map(([name, x]) => {
        const along = direction.get(name)!
        return [name, tabulate(x.length, i => x[i] + sign * h * along[i])]
      }),
    )
  const [a, b] = [shifted(1), shifted(-1)]
  const [ya, yb] = [a, b].map(x => evaluated(plan, exactly(plan, x), true, outputs))
  let apart = 0
  for (const name of outputs) {
    const [p, q] = [ya.get(name)!, yb.get(name)!]
    for (let i = 0; i < p.data.length; i++) {
      const sure = Math.abs(p.data[i] - q.data[i]) * (1 - 2 ** -50) - (p.radius?.[i] ?? 0) - (q.radius?.[i] ?? 0)
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

function normOf(vectors: Iterable<Float64Array>): number {
  let sum = 0
  for (const x of vectors) for (const v of x) sum += v * v
  return Math.sqrt(sum)
}

function normalize(vectors: Vectors): void {
  const norm = normOf(vectors.values())
  if (norm === 0) return
  for (const x of vectors.values()) for (let i = 0; i < x.length; i++) x[i] /= norm
}

/** Uniform numbers in [0, 1) from a 32-bit linear congruence, high bits only: the same in every runtime. */
function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0
  return () => {
    state = congruence(state)
    return (state >>> 5) / 2 ** 27
  }
}
