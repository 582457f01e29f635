import { normalizeVector, type Basis, type Vector } from '../runtime/operator.ts'
import { type Family, openCorrection, type SingleSquare } from './correction.ts'
import { orthogonalize, type Square } from './krylov.ts'
import { smallSvd } from './small-svd.ts'

/** Corrections at most; each gains two to four digits. */
const CORRECTIONS = 6

/** Part of the residual a correction leaves at best: what the rounding of products in single precision allows. */
const SHARE = 2 ** -9

/**
 * Iterative refinement: v ← the top eigenvector of TᵀT to the residual asked for, from Ritz vectors in single precision.
 *
 * Rayleigh–Ritz in double precision over the Ritz vectors that belong together and the corrections s found so far; s solves
 * (θ − TᵀT) s = r, r the residual, to a few digits and in single precision (Jacobi–Davidson). So one product in double precision gains
 * several digits. Gives up when a correction gains none.
 *
 * Sleijpen & Van der Vorst 1996.
 */
export function refine(
  map: Square,
  single: SingleSquare,
  families: readonly Family[],
  v: Vector,
  tolerance: number,
  iterations: number,
): { work: number; converged: boolean } {
  const refined = families.flatMap(({ basis, top }) => basis.vectors.slice(0, top))
  const subspace = openSubspace(map, refined.length + CORRECTIONS)
  const correct = openCorrection(single, families)
  for (const q of refined) subspace.add(x => single.promote(q, x))
  const [r] = map.basis(1).vectors
  let work = refined.length
  for (let before = Number.POSITIVE_INFINITY; ; work++) {
    const theta = subspace.best(v, r)
    const residual = map.norm(r) / theta
    const converged = residual <= tolerance
    if (process.env.DBG) console.log('res', work, residual, refined.length)
    if (converged || residual > before / 2 || subspace.full() || work >= iterations) return { work, converged }
    before = residual
    map.scale(1 / (residual * theta), r, r)
    const share = Math.max(SHARE, (0.3 * tolerance) / residual)
    subspace.add(x => {
      work += correct(theta, r, x, share, iterations - work)
    })
  }
}

/** Orthonormal vectors in double precision with their images, and TᵀT as they see it. */
function openSubspace(map: Square, capacity: number) {
  const [basis, images] = [map.basis(capacity), map.basis(capacity)]
  const h: Float64Array[] = []
  const mix = (weights: Float64Array, from: Basis, to: Vector) => {
    map.scale(0, to, to)
    weights.forEach((w, i) => {
      map.axpy(w, from.vectors[i], to)
    })
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
    /** v ← the top Ritz vector, r ← TᵀT v − θv; returns θ. */
    best(v: Vector, r: Vector): number {
      const { sigma, v: vectors } = smallSvd(h.map((_, j) => Float64Array.from(h, (_, i) => h[Math.max(i, j)][Math.min(i, j)])))
      mix(vectors[0], basis, v)
      mix(vectors[0], images, r)
      map.axpy(-sigma[0], v, r)
      return sigma[0]
    },
  }
}
