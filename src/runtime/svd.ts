import { fail } from '../errors.ts'
import { scaled } from '../rounding.ts'
import { countOf, type Frequencies, type Symbol } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import { type Batch, exponentsOf, pairUp } from './batch.ts'
import { openSymbol } from './symbol-values.ts'

/** A = U Σ Vᴴ for each matrix of a batch, with r = min(rows, columns) values, descending. */
export interface Decompositions {
  /** count × r columns × rows × (re, im): orthonormal columns of each U. */
  readonly u: Float64Array
  /** count × r. */
  readonly sigma: Float64Array
  /** count × r columns × columns × (re, im). */
  readonly v: Float64Array
}

/** Bytes of matrices in flight. */
const BLOCK = 2 ** 17

/**
 * Complete decompositions of the symbol at each frequency. ‖A − UΣVᴴ‖ and |UᴴU − I|, |VᴴV − I| are within 10⁻¹³ (times ‖A‖), for zero,
 * rank-deficient and repeated values too. They are the scaled symbol's: the layer's Σ is 2^exponent times as large.
 *
 * Cost: about 60n³ flops a frequency for a square block.
 *
 * @throws OpnormError `runtime` if the QR iteration does not converge, which has not been seen
 */
export function svdAt(symbol: Symbol, group: number, frequencies: Frequencies): Decompositions {
  const { rows: m, columns: n } = symbol
  const count = countOf(frequencies)
  return borrow(arena => {
    const symbols = openSymbol(arena, symbol, group, frequencies)
    return decompose(arena, m, n, count, (_, first, size, a) => symbols.write(first, size, a))
  })
}

/** Complete decompositions of matrices, real or complex, wide or tall, of any finite size: each is scaled by a power of two of its own. */
export function svdOf(batch: Batch): Decompositions {
  const { rows, columns } = batch
  const [m, n] = [Math.max(rows, columns), Math.min(rows, columns)]
  const exponents = exponentsOf(batch)
  const found = borrow(arena =>
    decompose(arena, m, n, exponents.length, (inner, first, size, a) => {
      pairUp(batch, exponents, first, size, inner.f64(a, ((size + 1) >> 1) * m * n * 4))
    }),
  )
  found.sigma.forEach((x, i) => {
    found.sigma[i] = scaled(x, exponents[Math.floor(i / n)])
  })
  return rows < columns ? { u: conjugated(found.v), sigma: found.sigma, v: conjugated(found.u) } : found
}

/** Aᵀ = UΣVᴴ says A = V̄ΣUᵀ. */
function conjugated(x: Float64Array): Float64Array {
  for (let i = 1; i < x.length; i += 2) x[i] = -x[i]
  return x
}

/** Decomposes `count` matrices in blocks; `fill` writes the block's matrices in pair layout to an address. */
function decompose(
  arena: Arena,
  m: number,
  n: number,
  count: number,
  fill: (arena: Arena, first: number, size: number, a: number) => void,
): Decompositions {
  const out = {
    u: new Float64Array(count * m * n * 2),
    sigma: new Float64Array(count * n),
    v: new Float64Array(count * n * n * 2),
  }
  const most = Math.min(Math.max(1, Math.floor(BLOCK / (m * n * 32))), (count + 1) >> 1)
  const a = arena.alloc(most * m * n * 32)
  const u = arena.alloc(most * m * n * 32)
  const sigma = arena.alloc(most * n * 16)
  const v = arena.alloc(most * n * n * 32)
  const w = arena.alloc(48 * n * n + 64 * m + 432 * n)
  for (let first = 0; first < count; first += 2 * most) {
    const size = Math.min(2 * most, count - first)
    const pairs = (size + 1) >> 1
    borrow(inner => fill(inner, first, size, a))
    const failed = arena.routines.svd(pairs, m, n, a, u, sigma, v, w)
    if (failed) fail('runtime', 'singular vectors', 'convergence', `${failed} matrices without it`, 'Please report the layer')
    unpair(arena.f64(u, pairs * m * n * 4), m * n, 2, size, out.u.subarray(first * m * n * 2))
    unpair(arena.f64(sigma, pairs * n * 2), n, 1, size, out.sigma.subarray(first * n))
    unpair(arena.f64(v, pairs * n * n * 4), n * n, 2, size, out.v.subarray(first * n * n * 2))
  }
  return out
}

/** Pair layout with `parts` numbers an entry → one matrix after another. */
function unpair(pairs: Float64Array, entries: number, parts: number, count: number, out: Float64Array): void {
  const size = entries * parts
  for (let k = 0; k < count; k++) {
    const start = (k >> 1) * 2 * size + (k & 1)
    for (let i = 0; i < size; i++) out[k * size + i] = pairs[start + 2 * i]
  }
}
