import type { Bound, Start } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import type { LinearOperator } from '../linear-operator.ts'
import { borrow } from '../runtime/arena.ts'
import { normalizeVector, type Vector } from '../runtime/operator.ts'
import type { SingleOperator } from '../runtime/single.ts'
import { fractionOption, lowerBound, wholeOption } from './claim.ts'
import type { SingleSquare } from './correction.ts'
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
    const { layer } = products
    let windows: ReturnType<typeof windowStart>
    const guess = () => {
      if (layer) windows ??= windowStart(layer)
      return windows ?? []
    }
    writeStart(products, v, options.start, seed, () => guess()[0])
    const starts = { v, warm: options.start !== undefined, mirror: () => guess()[1] }
    const { work, converged } = climb(products, starts, tolerance, iterations)
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

/** Residual to which single precision goes: a little above what its rounding leaves, and far enough for the second Ritz vectors to be told from the first. */
const SINGLE = 2 ** -17

/** Eigenvalues closer than this to the first are refined together with it. */
const CLOSE = 2 ** -16

/** Length from which single precision pays for the vectors and tables it needs besides. */
const LONG = 2 ** 14

/** Ritz vectors that an iteration in single precision leaves. */
const LEAVE = 2

/** Start vectors: the one to begin with, whether it may be the answer already, and one for the first one's mirror image. */
interface Starts {
  readonly v: Vector
  readonly warm: boolean
  mirror(): Float64Array | undefined
}

interface Outcome {
  readonly work: number
  readonly converged: boolean
}

/** v ← the top Ritz vector: by way of single precision where that is offered and worth it, by double precision where that was not enough. */
function climb(products: Products, starts: Starts, tolerance: number, iterations: number): Outcome {
  const { v } = starts
  const map = openSquare(products, tolerance)
  let work = 0
  if (tolerance >= COARSE && v.length >= LONG && products.single) {
    const first = approach(products, map, starts, tolerance, iterations)
    if (first.converged || first.work >= iterations) return first
    work = first.work
  }
  const size = Math.min(sizeOf(v.length, 8), Math.max(products.output().length, 2))
  const space = openSpace(map, size, tolerance < COARSE || v.length * size < 2 ** 17)
  map.scale(1, v, space.basis.vectors[0])
  const last = iterate(space, tolerance, iterations - work)
  map.scale(1, space.basis.vectors[0], v)
  return { work: work + last.work, converged: last.converged }
}

/**
 * Lanczos iteration in single precision, then iterative refinement of what it found.
 *
 * A maximum of the symbol at θ* is one at −θ* too, so the largest singular values come in pairs, 10⁻⁸ apart: the real and the imaginary
 * part of a modulated window. An iteration from one of them finds it fast and the other late, so each has an iteration of its own.
 */
function approach(products: Products, map: Square, starts: Starts, tolerance: number, iterations: number): Outcome {
  const { v, warm } = starts
  if (warm && residualOf(map, v) <= tolerance) return { work: 1, converged: true }
  return borrow(arena => {
    const single = openSingleSquare(products.single!(arena))
    const space = openSpace(single, sizeOf(v.length, 4), false)
    const found = single.basis(2 * LEAVE)
    let count = 0
    let work = 0
    let largest = 0
    const run = (start: Vector) => {
      const [first] = space.basis.vectors
      single.demote(start, first)
      single.project(found, count, first)
      normalizeVector(single, first)
      const { values, work: made } = iterate(space, SINGLE, iterations - work, LEAVE)
      work += made
      largest ||= values[0]
      for (let i = 0; i < values.length && values[i] >= largest * (1 - CLOSE); i++) {
        const q = found.vectors[count]
        single.scale(1, space.basis.vectors[i], q)
        single.project(found, count, q)
        if (normalizeVector(single, q) > 0.1) count++
      }
    }
    run(v)
    const mirror = work < iterations && starts.mirror()
    if (mirror) {
      products.write(v, mirror)
      normalizeVector(products, v)
      run(v)
    }
    const refined = refine(map, single, found, count, v, tolerance, iterations - work)
    return { work: work + refined.work, converged: refined.converged }
  })
}

/** ‖TᵀT v − θv‖/θ of a unit vector. */
function residualOf(map: Square, v: Vector): number {
  const [r] = map.basis(1).vectors
  map.square(v, r)
  const theta = map.dot(v, r)
  map.axpy(-theta, v, r)
  return map.norm(r) / theta
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
