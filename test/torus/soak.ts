/**
 * Thousands of random layers against the oracles: `node --import tsx test/torus/soak.ts [count] [first seed]`.
 *
 * Every layer three times: for every size (supremum.ts), circular at n (all its frequencies) and, where its matrix is small, zero-padded at n (a
 * dense decomposition from the definition). Prints every seed whose bracket is violated, and at the end what was tried.
 */
import { conv } from '../../src/conv.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { type Definition, normOf, outputSides } from '../oracle.ts'
import { type RandomLayer, randomLayer } from './random-layers.ts'
import { latticeMaximum, supremum } from './supremum.ts'

const count = Number(process.argv[2] ?? 20_000)
const first = Number(process.argv[3] ?? 1)
const GAPS = [1e-3, 1e-6, 1e-9]
/** Evaluations after which a search ends: weights of twenty orders and more take a hundred thousand at times. */
const BUDGET = 5000
/** What rounding takes from an oracle. */
const SLACK = 1e-13

const tally = new Map<string, number>()
const tell = (name: string, by = 1) => tally.set(name, (tally.get(name) ?? 0) + by)
let violations = 0
/** The largest oracle/upper and lower/oracle − 1: what is left of a proof, and what a search found that its oracle did not. */
const worst = { upper: -Infinity, lower: -Infinity }

const sizeOf = (sides: readonly number[]) => sides.reduce((a, b) => a * b, 1)

function check(
  seed: number,
  layer: RandomLayer,
  scope: string,
  geometry: object,
  gap: number,
  oracle: (finer: number) => number,
): void {
  const { shape, stride, dilation, groups, transposed, style } = layer
  const operand = conv({ data: layer.kernel, shape }, { stride, dilation, groups, transposed, ...geometry })
  const bound = spectralNorm(operand, { gap, maxEvaluations: BUDGET })
  let truth = oracle(1)
  for (const finer of [3, 9, 27]) {
    if (bound.lower <= truth * (1 + SLACK)) break
    tell('finer oracles')
    truth = oracle(finer)
  }
  tell(scope)
  if (bound.converged) tell(`${scope} to ${gap}`)
  if (truth > 0) {
    worst.upper = Math.max(worst.upper, truth / bound.upper - 1)
    worst.lower = Math.max(worst.lower, bound.lower / truth - 1)
  }
  const wide = bound.converged && bound.upper > bound.lower * (1 + gap)
  if (bound.upper >= truth * (1 - SLACK) && bound.lower <= truth * (1 + SLACK) && !wide) return
  violations++
  const told = JSON.stringify({ shape, stride, dilation, groups, transposed, style, gap, ...geometry })
  console.log(`seed ${seed}, ${scope}: ${bound.lower} ≤ ${truth} ≤ ${bound.upper} does not hold, ${told}`)
}

function zeroPadded(layer: RandomLayer): Definition | undefined {
  const { kernel, shape, stride, dilation, groups, transposed, grid, pads } = layer
  const inputSize = grid.map((n, d) => (transposed ? n : n * stride[d]))
  const outputPadding = grid.map(() => 0)
  const told = {
    kernel,
    shape,
    inputSize,
    padding: 'zero',
    pads: [...pads],
    stride,
    dilation,
    groups,
    transposed,
    outputPadding,
  } as Definition
  const output = outputSides(told)
  if (output.some(n => n < 1)) return undefined
  const channels = transposed ? [shape[0], shape[1] * groups] : [shape[1] * groups, shape[0]]
  const [columns, rows] = [channels[0] * sizeOf(inputSize), channels[1] * sizeOf(output)]
  return Math.min(columns, rows) <= 32 && Math.max(columns, rows) <= 256 ? told : undefined
}

function soak(seed: number): void {
  const layer = randomLayer(seed)
  const { stride, dilation, groups, transposed, grid, style } = layer
  const gap = GAPS[seed % 3]
  check(seed, layer, 'every size', {}, gap, finer => supremum(layer, finer))
  const inputSize = grid.map((n, d) => (transposed ? n : n * stride[d]))
  check(seed, layer, 'circular', { inputSize, padding: 'circular' }, gap, () => latticeMaximum(layer, grid))
  const padded = zeroPadded(layer)
  if (padded) check(seed, layer, 'zero-padded', { inputSize, pad: padded.pads }, gap, () => normOf(padded))
  for (const [name, is] of [
    [`${stride.length}-D`, true],
    ['groups', groups > 1],
    ['stride', stride.some(s => s > 1)],
    ['dilation', dilation.some(s => s > 1)],
    ['transposed', transposed],
    [style, true],
  ] as const)
    if (is) tell(name)
}

const started = performance.now()
for (let seed = first; seed < first + count; seed++) soak(seed)
const names = [...tally.keys()].sort()
console.log(names.map(name => `${name} ${tally.get(name)}`).join(', '))
console.log(
  `${count} layers from seed ${first}: ${violations} violations; oracle/upper − 1 ≤ ${worst.upper.toExponential(1)}, lower/oracle − 1 ≤ ${worst.lower.toExponential(1)}; ${((performance.now() - started) / count).toFixed(1)} ms a layer`,
)
process.exitCode = violations ? 1 : 0
