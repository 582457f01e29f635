import { type Arena, borrow } from './arena.ts'

/** Complex numbers, planar. */
export interface Complex {
  readonly re: Float64Array
  readonly im: Float64Array
}

/**
 * A real tap tensor A (m × n × taps, as one group of `Symbol.taps`) kept in the runtime's memory, and its contractions with complex
 * vectors, no conjugates anywhere. Two passes over A serve a whole sweep of the higher-order power method (METHODS §5): `fold` with the
 * product of the spatial vectors, then `left` and `right` as often as wanted; `forms` for the spatial modes.
 */
export interface TapTensor {
  /** T = Σ_q w_q A_q; `left` and `right` speak of the last one. */
  fold(w: Complex): void
  /** T v, m numbers. */
  left(v: Complex): Complex
  /** Tᵀ u, n numbers. */
  right(u: Complex): Complex
  /** S_q = uᵀ A_q v, one number a tap. */
  forms(u: Complex, v: Complex): Complex
}

/**
 * Opens a tap tensor for the duration of `work`.
 *
 * @param taps count × (m·n) doubles, each plane column-major
 */
export function withTapTensor<T>(taps: Float64Array, m: number, n: number, work: (tensor: TapTensor) => T): T {
  return borrow(arena => work(openTapTensor(arena, taps, m, n)))
}

function openTapTensor(arena: Arena, taps: Float64Array, m: number, n: number): TapTensor {
  const { routines } = arena
  const size = m * n
  const count = taps.length / size
  const a = zeros(arena, taps.length + 8)
  arena.f64(a, taps.length).set(taps)
  const matrix = zeros(arena, 2 * padded(size) + 8)
  const product = zeros(arena, 2 * padded(size) + 8)
  const u = zeros(arena, 2 * padded(m))
  const v = zeros(arena, 2 * padded(n))
  const pairs = zeros(arena, 2 * count)
  const write = (at: number, { re, im }: Complex) => {
    arena.f64(at, re.length).set(re)
    arena.f64(at + padded(re.length) * 8, im.length).set(im)
  }
  const read = (at: number, length: number): Complex => ({
    re: arena.f64(at, length).slice(),
    im: arena.f64(at + padded(length) * 8, length).slice(),
  })
  return {
    fold({ re, im }) {
      const view = arena.f64(pairs, 2 * count)
      for (let q = 0; q < count; q++) {
        view[2 * q] = re[q]
        view[2 * q + 1] = im[q]
      }
      routines.fold(count, size, a, pairs, matrix)
    },
    left(x) {
      write(v, x)
      routines.left(m, n, matrix, v, u)
      return read(u, m)
    },
    right(x) {
      write(u, x)
      routines.right(m, n, matrix, u, v)
      return read(v, n)
    },
    forms(x, y) {
      write(u, x)
      write(v, y)
      routines.outer(m, n, u, v, product)
      routines.forms(count, size, a, product, pairs)
      const view = arena.f64(pairs, 2 * count)
      const sums = { re: new Float64Array(count), im: new Float64Array(count) }
      for (let q = 0; q < count; q++) {
        sums.re[q] = view[2 * q]
        sums.im[q] = view[2 * q + 1]
      }
      return sums
    },
  }
}

const padded = (length: number) => Math.ceil(length / 8) * 8

function zeros(arena: Arena, length: number): number {
  const at = arena.alloc(length * 8)
  arena.f64(at, length).fill(0)
  return at
}
