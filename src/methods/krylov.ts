import { peakOf } from '../summation.ts'
import { symmetricEigenpairs } from '../runtime/hermitian.ts'
import { type Basis, normalizeVector, type Operator, type Vector } from '../runtime/operator.ts'

/** TᵀT as a map between vectors of one precision. */
export interface Square extends Pick<Operator, 'dot' | 'norm' | 'axpy' | 'scale' | 'project' | 'combine'> {
  basis(count: number): Basis
  /** to ← TᵀT p, up to a factor that stays. */
  square(p: Vector, to: Vector): void
  /** Of a number. */
  readonly bytes: 4 | 8
  /** There are no more singular values than that. */
  readonly rank: number
}

/** TᵀT·basis[j] = Σ_i h[j][i]·basis[i], h symmetric; one more vector for the residual. */
export interface Space {
  readonly map: Square
  readonly basis: Basis
  readonly size: number
  /** Vectors kept at a restart. */
  readonly keep: number
  /** Every new vector is made orthogonal to all before it, not to the kept ones only. */
  readonly whole: boolean
  readonly select: Selection
}

/** w ← w without its components along the `kept` first vectors of a basis, when it is time; `fresh` after a restart, `scale` σ₁². */
type Selection = (kept: number, fresh: boolean, scale: number, w: Vector) => void

/** Iterations between looks at the residuals. */
const LOOK = 10

/** More vectors mean fewer products and more memory, which is the limit: 256 MB. Short ones, and where `exact`, all become orthogonal. */
export function openSpace(map: Square, length: number, exact: boolean): Space {
  const wanted = Math.min(length > 2 ** 13 ? 60 : 36, Math.floor(2 ** 28 / map.bytes / length))
  const size = Math.min(Math.max(4, wanted), length, Math.max(map.rank, 2))
  const basis = map.basis(size + 1)
  const keep = Math.min(12, Math.ceil(size / 3), size - 1)
  return { map, basis, size, keep, whole: exact || length * size < 2 ** 17, select: openSelection(map, basis) }
}

/** What an iteration ends with: Ritz values in front of their vectors in the basis, and products made. */
export interface Ritz {
  readonly values: Float64Array
  readonly work: number
  readonly converged: boolean
}

/**
 * Lanczos iteration with thick restarts from basis[0], until the residual of the first Ritz pair is at most tolerance·σ₁² or `iterations`
 * products have been made. Leaves at most `leave` Ritz vectors at the head of the basis.
 */
export function iterate(space: Space, tolerance: number, iterations: number, leave = 1): Ritz {
  const { map, basis, size, keep } = space
  const h = Array.from({ length: size }, () => new Float64Array(size))
  let work = 0
  for (let from = 0; ; from = keep) {
    for (let until = from; until < size; ) {
      const first = until
      until = Math.min(size, until + LOOK)
      const { residual, count } = extend(space, h, from, first, until)
      work += count - first
      const wanted = Math.min(until < size ? leave : Math.max(leave, keep), count)
      const { values, vectors } = symmetricEigenpairs(h.slice(0, count), wanted)
      const converged = residual * Math.abs(vectors[0][count - 1]) <= tolerance * values[0]
      const done = converged || work >= iterations || keep === 0
      if (!done && until < size) continue
      const kept = Math.min(done ? leave : keep, count)
      map.combine(basis, count, joined(vectors.slice(0, kept)))
      if (done) return { values: values.slice(0, kept), work, converged }
      // Restart: h becomes the diagonal of Ritz values with the residual's coefficients beside it.
      map.scale(1, basis.vectors[size], basis.vectors[keep])
      for (const column of h) column.fill(0)
      for (let i = 0; i < keep; i++) {
        h[i][i] = values[i]
        h[keep][i] = h[i][keep] = residual * vectors[i][size - 1]
      }
    }
  }
}

/**
 * Adds basis[j + 1] for first ≤ j < until, after `kept` Ritz vectors; returns the length of the residual, whose direction is the next vector.
 *
 * A new vector of the size of rounding errors means that the subspace is invariant: nothing is left to add, the residual is 0.
 */
function extend({ map, basis, whole, select }: Space, h: Float64Array[], kept: number, first: number, until: number) {
  let residual = 0
  for (let j = first; j < until; j++) {
    const [p, next] = [basis.vectors[j], basis.vectors[j + 1]]
    map.square(p, next)
    h[j][j] = map.dot(p, next)
    if (whole) orthogonalize(map, basis, j + 1, next)
    else {
      map.axpy(-h[j][j], p, next)
      if (j > kept) map.axpy(-h[j][j - 1], basis.vectors[j - 1], next)
      if (kept > 0) select(kept, j === kept, h[0][0], next)
    }
    residual = normalizeVector(map, next)
    if (residual <= 2 ** (map.bytes === 4 ? -17 : -46) * Math.max(h[0][0], h[j][j])) return { residual: 0, count: j + 1 }
    if (j + 1 < h.length) h[j][j + 1] = h[j + 1][j] = residual
  }
  return { residual, count: until }
}

/**
 * Orthogonality to converging Ritz vectors is lost by a factor a step that depends on the gaps of the spectrum. So it is restored at
 * distances that double while next to nothing has been lost: in double precision, from eps to 1e-12 in one distance is to 1e-8 at most in
 * the next. Always two vectors in a row, since each comes from the two before it.
 */
function openSelection(map: Square, basis: Basis): Selection {
  const [much, little] = map.bytes === 4 ? [3e-5, 3e-6] : [1e-10, 1e-12]
  let spacing = 1
  let wait = 0
  return (kept, fresh, scale, w) => {
    if (!fresh && wait > 1) {
      wait--
      return
    }
    const components = map.project(basis, kept, w)
    if (!fresh && wait === 0) {
      wait = spacing + 1
      return
    }
    wait = 0
    const loss = fresh ? 1 : peakOf(components) / scale
    if (loss > much) spacing = 1
    else if (loss < little) spacing = Math.min(16, 2 * spacing)
  }
}

/** w ← w − QQᵀw, twice: what rounding leaves of old directions would come back as ghosts of σ₁. */
export function orthogonalize(map: Pick<Square, 'project'>, basis: Basis, count: number, w: Vector): void {
  map.project(basis, count, w)
  map.project(basis, count, w)
}

function joined(columns: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(columns.length * columns[0].length)
  columns.forEach((column, j) => {
    all.set(column, j * column.length)
  })
  return all
}
