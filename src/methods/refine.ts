import { symmetricEigenpairs } from '../runtime/hermitian.ts'
import { type Basis, normalizeVector, type Vector } from '../runtime/operator.ts'
import { openCorrection, type SingleSquare } from './correction.ts'
import { orthogonalize, type Square } from './krylov.ts'

/** Corrections at most; each gains two digits, and there are five to gain. */
const CORRECTIONS = 6

/** What a correction leaves of the residual; less is a little more than the rounding of products in single precision allows. */
const SHARE = 2 ** -7

/**
 * Iterative refinement: v ← the top eigenvector of TᵀT to the residual asked for, from `count` vectors in single precision that nearly
 * span it.
 *
 * Rayleigh–Ritz in double precision over these vectors and the corrections found so far; a correction s solves (θ − TᵀT) s = r, r the
 * residual, to two digits in single precision (Jacobi–Davidson). So those two digits cost one product in double precision. Gives up when
 * two corrections in a row gain nothing: the first of them may have turned v among vectors that lie close, into one not yet corrected.
 *
 * Sleijpen & Van der Vorst 1996.
 *
 * @param refined orthonormal @param iterations products, of either precision, that may be made
 */
export function refine(
  map: Square,
  single: SingleSquare,
  refined: Basis,
  count: number,
  v: Vector,
  tolerance: number,
  iterations: number,
): { work: number; converged: boolean } {
  const subspace = openSubspace(map, count + CORRECTIONS)
  const correct = openCorrection(single, refined, count)
  for (const q of refined.vectors.slice(0, count)) subspace.add(x => single.promote(q, x))
  const [r] = map.basis(1).vectors
  let work = count
  let stalled = 0
  for (let before = Number.POSITIVE_INFINITY; ; work++) {
    const theta = subspace.best(v, r, tolerance)
    const residual = theta > 0 ? map.norm(r) / theta : 0
    const converged = residual <= tolerance
    stalled = residual < before / 2 ? 0 : stalled + 1
    if (converged || stalled > 1 || subspace.full() || work >= iterations) return { work, converged }
    before = residual
    map.scale(1 / (residual * theta), r, r)
    const share = Math.max(SHARE, (0.6 * tolerance) / residual)
    subspace.add(x => {
      work += correct(theta, r, x, share, iterations - work)
    })
  }
}

/** Orthonormal vectors in double precision with their images, and TᵀT as they see it. */
function openSubspace(map: Square, capacity: number) {
  const [basis, images] = [map.basis(capacity), map.basis(capacity)]
  const h: Float64Array[] = []
  let last: Float64Array | undefined
  const mix = (weights: Float64Array, from: Basis, to: Vector) => {
    map.scale(weights[0], from.vectors[0], to)
    for (let i = 1; i < weights.length; i++) map.axpy(weights[i], from.vectors[i], to)
  }
  return {
    full: () => h.length === capacity,
    add(write: (x: Vector) => void): void {
      const [j, x] = [h.length, basis.vectors[h.length]]
      write(x)
      normalizeVector(map, x)
      orthogonalize(map, basis, j, x)
      normalizeVector(map, x)
      map.square(x, images.vectors[j])
      h.push(Float64Array.from({ length: j + 1 }, (_, i) => map.dot(basis.vectors[i], images.vectors[j])))
    },
    /**
     * v ← the top Ritz vector, r ← TᵀT v − θv; returns θ. Of several top ones closer than `close` it is the mixture nearest to the v before:
     * which of them is the first changes with every bit, and the others have not been corrected.
     */
    best(v: Vector, r: Vector, close: number): number {
      const columns = h.map((_, j) => Float64Array.from(h, (_, i) => h[Math.max(i, j)][Math.min(i, j)]))
      const { values, vectors } = symmetricEigenpairs(columns, columns.length)
      const near = vectors.filter((_, i) => values[i] >= values[0] * (1 - close))
      const shares = near.map((y, i) => (last ? last.reduce((sum, x, j) => sum + x * y[j], 0) : i === 0 ? 1 : 0))
      const length = Math.sqrt(shares.reduce((sum, a) => sum + a * a, 0))
      last = vectors[0].map((_, j) => near.reduce((sum, y, i) => sum + (shares[i] / length) * y[j], 0))
      mix(last, basis, v)
      mix(last, images, r)
      const theta = map.dot(v, r)
      map.axpy(-theta, v, r)
      return theta
    },
  }
}
