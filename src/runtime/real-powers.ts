import { exponentOf, scaleInPlace } from '../symbol.ts'
import { borrow } from './arena.ts'
import { packedBytes, tileSide } from './gram-taps.ts'

/**
 * A positive multiple of F·G₁G₂⋯G_t for a real F, G₁ = FᵀF and G_{j+1} = G_j²: products of real matrices cost a quarter of complex ones,
 * and powers of one matrix are symmetric and commute.
 *
 * @param f m × n, column-major, m ≥ n      @returns m × n
 */
export function timesRealPower(f: Float64Array, m: number, n: number, steps: number): Float64Array {
  let g = scaled(product(f, f, m, n))
  let h = g
  for (let step = 2; step <= steps; step++) {
    g = scaled(product(g, g, n, n))
    h = scaled(product(h, g, n, n))
  }
  const result = new Float64Array(m * n)
  // Rows of F in blocks of n: columns of Fᵀ, the last ones zero.
  for (let first = 0; first < m; first += n) {
    const count = Math.min(n, m - first)
    const rows = new Float64Array(n * n)
    for (let k = 0; k < n; k++) for (let i = 0; i < count; i++) rows[i * n + k] = f[k * m + first + i]
    const block = product(rows, h, n, n)
    for (let j = 0; j < n; j++) for (let i = 0; i < count; i++) result[j * m + first + i] = block[j * n + i]
  }
  return result
}

/** Over the power of two that brings the largest entry into [½, 1), in place. */
function scaled(x: Float64Array): Float64Array {
  scaleInPlace(x, -exponentOf(x))
  return x
}

/** AᵀB, n × n; a and b depth × n. */
function product(a: Float64Array, b: Float64Array, depth: number, n: number): Float64Array {
  const result = new Float64Array(n * n)
  borrow(({ alloc, f64, put, routines }) => {
    const packed = (matrix: Float64Array) => {
      const panels = alloc(packedBytes(depth, n))
      routines.pack(depth, n, put(matrix), panels)
      return panels
    }
    const side = tileSide(n)
    const c = alloc(side * side * 8)
    f64(c, side * side).fill(0)
    const left = packed(a)
    routines.autocorrelate(depth, n, left, a === b ? left : packed(b), c)
    const found = f64(c, side * side)
    for (let j = 0; j < n; j++)
      for (let i = 0; i < n; i++) result[j * n + i] = a === b && i < j ? found[i * side + j] : found[j * side + i]
  })
  return result
}
