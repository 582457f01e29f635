import { fail, show } from '../errors.ts'
import { add, type Scope, skip, type Work } from './extraction.ts'
import type { GraphNode, Layer } from './model.ts'
import { derived, reshaped, transposed } from './weights.ts'

/** Y = α·A·B + C: the stored factor is the layer, α its scale. */
export function gemm(node: GraphNode, scope: Scope, work: Work): Layer | undefined {
  const alpha = (node.attributes.alpha as number | undefined) ?? 1
  const right = scope(node.inputs[1] ?? '')
  const left = scope(node.inputs[0] ?? '')
  const name = right ? node.inputs[1] : node.inputs[0]
  const matrix = right ?? left
  if (!matrix || (left && right)) return undefined
  if (matrix.shape.length !== 2) return skip(name, `rank ${matrix.shape.length}: Gemm takes matrices`, work)
  // As [out, in]: B is [in, out] unless transB; A·x is [out, in] unless transA.
  const turned = right ? !node.attributes.transB : Boolean(node.attributes.transA)
  const oriented = turned ? transposed(matrix) : matrix
  const kernel =
    alpha === 1
      ? oriented
      : derived(oriented, oriented.shape, values => Float64Array.from(values, value => value * alpha), 'float64')
  return add(name, { op: 'dense', kernel, kind: 'Gemm' }, work)
}

export function product(node: GraphNode, scope: Scope, work: Work): Layer | undefined {
  const [leftName = '', rightName = ''] = node.inputs
  const right = scope(rightName)
  const left = scope(leftName)
  const matrix = right ?? left
  if (!matrix || (left && right)) return undefined
  const name = right ? rightName : leftName
  if (matrix.shape.length !== 2)
    return skip(name, `rank ${matrix.shape.length} in MatMul ${show(node.name)}: a stack of matrices is not one layer`, work)
  return add(name, { op: 'dense', kernel: right ? transposed(right) : matrix, kind: 'MatMul' }, work)
}

/** W and R of a recurrent node, one matrix per direction: [gates·hidden, in] and [gates·hidden, hidden]. */
export function recurrent(node: GraphNode, scope: Scope, work: Work): void {
  for (const name of [node.inputs[1] ?? '', node.inputs[2] ?? '']) {
    const stacked = scope(name)
    if (stacked?.shape.length !== 3) {
      skip(name || node.name, `a matrix of ${node.op} ${show(node.name)} is computed, not stored`, work)
      continue
    }
    const [directions, rows, columns] = stacked.shape
    if (directions > 2) fail('file', work.what, 'one or two directions', String(directions), 'The graph is damaged')
    for (let direction = 0; direction < directions; direction++) {
      const kernel =
        directions === 1
          ? reshaped(stacked, [rows, columns])
          : derived(
              stacked,
              [rows, columns],
              values => values.slice(direction * rows * columns, (direction + 1) * rows * columns),
              stacked.dtype.includes('float16') ? 'float32' : stacked.dtype,
            )
      const suffix = directions === 1 ? '' : `[${direction}]`
      add(name, { op: 'dense', kernel, kind: node.op }, work, suffix)
    }
  }
}
