import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, type Geometry } from '../../src/conv.ts'
import { type Operator, type Vector, withOperator } from '../../src/runtime/operator.ts'
import { seeded } from './seeded.ts'

/** Both products of a layer with out × in channels, by Winograd and plainly; undefined where Winograd does not apply. */
function difference(out: number, inner: number, geometry: Geometry & { inputSize: number | number[] }): number | undefined {
  const shape = geometry.transposed ? [inner, out, 3, 3] : [out, inner, 3, 3]
  const layer = conv({ data: seeded(5, out * inner * 9), shape }, geometry)
  return withOperator(layer, operator => {
    if (!operator.rapid) return undefined
    const rapid = operator.rapid()
    const [x, y] = [operator.input(), operator.output()]
    const pairs: [Vector, Vector, Operator['apply'], Operator['apply']][] = [
      [x, operator.output(), operator.apply, rapid.apply],
      [y, operator.input(), operator.adjoint, rapid.adjoint],
    ]
    let worst = 0
    for (const [from, to, plain, quick] of pairs) {
      operator.write(from, seeded(6, from.length))
      // Twice, with other numbers in between: what the first leaves behind must not show.
      quick(from, to)
      operator.write(from, seeded(7, from.length))
      quick(from, to)
      const got = operator.read(to)
      plain(from, to)
      operator.read(to).forEach((wanted, i) => {
        worst = Math.max(worst, Math.abs(got[i] - wanted))
      })
    }
    return worst
  })
}

const layers: [number, number, Geometry & { inputSize: number | number[] }][] = [
  [4, 4, { inputSize: 8 }],
  [8, 4, { inputSize: [6, 13] }],
  [4, 12, { inputSize: [9, 8], pad: 'valid' }],
  [4, 8, { inputSize: [7, 10], pad: 2 }],
  [8, 8, { inputSize: [11, 6], pad: [0, 1, 2, 2] }],
  [8, 4, { inputSize: [7, 9], transposed: true }],
  [4, 4, { inputSize: [50, 210] }],
]
for (const [out, inner, geometry] of layers)
  test(`${out}×${inner} ${JSON.stringify(geometry)}: the same products as the plain ones`, () => {
    const worst = difference(out, inner, geometry)
    assert.ok(worst !== undefined && worst < 1e-12, String(worst))
  })

test('where it does not apply it is not offered', () => {
  assert.is(difference(4, 4, { inputSize: 8, stride: 2 }), undefined)
  assert.is(difference(4, 4, { inputSize: 8, padding: 'circular' }), undefined)
  assert.is(difference(6, 4, { inputSize: 8 }), undefined)
  assert.is(difference(4, 4, { inputSize: 8, pad: 3 }), undefined)
})

test.run()
