import type { Bound, Start } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import type { LinearOperator } from '../linear-operator.ts'
import { borrow } from '../runtime/arena.ts'
import { lowerBound, wholeOption } from './claim.ts'
import { asOptions } from './operand.ts'
import { openProducts, pairGradient, rayleighFloor, writeStart } from './rayleigh.ts'
import { normalizeVector } from '../runtime/operator.ts'

/**
 * Lower bound on σ₁ by power iteration on TᵀT: σ₁ ≥ ‖T v‖/‖v‖ for the v reached.
 *
 * Holds for the layer with its true stride, dilation, padding and size, whatever v is. How far below the norm it lies depends on the
 * start and on the distance between the top singular values; from a random start 100 iterations leave 0.4 % and less on trained layers,
 * 0.02 % in the median.
 * Costs two products an iteration, and one more.
 *
 * Ryu et al. 2019, arXiv:1905.05406; Farnia et al. 2019. METHODS §3.
 *
 * @param operator a layer with an input size, a dense layer, or products `{shape, apply, applyAdjoint}`
 * @param options iterations; start: the `start` of an earlier result, else seeded noise; gradient of the quotient at u = T v/‖T v‖
 * @returns work: iterations; start: v
 * @throws OpnormError `option`, `shape`, `nonfinite`
 * @example power(dense([[3, 0], [0, 4]]), { iterations: 50 }).value  // 4 to rounding, from below
 */
export function power(
  operator: SizedConv | LinearOperator,
  options: { iterations?: number; start?: Start; seed?: number; gradient?: boolean } = {},
): Bound<'lower'> {
  asOptions(options, 'power')
  const iterations = wholeOption('iterations', options.iterations ?? 100, 0)
  const seed = wholeOption('seed', options.seed ?? 1, 0)
  return borrow(arena => {
    const products = openProducts(operator, arena, 'power')
    const [v, u] = [products.input(), products.output()]
    writeStart(products, v, options.start, seed)
    let done = 0
    for (products.apply(v, u); done < iterations && products.norm(u) > 0; done++) {
      products.adjoint(u, v)
      normalizeVector(products, v)
      products.apply(v, u)
    }
    return lowerBound(rayleighFloor(products, v, u), {
      method: 'power',
      scope: 'this-size',
      exponent: products.exponent,
      work: done,
      start: { method: 'power', vectors: [products.read(v)] },
      ...(options.gradient && { gradient: pairGradient(products, u, v) }),
    })
  })
}
