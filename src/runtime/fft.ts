import { sizeOf } from '../tensor.ts'
import { borrow } from './arena.ts'
import type { Complex } from './contract.ts'
import { openPlan } from './fft-plan.ts'

/**
 * Discrete Fourier transforms of a batch, over all axes, not normalised: X[k] = Σ_j x[j]·e^{sign·2πi Σ_d j_d k_d/n_d}.
 *
 * Any lengths; those with factors 2, 3, 5, 7 only are fastest. The relative error (in the 2-norm) is a few units of 2⁻⁵³ times log₂ n.
 * Two signals at a time go through the lanes, several pairs where they are small.
 *
 * @param x batch × shape, row-major, planar
 * @param shape one to three lengths
 * @param sign −1 forward, +1 inverse (divide by the number of points yourself)
 * @param result where to write, if not into fresh arrays
 */
export function fourierTransform(
  x: Complex,
  shape: readonly number[],
  sign: -1 | 1 = -1,
  result: Complex = { re: new Float64Array(x.re.length), im: new Float64Array(x.re.length) },
): Complex {
  const points = sizeOf(shape)
  const signals = x.re.length / points
  const [parts, back] =
    sign < 0
      ? [
          [x.re, x.im],
          [result.re, result.im],
        ]
      : [
          [x.im, x.re],
          [result.im, result.re],
        ]
  borrow(arena => {
    const { routines } = arena
    const plan = openPlan(arena, shape, Math.ceil(signals / 2))
    const size = 2 * plan.width
    const room = arena.alloc(size * points * 8 + 16)
    const signal = (i: number) => room + i * points * 8
    for (let first = 0; first < signals; first += size) {
      const count = Math.min(size, signals - first)
      const twin = (i: number) => Math.min(i + 1, count - 1)
      const [from, to] = [first * points, (first + count) * points]
      parts.forEach((part, side) => {
        arena.f64(room, to - from).set(part.subarray(from, to))
        for (let i = 0; i < count; i += 2)
          routines.interleave(points, plan.width, signal(i), signal(twin(i)), plan.x + i * 16 + side * 16)
      })
      const done = plan.run()
      back.forEach((part, side) => {
        for (let i = 0; i < count; i += 2)
          routines.deinterleave(points, plan.width, done + i * 16 + side * 16, signal(i), signal(twin(i)))
        part.set(arena.f64(room, to - from), from)
      })
    }
  })
  return result
}

/**
 * The same for real signals, four at a time; only the half with k_D ≤ ⌊n_D/2⌋ is returned (X[−k] = conj X[k]).
 *
 * @param x batch × shape, row-major
 * @returns batch × (n₁ × … × (⌊n_D/2⌋ + 1)), in `result` if given
 */
export function realFourierTransform(x: Float64Array, shape: readonly number[], sign: -1 | 1 = -1, result?: Complex): Complex {
  const points = sizeOf(shape)
  const signals = x.length / points
  const half = halfSpectrum(shape)
  const kept = half.length / 2
  const out = result ?? { re: new Float64Array(signals * kept), im: new Float64Array(signals * kept) }
  borrow(arena => {
    const { routines } = arena
    const plan = openPlan(arena, shape, Math.ceil(signals / 4))
    const size = 4 * plan.width
    const room = arena.alloc(size * points * 8 + 16)
    const re = arena.alloc(size * kept * 16)
    const im = re + size * kept * 8
    const table = arena.alloc(half.length * 4)
    arena.i32(table, half.length).set(half)
    for (let first = 0; first < signals; first += size) {
      const count = Math.min(size, signals - first)
      arena.f64(room, count * points).set(x.subarray(first * points, (first + count) * points))
      const signal = (i: number) => room + Math.min(i, count - 1) * points * 8
      for (let i = 0; i < count; i += 4) {
        routines.interleave(points, plan.width, signal(i), signal(i + 1), plan.x + i * 8)
        routines.interleave(points, plan.width, signal(i + 2), signal(i + 3), plan.x + i * 8 + 16)
      }
      const done = plan.run()
      // A real signal's transform with the other sign is the conjugate.
      for (let i = 0; i < count; i += 4)
        routines.separate(kept, plan.width, table, done + i * 8, -sign, re + i * kept * 8, im + i * kept * 8)
      out.re.set(arena.f64(re, count * kept), first * kept)
      out.im.set(arena.f64(im, count * kept), first * kept)
    }
  })
  return out
}

/** For each k of the half spectrum, k and −k as flat indices. */
function halfSpectrum(shape: readonly number[]): Int32Array {
  const last = shape.at(-1) ?? 1
  const rows = sizeOf(shape) / last
  const kept = (last >> 1) + 1
  const pairs = new Int32Array(2 * rows * kept)
  let next = 0
  for (let row = 0; row < rows; row++) {
    let mirror = 0
    let rest = row
    let step = 1
    for (let d = shape.length - 2; d >= 0; d--) {
      mirror += ((shape[d] - (rest % shape[d])) % shape[d]) * step
      rest = Math.floor(rest / shape[d])
      step *= shape[d]
    }
    for (let k = 0; k < kept; k++) {
      pairs[next++] = row * last + k
      pairs[next++] = mirror * last + ((last - k) % last)
    }
  }
  return pairs
}
