import { countOf, type Frequencies, type Symbol } from '../symbol.ts'
import { scaled } from '../rounding.ts'
import { type Arena, borrow } from './arena.ts'
import { type Batch, exponentsOf, pairUp } from './batch.ts'
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
  return borrow(arena => {
    const symbols = openSymbol(arena, symbol, group, frequencies)
    return spectra(arena, m, n, countOf(frequencies), (_, first, size, a) => symbols.write(first, size, a))
  })
}

/**
 * All singular values of each matrix of a batch, real or complex, wide or tall, of any finite size: count × min(rows, columns), descending
 * within a matrix, each within about 10⁻¹⁵·√n·σ₁.
 */
export function singularValuesOfBatch(batch: Batch): Float64Array {
  const [m, n] = [Math.max(batch.rows, batch.columns), Math.min(batch.rows, batch.columns)]
  const exponents = exponentsOf(batch)
  const values = borrow(arena =>
    spectra(arena, m, n, exponents.length, (inner, first, size, a) => {
      pairUp(batch, exponents, first, size, inner.f64(a, ((size + 1) >> 1) * m * n * 4))
    }),
  )
  return values.map((x, i) => scaled(x, exponents[Math.floor(i / n)]))
}

/** All singular values of one real matrix, descending. @param matrix rows × columns, in either order of storage: the transpose has the same */
export function singularValuesOf(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return singularValuesOfBatch({ rows: columns, columns: rows, re: matrix })
}

/** Values of `count` matrices in blocks that stay in cache; `fill` writes a block's matrices in pair layout to an address. */
function spectra(
  arena: Arena,
  m: number,
  n: number,
  count: number,
  fill: (arena: Arena, first: number, size: number, a: number) => void,
): Float64Array {
  const values = new Float64Array(count * n)
  const most = Math.min(Math.max(1, Math.floor(BLOCK / (m * n * 32))), (count + 1) >> 1)
  const a = arena.alloc(most * m * n * 32)
  const de = arena.alloc(most * n * 32)
  const sigma = arena.alloc(most * n * 16)
  const w = arena.alloc(Math.max((2 * m + 2 * n) * 32, 224 * n + 512))
  for (let first = 0; first < count; first += 2 * most) {
    const size = Math.min(2 * most, count - first)
    const pairs = (size + 1) >> 1
    borrow(inner => fill(inner, first, size, a))
    arena.routines.bidiagonal(pairs, m, n, a, de, w)
    arena.routines.singularValues(pairs, n, de, sigma, w)
    unpair(arena.f64(sigma, pairs * n * 2), n, size, values.subarray(first * n))
  }
  return values
}

/** [x x'] by pair and index → one row a matrix. */
function unpair(pairs: Float64Array, n: number, count: number, out: Float64Array): void {
  for (let k = 0; k < count; k++) {
    const start = (k >> 1) * 2 * n + (k & 1)
    for (let i = 0; i < n; i++) out[k * n + i] = pairs[start + 2 * i]
  }
}
