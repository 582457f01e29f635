import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, type Geometry } from '../../src/conv.ts'
import { borrow } from '../../src/runtime/arena.ts'
import { type Operator, openOperator, type Vector } from '../../src/runtime/operator.ts'
import type { SingleOperator } from '../../src/runtime/single.ts'
import { seeded } from './seeded.ts'

type Sized = Geometry & { inputSize: number | number[] }

/** Largest difference between both products by Winograd and the plain ones, out × in channels; undefined where Winograd does not apply. */
function difference(out: number, inner: number, geometry: Sized, precision: 'single' | 'double' = 'double'): number | undefined {
  const shape = geometry.transposed ? [inner, out, 3, 3] : [out, inner, 3, 3]
  const layer = conv({ data: seeded(5, out * inner * 9), shape }, geometry)
  return borrow(arena => {
    const operator = openOperator(layer, arena)
    if (!operator.rapid) return undefined
    const rapid = precision === 'single' ? inSingle(operator.single!(arena)) : operator.rapid()
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

/** Products in single precision between vectors in double. */
function inSingle(single: SingleOperator): Pick<Operator, 'apply' | 'adjoint'> {
  const [x, y] = [single.inputBasis(1).vectors[0], single.output()]
  return {
    apply(from, to) {
      single.demote(from, x)
      single.apply(x, y)
      single.promote(y, to)
    },
    adjoint(from, to) {
      single.demote(from, y)
      single.adjoint(y, x)
      single.promote(x, to)
    },
  }
}

const layers: [number, number, Sized][] = [
  [4, 4, { inputSize: 8 }],
  [8, 4, { inputSize: [6, 13] }],
  [4, 12, { inputSize: [9, 8], pad: 'valid' }],
  [4, 8, { inputSize: [7, 10], pad: 2 }],
  [8, 8, { inputSize: [11, 6], pad: [0, 1, 2, 2] }],
  [8, 4, { inputSize: [7, 9], transposed: true }],
  [4, 4, { inputSize: [50, 210] }],
  [20, 36, { inputSize: 9 }],
]
for (const [out, inner, geometry] of layers)
  test(`${out}×${inner} ${JSON.stringify(geometry)}: the same products as the plain ones, in either precision`, () => {
    const worst = difference(out, inner, geometry)
    assert.ok(worst !== undefined && worst < 1e-12, String(worst))
    const single = difference(out, inner, geometry, 'single')
    assert.ok(single !== undefined && single < 1e-4, String(single))
  })

test('where it does not apply it is not offered', () => {
  assert.is(difference(4, 4, { inputSize: 8, stride: 2 }), undefined)
  assert.is(difference(4, 4, { inputSize: 8, padding: 'circular' }), undefined)
  assert.is(difference(6, 4, { inputSize: 8 }), undefined)
  assert.is(difference(4, 4, { inputSize: 8, pad: 3 }), undefined)
})

test.run()
