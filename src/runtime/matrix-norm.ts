import { congruence } from '../congruence.ts'
import { gamma, nextDown, nextUp } from '../rounding.ts'
import { peakOf, sqrtUp, sumOfSquares } from '../summation.ts'
import { tabulate } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { choleskyRoundings, packedBytes, tileSide } from './gram-taps.ts'
import { tridiagonalPairs } from './hermitian.ts'
import { normalizeVector } from './operator.ts'
import { openBasis, vectorRoutines } from './vectors.ts'

/** A real matrix in linear memory, row after row, entries at most 1 in size. */
export interface RealMatrix {
  readonly rows: number
  readonly columns: number
  readonly at: number
  /** Numbers from one row to the next, even: rows begin at multiples of 16 bytes. */
  readonly stride: number
  /** ‖X‖_F², to nearest or one ulp beside it (`sumOfSquares`). */
  readonly squares: number
}

/** The top singular pair to a residual, and a proven floor of σ₁: ‖X v‖/‖v‖ less its rounding. */
export interface TopPair {
  readonly sigma: number
  readonly lower: number
  readonly u: Float64Array
  readonly v: Float64Array
}

/** Relative length below which a new Lanczos vector is rounding error. */
const NOISE = 2 ** -46

/** Lanczos vectors kept before a restart; beyond, orthogonalising costs more than the products. */
const BASIS = 80

/** Room for a matrix, to be filled at `at`; what lies between its rows is never read. */
export function allocMatrix(arena: Arena, rows: number, columns: number, squares: number): RealMatrix {
  const stride = (columns + 1) & ~1
  return { rows, columns, at: arena.alloc(rows * stride * 8), stride, squares }
}

/**
 * Top singular pair of a real matrix by Golub–Kahan–Lanczos with reorthogonalised right vectors (Simon & Zha 2000), restarted from the
 * Ritz vector, until ‖Xᵀu − σv‖ ≤ tolerance·σ.
 *
 * @param start of v; from the longest row where there is none
 */
export function topPairOf(matrix: RealMatrix, tolerance: number, start?: Float64Array): TopPair {
  const { rows, columns } = matrix
  if (columns === 1 || rows === 1) return rankOne(matrix)
  if (matrix.squares === 0) return { sigma: 0, lower: 0, u: new Float64Array(rows), v: new Float64Array(columns) }
  return borrow(arena => {
    const routines = vectorRoutines(arena.routines)
    const size = Math.min(BASIS, rows, columns)
    const right = openBasis(arena, size + 1, 1, columns)
    const [u, old] = openBasis(arena, 2, 1, rows).vectors
    const x = rowsOf(arena, matrix)
    arena.f64(right.vectors[0].at, columns).set(start ?? startOf(arena, matrix))
    for (let restart = 0; ; restart++) {
      const alpha: number[] = []
      const beta: number[] = []
      routines.scale(1 / routines.norm(right.vectors[0]), right.vectors[0], right.vectors[0])
      let top: RitzPair = { value: 0, vector: Float64Array.of(1), residual: 0 }
      for (let j = 0; j < size; j++) {
        const next = right.vectors[j + 1]
        x.apply(right.vectors[j].at, u.at)
        if (j > 0) routines.axpy(-beta[j - 1], old, u)
        alpha.push(normalizeVector(routines, u))
        x.adjoint(u.at, next.at)
        routines.project(right, j + 1, next)
        routines.project(right, j + 1, next)
        // What is left after an invariant subspace is complete is rounding; as a direction it would be no longer orthogonal.
        const rest = normalizeVector(routines, next)
        beta.push(Math.min(alpha[j], rest) > NOISE * alpha[0] ? rest : 0)
        routines.scale(1, u, old)
        if (j % 6 !== 5 && j + 1 < size && beta[j] > 0) continue
        top = topOfBidiagonal(alpha, beta)
        if (top.residual <= tolerance * top.value || beta[j] === 0) break
      }
      routines.combine(right, alpha.length, top.vector)
      if (top.residual <= tolerance * top.value || restart === 30) break
    }
    const v = right.vectors[0]
    x.apply(v.at, u.at)
    return finished(matrix, arena.f64(u.at, rows).slice(), arena.f64(v.at, columns).slice())
  })
}

function finished({ rows, columns, squares }: RealMatrix, image: Float64Array, v: Float64Array): TopPair {
  const length = Math.sqrt(sumOfSquares(v))
  const sigma = Math.sqrt(sumOfSquares(image)) / length
  const lower = Math.max(0, nextDown(nextDown(nextDown(sigma)) - nextUp(gamma(Math.max(rows, columns)) * sqrtUp(squares))))
  return { sigma, lower, u: image.map(y => (sigma === 0 ? 0 : y / (sigma * length))), v: v.map(y => y / length) }
}

/**
 * A proven ceiling of σ₁(X), close above `sigma` if that is the norm: Cholesky factors t·I − XᵀX (docs/rounding.md).
 *
 * σ₁² ≤ t + ‖E‖ + κ‖X‖_F², where E is what the factorisation may have lost, at most √2·γ_c·(‖|L||L|ᵀ‖ + t), and κ covers the sums in XᵀX.
 */
export function ceilingOf(matrix: RealMatrix, sigma: number): number {
  const { rows, columns } = matrix
  const squares = nextUp(nextUp(matrix.squares))
  const n = Math.min(rows, columns)
  if (n === 1 || squares === 0) return sqrtUp(squares)
  return borrow(arena => {
    const { g, depth } = gramOf(arena, matrix, n)
    const formed = nextUp(gamma(depth) * squares)
    const pair = arena.alloc(n * n * 32)
    const work = arena.alloc(n * n * 32)
    const level = arena.alloc(16)
    const passed = arena.alloc(16)
    spreadPair(arena.f64(g, tileSide(n) ** 2), arena.f64(pair, 4 * n * n), n)
    // Two levels a try, one in each lane; each try four and sixteen times as far above the estimate.
    for (let slack = 4 * gamma(choleskyRoundings(n)); slack < 1; slack *= 16) {
      const levels = [slack, 4 * slack].map(s => sigma * sigma * (1 + s))
      arena.f64(level, 2).set(levels)
      arena.routines.cholesky(1, n, pair, level, work, passed)
      const lane = arena.f64(passed, 2).indexOf(1)
      if (lane < 0) continue
      const lost = lossOf(arena.f64(work, 4 * n * n), n, lane, levels[lane])
      return Math.min(sqrtUp(squares), sqrtUp(nextUp(nextUp(levels[lane] + lost) + formed)))
    }
    return sqrtUp(squares)
  })
}

/** XᵀX or XXᵀ, the smaller, its lower triangle in a plane of `tileSide`, in slices of 128 terms; `depth` roundings at most meet in an entry. */
function gramOf(arena: Arena, matrix: RealMatrix, n: number): { g: number; depth: number } {
  const size = tileSide(n) ** 2
  const g = arena.alloc(size * 8)
  arena.f64(g, size).fill(0)
  const long = Math.max(matrix.rows, matrix.columns)
  for (let from = 0; from < long; from += 128) {
    const count = Math.min(128, long - from)
    borrow(inner => {
      const slice = inner.alloc(count * n * 8 + 16)
      copySlice(inner, matrix, from, count, inner.f64(slice, count * n))
      const panels = inner.alloc(packedBytes(count, n))
      inner.routines.pack(count, n, slice, panels)
      inner.routines.autocorrelate(count, n, panels, panels, g)
    })
  }
  return { g, depth: 64 + 4 + Math.ceil(long / 128) }
}

/** `count` numbers of each row of a wide matrix, of each column of a tall one, one after another. */
function copySlice(arena: Arena, { rows, columns, at, stride }: RealMatrix, from: number, count: number, to: Float64Array): void {
  const x = arena.f64(at, rows * stride)
  if (rows < columns) {
    for (let j = 0, start = from; j < rows; j++, start += stride) to.set(x.subarray(start, start + count), j * count)
    return
  }
  for (let i = 0, start = from * stride; i < count; i++, start += stride)
    for (let j = 0; j < columns; j++) to[j * count + i] = x[start + j]
}

function spreadPair(g: Float64Array, pair: Float64Array, n: number): void {
  const side = tileSide(n)
  pair.fill(0)
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      pair[4 * (j * n + i)] = g[j * side + i]
      pair[4 * (j * n + i) + 1] = g[j * side + i]
    }
  }
}

/** √2·γ_c·(min(‖L‖_F², ‖|L|‖₁‖|L|‖_∞) + level), L by rows with −1/l_jj on the diagonal (assembly/cholesky.ts), one lane of it. */
function lossOf(l: Float64Array, n: number, lane: number, level: number): number {
  const columns = new Float64Array(n)
  let [squares, widest] = [0, 0]
  for (let i = 0; i < n; i++) {
    let row = 0
    for (let j = 0; j <= i; j++) {
      const at = 4 * (i * n + j) + lane
      const size = i === j ? -1 / l[at] : Math.abs(l[at]) + Math.abs(l[at + 2])
      row += size
      columns[j] += size
      squares += size * size
    }
    widest = Math.max(widest, row)
  }
  const product = Math.min(squares, widest * peakOf(columns))
  return Math.SQRT2 * gamma(choleskyRoundings(n)) * (product + level) * (1 + gamma(n * n + 16)) * 1.0001
}

/** A single row or column is its own singular vector. */
function rankOne({ rows, columns, at, stride, squares }: RealMatrix): TopPair {
  const sigma = Math.sqrt(squares)
  const direction = borrow(({ f64 }) => {
    const x = f64(at, rows * stride)
    return tabulate(rows * columns, i => (sigma === 0 ? 0 : x[columns === 1 ? i * stride : i] / sigma))
  })
  const lower = Math.max(0, nextDown(nextDown(sigma)))
  const one = Float64Array.of(1)
  return columns === 1 ? { sigma, lower, u: direction, v: one } : { sigma, lower, u: one, v: direction }
}

/** The longest row: never orthogonal to the row space, and often near the top singular vector. A little of everything is added. */
function startOf({ f64, routines }: Arena, { rows, columns, at, stride }: RealMatrix): Float64Array {
  let [best, longest] = [at, -1]
  for (let i = 0, row = at; i < rows; i++, row += stride * 8) {
    const square = routines.dot(columns, row, row)
    if (square > longest) [best, longest] = [row, square]
  }
  const length = Math.sqrt(longest) || 1
  let state = 1
  return f64(best, columns).map(x => {
    state = congruence(state)
    return x / length + state * 2 ** -33
  })
}

/** y = Xx and x = Xᵀy, at addresses. */
function rowsOf({ f64, routines }: Arena, { rows, columns, at, stride }: RealMatrix) {
  const { dot, axpy } = routines
  return {
    apply(x: number, y: number) {
      const out = f64(y, rows)
      for (let i = 0, row = at; i < rows; i++, row += stride * 8) out[i] = dot(columns, row, x)
    },
    adjoint(y: number, x: number) {
      const from = f64(y, rows)
      f64(x, columns).fill(0)
      for (let i = 0, row = at; i < rows; i++, row += stride * 8) axpy(columns, from[i], row, x)
    },
  }
}

/** A singular value of the bidiagonal, its right vector, and the residual β_k·α_k·|last entry|/σ of the Lanczos process. */
interface RitzPair {
  readonly value: number
  readonly vector: Float64Array
  readonly residual: number
}

/** The largest one of the k×k upper bidiagonal B (α on, β above the diagonal), from the tridiagonal BᵀB. */
function topOfBidiagonal(alpha: readonly number[], beta: readonly number[]): RitzPair {
  const last = alpha.length - 1
  const diagonal = Float64Array.from(alpha, (a, i) => a * a + (i > 0 ? beta[i - 1] * beta[i - 1] : 0))
  const side = Float64Array.from(alpha, (a, i) => (i < last ? a * beta[i] : 0))
  const { values, vectors } = tridiagonalPairs(diagonal, side, 1)
  const value = Math.sqrt(Math.max(0, values[0]))
  const rest = alpha[last] * beta[last] * Math.abs(vectors[0][last])
  return { value, vector: vectors[0], residual: value === 0 ? 0 : rest / value }
}
