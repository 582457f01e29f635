import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bound } from '../../src/bound.ts'
import { type Conv, conv, dense, isSized, type SizedConv } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { exact } from '../../src/methods/exact.ts'
import { f4 } from '../../src/methods/f4.ts'
import { lanczos } from '../../src/methods/lanczos.ts'
import { power } from '../../src/methods/power.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { residual, sequential } from '../../src/network/compose.ts'
import { normalize } from '../../src/training/normalize.ts'
import { absent, kernelOf, loadCases, mismatch, present } from '../conformance/cases.ts'
import { dot, normOf, seeded } from '../oracle.ts'
import { worstDifference } from './differences.ts'
import { definitionAt, randomLayer } from './random-layers.ts'

const test = suite('training/normalize')
const matrix = dense({ data: seeded(3, 20), shape: [4, 5] })

test('the vjp agrees with the golden cases: at the exact norm, circular or zero-padded, and at that of every size', () => {
  if (!present) return console.log(absent)
  const checked: Record<string, number> = { 'vjp:exact': 0, 'vjp:M': 0 }
  for (const entry of loadCases()) {
    for (const key of Object.keys(checked)) {
      const want = entry.expect.gradients?.[key]
      if (!want) continue
      const kernel = kernelOf(entry.kernel)
      const { inputSize: _, padding: __, pads: ___, ...everySize } = entry.geometry ?? {}
      const layer =
        entry.type === 'dense'
          ? dense(kernel)
          : key === 'vjp:M'
            ? conv(kernel, everySize)
            : conv(kernel, { ...entry.geometry, pad: entry.geometry.pads })
      const bound = boundFor(layer)
      const { data, shape } = layer.kernel
      const cotangent = { data: seeded(entry.expect.vjp[key.slice(4)].cotangentSeed, data.length, 1), shape }
      const gradient = normalize(layer, bound, { unproven: true }).vjp(cotangent)
      assert.is(mismatch(gradient.data, want, entry.tolerance.gradients), undefined, `${entry.id} ${key}`)
      checked[key]++
    }
  }
  assert.ok(checked['vjp:exact'] >= 6 && checked['vjp:M'] >= 2, JSON.stringify(checked))
})

/** The norm the golden vjps are about, with its gradient. */
function boundFor(layer: Conv): Bound {
  if (!isSized(layer)) return spectralNorm(layer, { gap: 1e-10, gradient: true })
  return layer.padding === 'circular' ? exact(layer, { gradient: true }) : lanczos(layer, { tolerance: 1e-12, gradient: true })
}

test('divided by a proven bound, the norm is at most 1 with every rounding', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const drawn = randomLayer(seed)
    const { kernel, bound } = normalize(drawn.layer, f4(drawn.layer))
    const norm = normOf(definitionAt(drawn, kernel.data, [7, 3, 2][drawn.shape.length - 3]))
    assert.ok(norm <= bound.upper && bound.upper === 1, `${drawn.what}: ${norm}`)
    assert.is(bound.kind, 'upper')
  }
  const one = normalize(matrix, exact(matrix))
  assert.ok(Math.abs(exact(dense(one.kernel)).value - 1) < 1e-12 && exact(dense(one.kernel)).value <= 1)
})

test('the vjp agrees with differences through the bound it was given', () => {
  for (let seed = 11; seed <= 25; seed++) {
    const { layer, shape, geometry, what } = randomLayer(seed)
    const cotangent = { data: seeded(seed + 5, layer.kernel.data.length), shape }
    const loss = (data: Float64Array) => {
      const moved = conv({ data, shape }, geometry)
      return dot(cotangent.data, normalize(moved, f4(moved, { gradient: true })).kernel.data)
    }
    const gradient = normalize(layer, f4(layer, { gradient: true })).vjp(cotangent)
    const worst = worstDifference(loss, layer.kernel.data, gradient.data, { entries: 6, step: 1e-4 })
    assert.ok(worst < 1e-7 || Math.max(...gradient.data.map(Math.abs)) < 1e-10, `${what}: ${worst}`)
  }
})

test('a floor or an estimate is refused by the compiler and at run time, unless it is asked for and stays an estimate', () => {
  const floor = power(matrix, { gradient: true })
  // @ts-expect-error a floor proves no ceiling
  assert.throws(() => normalize(matrix, floor), byCode('kind'))
  const guess: Bound<'estimate'> = { ...floor, kind: 'estimate', lower: 0 }
  // @ts-expect-error an estimate proves nothing
  assert.throws(() => normalize(matrix, guess), byCode('kind'))
  // What a cast hides, `upper` still says.
  assert.throws(() => normalize(matrix, { ...floor, kind: 'upper' } as Bound<'upper'>), byCode('kind'))
  const { bound, kernel, vjp } = normalize(matrix, floor, { unproven: true })
  assert.is(bound.kind, 'estimate')
  assert.is(bound.upper, Infinity)
  assert.ok(Math.abs(exact(dense(kernel)).value - 1) < 1e-6)
  assert.is(vjp(matrix.kernel).data.length, 20)
  // @ts-expect-error nor does a certificate take what came out
  assert.throws(() => sequential(bound), byCode('kind'))
  assert.is(sequential(normalize(matrix, exact(matrix)).bound).upper, 1)
  assert.is(residual(normalize(matrix, exact(matrix)).bound).upper, 2)
})

test('a zero kernel stays zero', () => {
  const zero = dense([[0, 0], [0, 0]]) // biome-ignore format: a matrix
  const { kernel, bound, vjp } = normalize(zero, exact(zero, { gradient: true }))
  assert.equal([...kernel.data], [0, 0, 0, 0])
  assert.is(bound.upper, 0)
  assert.equal([...vjp([[1, 2], [3, 4]]).data], [0, 0, 0, 0]) // biome-ignore format: a matrix
})

test('what does not fit is said', () => {
  const bound = exact(matrix, { gradient: true })
  assert.throws(() => normalize(matrix, exact(matrix)).vjp(matrix.kernel), byCode('option'))
  assert.throws(() => normalize(matrix, bound).vjp([1, 2, 3]), byCode('shape'))
  const other = dense({ data: seeded(3, 20), shape: [5, 4] })
  assert.throws(() => normalize(other, bound).vjp(other.kernel), byCode('shape'))
  for (const nothing of [null, undefined, 3, 'upper'])
    for (const unproven of [true, undefined])
      assert.throws(() => normalize(matrix, nothing as never, { unproven: unproven as true }), byCode('option'))
  for (const upper of [Number.NaN, -1, null, '2', undefined])
    assert.throws(() => normalize(matrix, { ...bound, kind: 'upper', upper: upper as number }), byCode('option'))
  const overflow: Bound<'upper'> = { ...bound, kind: 'upper', upper: Infinity }
  assert.throws(() => normalize(matrix, overflow), byCode('kind'))
})

test('scales by powers of two exactly, from 1e-280 to 1e+280', () => {
  const cotangent = { data: seeded(8, 20), shape: [4, 5] }
  const at = (layer: SizedConv) => normalize(layer, exact(layer, { gradient: true }))
  const plain = at(matrix)
  for (const exponent of [-930, 930]) {
    const moved = at(dense({ data: matrix.kernel.data.map(x => x * 2 ** exponent), shape: [4, 5] }))
    assert.equal(moved.kernel.data, plain.kernel.data)
    assert.equal(
      moved.vjp(cotangent).data,
      plain.vjp(cotangent).data.map(x => x * 2 ** -exponent),
    )
  }
})

function byCode(code: string) {
  return (error: unknown) => error instanceof OpnormError && error.code === code
}

test.run()
