import { borrow } from '../runtime/arena.ts'
import { type Basis, normalizeVector, type Operator, type Vector } from '../runtime/operator.ts'
import type { SingleSquare } from './correction.ts'
import { iterate, openSpace, type Square } from './krylov.ts'
import { refine } from './refine.ts'

/** Residual to which single precision goes: little above what its rounding leaves, and small enough for two vectors of a pair to be told apart soon. */
const SINGLE = 2 ** -17

/** Eigenvalues closer than this to the first are refined together with it. */
const CLOSE = 2 ** -16

/** Ritz vectors that an iteration leaves. */
const LEAVE = 2

/** The vector to begin with, whether it may be the answer already, and a guess at its mirror image. */
export interface Starts {
  readonly v: Vector
  readonly warm: boolean
  mirrored(): Float64Array | undefined
}

export interface Outcome {
  readonly work: number
  readonly converged: boolean
}

/**
 * v ← the top Ritz vector by Lanczos iteration in single precision and iterative refinement of what it found.
 *
 * A maximum of the symbol at θ* is one at −θ* too, so the largest singular values come in pairs, 10⁻⁸ apart: about the real and the
 * imaginary part of a modulated window. An iteration from one of them finds it fast and the other late, so each has its own.
 *
 * @param map TᵀT in double precision
 */
export function approach(
  products: Pick<Operator, 'write'>,
  map: Square,
  single: NonNullable<Operator['single']>,
  { v, warm, mirrored }: Starts,
  tolerance: number,
  iterations: number,
): Outcome {
  if (warm && residualOf(map, v) <= tolerance) return { work: 1, converged: true }
  return borrow(arena => {
    const rough = squareOf(single(arena))
    const search = openSearch(rough, v.length)
    let work = search.run(v, iterations)
    const mirror = work < iterations && mirrored()
    if (mirror) {
      products.write(v, mirror)
      work += search.run(v, iterations - work)
    }
    const refined = refine(map, rough, search.found, search.count(), v, tolerance, iterations - work)
    return { work: work + refined.work, converged: refined.converged }
  })
}

/** Iterations in single precision, each across what those before have found: orthonormal vectors of the largest eigenvalue and those close to it. */
function openSearch(map: SingleSquare, length: number) {
  const found = map.basis(2 * LEAVE)
  let count = 0
  let largest = 0
  const keep = (basis: Basis, values: Float64Array) => {
    largest ||= values[0]
    for (let i = 0; i < values.length && values[i] >= largest * (1 - CLOSE); i++) {
      const q = found.vectors[count]
      map.scale(1, basis.vectors[i], q)
      map.project(found, count, q)
      if (normalizeVector(map, q) > 0.1) count++
    }
  }
  return {
    found,
    count: () => count,
    /** Returns the products made. */
    run: (start: Vector, iterations: number) =>
      borrow(() => {
        const space = openSpace(map, length, false)
        const [first] = space.basis.vectors
        map.demote(start, first)
        map.project(found, count, first)
        normalizeVector(map, first)
        const { values, work } = iterate(space, SINGLE, iterations, LEAVE)
        keep(space.basis, values)
        return work
      }),
  }
}

/** ‖TᵀT v − θv‖/θ of a unit vector. */
function residualOf(map: Square, v: Vector): number {
  const [r] = map.basis(1).vectors
  map.square(v, r)
  const theta = map.dot(v, r)
  map.axpy(-theta, v, r)
  return theta > 0 ? map.norm(r) / theta : 0
}

function squareOf(single: ReturnType<NonNullable<Operator['single']>>): SingleSquare {
  const image = single.output()
  return {
    ...single,
    basis: single.inputBasis,
    bytes: 4,
    rank: image.length,
    square(p, to) {
      single.apply(p, image)
      single.adjoint(image, to)
    },
  }
}
