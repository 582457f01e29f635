import type { Bound, Start } from '../bound.ts'
import type { SizedConv } from '../conv.ts'
import type { LinearOperator } from '../linear-operator.ts'
import { borrow } from '../runtime/arena.ts'
import type { Basis, Vector } from '../runtime/operator.ts'
import { fractionOption, lowerBound, wholeOption } from './claim.ts'
import { normalizeVector, openProducts, type Products, pairGradient, rayleighFloor, writeStart } from './rayleigh.ts'
import { smallSvd } from './small-svd.ts'

export interface LanczosOptions {
  /** Residual ‖Tᵀu − σv‖ ≤ tolerance·σ ends the iteration; σ itself is then within about tolerance² of a singular value. */
  tolerance?: number
  /** Most products with T before it stops, converged or not. */
  iterations?: number
  start?: Start
  seed?: number
  gradient?: boolean
}

/**
 * The norm of a layer from below, converged: Golub–Kahan–Lanczos bidiagonalisation with thick restarts.
 *
 * For any stride, dilation, groups, transposition and zero padding at one input size. The value is a Rayleigh quotient, so never above
 * the norm, and equal to it to rounding once the residual has converged (`converged`); for a start without any component along the top
 * singular vector it may converge to a smaller singular value. Costs two products and a reorthogonalisation an iteration.
 *
 * Golub & Kahan 1965; Baglama & Reichel 2005 (augmented implicitly restarted Lanczos bidiagonalization). METHODS §2, §3.
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
    const bases = openBases(products)
    writeStart(products, bases.right.vectors[0], options.start, seed)
    if (bases.size === 1) settle(products, bases)
    const { v, work, converged } = iterate(products, bases, tolerance, iterations)
    const u = bases.left.vectors[0]
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

/** Lanczos vectors: T·right[j] = Σ_i B[j][i]·left[i], B upper triangular by columns; one more right vector for the residual. */
interface Bases {
  readonly right: Basis
  readonly left: Basis
  readonly size: number
  /** Singular pairs kept at a restart. */
  readonly keep: number
}

/** More vectors mean fewer products and more orthogonalisation; memory is the other limit (both bases together 256 MB). */
function openBases(products: Products): Bases {
  const [inputs, outputs] = [products.input().length, products.output().length]
  const room = Math.floor(2 ** 28 / (8 * (inputs + outputs)))
  const size = Math.min(Math.max(4, Math.min(36, room)), inputs, outputs)
  const keep = Math.min(Math.ceil(size / 3), size - 1)
  return { right: products.inputBasis(size + 1), left: products.outputBasis(size), size, keep }
}

/** One input or one output: rank one, where no restart has room to improve but a single product with TᵀT lands on the singular vector. */
function settle(products: Products, { right, left }: Bases): void {
  products.apply(right.vectors[0], left.vectors[0])
  products.adjoint(left.vectors[0], right.vectors[0])
  normalizeVector(products, right.vectors[0])
}

function iterate(products: Products, bases: Bases, tolerance: number, iterations: number) {
  const { right, left, size, keep } = bases
  const b = Array.from({ length: size }, () => new Float64Array(size))
  let from = 0
  let work = 0
  while (true) {
    const residual = extend(products, bases, b, from)
    work += size - from
    const { sigma, u, v } = smallSvd(b.map(column => column.slice()))
    const converged = residual * Math.abs(u[0][size - 1]) <= tolerance * sigma[0]
    const done = converged || work >= iterations || keep === 0
    products.combine(right, size, joined(v.slice(0, done ? 1 : keep)))
    if (done) return { v: right.vectors[0], work, converged }
    products.combine(left, size, joined(u.slice(0, keep)))
    // Restart: B becomes diag(σ) with the residual's coefficients in the next column.
    products.scale(1, right.vectors[size], right.vectors[keep])
    for (const column of b) column.fill(0)
    for (let i = 0; i < keep; i++) {
      b[i][i] = sigma[i]
      b[keep][i] = residual * u[i][size - 1]
    }
    from = keep
  }
}

/**
 * Adds left[j] and right[j + 1] for j ≥ from; returns the length of the residual, whose direction is right[size].
 *
 * A new vector of the size of rounding errors means that the subspace is invariant: nothing is left to add, the residual is 0.
 */
function extend(products: Products, { right, left, size }: Bases, b: Float64Array[], from: number): number {
  let [residual, scale] = [0, b[0][0]]
  for (let j = from; j < size; j++) {
    const [p, q, next] = [right.vectors[j], left.vectors[j], right.vectors[j + 1]]
    products.apply(p, q)
    const components = orthogonalize(products, left, j, q)
    for (let i = 0; i < j; i++) b[j][i] = components[i]
    b[j][j] = normalizeVector(products, q)
    scale = Math.max(scale, b[j][j])
    products.adjoint(q, next)
    orthogonalize(products, right, j + 1, next)
    residual = normalizeVector(products, next)
    if (Math.min(b[j][j], residual) <= NOISE * scale) return 0
  }
  return residual
}

/** w ← w − QQᵀw, twice: what rounding leaves of old directions would come back as ghosts of σ₁. Returns the components. */
function orthogonalize(products: Products, basis: Basis, count: number, w: Vector): Float64Array {
  if (count === 0) return new Float64Array(0)
  const components = products.project(basis, count, w)
  products.project(basis, count, w).forEach((c, i) => {
    components[i] += c
  })
  return components
}

function joined(columns: Float64Array[]): Float64Array {
  const all = new Float64Array(columns.length * columns[0].length)
  columns.forEach((column, j) => {
    all.set(column, j * column.length)
  })
  return all
}
