import type { Bound } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { fail } from '../errors.ts'
import { nextUp, pow2, scaled } from '../rounding.ts'
import { powerSumGradient } from '../runtime/autocorrelation-gradient.ts'
import { largestPowerSum, type PowerSum } from '../runtime/autocorrelation-powers.ts'
import { type GramSymbol, withGramSymbol } from '../runtime/gram-symbol.ts'
import { countOf, exponentOf, flipPlanes, foldGradient, groupTaps, isZero, type Symbol, symbolEverySize } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { everySize, upperBound, wholeOption } from './claim.ts'
import { symbolSides } from './grid.ts'
import { asLayer, asOptions } from './operand.ts'

/**
 * Upper bound on σ₁ from powers of the kernel's autocorrelation: σ₁ ≤ (max_j Σ_{i,q} |(R_t)_q,ji|)^(2^−t), R_1 = F Fᴴ, R_{t+1} = R_t².
 *
 * Holds for every input size, zero and circular padding ("norm2toep"). Converges linearly to the norm: 1.116, 1.054, 1.026 times it at
 * t = 3, 4, 5 on trained layers (median). R_1 is taken on the smaller channel side, F Fᴴ where they are equal.
 * Costs t − 1 squarings at (2^t(k−1) + 1)^D frequencies, and as many inverse transforms as R_t has entries.
 *
 * Delattre et al. 2024, arXiv:2402.00240. METHODS §4.
 *
 * @param options iterations t, 1 to 8; gradient: of the first largest row, 0 for the sign of a tap that is exactly zero
 * @returns work: frequencies
 * @throws OpnormError `option`; `memory` where the powers would not fit
 * @example spatialGram(conv([[[1, 1, 1]]]), { iterations: 1 }).value  // 3 to rounding
 */
export function spatialGram(layer: Conv, options: { iterations?: number; gradient?: boolean } = {}): Bound<'upper'> {
  asOptions(options, 'spatialGram')
  const symbol = smallerSide(symbolEverySize(asLayer(layer, 'spatialGram')))
  const steps = wholeOption('iterations', options.iterations ?? 4, 1, 8)
  const grid = gridFor(symbol, steps)
  let [work, best]: [number, RowBound] = [0, { upper: 0, group: 0 }]
  let slope: Float64Array | undefined
  for (let group = 0; group < symbol.groups; group++) {
    if (isZero(symbol, group)) continue
    withGramSymbol(symbol, group, gram => {
      const powers = largestPowerSum(gram, grid, steps, options.gradient === true)
      work += countOf(powers.frequencies)
      const upper = rootUp(powers.sum, powers.exponent, steps)
      if (upper > best.upper) best = { upper, group, powers }
      // Of several groups the best one is not known before all have been seen.
      if (options.gradient && symbol.groups === 1) slope = slopeOf(symbol, best, gram, steps)
    })
  }
  const finding = { method: 'spatialGram', scope: everySize(layer), exponent: symbol.exponent, work }
  if (!options.gradient) return upperBound(best.upper, finding)
  slope ??= withGramSymbol(symbol, best.group, gram => slopeOf(symbol, best, gram, steps))
  return upperBound(best.upper, { ...finding, gradient: foldGradient(layer, symbol, best.group, slope) })
}

interface RowBound {
  readonly upper: number
  readonly group: number
  readonly powers?: PowerSum
}

/** ∂value/∂A: Euler's identity ⟨gradient, A⟩ = value fixes the factor. */
function slopeOf(symbol: Symbol, { group, upper, powers }: RowBound, gram: GramSymbol, steps: number): Float64Array {
  const taps = groupTaps(symbol, group)
  if (!powers) return new Float64Array(taps.length)
  const slope = powerSumGradient(symbol, group, gram, {
    frequencies: powers.frequencies,
    column: powers.row,
    m: 2 ** (steps - 1),
    scale: pow2(-2 * exponentOf(Float64Array.of(upper))),
    image: powers.column,
  })
  let inner = 0
  for (let i = 0; i < taps.length; i++) inner += slope[i] * taps[i]
  return inner > 0 ? slope.map(x => (x * upper) / inner) : slope.fill(0)
}

/** (x·2^e)^(2^−t), rounded up: whole powers come out first, then t square roots. */
function rootUp(x: number, e: number, steps: number): number {
  const whole = Math.floor(e / 2 ** steps)
  let root = nextUp(x * pow2(e - whole * 2 ** steps))
  for (let i = 0; i < steps; i++) root = nextUp(Math.sqrt(root))
  return nextUp(scaled(root, whole))
}

/** Lengths with small factors only, at least 2^t(k−1) + 1, so that no two taps of R_t fall together. */
function gridFor(symbol: Symbol, steps: number): number[] {
  const grid = symbolSides(symbol).map(k => smooth(2 ** steps * (k - 1) + 1))
  const bytes = sizeOf(grid) * symbol.columns * 16
  if (bytes > 2 ** 28)
    fail(
      'memory',
      'spatialGram: iterations',
      'one column of the power in 256 MB',
      `${Math.ceil(bytes / 2 ** 20)} MB at ${steps} iterations`,
      'Use fewer iterations, or spectralNorm()',
    )
  return grid
}

function smooth(least: number): number {
  for (let n = least; ; n++) {
    let rest = n
    for (const factor of [2, 3, 5, 7]) while (rest % factor === 0) rest /= factor
    if (rest === 1) return n
  }
}

/** The symbol whose FᴴF is the layer's F Fᴴ where the layer has no more rows than columns; a square one is transposed for that. */
function smallerSide(symbol: Symbol): Symbol {
  if (symbol.rows !== symbol.columns || symbol.transposed) return symbol
  const flipped = (planes: Float64Array) => flipPlanes(planes, symbol.rows, symbol.rows)
  return {
    ...symbol,
    taps: flipped(symbol.taps),
    transposed: true,
    place: kernel => flipped(symbol.place(kernel)),
    fold: (group, taps, kernel) => symbol.fold(group, flipped(taps), kernel),
  }
}
