import type { Frequencies } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'

/**
 * Error of a phase per axis, |fl(e^{iq·θ}) − e^{iq·θ}| ≤ axes·PHASE_ERROR: √2·2⁻⁵² for a factor (assembly/trig.ts) and √2·γ₂ for the
 * complex product with the next (Higham 2002, §3.6), together below 6 u an axis.
 */
export const PHASE_ERROR = 6 * 2 ** -53

/**
 * Phases e^{iq·θ} for a list of positions q, in pair layout like `putPhases`.
 *
 * @returns address of pairs × positions × [cos cos'][sin sin']
 */
export function putPhasesAt(
  arena: Arena,
  positions: readonly (readonly number[])[],
  frequencies: Frequencies,
  first: number,
  count: number,
): number {
  const axes = frequencies.turns.length
  const pairs = (count + 1) >> 1
  const at = arena.alloc(Math.max(1, pairs * positions.length) * 32)
  const reach = frequencies.turns.map((_, d) => positions.reduce((far, q) => Math.max(far, Math.abs(q[d])), 0))
  const tables = axisFactors(
    arena,
    reach.map(far => Array.from({ length: far + 1 }, (_, q) => q)),
    frequencies,
    first,
    count,
  )
  const out = arena.f64(at, pairs * positions.length * 4)
  // a dense layer has one position and no axis
  for (let i = 0; axes === 0 && i < out.length; i++) out[i] = i & 2 ? 0 : 1
  for (let d = 0; d < axes; d++) {
    const steps = Int32Array.from(positions, q => q[d])
    turn(out, count, steps, tables[d], reach[d] + 1, d === 0)
  }
  return at
}

/**
 * Multiplies the phases at each frequency by e^{iqθ}, q a coordinate of the positions, from a table of e^{i|q|θ}; the first time they were 1.
 */
function turn(out: Float64Array, count: number, steps: Int32Array, table: Float64Array, width: number, first: boolean): void {
  for (let slot = 0; slot < 2 * ((count + 1) >> 1); slot++) {
    const from = 2 * width * Math.min(slot, count - 1)
    let to = (slot >> 1) * steps.length * 4 + (slot & 1)
    for (let t = 0; t < steps.length; t++, to += 4) {
      const q = steps[t]
      const entry = from + 2 * Math.abs(q)
      const c = table[entry]
      const s = q < 0 ? -table[entry + 1] : table[entry + 1]
      const re = out[to]
      const im = out[to + 2]
      out[to] = first ? c : re * c - im * s
      out[to + 2] = first ? s : re * s + im * c
    }
  }
}

/**
 * Phases e^{iq·θ} of every tap at every frequency, in pair layout: pairs × taps × [cos cos'][sin sin'], taps row-major over the axes.
 * An odd count repeats its last frequency.
 *
 * The angle of each axis is (q·point mod turns)/turns of a turn in whole numbers, so each factor is within 2⁻⁵² of the truth (assembly/trig.ts);
 * a product over D axes adds D − 1 complex multiplications.
 *
 * @returns address of the phases
 */
export function putPhases(
  arena: Arena,
  offsets: readonly (readonly number[])[],
  frequencies: Frequencies,
  first: number,
  count: number,
): number {
  const axes = offsets.length
  const taps = offsets.reduce((product, q) => product * q.length, 1)
  const pairs = (count + 1) >> 1
  const at = arena.alloc(pairs * taps * 32)
  const factors = axisFactors(arena, offsets, frequencies, first, count)
  const out = arena.f64(at, pairs * taps * 4)
  const re = new Float64Array(taps)
  const im = new Float64Array(taps)
  for (let slot = 0; slot < 2 * pairs; slot++) {
    const i = Math.min(slot, count - 1)
    re[0] = 1
    im[0] = 0
    let filled = 1
    for (let d = 0; d < axes; d++) filled = spread(re, im, filled, factors[d], i * offsets[d].length, offsets[d].length)
    const start = (slot >> 1) * taps * 4 + (slot & 1)
    for (let t = 0; t < taps; t++) {
      out[start + 4 * t] = re[t]
      out[start + 4 * t + 2] = im[t]
    }
  }
  return at
}

/** Outer product in place, last axis fastest; from the end, so that nothing is overwritten before it is read. */
function spread(re: Float64Array, im: Float64Array, filled: number, factor: Float64Array, at: number, length: number): number {
  for (let a = filled - 1; a >= 0; a--) {
    const x = re[a]
    const y = im[a]
    for (let b = length - 1; b >= 0; b--) {
      const c = factor[2 * (at + b)]
      const s = factor[2 * (at + b) + 1]
      re[a * length + b] = x * c - y * s
      im[a * length + b] = x * s + y * c
    }
  }
  return filled * length
}

/** Phases e^{iq·θ} of a list of positions at one frequency, as plain numbers: re, im, re, im, … */
export function phasesOf(
  positions: readonly (readonly number[])[],
  turns: readonly number[],
  point: ArrayLike<number>,
): Float64Array {
  return borrow(arena => {
    const at = putPhasesAt(arena, positions, { turns, points: Float64Array.from(point) }, 0, 1)
    const pairs = arena.f64(at, positions.length * 4)
    const phases = new Float64Array(2 * positions.length)
    for (let p = 0; p < positions.length; p++) {
      phases[2 * p] = pairs[4 * p]
      phases[2 * p + 1] = pairs[4 * p + 2]
    }
    return phases
  })
}

/** Per axis the (cos, sin) of q·θ_d for each frequency and offset. */
function axisFactors(
  arena: Arena,
  offsets: readonly (readonly number[])[],
  frequencies: Frequencies,
  first: number,
  count: number,
): Float64Array[] {
  const axes = offsets.length
  return offsets.map((q, d) => {
    const n = frequencies.turns[d]
    const angles = new Float64Array(count * q.length)
    for (let i = 0; i < count; i++) {
      const point = frequencies.points[(first + i) * axes + d]
      for (let b = 0; b < q.length; b++) angles[i * q.length + b] = (q[b] * point) % n
    }
    const from = arena.put(angles)
    const to = arena.alloc(angles.length * 16)
    arena.routines.turns(angles.length, n, from, to)
    return arena.f64(to, 2 * angles.length).slice()
  })
}

/** cos(2π·j/n), within 2⁻⁵² of the truth. */
export function cosineOfTurn(j: number, n: number): number {
  return borrow(arena => {
    const from = arena.put([j])
    const to = arena.alloc(16)
    arena.routines.turns(1, n, from, to)
    return arena.f64(to, 1)[0]
  })
}
