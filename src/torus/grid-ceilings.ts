import { realFourierTransform } from '../runtime/fft.ts'
import type { TrigonometricPolynomial } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { cosineFloor } from './curvature.ts'

/** Points of the grid for each tap less one along an axis: Π 1/cos(πτ_d/N_d) is 1.02 for each. */
const DENSITY = 8
/** Numbers transformed at a time. */
const ROOM = 2 ** 20
/** Relative error of a transform in the 2-norm, a thousand times what it is (Higham 2002, Theorem 24.2: a few u·log₂ N). */
const TRANSFORM_ERROR = 2 ** -40

/**
 * Upper bounds of sup ‖F(θ)‖₂ for symbols of one column and the same positions, from values on a grid: M ≤ max f·Π 1/cos(πτ_d/N_d) (METHODS §6), N_d ≥ 8·2τ_d. One
 * Fourier transform a row, where a search takes hundreds of evaluations.
 *
 * An error in a transform is at most that in the 2-norm of all, TRANSFORM_ERROR·√N·‖taps‖₂.
 */
export function gridCeilings(parts: readonly TrigonometricPolynomial[]): Float64Array {
  const { offsets } = parts[0]
  const reach = offsets.map(q => q[q.length - 1] - q[0])
  const grid = reach.map(r => powerFrom(DENSITY * r))
  const points = sizeOf(grid)
  const cells = offsets.reduce<number[]>((all, q, d) => all.flatMap(cell => q.map(at => cell * grid[d] + at - q[0])), [0])
  const factor = reach.reduce((product, r, d) => product / cosineFloor(r / 2 / grid[d]), 1) * (1 + 1e-14)
  const ceilings = new Float64Array(parts.length)
  const rows = parts.reduce((most, part) => Math.max(most, part.rows), 0)
  const step = Math.max(1, Math.floor(ROOM / (rows * points)))
  for (let first = 0; first < parts.length; first += step) {
    const some = parts.slice(first, first + step)
    const signals = new Float64Array(some.reduce((count, part) => count + part.rows, 0) * points)
    let at = 0
    for (const { rows, taps } of some)
      for (let i = 0; i < rows; i++, at += points)
        for (let p = 0; p < cells.length; p++) signals[at + cells[p]] = taps[p * rows + i]
    const { re, im } = realFourierTransform(signals, grid)
    const kept = re.length / (signals.length / points)
    let from = 0
    some.forEach(({ rows, taps }, k) => {
      const error = TRANSFORM_ERROR * Math.sqrt(points * taps.reduce((sum, x) => sum + x * x, 0)) + 1e-150
      ceilings[first + k] = (Math.sqrt(highest(re, im, from, kept, rows)) + error) * factor
      from += rows * kept
    })
  }
  return ceilings
}

/** The first power of two that is not below a number. */
function powerFrom(least: number): number {
  let n = 1
  while (n < least) n *= 2
  return n
}

/** max_k Σ_i |X_i[k]|², rounded up, over spectra of `kept` numbers from a place on. */
function highest(re: Float64Array, im: Float64Array, from: number, kept: number, rows: number): number {
  let most = 0
  for (let k = 0; k < kept; k++) {
    let sum = 0
    for (let i = 0, at = from + k; i < rows; i++, at += kept) sum += re[at] * re[at] + im[at] * im[at]
    most = Math.max(most, sum)
  }
  return most * (1 + (rows + 4) * 2 ** -52)
}
