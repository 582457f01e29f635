import { congruence } from '../congruence.ts'
import { type Arena, borrow } from './arena.ts'
import { pow2 } from '../rounding.ts'
import { peakOf } from '../summation.ts'
import { exponentOf } from '../symbol.ts'

/** G v = λ v for the largest eigenvalues, descending; orthonormal vectors, each [re…][im…]. */
export interface Eigenpairs {
  readonly values: Float64Array
  readonly vectors: readonly Float64Array[]
}

/**
 * The `count` largest eigenvalues of a Hermitian matrix and their eigenvectors: tridiagonalisation, bisection, inverse iteration, and the
 * reflectors on the way back (LAPACK's zheevx takes the same road).
 *
 * Residuals and orthogonality are a few n·2⁻⁵³·‖G‖, for repeated and clustered eigenvalues too; zero and diagonal matrices are no
 * exception. Costs (16/3)n³ flops and O(n² count) for the vectors. Scale the matrix to about 1 first.
 *
 * @param matrix n×n column-major (re, im); only the lower triangle is read
 */
export function eigenpairs(matrix: Float64Array, n: number, count: number): Eigenpairs {
  return borrow(arena => {
    const g = arena.alloc(n * n * 32)
    const pair = arena.f64(g, 4 * n * n)
    for (let i = 0; i < 2 * n * n; i++) pair[2 * i] = pair[2 * i + 1] = matrix[i]
    return eigenpairsAt(arena, n, g, 0, count)
  })
}

/** The same for a real symmetric matrix of any size given by its columns; vectors are real. */
export function symmetricEigenpairs(columns: readonly Float64Array[], count: number): Eigenpairs {
  const n = columns.length
  const unit = pow2(Math.max(-1000, exponentOf(Float64Array.from(columns, column => peakOf(column)))))
  const matrix = new Float64Array(2 * n * n)
  for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) matrix[2 * (j * n + i)] = columns[j][i] / unit
  const { values, vectors } = eigenpairs(matrix, n, count)
  return { values: values.map(value => value * unit), vectors: vectors.map(z => z.subarray(0, n)) }
}

/** `eigenpairs` of one lane of a pair at an address (lower triangle), which is destroyed. */
export function eigenpairsAt(arena: Arena, n: number, g: number, lane: 0 | 1, count: number): Eigenpairs {
  return borrow(inner => {
    const de = inner.alloc(n * 32)
    inner.routines.tridiagonal(1, n, g, de, inner.alloc(2 * n * 32))
    return pairsOf(arena, n, g, tridiagonalOf(arena, n, de, lane), lane, count)
  })
}

/** All eigenpairs of one lane from a level on, after the routine `tridiagonal` left its reflectors at `g` and T at `de`. */
export function pairsAbove(arena: Arena, n: number, g: number, de: number, lane: 0 | 1, level: number): Eigenpairs {
  const t = tridiagonalOf(arena, n, de, lane)
  return pairsOf(arena, n, g, t, lane, atLeast(t.diagonal, t.side, level))
}

/** A real symmetric tridiagonal matrix T; side ≥ 0. */
interface Tridiagonal {
  readonly diagonal: Float64Array
  readonly side: Float64Array
}

function tridiagonalOf(arena: Arena, n: number, de: number, lane: 0 | 1): Tridiagonal {
  const view = arena.f64(de, 4 * n)
  return {
    diagonal: Float64Array.from({ length: n }, (_, i) => view[4 * i + lane]),
    side: Float64Array.from({ length: n }, (_, i) => view[4 * i + 2 + lane]),
  }
}

function pairsOf(arena: Arena, n: number, g: number, { diagonal, side }: Tridiagonal, lane: 0 | 1, count: number): Eigenpairs {
  const values = largestOf(diagonal, side, count)
  const real = tridiagonalVectors(diagonal, side, values)
  const reflectors = arena.f64(g, 4 * n * n)
  return { values, vectors: real.map(z => transformBack(reflectors, n, lane, side, z)) }
}

/** The `count` largest eigenvalues of a real symmetric tridiagonal matrix, and their vectors. */
export function tridiagonalPairs(diagonal: Float64Array, side: Float64Array, count: number) {
  const values = largestOf(diagonal, side, count)
  return { values, vectors: tridiagonalVectors(diagonal, side, values) }
}

/** The `count` largest eigenvalues of T, descending, each by bisection to the last bit of ‖T‖. */
function largestOf(diagonal: Float64Array, side: Float64Array, count: number): Float64Array {
  const n = diagonal.length
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < n; i++) {
    const reach = side[i] + (i > 0 ? side[i - 1] : 0)
    low = Math.min(low, diagonal[i] - reach)
    high = Math.max(high, diagonal[i] + reach)
  }
  const close = 2 ** -53 * Math.max(Math.abs(low), Math.abs(high))
  const values = new Float64Array(count)
  let top = high
  for (let k = 0; k < count; k++) {
    let [a, b] = [low, top]
    while (b - a > close) {
      const x = 0.5 * (a + b)
      if (x <= a || x >= b) break
      if (atLeast(diagonal, side, x) > k) a = x
      else b = x
    }
    values[k] = top = 0.5 * (a + b)
    top = b
  }
  return values
}

/** How many eigenvalues of T are ≥ x: as many as pivots of T − xI are not negative (Sylvester). */
export function atLeast(diagonal: Float64Array, side: Float64Array, x: number): number {
  let [count, pivot] = [0, 1]
  for (let i = 0; i < diagonal.length; i++) {
    pivot = diagonal[i] - x - (i > 0 ? (side[i - 1] * side[i - 1]) / pivot : 0)
    if (Math.abs(pivot) < 1e-290) pivot = 1e-290
    if (pivot > 0) count++
  }
  return count
}

const SOLVES = 3

/**
 * Eigenvectors of T by inverse iteration. Every vector is kept orthogonal to all before it, which is what tells the members of a cluster
 * apart; starts are pseudo-random, so that none is orthogonal to what it looks for.
 */
function tridiagonalVectors(diagonal: Float64Array, side: Float64Array, values: Float64Array): Float64Array[] {
  const n = diagonal.length
  const size = diagonal.reduce((most, d, i) => Math.max(most, Math.abs(d) + side[i]), 0) || 1
  const vectors: Float64Array[] = []
  let state = 1
  for (const value of values) {
    const solve = shiftedSolver(diagonal, side, value, 2 ** -52 * size)
    const x = new Float64Array(n)
    const draw = () => {
      for (let i = 0; i < n; i++) x[i] = ((state = congruence(state)) + 0.5) * 2 ** -31
    }
    draw()
    for (let turn = 0, draws = 0; turn < SOLVES; turn++) {
      solve(x)
      normalise(x)
      // What lies among the vectors before it leaves nothing but rounding: begin again with another start.
      if (orthogonalise(x, vectors) || draws++ === 5) continue
      draw()
      turn = -1
    }
    vectors.push(x)
  }
  return vectors
}

/** Takes the components along orthonormal vectors out of a unit vector, twice, and normalises; false if less than 1e-8 was left. */
function orthogonalise(x: Float64Array, vectors: readonly Float64Array[]): boolean {
  for (let turn = 0; turn < 2; turn++) {
    for (const v of vectors) {
      let dot = 0
      for (let i = 0; i < x.length; i++) dot += v[i] * x[i]
      for (let i = 0; i < x.length; i++) x[i] -= dot * v[i]
    }
    if (normalise(x) < 1e-8) return false
  }
  return true
}

/** Returns the length it had. */
function normalise(x: Float64Array): number {
  const largest = peakOf(x)
  if (largest === 0) return 0
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += (x[i] /= largest) ** 2
  const length = Math.sqrt(sum)
  for (let i = 0; i < x.length; i++) x[i] /= length
  return largest * length
}

/** Solves (T − shift·I)x = b in place, by elimination with row exchanges; pivots smaller than `tiny` are replaced by it. */
function shiftedSolver(diagonal: Float64Array, side: Float64Array, shift: number, tiny: number): (x: Float64Array) => void {
  const n = diagonal.length
  // rows of U: pivot, next, and one more where rows were exchanged
  const pivot = new Float64Array(n)
  const next = new Float64Array(n)
  const third = new Float64Array(n)
  const factor = new Float64Array(n)
  const exchanged = new Uint8Array(n)
  let [a, b] = [diagonal[0] - shift, side[0]]
  for (let i = 0; i + 1 < n; i++) {
    const [c, d, e] = [side[i], diagonal[i + 1] - shift, i + 2 < n ? side[i + 1] : 0]
    if (Math.abs(c) > Math.abs(a)) {
      exchanged[i] = 1
      ;[pivot[i], next[i], third[i], factor[i]] = [c, d, e, a / c]
      ;[a, b] = [b - factor[i] * d, -factor[i] * e]
    } else {
      const safe = Math.abs(a) < tiny ? tiny : a
      ;[pivot[i], next[i], third[i], factor[i]] = [safe, b, 0, c / safe]
      ;[a, b] = [d - factor[i] * b, e]
    }
  }
  pivot[n - 1] = Math.abs(a) < tiny ? tiny : a
  return x => {
    for (let i = 0; i + 1 < n; i++) {
      if (exchanged[i]) [x[i], x[i + 1]] = [x[i + 1], x[i]]
      x[i + 1] -= factor[i] * x[i]
    }
    for (let i = n - 1; i >= 0; i--) {
      const known = (i + 1 < n ? next[i] * x[i + 1] : 0) + (i + 2 < n ? third[i] * x[i + 2] : 0)
      x[i] = (x[i] - known) / pivot[i]
    }
  }
}

/**
 * Q D z: the eigenvector of G for the eigenvector z of T. G = Q T_c Qᴴ with the reflectors v_k below the diagonal of column k, and T_c has
 * −phase(v_k0)·e_k where T has e_k, so that D_{k+1} = −phase(v_k0)·D_k.
 */
function transformBack(g: Float64Array, n: number, lane: number, side: Float64Array, z: Float64Array): Float64Array {
  const y = new Float64Array(2 * n)
  let [re, im] = [1, 0]
  for (let k = 0; k < n; k++) {
    y[k] = re * z[k]
    y[n + k] = im * z[k]
    const at = 4 * (k * n + k + 1) + lane
    if (k + 1 === n || side[k] === 0) continue
    const size = Math.sqrt(g[at] * g[at] + g[at + 2] * g[at + 2])
    const [c, s] = [-g[at] / size, -g[at + 2] / size]
    ;[re, im] = [re * c - im * s, re * s + im * c]
  }
  for (let k = n - 2; k >= 0; k--) if (side[k] > 0) reflect(g, 4 * (k * n + k + 1) + lane, n, k + 1, y)
  return y
}

/** y ← y − 2v(vᴴy)/(vᴴv) on the entries from `first` on. */
function reflect(g: Float64Array, v: number, n: number, first: number, y: Float64Array): void {
  let [square, re, im] = [0, 0, 0]
  for (let i = first, at = v; i < n; i++, at += 4) {
    square += g[at] * g[at] + g[at + 2] * g[at + 2]
    re += g[at] * y[i] + g[at + 2] * y[n + i]
    im += g[at] * y[n + i] - g[at + 2] * y[i]
  }
  re *= 2 / square
  im *= 2 / square
  for (let i = first, at = v; i < n; i++, at += 4) {
    y[i] -= g[at] * re - g[at + 2] * im
    y[n + i] -= g[at] * im + g[at + 2] * re
  }
}
