import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import type { Complex } from './contract.ts'
import { openAxis, type TransformAxis } from './fft-axis.ts'

/**
 * Discrete Fourier transforms of a batch, over all axes, not normalised: X[k] = Σ_j x[j]·e^{sign·2πi Σ_d j_d k_d/n_d}.
 *
 * Any lengths; those with factors 2, 3, 5, 7 only are fastest. The relative error (in the 2-norm) is a few units of 2⁻⁵³ times log₂ n.
 * Two signals at a time go through the lanes, several pairs where they are small.
 *
 * @param x batch × shape, row-major, planar
 * @param shape one to three lengths
 * @param sign −1 forward, +1 inverse (divide by the number of points yourself)
 */
export function fourierTransform(x: Complex, shape: readonly number[], sign: -1 | 1 = -1): Complex {
  const points = sizeOf(shape)
  const signals = x.re.length / points
  const result = { re: new Float64Array(x.re.length), im: new Float64Array(x.re.length) }
  borrow(arena => {
    const plan = openPlan(arena, shape, Math.ceil(signals / 2))
    const room = arena.alloc(2 * points * 8)
    for (let first = 0; first < signals; first += 2 * plan.width) {
      const parts = sign < 0 ? [x.re, x.im] : [x.im, x.re]
      const back = sign < 0 ? [result.re, result.im] : [result.im, result.re]
      const fill = Math.min(2 * plan.width, signals - first)
      for (let i = 0; i < fill; i += 2) {
        const [a, b] = [first + i, first + Math.min(i + 1, fill - 1)]
        parts.forEach((part, side) => {
          putPair(arena, plan, room, points, [part, a], [part, b], i * 16 + side * 16)
        })
      }
      const done = plan.run()
      for (let i = 0; i < fill; i += 2) {
        const [a, b] = [first + i, first + Math.min(i + 1, fill - 1)]
        back.forEach((part, side) => {
          arena.routines.deinterleave(points, plan.width, done + i * 16 + side * 16, room, room + points * 8)
          part.set(arena.f64(room + points * 8, points), b * points)
          part.set(arena.f64(room, points), a * points)
        })
      }
    }
  })
  return result
}

/**
 * The same for real signals, four at a time; only the half with k_D ≤ ⌊n_D/2⌋ is returned (X[−k] = conj X[k]).
 *
 * @param x batch × shape, row-major
 * @returns batch × (n₁ × … × (⌊n_D/2⌋ + 1))
 */
export function realFourierTransform(x: Float64Array, shape: readonly number[], sign: -1 | 1 = -1): Complex {
  const points = sizeOf(shape)
  const signals = x.length / points
  const half = halfSpectrum(shape)
  const kept = half.length / 2
  const result = { re: new Float64Array(signals * kept), im: new Float64Array(signals * kept) }
  borrow(arena => {
    const plan = openPlan(arena, shape, Math.ceil(signals / 4))
    const room = arena.alloc(Math.max(2 * points, 8 * kept) * 8)
    const table = arena.alloc(half.length * 4)
    arena.i32(table, half.length).set(half)
    for (let first = 0; first < signals; first += 4 * plan.width) {
      const fill = Math.min(4 * plan.width, signals - first)
      const at = (i: number) => first + Math.min(i, fill - 1)
      for (let i = 0; i < fill; i += 4) {
        putPair(arena, plan, room, points, [x, at(i)], [x, at(i + 1)], i * 8)
        putPair(arena, plan, room, points, [x, at(i + 2)], [x, at(i + 3)], i * 8 + 16)
      }
      const done = plan.run()
      for (let i = 0; i < fill; i += 4) {
        arena.routines.separate(kept, plan.width, table, done + i * 8, room, kept * 8)
        for (let k = Math.min(3, fill - 1 - i); k >= 0; k--) {
          const from = room + 2 * k * kept * 8
          result.re.set(arena.f64(from, kept), (first + i + k) * kept)
          // A real signal's transform with the other sign is the conjugate.
          const im = arena.f64(from + kept * 8, kept)
          if (sign < 0) result.im.set(im, (first + i + k) * kept)
          else for (let p = 0; p < kept; p++) result.im[(first + i + k) * kept + p] = -im[p]
        }
      }
    }
  })
  return result
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

/** Bytes of signals in flight: with their copy they fill half a second-level cache. */
const BLOCK = 2 ** 18

interface Plan {
  /** Lane pairs transformed together, interleaved element by element. */
  readonly width: number
  /** Where they go. */
  readonly x: number
  /** Transforms them; returns where they are. */
  run(): number
}

function openPlan(arena: Arena, shape: readonly number[], pairs: number): Plan {
  const points = sizeOf(shape)
  const width = Math.max(1, Math.min(pairs, 8, Math.floor(BLOCK / (points * 32))))
  const bytes = points * width * 32
  const x = arena.alloc(bytes)
  const y = arena.alloc(bytes)
  const axes: TransformAxis[] = shape.map((n, d) => openAxis(arena, n, sizeOf(shape.slice(d + 1)) * width))
  const run = () => {
    let [here, there] = [x, y]
    axes.forEach((axis, d) => {
      const done = axis.run(sizeOf(shape.slice(0, d)), here, there)
      if (done !== here) [here, there] = [there, here]
    })
    return here
  }
  return { width, x, run }
}

/** Signal `a` of one array and `b` of another into the lanes of one part of the plan's elements, `offset` bytes on. */
function putPair(
  arena: Arena,
  plan: Plan,
  room: number,
  points: number,
  [one, a]: readonly [Float64Array, number],
  [other, b]: readonly [Float64Array, number],
  offset: number,
): void {
  const next = room + points * 8
  arena.f64(room, points).set(one.subarray(a * points, (a + 1) * points))
  arena.f64(next, points).set(other.subarray(b * points, (b + 1) * points))
  arena.routines.interleave(points, plan.width, room, next, plan.x + offset)
}
