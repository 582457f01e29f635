/** The layer as an operator: convolution, adjoint, kernel correlation (2·m·n·k²·pixels operations each) and the vector routines of Lanczos. */
import { conv } from '../../src/conv.ts'
import { borrow } from '../../src/runtime/arena.ts'
import { openOperator } from '../../src/runtime/operator.ts'
import { best, rated, uniform } from '../frame.ts'

for (const [channels, n, k] of [
  [64, 56, 3],
  [64, 56, 1],
  [128, 28, 3],
  [256, 14, 3],
  [512, 7, 3],
  [512, 7, 1],
]) {
  const layer = conv({ data: uniform(channels * channels * k * k), shape: [channels, channels, k, k] }, { inputSize: n })
  const side = `${k}×${k}×${channels}@${n}`
  const operations = 2 * channels * channels * k * k * n * n
  const [apply, adjoint, correlate] = borrow(arena => {
    const operator = openOperator(layer, arena)
    const [x, y] = [operator.input(), operator.output()]
    operator.write(x, uniform(x.length))
    operator.write(y, uniform(y.length))
    const z = operator.input()
    return [best(() => operator.apply(x, y)), best(() => operator.adjoint(y, z)), best(() => operator.correlate(y, x))]
  })
  await rated('convolution', side, operations, apply)
  await rated('adjoint', side, operations, adjoint)
  await rated('kernel correlation', side, operations, correlate)
}

const length = 64 * 56 * 56
const vectors = 32
const [dot, axpy, project] = borrow(arena => {
  const at = arena.put(uniform(length * (vectors + 2)))
  const w = at + vectors * length * 8
  const c = arena.alloc(vectors * 8)
  const { routines } = arena
  return [
    best(() => routines.dot(length, at, w)),
    best(() => routines.axpy(length, 1e-9, at, w)),
    best(() => routines.project(vectors, length, at, length * 8, w, c)),
  ]
})
await rated('dot', length, 2 * length, dot)
await rated('axpy', length, 2 * length, axpy)
await rated(`project on ${vectors} vectors`, length, 4 * vectors * length, project)
