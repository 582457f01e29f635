import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Definition, decompose, dot, multiply, operatorMatrix, outputSides, seeded, transpose } from './oracle.ts'

test('the generator gives the published first values', () => {
  assert.equal([...seeded(1000, 4)], [0.8351660370826721, -1.5728607177734375, 1.1217910051345825, -1.0458279848098755])
})

test('a decomposition reproduces what is known of its matrix', () => {
  const matrix = { rows: 5, columns: 7, data: seeded(3, 35) }
  const { sigma, u, v } = decompose(matrix)
  const squares = sigma.reduce((sum, s) => sum + s * s, 0)
  assert.ok(Math.abs(squares - dot(matrix.data, matrix.data)) < 1e-12 * squares)
  const image = multiply(matrix, v)
  const back = multiply(transpose(matrix), u)
  for (let i = 0; i < 5; i++) assert.ok(Math.abs(image[i] - sigma[0] * u[i]) < 1e-12)
  for (let j = 0; j < 7; j++) assert.ok(Math.abs(back[j] - sigma[0] * v[j]) < 1e-12)
})

test('the operator: a box filter by hand, and a transposed layer is the transpose', () => {
  const box: Definition = {
    kernel: [1, 10, 100],
    shape: [1, 1, 3],
    inputSize: [4],
    padding: 'zero',
    pads: [1, 1],
    stride: [2],
    dilation: [1],
    groups: 1,
    transposed: false,
    outputPadding: [0],
  }
  assert.equal(outputSides(box), [2])
  assert.equal([...operatorMatrix(box).data], [10, 100, 0, 0, 0, 1, 10, 100])
  const adjoint = { ...box, transposed: true, inputSize: [2], outputPadding: [1] }
  assert.equal(outputSides(adjoint), [4])
  assert.equal([...operatorMatrix(adjoint).data], [...transpose(operatorMatrix(box)).data])
})

test.run()
