import type { Bound, Start } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import type { LinearOperator } from '../linear-operator.ts'
import { borrow } from '../runtime/arena.ts'
import { type Basis, normalizeVector, type Vector } from '../runtime/operator.ts'
import { fractionOption, lowerBound, wholeOption } from './claim.ts'
import { openProducts, type Products, pairGradient, rayleighFloor, writeStart } from './rayleigh.ts'
import { smallSvd } from './small-svd.ts'
import { windowStart } from './window-start.ts'
import { peakOf } from '../summation.ts'

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
    const space = openSpace(products, tolerance)
    const v = space.basis.vectors[0]
    writeStart(products, v, options.start, seed, () => products.layer && windowStart(products.layer))
    const { work, converged } = iterate(products, space, tolerance, iterations)
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

/** Relative length below which a new vector is rounding error. */
const NOISE = 2 ** -46

/** Tolerance from which rounding of ten times a plain product's, or a loss of orthogonality of 1e-8, does not show. */
const COARSE = 1e-11

/** Iterations between looks at the residual. */
const LOOK = 20

/** TᵀT·basis[j] = scale²·Σ_i h[j][i]·basis[i], h symmetric; one more vector for the residual. */
interface Space {
  readonly basis: Basis
  readonly size: number
  /** Vectors kept at a restart. */
  readonly keep: number
  /** Every new vector is made orthogonal to all before it, not to the kept ones only. */
  readonly whole: boolean
  /** p ← TᵀT p/scale², by way of a vector of outputs. */
  square(p: Vector, to: Vector): void
  readonly select: Selection
}

/** w ← w without its components along the `kept` first vectors of a basis, when it is time; `fresh` after a restart, `scale` σ₁². */
type Selection = (kept: number, fresh: boolean, scale: number, w: Vector) => void

/** More vectors mean fewer products and more memory, which is the limit: 256 MB. */
function openSpace(products: Products, tolerance: number): Space {
  const image = products.output()
  const { length } = products.input()
  const wanted = Math.min(length > 2 ** 13 ? 60 : 36, Math.floor(2 ** 25 / length))
  const size = Math.min(Math.max(4, wanted), length, Math.max(image.length, 2))
  const { apply, adjoint } = (tolerance >= COARSE && products.rapid?.()) || products
  // A layer comes scaled. For a caller's operator the first image's length is the unit, so that squares stay within the range of doubles.
  let scale = products.layer ? 1 : 0
  const basis = products.inputBasis(size + 1)
  return {
    basis,
    size,
    keep: Math.min(12, Math.ceil(size / 3), size - 1),
    whole: tolerance < COARSE || length * size < 2 ** 17,
    square(p, to) {
      apply(p, image)
      if (scale === 1) return adjoint(image, to)
      scale ||= products.norm(image)
      products.scale(scale > 0 ? 1 / scale : 0, image, image)
      adjoint(image, to)
      products.scale(scale > 0 ? 1 / scale : 0, to, to)
    },
    select: openSelection(products, basis),
  }
}

/** Leaves the top Ritz vector in basis[0]. */
function iterate(products: Products, space: Space, tolerance: number, iterations: number) {
  const { basis, size, keep } = space
  const h = Array.from({ length: size }, () => new Float64Array(size))
  let work = 0
  for (let from = 0; ; from = keep) {
    for (let until = from; until < size; ) {
      const first = until
      until = Math.min(size, until + LOOK)
      const { residual, count } = extend(products, space, h, from, first, until)
      work += count - first
      const { sigma, v } = smallSvd(h.slice(0, count).map(column => column.slice(0, count)))
      const converged = residual * Math.abs(v[0][count - 1]) <= tolerance * sigma[0]
      const done = converged || work >= iterations || keep === 0
      if (!done && until < size) continue
      products.combine(basis, count, joined(v.slice(0, done ? 1 : keep)))
      if (done) return { work, converged }
      // Restart: h becomes the diagonal of Ritz values with the residual's coefficients beside it.
      products.scale(1, basis.vectors[size], basis.vectors[keep])
      for (const column of h) column.fill(0)
      for (let i = 0; i < keep; i++) {
        h[i][i] = sigma[i]
        h[keep][i] = h[i][keep] = residual * v[i][size - 1]
      }
    }
  }
}

/**
 * Adds basis[j + 1] for first ≤ j < until, after `kept` Ritz vectors; returns the length of the residual, whose direction is the next vector.
 *
 * A new vector of the size of rounding errors means that the subspace is invariant: nothing is left to add, the residual is 0.
 */
function extend(products: Products, space: Space, h: Float64Array[], kept: number, first: number, until: number) {
  const { basis, whole } = space
  let residual = 0
  for (let j = first; j < until; j++) {
    const [p, next] = [basis.vectors[j], basis.vectors[j + 1]]
    space.square(p, next)
    h[j][j] = products.dot(p, next)
    if (whole) orthogonalize(products, basis, j + 1, next)
    else {
      products.axpy(-h[j][j], p, next)
      if (j > kept) products.axpy(-h[j][j - 1], basis.vectors[j - 1], next)
      if (kept > 0) space.select(kept, j === kept, h[0][0], next)
    }
    residual = normalizeVector(products, next)
    if (residual <= NOISE * Math.max(h[0][0], h[j][j])) return { residual: 0, count: j + 1 }
    if (j + 1 < h.length) h[j][j + 1] = h[j + 1][j] = residual
  }
  return { residual, count: until }
}

/**
 * Orthogonality to converging Ritz vectors is lost by a factor a step that depends on the gaps of the spectrum. So it is restored at
 * distances that double while next to nothing has been lost: from eps to 1e-12 in one distance is to 1e-8 at most in the next. Always two
 * vectors in a row, since each comes from the two before it.
 */
function openSelection(products: Products, basis: Basis): Selection {
  let spacing = 1
  let wait = 0
  return (kept, fresh, scale, w) => {
    if (!fresh && wait > 1) {
      wait--
      return
    }
    const components = products.project(basis, kept, w)
    if (!fresh && wait === 0) {
      wait = spacing + 1
      return
    }
    wait = 0
    const loss = fresh ? 1 : peakOf(components) / scale
    if (loss > 1e-10) spacing = 1
    else if (loss < 1e-12) spacing = Math.min(16, 2 * spacing)
  }
}

/** w ← w − QQᵀw, twice: what rounding leaves of old directions would come back as ghosts of σ₁. */
function orthogonalize(products: Products, basis: Basis, count: number, w: Vector): void {
  products.project(basis, count, w)
  products.project(basis, count, w)
}

function joined(columns: Float64Array[]): Float64Array {
  const all = new Float64Array(columns.length * columns[0].length)
  columns.forEach((column, j) => {
    all.set(column, j * column.length)
  })
  return all
}
