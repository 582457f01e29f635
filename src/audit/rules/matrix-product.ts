import { euclideanUp } from '../../network/outward.ts'
import { sizeOf } from '../../tensor.ts'
import { matrixNorm } from './linear.ts'
import type { Numbers } from './numbers.ts'
import { broadcast, broadcastShape, sourcesOf } from './pieces.ts'
import { cannotBound, constantAt, numberAt, operand, type Rule, type Step, type View } from './step.ts'
import { linearStep, take } from './steps.ts'

/** A product of stacks of matrices, [batches…, m, k] × [batches…, k, n]: which matrix of each stack makes the b-th of the result. */
interface Product {
  readonly m: number
  readonly k: number
  readonly n: number
  readonly batches: readonly number[]
  readonly left: Int32Array
  readonly right: Int32Array
}

/** A matrix product with a constant: the norm of the matrix, the largest of a stack, the root of their squares where they see one input. */
export const matMul: Rule = view => {
  const [a, b] = [operand(view, 0), operand(view, 1)]
  if (a.constant && b.constant) return [constantProduct(view)]
  if (!a.constant && !b.constant) cannotBound('two computed values are multiplied: no Lipschitz constant holds for all inputs')
  return [productStep(view, a.shape, b.shape, a.constant ?? b.constant!, a.constant ? 1 : 0)]
}

/** α·A'·B' + β·C with one of A and B constant, and C constant or absent. */
export const gemm: Rule = view => {
  const [a, b] = [operand(view, 0), operand(view, 1)]
  if (!b.constant || a.constant) cannotBound('its matrix depends on the input')
  if (numberAt(view, 'transA', 0) !== 0) cannotBound('a transposed input')
  if (a.shape.length !== 2 || b.shape.length !== 2) cannotBound('operands that are no matrices')
  const [alpha, beta] = [numberAt(view, 'alpha', 1), numberAt(view, 'beta', 1)]
  const matrix = numberAt(view, 'transB', 0) !== 0 ? transposed(b.constant) : b.constant
  const c = constantAt(view, 2)
  const scaled = alpha === 1 ? matrix : scaledMatrix(matrix, alpha)
  const step = productStep(view, a.shape, scaled.shape, scaled, 0)
  return [c && beta !== 0 ? shifted(step, beta === 1 ? c : scaledMatrix(c, beta)) : step]
}

function productStep(view: View, left: readonly number[], right: readonly number[], constant: Numbers, moving: 0 | 1): Step {
  const product = productOf(left, right)
  const { batches, m, k, n } = product
  const shape = [...batches, ...(left.length > 1 ? [m] : []), ...(right.length > 1 ? [n] : [])]
  const { gain, rule } = gainOf(view, product, constant, moving)
  const absolute = constant.data.map(Math.abs)
  const through = (matrix: Float64Array, x: Float64Array): Float64Array =>
    moving === 0 ? multiply(product, x, matrix) : multiply(product, matrix, x)
  return linearStep(
    {
      shape,
      rule,
      gain,
      terms: k,
      apply: x => through(constant.data, x),
      adjoint: y => pulledBack(product, y, constant.data, moving, sizeOf(moving === 0 ? left : right)),
      absolute: x => through(absolute, x),
      uncertain: constant.radius && (x => through(constant.radius!, x)),
    },
    moving,
  )
}

function productOf(left: readonly number[], right: readonly number[]): Product {
  const [a, b] = [left.length > 1 ? left : [1, ...left], right.length > 1 ? right : [...right, 1]]
  if (left.length === 0 || right.length === 0) cannotBound('a number is no matrix')
  const [m, k] = a.slice(-2)
  const [inner, n] = b.slice(-2)
  if (k !== inner) cannotBound(`${k} columns and ${inner} rows`)
  const batches = broadcastShape(a.slice(0, -2), b.slice(0, -2))
  const sources = (shape: readonly number[]): Int32Array => sourcesOf(broadcast(shape.slice(0, -2), batches))
  return { m, k, n, batches, left: sources(a), right: sources(b) }
}

function gainOf(view: View, product: Product, constant: Numbers, moving: 0 | 1): { gain: number; rule: string } {
  const [rows, columns] = moving === 0 ? [product.k, product.n] : [product.m, product.k]
  const count = constant.data.length / rows / columns
  const part = (x: Float64Array, i: number): Float64Array => x.slice(i * rows * columns, (i + 1) * rows * columns)
  const norms = Array.from({ length: count }, (_, i) =>
    matrixNorm(view, {
      shape: [rows, columns],
      data: part(constant.data, i),
      ...(constant.radius && { radius: part(constant.radius, i) }),
    }),
  )
  // ‖Δy‖² ≤ Σ over the moving matrices x of ‖Δx‖²·Σ (norms of the constants that x meets)².
  const [mine, theirs] = moving === 0 ? [product.left, product.right] : [product.right, product.left]
  const met = new Map<number, number[]>()
  mine.forEach((source, batch) => {
    met.set(source, [...(met.get(source) ?? []), norms[theirs[batch]]])
  })
  const gain = [...met.values()].map(euclideanUp).reduce((a, b) => Math.max(a, b), 0)
  return {
    gain,
    rule: `${count > 1 ? `largest norm of ${count}` : 'norm of a'} ${rows}×${columns} ${count > 1 ? 'matrices' : 'matrix'}`,
  }
}

function multiply({ m, k, n, left, right }: Product, a: Float64Array, b: Float64Array): Float64Array {
  const y = new Float64Array(left.length * m * n)
  for (let batch = 0; batch < left.length; batch++)
    for (let i = 0; i < m; i++)
      for (let l = 0; l < k; l++) {
        const factor = a[(left[batch] * m + i) * k + l]
        if (factor === 0) continue
        for (let j = 0; j < n; j++) y[(batch * m + i) * n + j] += factor * b[(right[batch] * k + l) * n + j]
      }
  return y
}

/** Yᵀ-side products: dA = dY·Bᵀ, dB = Aᵀ·dY, added up where a matrix serves several batches. */
function pulledBack(
  { m, k, n, left, right }: Product,
  y: Float64Array,
  constant: Float64Array,
  moving: 0 | 1,
  length: number,
): Float64Array {
  const x = new Float64Array(length)
  for (let batch = 0; batch < left.length; batch++)
    for (let i = 0; i < m; i++)
      for (let l = 0; l < k; l++) {
        const at = (left[batch] * m + i) * k + l
        for (let j = 0; j < n; j++) {
          const other = (right[batch] * k + l) * n + j
          const pull = y[(batch * m + i) * n + j]
          if (moving === 0) x[at] += pull * constant[other]
          else x[other] += pull * constant[at]
        }
      }
  return x
}

function constantProduct(view: View): Step {
  const [a, b] = [operand(view, 0), operand(view, 1)]
  const step = productStep({ ...view, norm: () => 0 }, a.shape, b.shape, b.constant!, 0)
  if (b.constant!.radius) cannotBound('a product of rounded constants')
  return { ...step, gains: [0, 0] }
}

function transposed({ data, radius, shape: [rows, columns] }: Numbers): Numbers {
  const turn = (x: Float64Array): Float64Array => x.map((_, at) => x[(at % rows) * columns + Math.floor(at / rows)])
  return { shape: [columns, rows], data: turn(data), ...(radius && { radius: turn(radius) }) }
}

function scaledMatrix({ data, radius, shape }: Numbers, factor: number): Numbers {
  const scaled = data.map(x => x * factor)
  return {
    shape,
    data: scaled,
    radius: scaled.map((x, i) => Math.abs(x) * 2 ** -52 + (radius ? radius[i] * Math.abs(factor) * 1.0001 : 0)),
  }
}

/** The step with a constant added to its result. */
function shifted(step: Step, c: Numbers): Step {
  const sources = sourcesOf(broadcast(c.shape, step.shape))
  const add = take(c.data, sources, 0)
  const off = c.radius && take(c.radius, sources, 0)
  return {
    ...step,
    evaluate(inputs, careful) {
      const y = step.evaluate(inputs, careful)
      const data = y.data.map((v, i) => v + add[i])
      if (!careful) return { ...y, data }
      return {
        ...y,
        data,
        radius: data.map((v, i) => ((y.radius?.[i] ?? 0) + (off?.[i] ?? 0) + Math.abs(v) * 2 ** -52) * (1 + 2 ** -48)),
      }
    },
  }
}
