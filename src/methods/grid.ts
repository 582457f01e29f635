import { fail, show } from '../errors.ts'
import { nextDown, nextUp } from '../rounding.ts'
import { cosineOfTurn } from '../runtime/phases.ts'
import type { Symbol } from '../symbol.ts'

/** Kernel sides of the symbol itself (after polyphase): the distance of its first and last tap, and one. */
export function symbolSides(symbol: Symbol): number[] {
  return symbol.offsets.map(q => q[q.length - 1] - q[0] + 1)
}

/** Points an axis, at most. */
const MOST = 2 ** 20

/**
 * Points an axis of a sampling grid: N > k − 1, since fewer prove nothing; 1 along axes where the symbol does not vary.
 *
 * @param given one number for all axes, or undefined for `otherwise`
 */
export function gridOf(symbol: Symbol, given: unknown, otherwise: (k: number) => number): number[] {
  const sides = symbolSides(symbol)
  if (given === undefined) return sides.map(k => (k === 1 ? 1 : otherwise(k)))
  const least = sides.reduce((most, k) => Math.max(most, k), 1)
  if (typeof given !== 'number' || !Number.isInteger(given) || given < least || given > MOST)
    fail(
      'option',
      'gridSize',
      `a whole number from ${least}, the kernel's side, to ${MOST}`,
      show(given),
      'Coarser grids prove nothing, finer ones hardly more',
    )
  return sides.map(k => (k === 1 ? 1 : given))
}

/** Π 1/cos(π(k−1)/2N), rounded up: M is at most this times the largest norm on the grid (METHODS §6). */
export function gridFactor(symbol: Symbol, grid: readonly number[]): number {
  let factor = 1
  symbolSides(symbol).forEach((k, d) => {
    if (k > 1) factor = nextUp(factor / nextDown(nextDown(cosineOfTurn(k - 1, 4 * grid[d]) - 2 ** -52)))
  })
  return factor
}

/** Π (1 − (k−1)/N)^(−1/2), rounded up: the factor for squared norms, sampled at N distinct points (METHODS §6). */
export function squaredGridFactor(symbol: Symbol, grid: readonly number[]): number {
  let square = 1
  symbolSides(symbol).forEach((k, d) => {
    if (k > 1) square = nextUp((square * grid[d]) / (grid[d] - (k - 1)) + square * 2 ** -51)
  })
  return square === 1 ? 1 : nextUp(Math.sqrt(square))
}
