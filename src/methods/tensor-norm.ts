import type { Bound, Start } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import type { Complex } from '../runtime/contract.ts'
import { withGramSymbol } from '../runtime/gram-symbol.ts'
import { phasesOf } from '../runtime/phases.ts'
import { foldGradient, isZero, type Symbol, symbolEverySize } from '../symbol.ts'
import { fineLattice, spreads } from '../torus/boxes.ts'
import { cheapCeiling, wholePiece } from '../torus/pieces.ts'
import type { Maximiser } from '../torus/ray.ts'
import { enclose } from '../torus/search.ts'
import { straightened } from '../torus/straighten.ts'

import { estimate, everySize, upperBound, wholeOption } from './claim.ts'
import { tapCount } from './f4.ts'
import { type Climb, climbTensor, type Factors, outer, unit } from './higher-order-power.ts'
import { asLayer, asOptions } from './operand.ts'
import { uniform } from './uniform.ts'

export interface TensorNormOptions {
  sweeps?: number
  gradient?: boolean
  /** 'symbol': the maximiser of the symbol, which makes the result a proven bound; the `start` of an earlier result; or seeded noise. */
  start?: 'symbol' | Start | { seed: number }
}

/**
 * Upper bound on σ₁ from the complex spectral norm of the tap tensor: σ₁ ≤ √(Πk)·‖A‖_σ, never looser than `f4`.
 *
 * Holds for every input size, zero and circular padding. The tensor norm is climbed by the higher-order power method, which finds a local
 * maximum. From the symbol's maximiser θ* the value found is proven to be at least M by a certified search (METHODS §7), so it is a bound
 * whatever maximum it is; from any other start the result is an estimate and may lie below the norm. 0.94–1.53 times the norm on trained
 * layers from random starts, 1.00–1.53 from the symbol's.
 * Costs two passes over the kernel a sweep, and the search.
 *
 * Grishina, Gorbunov, Rakhuba 2024, arXiv:2409.11859. METHODS §5.
 *
 * @param options sweeps: at most; gradient: √(Πk)·Re conj(u ⊗ v ⊗ x…) of the first largest group
 * @returns work: sweeps; start: one vector a group, its factors (re, im) one after the other; converged: a sweep gained nothing more
 * @throws OpnormError `option`
 * @example tensorNorm(conv([[[1, 1]]])).value  // 2.000000002, proven by a search with gap 1e-9
 */
export function tensorNorm(layer: Conv, options?: TensorNormOptions & { start?: 'symbol' }): Bound<'upper'>
export function tensorNorm(layer: Conv, options: TensorNormOptions): Bound<'upper' | 'estimate'>
export function tensorNorm(layer: Conv, options: TensorNormOptions = {}): Bound<'upper' | 'estimate'> {
  asOptions(options, 'tensorNorm')
  const symbol = symbolEverySize(asLayer(layer, 'tensorNorm'))
  const sweeps = wholeOption('sweeps', options.sweeps ?? 50, 1)
  const proven = options.start === undefined || options.start === 'symbol'
  const root = Math.sqrt(tapCount(symbol))
  const climbs: Climb[] = []
  let [upper, lower, work] = [0, 0, 0]
  const pieces = Array.from({ length: symbol.groups }, (_, group) => wholePiece(symbol, group).symbol)
  const ceilings = pieces.length > 1 ? pieces.map(cheapCeiling) : [Infinity]
  const order = Array.from(ceilings.keys()).sort((a, b) => ceilings[b] - ceilings[a])
  for (const group of order) {
    // The norm of the group is below what another one has: any climb will do.
    const certified = proven && ceilings[group] > upper ? provenClimb(symbol, group, sweeps, root) : undefined
    const from = proven ? { seed: 1 } : options.start
    const climb = certified?.climb ?? climbTensor(symbol, group, startFor(symbol, group, from), sweeps)
    climbs[group] = climb
    work += climb.sweeps
    upper = Math.max(upper, certified?.upper ?? root * climb.value)
    lower = Math.max(lower, certified?.lower ?? 0)
  }
  const top = climbs.reduce((most, climb, group) => (climb.value > climbs[most].value ? group : most), 0)
  const finding = {
    method: 'tensorNorm',
    scope: everySize(layer),
    exponent: symbol.exponent,
    work,
    start: { method: 'tensorNorm', vectors: climbs.map(({ factors }) => flat(factors)) },
    converged: climbs.every(climb => climb.converged),
    ...(options.gradient && { gradient: foldGradient(layer, symbol, top, gradientOf(symbol, climbs[top], root)) }),
  }
  return proven ? upperBound(upper, finding, lower) : estimate(upper, finding)
}

/** Looser searches first: most tensor norms lie well above M, and then a rough enclosure proves them. */
const GAPS = [0.02, 1e-9]

/** Climbs from the symbol's maximiser, and proves that √(Πk)·value ≥ M, or takes the search's upper end where it is the larger. */
function provenClimb(
  symbol: Symbol,
  group: number,
  sweeps: number,
  root: number,
): { climb: Climb; upper: number; lower: number } {
  if (isZero(symbol, group)) return { climb: climbTensor(symbol, group, seededFactors(symbol, 1), 1), upper: 0, lower: 0 }
  const straight = straightened(wholePiece(symbol, group).symbol, GAPS[1])
  const tau = spreads(straight.symbol.offsets)
  return withGramSymbol(straight.symbol, 0, gram => {
    const search = (gap: number, known: number) => enclose(gram, tau, fineLattice(tau), { gap, maxEvaluations: 200_000, known })
    const rough = search(GAPS[0], 0)
    const climb = climbTensor(symbol, group, factorsAt(symbol, straight.back(rough.ray)), sweeps)
    const value = root * climb.value
    if (value >= rough.upper) return { climb, upper: value, lower: rough.lower }
    // M ≤ value is what is left to prove: a search that takes value/(1 + gap) for known closes as soon as it is.
    const fine = search(GAPS[1], (value / (1 + GAPS[1])) * (1 - 2 ** -50))
    return { climb, upper: Math.max(value, fine.upper), lower: rough.lower }
  })
}

/** u, v of F(θ*) and e^{iq·θ*}/√k along each axis: A(u, v, x…) = f(θ*)/√(Πk). */
function factorsAt(symbol: Symbol, { point, turns, v }: Maximiser): Factors {
  const axes = symbol.offsets.map((q, d) => {
    const phases = phasesOf(
      q.map(x => [x]),
      [turns[d]],
      [point[d]],
    )
    const size = Math.sqrt(q.length)
    return {
      re: Float64Array.from(q, (_, i) => phases[2 * i] / size),
      im: Float64Array.from(q, (_, i) => phases[2 * i + 1] / size),
    }
  })
  const right = { re: Float64Array.from({ length: v.length / 2 }, (_, i) => v[2 * i]), im: new Float64Array(v.length / 2) }
  for (let i = 0; i < right.im.length; i++) right.im[i] = v[2 * i + 1]
  // u is the first thing a sweep replaces.
  return { u: { re: new Float64Array(symbol.rows), im: new Float64Array(symbol.rows) }, v: right, axes }
}

function startFor(symbol: Symbol, group: number, start: TensorNormOptions['start']): Factors {
  if (typeof start === 'object' && 'seed' in start) return seededFactors(symbol, wholeOption('start.seed', start.seed, 0) + group)
  const { rows, columns, offsets } = symbol
  const lengths = [rows, columns, ...offsets.map(q => q.length)]
  const wanted = 2 * lengths.reduce((sum, length) => sum + length, 0)
  const given = typeof start === 'object' ? start.vectors?.[group] : undefined
  if (given?.length !== wanted)
    fail(
      'option',
      'start',
      `'symbol', { seed }, or an earlier start with ${wanted} numbers for each of ${symbol.groups} groups`,
      show(given?.length ?? start),
      'Pass the `start` of an earlier result for a kernel of this shape',
    )
  if (!given.every(Number.isFinite))
    fail('nonfinite', 'start', 'finite numbers', 'others', 'Pass the `start` of an earlier result')
  let at = 0
  const parts = lengths.map(length => {
    const vector = given.subarray(at, (at += 2 * length))
    return unit({ re: vector.filter((_, i) => i % 2 === 0), im: vector.filter((_, i) => i % 2 === 1).map(x => -x) }).vector
  })
  return { u: parts[0], v: parts[1], axes: parts.slice(2) }
}

/** Uniform complex noise. */
function seededFactors({ rows, columns, offsets }: Symbol, seed: number): Factors {
  const next = uniform(seed)
  const noise = (length: number): Complex =>
    unit({ re: Float64Array.from({ length }, next), im: Float64Array.from({ length }, next) }).vector
  return { u: noise(rows), v: noise(columns), axes: offsets.map(q => noise(q.length)) }
}

function flat({ u, v, axes }: Factors): Float64Array {
  return Float64Array.from([u, v, ...axes].flatMap(({ re, im }) => Array.from(re).flatMap((x, i) => [x, im[i]])))
}

/** √(Πk)·Re conj(u ⊗ v ⊗ x…), scaled to the value: Σ A·gradient = √(Πk)·|A(u, v, x…)|. */
function gradientOf({ rows, columns }: Symbol, { factors, value }: Climb, root: number): Float64Array {
  const { u, v, axes } = factors
  const w = outer(axes)
  const gradient = new Float64Array(w.re.length * rows * columns)
  if (value === 0) return gradient
  for (let tap = 0, at = 0; tap < w.re.length; tap++) {
    for (let j = 0; j < columns; j++) {
      const [re, im] = [w.re[tap] * v.re[j] - w.im[tap] * v.im[j], w.re[tap] * v.im[j] + w.im[tap] * v.re[j]]
      for (let i = 0; i < rows; i++) gradient[at++] = root * (u.re[i] * re - u.im[i] * im)
    }
  }
  return gradient
}
