import type { Conv } from '../conv.ts'
import { scaled } from '../rounding.ts'
import { singularValuesAt } from '../runtime/spectrum.ts'
import { circularFrequencies, mirrorPlaces, type Symbol, symbolEverySize } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { wholeOption } from './claim.ts'

/** The symbol seen from above: ‖F(θ)‖ at every point of a grid over the torus, and all singular values found there. */
export interface Surface {
  /** points per axis; 1 along an axis where the symbol does not vary */
  readonly sides: readonly number[]
  /** row-major, θ_d = 2π·index/side; the largest over the groups */
  readonly norms: Float64Array
  /** of the whole circular operator of that size (of its polyphase grid, for a strided layer), descending */
  readonly singularValues: Float64Array
}

const FLOPS = 4e9

/**
 * Samples of σ(F(θ)) on a grid: for pictures, no bound. Every norm here is at most the one `spectralNorm` encloses.
 *
 * Costs a singular value decomposition at half the grid's frequencies ((32/3)·m·n² flops each); a finer grid than `gridSize` is never
 * needed to see a kernel of three taps, and large layers get a coarser one, so that no picture costs more than a few seconds.
 *
 * METHODS §1, §2.
 *
 * @param conv any geometry; an input size is not looked at
 * @param options gridSize points per axis at most, default 24
 * @throws OpnormError `option`
 * @example surface(conv({ data: [3, 0, 0, 4], shape: [2, 2, 1, 1] })).singularValues  // [4, 3]
 */
export function surface(conv: Conv, { gridSize = 24 }: { gridSize?: number } = {}): Surface {
  const symbol = symbolEverySize(conv)
  const sides = gridWithin(symbol, wholeOption('gridSize', gridSize, 1, 4096))
  const frequencies = circularFrequencies(sides)
  const norms = new Float64Array(sizeOf(sides))
  const all: Float64Array[] = []
  // F has the same singular values at a frequency and at its conjugate.
  const { here, mirror } = mirrorPlaces(frequencies)
  for (let group = 0; group < symbol.groups; group++) {
    const values = singularValuesAt(symbol, group, frequencies)
    here.forEach((place, i) => {
      const row = values.subarray(i * symbol.columns, (i + 1) * symbol.columns)
      norms[place] = norms[mirror[i]] = Math.max(norms[place], row[0])
      all.push(row, ...(mirror[i] === place ? [] : [row]))
    })
  }
  const rescale = (x: number): number => scaled(x, symbol.exponent)
  return { sides, norms: norms.map(rescale), singularValues: joined(all).sort().reverse().map(rescale) }
}

/** As many points an axis as asked, fewer where the decompositions would take long. */
function gridWithin(symbol: Symbol, most: number): number[] {
  const { rows, columns, groups, offsets } = symbol
  const flops = (32 / 3) * rows * columns * columns * groups
  const varying = offsets.map(taps => taps.length > 1)
  const sidesOf = (side: number): number[] => varying.map(varies => (varies ? side : 1))
  let side = most
  while (side > 4 && (flops * sizeOf(sidesOf(side))) / 2 > FLOPS) side--
  return sidesOf(side)
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
