import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { singularValuesAt, singularValuesOf } from '../../src/runtime/spectrum.ts'
import { circularFrequencies, circularGrid, symbolCircular } from '../../src/symbol.ts'

test('the squares of all values of a circular layer add up to n² times its Frobenius norm squared', () => {
  for (const size of [3, 4, 5]) {
    const data = Float64Array.from({ length: 3 * 2 * 9 }, (_, i) => ((i * 7919) % 101) / 50 - 1)
    const layer = conv({ data, shape: [3, 2, 3, 3] }, { padding: 'circular', inputSize: size })
    const symbol = symbolCircular(layer)
    const values = singularValuesAt(symbol, 0, circularFrequencies(circularGrid(layer), false))
    assert.is(values.length, size * size * 2)
    const total = values.reduce((sum, x) => sum + x * x, 0) * 4 ** symbol.exponent
    const wanted = size * size * data.reduce((sum, x) => sum + x * x, 0)
    assert.ok(Math.abs(total - wanted) < 1e-13 * wanted, `${total} ${wanted}`)
  }
})

test('one real matrix, wide or tall, at any scale', () => {
  for (const scale of [1, 1e-300, 1e300, 2 ** -1040]) {
    const matrix = Float64Array.from([3, 0, 0, 0, 0, -4, 0, 0], x => x * scale)
    assert.equal(Array.from(singularValuesOf(matrix, 2, 4)), [4 * scale, 3 * scale])
    assert.equal(Array.from(singularValuesOf(matrix, 4, 2)), [4 * scale, 3 * scale])
  }
  assert.equal(Array.from(singularValuesOf(new Float64Array(6), 2, 3)), [0, 0])
})

test.run()
