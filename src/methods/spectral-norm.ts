import type { Bound } from '../bound.ts'
import { type Conv, isSized } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { scaled, scaledDown, scaledUp } from '../rounding.ts'
import { withGramSymbol } from '../runtime/gram-symbol.ts'
import { circularGrid, groupTaps, type Symbol, symbolCircular, symbolEverySize } from '../symbol.ts'
import { type Enclosure, enclose } from '../torus/search.ts'
import type { Lattice } from '../torus/boxes.ts'

export interface SpectralNormOptions {
  /** upper/lower − 1 to reach; 1e-6 by default. */
  readonly gap?: number
  /** Norm evaluations after which the search ends with a wider, still true enclosure. */
  readonly maxEvaluations?: number
  /** Also ∂value/∂kernel. */
  readonly gradient?: boolean
}

export function spectralNorm(layer: Conv, options: SpectralNormOptions = {}): Bound<'upper'> {
  const gap = options.gap ?? 1e-6
  if (!(gap > 0 && gap < Infinity))
    fail('option', 'gap', 'a positive number', show(gap), 'It is upper/lower − 1, 1e-6 by default')
  const maxEvaluations = options.maxEvaluations ?? 200_000
  if (!(maxEvaluations >= 1))
    fail('option', 'maxEvaluations', 'a number from 1', show(maxEvaluations), 'It ends the search early')
  const discrete = layer.padding === 'circular' && isSized(layer)
  const symbol = discrete ? symbolCircular(layer) : symbolEverySize(layer)
  const turns = discrete ? circularGrid(layer) : undefined
  let lower = 0
  let upper = 0
  let work = 0
  let converged = true
  for (let group = 0; group < symbol.groups; group++) {
    if (groupTaps(symbol, group).every(x => x === 0)) continue
    const found = encloseGroup(symbol, group, turns, { gap, maxEvaluations, known: lower })
    lower = Math.max(lower, found.lower)
    upper = Math.max(upper, found.upper)
    work += found.evaluations
    converged &&= found.converged
  }
  const { exponent } = symbol
  return {
    value: scaledUp(upper, exponent),
    kind: 'upper',
    method: 'spectralNorm',
    scope: discrete ? 'this-size' : 'every-size',
    lower: scaledDown(lower, exponent),
    upper: scaledUp(upper, exponent),
    work,
    converged,
  }
}

void scaled

/** Finest whole numbers, so that a point's coordinates stay exact. */
const FINEST = [1, 3 * 2 ** 22, 3 * 2 ** 22, 3 * 2 ** 22]

function encloseGroup(
  symbol: Symbol,
  group: number,
  grid: readonly number[] | undefined,
  goal: { gap: number; maxEvaluations: number; known: number },
): Enclosure {
  const axes = symbol.offsets.length
  const tau = symbol.offsets.map(q => (q[q.length - 1] - q[0]) / 2)
  const lattice: Lattice = grid
    ? { turns: grid, discrete: true }
    : { turns: tau.map(x => (x > 0 ? FINEST[axes] : 1)), discrete: false }
  return withGramSymbol(symbol, group, gram => enclose(gram, tau, lattice, goal))
}
