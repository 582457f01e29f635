import type { Basis, Vector } from '../runtime/operator.ts'
import type { SingleOperator } from '../runtime/single.ts'
import type { Square } from './krylov.ts'

/** TᵀT in single precision. */
export interface SingleSquare extends Square, Pick<SingleOperator, 'demote' | 'promote'> {}

/** s ← about (θ − TᵀT)⁻¹ r across the refined vectors, until `share` of r is left; returns the products made, at most `limit`. */
export type Correction = (theta: number, r: Vector, s: Vector, share: number, limit: number) => number

/**
 * Conjugate gradients in single precision across the `count` first vectors of a basis, which belong to the largest eigenvalues: with θ the
 * largest of them the operator is positive definite on what is left.
 */
export function openCorrection(map: SingleSquare, refined: Basis, count: number): Correction {
  const [rest, direction, image, sum] = map.basis(4).vectors
  return (theta, r, s, share, limit) => {
    map.demote(r, rest)
    map.project(refined, count, rest)
    map.scale(1, rest, direction)
    map.scale(0, rest, sum)
    let square = map.dot(rest, rest)
    const goal = share * share * square
    let work = 0
    while (work < limit && square > goal) {
      map.square(direction, image)
      work++
      map.axpy(-theta, direction, image)
      const curvature = -map.dot(direction, image)
      if (curvature <= 0) break
      const step = square / curvature
      map.axpy(step, direction, sum)
      map.axpy(step, image, rest)
      map.project(refined, count, rest)
      const next = map.dot(rest, rest)
      map.scale(next / square, direction, direction)
      map.axpy(1, rest, direction)
      square = next
    }
    map.promote(sum, s)
    return work
  }
}
