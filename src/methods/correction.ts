import type { Basis, Vector } from '../runtime/operator.ts'
import type { SingleOperator } from '../runtime/single.ts'
import type { Square } from './krylov.ts'

/** TᵀT in single precision. */
export interface SingleSquare extends Square, Pick<SingleOperator, 'demote' | 'promote'> {}

/** Steps after which what has grown along the refined vectors is taken out again. */
const AGAIN = 8

/** s ← about (θ − TᵀT)⁻¹ r across the refined vectors, until `share` of r is left; returns the products made, at most `limit`. */
export type Correction = (theta: number, r: Vector, s: Vector, share: number, limit: number) => number

/**
 * Conjugate gradients in single precision across the `count` first vectors of a basis, which belong to the largest eigenvalues: with θ the
 * largest of them the operator is positive definite on what is left.
 *
 * Where r is what the call before left, but for rounding, its search direction goes on and with it what has been gained of the spectrum
 * (van der Vorst & Ye 2000): a quarter fewer products than from a new beginning.
 */
export function openCorrection(map: SingleSquare, refined: Basis, count: number): Correction {
  const [rest, direction, image, sum] = map.basis(4).vectors
  let square = 0
  const begin = (r: Vector) => {
    map.demote(r, image)
    map.project(refined, count, image)
    const now = map.dot(image, image)
    const cosine = square > 0 ? map.dot(image, rest) / Math.sqrt(square * now) : 0
    map.scale(1, image, rest)
    if (Math.abs(cosine) > 0.5) map.scale(Math.sign(cosine) * Math.sqrt(now / square), direction, direction)
    else map.scale(1, rest, direction)
    square = now
  }
  return (theta, r, s, share, limit) => {
    begin(r)
    map.scale(0, rest, sum)
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
      if (work % AGAIN === 0) map.project(refined, count, rest)
      const next = map.dot(rest, rest)
      map.scale(next / square, direction, direction)
      map.axpy(1, rest, direction)
      square = next
    }
    map.promote(sum, s)
    return work
  }
}
