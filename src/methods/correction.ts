import type { Basis, Vector } from '../runtime/operator.ts'
import type { SingleOperator } from '../runtime/single.ts'
import type { Square } from './krylov.ts'

/** TᵀT in single precision. */
export interface SingleSquare extends Square, Pick<SingleOperator, 'demote' | 'promote' | 'components' | 'add'> {}

/** s ← about (θ − TᵀT)⁻¹ r away from the vectors that are refined, until `share` of r is left; returns the products made, at most `limit`. */
export type Correction = (theta: number, r: Vector, s: Vector, share: number, limit: number) => number

/** Ritz vectors in single precision with their values, descending; the first `top` are being refined. */
export interface Family {
  readonly basis: Basis
  readonly values: Float64Array
  readonly top: number
}

/**
 * Conjugate gradients in single precision, preconditioned by what is known of the spectrum: the inverse is 1/(θ − θ_i) along a Ritz vector
 * with value θ_i and about 1/θ across. Along the vectors that are refined it is 0; on what is left the operator is positive definite as
 * long as θ is the largest eigenvalue there.
 */
export function openCorrection(map: SingleSquare, families: readonly Family[]): Correction {
  const [rest, better, direction, image, sum] = map.basis(5).vectors
  /** better ← θ·M⁻¹ rest; returns the length of `rest` across the refined vectors. */
  const precondition = (theta: number) => {
    let across = map.dot(rest, rest)
    map.scale(1, rest, better)
    for (const { basis, values, top } of families) {
      const components = map.components(basis, values.length, rest)
      across -= components.subarray(0, top).reduce((total, c) => total + c * c, 0)
      map.add(
        basis,
        components.map((c, i) => (i < top ? -c : c * (theta / (theta - values[i]) - 1))),
        better,
      )
    }
    return Math.sqrt(Math.max(0, across))
  }
  return (theta, r, s, share, limit) => {
    map.demote(r, rest)
    map.scale(0, rest, sum)
    const goal = share * precondition(theta)
    let slope = map.dot(rest, better)
    map.scale(1, better, direction)
    let work = 0
    while (work < limit) {
      map.square(direction, image)
      work++
      map.scale(-1, image, image)
      map.axpy(theta, direction, image)
      const curvature = map.dot(direction, image)
      if (curvature <= 0) break
      const step = slope / curvature
      map.axpy(step, direction, sum)
      map.axpy(-step, image, rest)
      if (precondition(theta) <= goal) break
      const next = map.dot(rest, better)
      map.scale(next / slope, direction, direction)
      map.axpy(1, better, direction)
      slope = next
    }
    map.promote(sum, s)
    return work
  }
}
