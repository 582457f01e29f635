import type { Bound, Start } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import type { LinearOperator } from '../linear-operator.ts'
import { borrow } from '../runtime/arena.ts'
import { normalizeVector, type Vector } from '../runtime/operator.ts'
import type { SingleOperator } from '../runtime/single.ts'
import { fractionOption, lowerBound, wholeOption } from './claim.ts'
import type { Family, SingleSquare } from './correction.ts'
import { iterate, openSpace, type Square } from './krylov.ts'
import { openProducts, type Products, pairGradient, rayleighFloor, writeStart } from './rayleigh.ts'
import { refine } from './refine.ts'
import { windowStart } from './window-start.ts'

export interface LanczosOptions {
  /** Residual ‖Tᵀu − σv‖ ≤ tolerance·σ ends the iteration; σ is then that close to a singular value, about tolerance² where it stands alone. */
  tolerance?: number
  /** Products with T after which it stops, converged or not, as soon as it looks: it does so every 20 products. */
  iterations?: number
  start?: Start
  seed?: number
  gradient?: boolean
}

/**
 * The norm of a layer from below, converged: Lanczos iteration on TᵀT with thick restarts.
 *
 * For any stride, dilation, groups, transposition and zero padding at one input size. The value is a Rayleigh quotient, so never above
 * the norm, and equal to it to rounding once the residual has converged (`converged`); for a start without any component along the top
 * singular vector it may converge to a smaller singular value. It starts from the symbol's maxima in sine windows (METHODS §8) with a
 * little noise where that is near the answer, from noise elsewhere. Costs two products an iteration, by Winograd's minimal filtering for
 * 3×3 kernels where its rounding does not show; the value itself comes from a plain product.
 *
 * Wu & Simon 2000 (thick-restart Lanczos); Parlett & Scott 1979 (selective orthogonalisation). METHODS §2, §3.
 *
 * @param operator a layer with an input size, a dense layer, or products `{shape, apply, applyAdjoint}`
 * @returns work: products with T; start: v; gradient: the correlation of the top pair, one of them where σ₁ is a multiple value
 * @throws OpnormError `option`, `shape`, `nonfinite`
 * @example lanczos(conv([[[1, 1, 1]]], { inputSize: 4 })).value  // 1 + 2·cos(π/5), from below
 */
export function lanczos(operator: SizedConv | LinearOperator, options: LanczosOptions = {}): Bound<'lower'> {
  const tolerance = fractionOption('tolerance', options.tolerance ?? 1e-10)
  const iterations = wholeOption('iterations', options.iterations ?? 5000, 1)
  const seed = wholeOption('seed', options.seed ?? 1, 0)
  return borrow(arena => {
    const products = openProducts(operator, arena, 'lanczos')
    const v = products.input()
    const [guess, other] = (products.layer && windowStart(products.layer)) ?? []
    writeStart(products, v, options.start, seed, () => guess)
    const mirror = other && products.input()
    if (mirror) writeStart(products, mirror, { method: 'lanczos', vectors: [other] }, seed)
    const { work, converged } = climb(products, v, mirror, tolerance, iterations)
    const u = products.output()
    products.apply(v, u)
    return lowerBound(rayleighFloor(products, v, u), {
      method: 'lanczos',
      scope: 'this-size',
      exponent: products.exponent,
      work: work + 1,
      converged,
      start: { method: 'lanczos', vectors: [products.read(v)] },
      ...(options.gradient && { gradient: pairGradient(products, u, v) }),
    })
  })
}

/** Tolerance from which rounding of ten times a plain product's, or a loss of orthogonality of 1e-8, does not show. */
const COARSE = 1e-11

/** Ritz values closer than this to the first are not told apart in single precision: their vectors are refined together. */
const CLOSE = 2 ** -16

/** Residual to which single precision goes: a little above what its products' rounding leaves. */
const SINGLE = 3e-6

/** Length from which single precision pays for the vectors it needs besides. */
const LONG = 2 ** 14

/** Leaves the top Ritz vector in v: by way of single precision where that is offered and worth it, then in double precision if that was not enough. */
function climb(products: Products, v: Vector, mirror: Vector | undefined, tolerance: number, iterations: number) {
  const coarse = tolerance < COARSE || v.length < LONG || !products.single
  const first = coarse ? { work: 0, converged: false } : approach(products, v, mirror, tolerance, iterations)
  if (first.converged || first.work >= iterations) return first
  const map = openSquare(products, tolerance)
  const size = Math.min(sizeOf(v.length, 8), Math.max(products.output().length, 2))
  const space = openSpace(map, size, tolerance < COARSE || v.length * size < 2 ** 17)
  products.scale(1, v, space.basis.vectors[0])
  const { work, converged } = iterate(space, tolerance, iterations - first.work)
  products.scale(1, space.basis.vectors[0], v)
  return { work: first.work + work, converged }
}

/**
 * Lanczos iteration in single precision from each start, one after the other, then iterative refinement of what they found.
 *
 * A maximum of the symbol at θ* is one at −θ* too, and two singular values differ by as little as 10⁻⁸: the start's real and imaginary
 * parts. An iteration finds one vector of the two fast and the other very late, so each has its own.
 */
function approach(products: Products, v: Vector, mirror: Vector | undefined, tolerance: number, iterations: number) {
  return borrow(arena => {
    const single = openSingleSquare(products.single!(arena))
    const space = openSpace(single, sizeOf(v.length, 4), false)
    const families: Family[] = []
    let work = 0
    for (const start of mirror ? [v, mirror] : [v]) {
      const [first] = space.basis.vectors
      single.demote(start, first)
      for (const { basis, top } of families) single.project(basis, top, first)
      normalizeVector(single, first)
      const ritz = iterate(space, SINGLE, iterations - work, space.keep)
      work += ritz.work
      const basis = single.basis(ritz.values.length)
      basis.vectors.forEach((q, i) => single.scale(1, space.basis.vectors[i], q))
      const largest = families.length > 0 ? families[0].values[0] : ritz.values[0]
      const top = ritz.values.filter(x => x >= largest * (1 - CLOSE)).length
      families.push({ basis, values: ritz.values, top })
      if (work >= iterations) break
    }
    const refined = refine(openSquare(products, tolerance), single, families, v, tolerance, iterations - work)
    return { work: work + refined.work, converged: refined.converged }
  })
}

/** More vectors mean fewer products and more memory, which is the limit: 256 MB. */
function sizeOf(length: number, bytes: number): number {
  const wanted = Math.min(length > 2 ** 13 ? 60 : 36, Math.floor(2 ** 28 / bytes / length))
  return Math.min(Math.max(4, wanted), length)
}

function openSquare(products: Products, tolerance: number): Square {
  const image = products.output()
  const { apply, adjoint } = (tolerance >= COARSE && products.rapid?.()) || products
  // A layer comes scaled. For a caller's operator the first image's length is the unit, so that squares stay within the range of doubles.
  let scale = products.layer ? 1 : 0
  return {
    ...products,
    basis: products.inputBasis,
    epsilon: 2 ** -52,
    square(p, to) {
      apply(p, image)
      if (scale === 1) return adjoint(image, to)
      scale ||= products.norm(image)
      products.scale(scale > 0 ? 1 / scale : 0, image, image)
      adjoint(image, to)
      products.scale(scale > 0 ? 1 / scale : 0, to, to)
    },
  }
}

function openSingleSquare(single: SingleOperator): SingleSquare {
  const image = single.output()
  return {
    ...single,
    basis: single.inputBasis,
    epsilon: 2 ** -23,
    square(p, to) {
      single.apply(p, image)
      single.adjoint(image, to)
    },
  }
}
