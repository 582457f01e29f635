import { countOf, type Frequencies, groupTaps, type TrigonometricPolynomial } from '../symbol.ts'
import { borrow } from './arena.ts'
import { putPhases } from './phases.ts'

/** One of a list of frequencies, as a list of its own. */
export function frequencyAt(frequencies: Frequencies, index: number): Frequencies {
  const axes = frequencies.turns.length
  return { turns: frequencies.turns, points: frequencies.points.slice(index * axes, (index + 1) * axes) }
}

/** F(θ) at each frequency: count × (rows × columns, column-major) × (re, im). */
export function symbolAt(symbol: TrigonometricPolynomial, group: number, frequencies: Frequencies): Float64Array {
  const size = symbol.rows * symbol.columns
  const count = countOf(frequencies)
  const values = new Float64Array(2 * count * size)
  borrow(arena => {
    const a = arena.put(groupTaps(symbol, group))
    const step = 2 * Math.max(1, Math.floor(2 ** 15 / size))
    for (let first = 0; first < count; first += step) {
      const here = Math.min(step, count - first)
      borrow(inner => {
        const pairs = (here + 1) >> 1
        const phases = putPhases(inner, symbol.offsets, frequencies, first, here)
        const f = inner.alloc(pairs * size * 32)
        inner.routines.symbol(pairs, groupTaps(symbol, group).length / size, size, a, phases, f)
        const view = inner.f64(f, pairs * size * 4)
        for (let i = 0; i < here; i++) {
          const start = (i >> 1) * size * 4 + (i & 1)
          for (let e = 0; e < 2 * size; e++) values[2 * (first + i) * size + e] = view[start + 2 * e]
        }
      })
    }
  })
  return values
}

/**
 * Carries ∂value/∂F at one frequency to the taps: ∂value/∂A_q = Re(conj(D)·e^{iq·θ}), D the gradient with respect to F (METHODS §6).
 *
 * @param derivative D, (re, im) of rows × columns, column-major; each multiplied by `factor`
 * @param gradient what it is added to, zeros by default; returned
 */
export function tapGradient(
  symbol: TrigonometricPolynomial,
  frequency: Frequencies,
  derivative: Float64Array,
  factor = 1,
  gradient: Float64Array = new Float64Array(symbol.taps.length / symbol.groups),
): Float64Array {
  const size = symbol.rows * symbol.columns
  const taps = gradient.length / size
  borrow(arena => {
    const phases = arena.f64(putPhases(arena, symbol.offsets, frequency, 0, 1), taps * 4)
    for (let tap = 0; tap < taps; tap++) {
      const c = phases[4 * tap] * factor
      const s = phases[4 * tap + 2] * factor
      for (let e = 0, at = tap * size; e < 2 * size; e += 2, at++) gradient[at] += derivative[e] * c + derivative[e + 1] * s
    }
  })
  return gradient
}
