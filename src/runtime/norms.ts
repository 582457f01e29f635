import { countOf, type Frequencies, type Symbol } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import { frequencyAt } from './evaluate.ts'
import { eigenpairsAt } from './hermitian.ts'
import { openSymbol } from './symbol-values.ts'

/** Bytes of symbols in flight: they, their Gram matrices and what follows stay in the second-level cache. */
const BLOCK = 2 ** 18

/**
 * σ₁ of the scaled symbol F(θ) at each frequency; the layer's are 2^exponent times as large.
 *
 * Gram matrix, tridiagonalisation, largest eigenvalue: 4mn² + (16/3)n³ flops a frequency, 2.5 times fewer than all singular values, and
 * streamed in blocks, so that memory does not grow with their number. Relative error about 10⁻¹⁵·√n.
 */
export function normsAt(symbol: Symbol, group: number, frequencies: Frequencies): Float64Array {
  const { rows: m, columns: n } = symbol
  const count = countOf(frequencies)
  const norms = new Float64Array(count)
  borrow(arena => {
    const symbols = openSymbol(arena, symbol, group, frequencies)
    const pairs = Math.max(1, Math.min(Math.floor(BLOCK / (m * n * 32)), (count + 1) >> 1))
    const f = arena.alloc(pairs * m * n * 32)
    const g = arena.alloc(pairs * n * n * 32)
    const de = arena.alloc(pairs * n * 32)
    const w = arena.alloc(2 * n * 32)
    const out = arena.alloc(pairs * 16)
    for (let first = 0; first < count; first += 2 * pairs) {
      const size = Math.min(2 * pairs, count - first)
      const here = (size + 1) >> 1
      symbols.write(first, size, f)
      arena.routines.gram(here, m, n, f, g)
      arena.routines.tridiagonal(here, n, g, de, w)
      arena.routines.largestEigenvalue(here, n, de, out)
      const squares = arena.f64(out, size)
      for (let i = 0; i < size; i++) norms[first + i] = Math.sqrt(squares[i])
    }
  })
  return norms
}

/** F(θ) v = σ u with unit vectors, each [re…][im…]. */
export interface ComplexPair {
  readonly sigma: number
  readonly u: Float64Array
  readonly v: Float64Array
}

/**
 * The top singular pair of the scaled symbol at one frequency of a list: v from the Gram matrix, then σ = ‖F v‖ and u = F v/σ, so that the
 * relative error of σ is that of a norm, about 10⁻¹⁵. At a tie one of the pairs. A zero matrix has σ = 0, u = e₀.
 */
export function topPairAt(symbol: Symbol, group: number, frequencies: Frequencies, index: number): ComplexPair {
  const { rows: m, columns: n } = symbol
  return borrow(arena => {
    const f = arena.alloc(m * n * 32)
    const g = arena.alloc(n * n * 32)
    openSymbol(arena, symbol, group, frequencyAt(frequencies, index)).write(0, 1, f)
    arena.routines.gram(1, m, n, f, g)
    return pairFrom(arena, f, m, n, eigenpairsAt(arena, n, g, 0, 1).vectors[0])
  })
}

/** The pair of a given right vector, complex numbers re, im, re, im, … as an iteration leaves them. */
export function pairOf(symbol: Symbol, group: number, frequency: Frequencies, vector: Float64Array): ComplexPair {
  const { rows: m, columns: n } = symbol
  return borrow(arena => {
    const f = arena.alloc(m * n * 32)
    openSymbol(arena, symbol, group, frequency).write(0, 1, f)
    const v = Float64Array.from({ length: 2 * n }, (_, i) => (i < n ? vector[2 * i] : vector[2 * (i - n) + 1]))
    return pairFrom(arena, f, m, n, v)
  })
}

function pairFrom(arena: Arena, f: number, m: number, n: number, v: Float64Array): ComplexPair {
  const u = image(arena.f64(f, 4 * m * n), m, n, v)
  const sigma = Math.sqrt(sumOfSquares(u)) / Math.sqrt(sumOfSquares(v))
  if (sigma === 0) u[0] = 1
  else for (let i = 0; i < 2 * m; i++) u[i] /= sigma
  return { sigma, u, v }
}

/** F v of the first lane. */
function image(f: Float64Array, m: number, n: number, v: Float64Array): Float64Array {
  const u = new Float64Array(2 * m)
  for (let j = 0; j < n; j++) {
    const [x, y] = [v[j], v[n + j]]
    for (let i = 0, at = 4 * j * m; i < m; i++, at += 4) {
      u[i] += f[at] * x - f[at + 2] * y
      u[m + i] += f[at] * y + f[at + 2] * x
    }
  }
  return u
}

function sumOfSquares(x: Float64Array): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i]
  return sum
}
