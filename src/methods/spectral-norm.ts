import type { Bound } from '../bound.ts'
import { type Conv, isSized } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { nextDown, nextUp } from '../rounding.ts'
import { tapGradient } from '../runtime/evaluate.ts'
import { withGramSymbol } from '../runtime/gram-symbol.ts'
import {
  circularGrid,
  foldGradient,
  isZero,
  type Symbol,
  symbolCircular,
  symbolEverySize,
  type TrigonometricPolynomial,
} from '../symbol.ts'
import type { Tensor } from '../tensor.ts'
import { polish } from '../torus/ascent.ts'
import { fineLattice, spreads } from '../torus/boxes.ts'
import { gridCeilings } from '../torus/grid-ceilings.ts'
import { cheapCeiling, type Piece, piecesOf } from '../torus/pieces.ts'
import type { Ray } from '../torus/ray.ts'
import { enclose, type Enclosure, type Goal } from '../torus/search.ts'
import { type Straightened, straightened } from '../torus/straighten.ts'
import { windowShare } from '../torus/window.ts'
import { upperBound } from './claim.ts'
import { lanczos } from './lanczos.ts'
import { asLayer, asOptions } from './operand.ts'

export interface SpectralNormOptions {
  /** upper/lower − 1 to reach; 1e-6 by default, down to about 1e-11. */
  readonly gap?: number
  /** Norm evaluations (frequencies visited) after which the search ends with a wider, still true enclosure. */
  readonly maxEvaluations?: number
  /** Also ∂value/∂kernel. */
  readonly gradient?: boolean
}

/**
 * A certified enclosure of a layer's norm: lower ≤ ‖T‖ ≤ upper, rounding included; value = upper.
 *
 * Without an input size it speaks of M = sup_θ ‖F(θ)‖₂, the norm on the infinite grid and a ceiling for every size and zero or circular
 * padding. With circular padding at n it encloses the circular operator itself. With zero padding at n the upper end is M and the lower
 * end the better of the window bound (METHODS §8) and a Lanczos value, so that its gap is not brought to `gap`: M is tight, not equal.
 *
 * Branch and bound on the torus; cost independent of the image size: about a hundred norm evaluations for a trained 3×3 layer, several
 * hundred for a random one, at any gap; a few for flat symbols and for those constant along a line of the torus, which are put in order first
 * (docs/enclosure.md). Kernels whose weights spread over twenty orders of magnitude and more are the expensive case.
 *
 * METHODS §7, §8; the proof in floating point is in docs/rounding.md.
 *
 * @param layer any layer; dense layers too
 * @param options gap, maxEvaluations; gradient: Re(conj(u) vᵀ e^{iq·θ*}) at the maximiser found, u and v its top singular pair. θ* needs no
 *   derivative (envelope theorem). At a tie one of the generalised gradients: that of the block of channels and of the maximum found first
 * @returns work: norm evaluations; converged: whether upper/lower − 1 ≤ gap. False if the budget ran out or the gap is below what rounding allows, and as
 *   a rule for a zero-padded layer at one size: M and that size's norm differ by more
 * @throws OpnormError `option`
 * @example spectralNorm(conv([[[1, 2, 1]]])).value  // 4.000004, with lower 4
 */
export function spectralNorm(layer: Conv, options: SpectralNormOptions = {}): Bound<'upper'> {
  asOptions(options, 'spectralNorm')
  const { gap, maxEvaluations } = checked(options)
  asLayer(layer, 'spectralNorm')
  const circular = layer.padding === 'circular' && isSized(layer)
  const symbol = circular ? symbolCircular(layer) : symbolEverySize(layer)
  const found = encloseAll(symbol, circular ? circularGrid(layer) : undefined, {
    gap,
    maxEvaluations,
    sharp: options.gradient ?? false,
  })
  const sized = isSized(layer)
  const finding = {
    method: 'spectralNorm',
    scope: sized ? 'this-size' : 'every-size',
    exponent: symbol.exponent,
    work: found.work,
    ...(options.gradient && { gradient: gradientAt(layer, symbol, found, circular) }),
  } as const
  if (circular || !sized) return judged(upperBound(found.upper, finding, found.lower), gap)
  const ceiling = upperBound(found.upper, finding, found.lower * windowShare(layer) * (1 - 2 ** -52))
  return judged({ ...ceiling, lower: Math.max(ceiling.lower, lanczosFloor(layer)) }, gap)
}

/** Whether the gap is what was asked, in the layer's own scale: near the ends of the range both ends lose digits there. */
function judged(bound: Bound<'upper'>, gap: number): Bound<'upper'> {
  return { ...bound, converged: bound.upper < Infinity && bound.upper <= bound.lower * (1 + gap) }
}

/** Longest vector for which a few Lanczos steps are worth their time. */
const LONGEST = 2 ** 18

function lanczosFloor(layer: Conv): number {
  if (!isSized(layer)) return 0
  const length = (channels: number, size: readonly number[]) => size.reduce((product, n) => product * n, channels)
  if (Math.max(length(layer.inChannels, layer.inputSize), length(layer.outChannels, layer.outputSize)) > LONGEST) return 0
  return lanczos(layer, { tolerance: 1e-4, iterations: 200 }).lower
}

function checked({ gap = 1e-6, maxEvaluations = 1e6 }: SpectralNormOptions): { gap: number; maxEvaluations: number } {
  if (!(typeof gap === 'number' && gap > 0 && gap < Infinity)) {
    fail('option', 'gap', 'a positive number', show(gap), 'It is upper/lower − 1 and 1e-6 by default')
  }
  if (!(typeof maxEvaluations === 'number' && maxEvaluations >= 1)) {
    fail('option', 'maxEvaluations', 'a number from 1', show(maxEvaluations), 'It ends the search early')
  }
  return { gap, maxEvaluations }
}

interface Found {
  lower: number
  upper: number
  work: number
  group: number
  /** The piece it was found in, its coordinates, and where. */
  best?: { readonly piece: Piece; readonly straight: Straightened; readonly ray: Ray }
}

/**
 * The maximum over all pieces of all groups. They are taken in the order of ceilings that cost little, so that most of them need no search once
 * one of the largest has been enclosed: they only have to stay below it.
 */
function encloseAll(symbol: Symbol, grid: readonly number[] | undefined, goal: Goal): Found {
  const found: Found = { lower: 0, upper: 0, work: 0, group: 0 }
  const settled = ({ ceiling }: Candidate) => ceiling <= found.lower * (1 + 0.999 * goal.gap)
  let left = candidates(symbol, negligible(goal, grid))
  for (let next = left.shift(); next; next = left.shift()) {
    const { piece, group, rest, ceiling } = next
    if (settled(next) || (found.best && found.work >= goal.maxEvaluations)) {
      found.upper = Math.max(found.upper, ceiling)
      continue
    }
    const straight = straightened(piece.symbol, goal.gap, grid === undefined)
    const most = Math.max(1, goal.maxEvaluations - found.work)
    const { lower, upper, evaluations, ray } = enclosePiece(straight.symbol, rest, grid, {
      ...goal,
      maxEvaluations: most,
      known: found.lower,
    })
    if (!found.best) left = sharpened(left, lower)
    if (lower > found.lower || !found.best) {
      found.group = group
      found.best = { piece, straight, ray }
    }
    found.lower = Math.max(found.lower, lower)
    found.upper = Math.max(found.upper, upper)
    found.work += evaluations
  }
  return found
}

interface Candidate {
  readonly piece: Piece
  readonly group: number
  /** What was left out of it. */
  readonly rest: number
  /** Of its norm, the rest included. */
  ceiling: number
}

/** All pieces, those with the highest ceilings first. A group of zeros has none. */
function candidates(symbol: Symbol, negligible: number): Candidate[] {
  const all: Candidate[] = []
  for (let group = 0; group < symbol.groups; group++) {
    if (isZero(symbol, group)) continue
    const { pieces, rest } = piecesOf(symbol, group, negligible)
    for (const piece of pieces) all.push({ piece, group, rest, ceiling: Infinity })
  }
  if (all.length > 1) for (const candidate of all) candidate.ceiling = cheapCeiling(candidate.piece.symbol) + candidate.rest
  return all.sort((a, b) => b.ceiling - a.ceiling)
}

/** Pieces of one column from which on a grid of values for each of them pays. */
const SOME = 4

/** Better ceilings for those of one column that may be above what has been found: ‖Σ_p|A_p|‖_F is twice the norm and more. */
function sharpened(all: Candidate[], lower: number): Candidate[] {
  const narrow = all.filter(
    ({ piece: { symbol }, ceiling }) => ceiling > lower && symbol.columns === 1 && symbol.offsets.some(q => q.length > 1),
  )
  if (narrow.length < SOME) return all
  const ceilings = gridCeilings(narrow.map(({ piece }) => piece.symbol))
  for (const [i, candidate] of narrow.entries()) candidate.ceiling = Math.min(candidate.ceiling, ceilings[i] + candidate.rest)
  return all.sort((a, b) => b.ceiling - a.ceiling)
}

function enclosePiece(symbol: TrigonometricPolynomial, rest: number, grid: readonly number[] | undefined, goal: Goal): Enclosure {
  const tau = spreads(symbol.offsets)
  const lattice = grid ? { turns: grid, discrete: true } : fineLattice(tau)
  const search = (gap: number) => withGramSymbol(symbol, 0, gram => enclose(gram, tau, lattice, { ...goal, gap }))
  if (rest === 0) return search(goal.gap)
  const found = search(goal.gap * (1 - SPARED))
  return { ...found, lower: Math.max(0, nextDown(found.lower - rest)), upper: nextUp(found.upper + rest) }
}

/** Part of the gap that is kept for weights left out. */
const SPARED = 2 ** -10

/**
 * What weights left out may sum to, as a part of the largest, which the norm is not below unless frequencies are few: nothing that shows in a gap, or in a
 * gradient.
 */
function negligible({ gap, sharp }: Goal, grid: readonly number[] | undefined): number {
  return sharp || grid ? 2 ** -60 : 0.25 * SPARED * Math.min(gap, 1e-3)
}

/** ∂f/∂A_q = Re(conj(u) vᵀ e^{iq·θ*}), back in the kernel's layout; zeros for a zero kernel. */
function gradientAt(layer: Conv, symbol: Symbol, { group, best }: Found, circular: boolean): Tensor {
  const { rows: m, columns: n } = symbol
  if (!best) return { data: new Float64Array(layer.kernel.data.length), shape: layer.kernel.shape }
  const { piece, straight } = best
  const ray = piece.back(straight.back(withGramSymbol(straight.symbol, 0, gram => polish(gram, best.ray, circular))))
  const sigma = Math.sqrt(ray.value)
  const derivative = new Float64Array(2 * m * n)
  for (let j = 0; j < n; j++) {
    // u vᴴ: entry (i, j) is u_i·conj(v_j)
    for (let i = 0, at = 2 * j * m; i < m; i++, at += 2) {
      derivative[at] = (ray.image[2 * i] * ray.v[2 * j] + ray.image[2 * i + 1] * ray.v[2 * j + 1]) / sigma
      derivative[at + 1] = (ray.image[2 * i + 1] * ray.v[2 * j] - ray.image[2 * i] * ray.v[2 * j + 1]) / sigma
    }
  }
  const frequency = { turns: ray.turns, points: Float64Array.from(ray.point) }
  return foldGradient(layer, symbol, group, tapGradient(symbol, frequency, derivative))
}
