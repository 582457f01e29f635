import { exponentOf, type Frequencies, type Symbol } from '../symbol.ts'
import { scaled } from '../rounding.ts'
import { type Arena, borrow } from './arena.ts'
import { countOf } from './evaluate.ts'
import { openSymbol } from './symbol-values.ts'

/** Bytes of matrices in flight: symbol, reflectors and values of a block stay in the second-level cache. */
const BLOCK = 2 ** 18

/**
 * All singular values of the symbol at each frequency: count × columns, descending within a frequency.
 *
 * Bidiagonalisation and dqds, never the Gram matrix: each value is within about 10⁻¹⁵·√n·σ₁ of the truth, zeros and repeated ones too.
 * They are the scaled symbol's; the layer's are 2^exponent times as large.
 *
 * Cost: (32/3)n³ flops a frequency for a square block, streamed in blocks that stay in cache.
 */
export function singularValuesAt(symbol: Symbol, group: number, frequencies: Frequencies): Float64Array {
  const { rows: m, columns: n } = symbol
  const count = countOf(frequencies)
  const values = new Float64Array(count * n)
  borrow(arena => {
    const symbols = openSymbol(arena, symbol, group, frequencies)
    const step = blockSize(m, n, count)
    const f = arena.alloc((step >> 1) * m * n * 32)
    const room = spectrumRoom(arena, m, n, step >> 1)
    for (let first = 0; first < count; first += step) {
      const size = Math.min(step, count - first)
      const pairs = (size + 1) >> 1
      symbols.write(first, size, f)
      spectrum(arena, pairs, m, n, f, room)
      unpair(arena.f64(room.values, pairs * 2 * n), n, size, values.subarray(first * n))
    }
  })
  return values
}

/**
 * All singular values of one real matrix, descending: min(rows, columns) of them, within about 10⁻¹⁵·√n·σ₁. Any finite entries.
 *
 * @param matrix rows × columns, row-major
 */
export function singularValuesOf(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const m = Math.max(rows, columns)
  const n = Math.min(rows, columns)
  const exponent = exponentOf(matrix)
  return borrow(arena => {
    const a = arena.alloc(m * n * 32)
    const room = spectrumRoom(arena, m, n, 1)
    const pair = arena.f64(a, 4 * m * n).fill(0)
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < m; i++) {
        const x = scaled(matrix[rows < columns ? j * m + i : i * n + j], -exponent)
        pair[4 * (j * m + i)] = x
        pair[4 * (j * m + i) + 1] = x
      }
    }
    spectrum(arena, 1, m, n, a, room)
    return Float64Array.from({ length: n }, (_, i) => scaled(arena.f64(room.values, 2 * n)[2 * i], exponent))
  })
}

interface Room {
  bidiagonal: number
  values: number
  scratch: number
}

function spectrumRoom(arena: Arena, m: number, n: number, pairs: number): Room {
  return {
    bidiagonal: arena.alloc(pairs * n * 32),
    values: arena.alloc(pairs * n * 16),
    scratch: arena.alloc(Math.max((2 * m + 2 * n) * 32, 112 * n + 256)),
  }
}

/** Matrices at `a`, which are destroyed, to singular values in pair layout. */
function spectrum({ routines }: Arena, pairs: number, m: number, n: number, a: number, room: Room): void {
  routines.bidiagonal(pairs, m, n, a, room.bidiagonal, room.scratch)
  routines.singularValues(pairs, n, room.bidiagonal, room.values, room.scratch)
}

/** An even number of matrices that fill a block of the cache, no more than there are. */
function blockSize(m: number, n: number, count: number): number {
  const pairs = Math.max(1, Math.floor(BLOCK / (m * n * 32)))
  return 2 * Math.min(pairs, (count + 1) >> 1)
}

/** [x x'] by pair and index → one row a matrix. */
function unpair(pairs: Float64Array, n: number, count: number, out: Float64Array): void {
  for (let k = 0; k < count; k++) {
    const start = (k >> 1) * 2 * n + (k & 1)
    for (let i = 0; i < n; i++) out[k * n + i] = pairs[start + 2 * i]
  }
}
