import type { Bound, Start } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import type { LinearOperator } from '../linear-operator.ts'
import { borrow } from '../runtime/arena.ts'
import { approach, type Outcome, type Starts } from './approach.ts'
import { fractionOption, lowerBound, wholeOption } from './claim.ts'
import { asOptions } from './operand.ts'
import { iterate, openSpace, type Square } from './krylov.ts'
import { openProducts, type Products, pairGradient, rayleighFloor, writeStart } from './rayleigh.ts'
import { windowStart } from './window-start.ts'

export interface LanczosOptions {
  /** Residual ‖Tᵀu − σv‖ ≤ tolerance·σ ends the iteration; σ is then that close to a singular value, about tolerance² where it stands alone. */
  tolerance?: number
  /** Products with T after which it stops, converged or not, as soon as it looks: it does so every 10 products. */
  iterations?: number
  /** The `start` of an earlier result; else a guess where there is one, with noise from `seed`. */
  start?: Start
  seed?: number
  /** Also ∂value/∂kernel. */
  gradient?: boolean
}

/**
 * The norm of a layer from below, converged: Lanczos iteration on TᵀT with thick restarts.
 *
 * For any stride, dilation, groups, transposition and zero padding at one input size. The value is a Rayleigh quotient, so never above
 * the norm, and equal to it to rounding once the residual has converged (`converged`); for a start without any component along the top
 * singular vector it may converge to a smaller singular value. It starts from the symbol's maxima in sine windows (METHODS §8) with a
 * little noise where that is near the answer, from noise elsewhere. Costs two products an iteration, by Winograd's minimal filtering for
 * 3×3 kernels where its rounding does not show, nearly all of them in single precision where vectors are long; the value itself comes from a
 * plain product, the residual from products in double precision.
 *
 * Wu & Simon 2000 (thick-restart Lanczos); Parlett & Scott 1979 (selective orthogonalisation); Sleijpen & Van der Vorst 1996 (corrections).
 * METHODS §2, §3.
 *
 * @param operator a layer with an input size, a dense layer, or products `{shape, apply, applyAdjoint}`
 * @returns work: products with T; start: v; gradient: the correlation of the top pair, one of them where σ₁ is a multiple value
 * @throws OpnormError `option`, `shape`, `nonfinite`
 * @example lanczos(conv([[[1, 1, 1]]], { inputSize: 4 })).value  // 2.61803398874989…, 1 + 2·cos(π/5) from below
 */
export function lanczos(operator: SizedConv | LinearOperator, options: LanczosOptions = {}): Bound<'lower'> {
  asOptions(options, 'lanczos')
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
    const starts = { v, warm: options.start !== undefined, mirrored: () => guess()[1] }
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

/** Length from which single precision pays; the pairs of smaller images are less close, and one iteration finds both. */
const LONG = 2 ** 15

/** v ← the top Ritz vector: by way of single precision where that is offered and worth it, by double precision where that was not enough. */
function climb(products: Products, starts: Starts, tolerance: number, iterations: number): Outcome {
  const { v } = starts
  const map = openSquare(products, tolerance)
  let work = 0
  if (tolerance >= COARSE && v.length >= LONG && products.single) {
    const first = approach(products, map, products.single, starts, tolerance, iterations)
    if (first.converged || first.work >= iterations) return first
    work = first.work
  }
  const space = openSpace(map, v.length, tolerance < COARSE)
  map.scale(1, v, space.basis.vectors[0])
  const last = iterate(space, tolerance, iterations - work)
  map.scale(1, space.basis.vectors[0], v)
  return { work: work + last.work, converged: last.converged }
}

function openSquare(products: Products, tolerance: number): Square {
  const image = products.output()
  const { apply, adjoint } = (tolerance >= COARSE && products.rapid?.()) || products
  return {
    ...products,
    basis: products.inputBasis,
    bytes: 8,
    rank: image.length,
    square(p, to) {
      apply(p, image)
      adjoint(image, to)
    },
  }
}
