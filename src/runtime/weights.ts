/** Sizes of weights, measured in the module: a copy and a pass there take a fifth of the time of a loop here, less before that is compiled. */
import { borrow } from './arena.ts'

/** How many numbers are at most `small` in size and not zero. */
export function countSmall(numbers: Float64Array, small: number): number {
  return borrow(arena => arena.routines.countSmall(numbers.length, small, arena.put(numbers)))
}

/** The sum of squares of each tap; positive wherever a weight is not 0. */
export function squaresOfTaps(taps: Float64Array, plane: number): Float64Array {
  return borrow(arena => {
    const at = arena.put(taps)
    return Float64Array.from({ length: taps.length / plane }, (_, p) => {
      const sum = arena.routines.dot(plane, at + p * plane * 8, at + p * plane * 8)
      return sum > 0 || taps.subarray(p * plane, (p + 1) * plane).every(x => x === 0) ? sum : Number.MIN_VALUE
    })
  })
}

/** ‖Σ_q|A_q|‖_F² ≥ ‖F(θ)‖₂² at every θ, not rounded outwards. */
export function absoluteSquares(taps: Float64Array, plane: number): number {
  return borrow(arena => arena.routines.absoluteSquares(taps.length / plane, plane, arena.put(taps)))
}
