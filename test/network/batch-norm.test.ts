import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { activation } from '../../src/network/activation.ts'
import { batchNorm, foldBatchNorm } from '../../src/network/batch-norm.ts'
import { type Definition, mulberry32, operatorMatrix, seeded } from '../oracle.ts'

test('gain: the largest scale over the deviation, enclosed', () => {
  const plain = batchNorm({ gamma: [2, -6], variance: [4, 9], epsilon: 0 })
  assert.is(plain.value, 2)
  assert.ok(plain.lower <= 2 && 2 <= plain.upper && plain.upper < 2 + 1e-14)
  const next = mulberry32(2)
  for (let i = 0; i < 300; i++) {
    const variance = Float64Array.from({ length: 3 }, () => next() * 10 ** (6 - 12 * next()))
    const gamma = Float64Array.from({ length: 3 }, () => next() - 0.5)
    const bound = batchNorm({ gamma, variance })
    assert.ok(bound.lower <= bound.value && bound.value <= bound.upper && bound.upper <= bound.lower * (1 + 1e-14))
  }
  assert.is(batchNorm({ variance: [0], epsilon: 0.25 }).value, 2)
})

test('folding multiplies the rows of the operator, whatever the geometry', () => {
  for (const transposed of [false, true])
    for (const groups of [1, 2])
      for (const layout of ['OIHW', 'HWIO'] as const) {
        const [outer, inner, k, n] = [4, 3, 3, 5]
        const kernel = seeded(11, outer * inner * k)
        const hwio = Float64Array.from({ length: kernel.length }, (_, at) => {
          const [p, i, o] = [Math.floor(at / (inner * outer)), Math.floor(at / outer) % inner, at % outer]
          return kernel[(o * inner + i) * k + p]
        })
        const tensor = layout === 'OIHW' ? { data: kernel, shape: [outer, inner, k] } : { data: hwio, shape: [k, inner, outer] }
        const layer = conv(tensor, { groups, transposed, layout, pad: [1], stride: 2, inputSize: [n] })
        const gamma = seeded(12, layer.outChannels)
        const variance = seeded(13, layer.outChannels).map(x => x * x)
        const folded = foldBatchNorm(layer, { gamma, variance, epsilon: 1e-3 })
        const asDefined = (data: ArrayLike<number>): Definition => ({
          kernel: data,
          shape: [outer, inner, k],
          inputSize: [n],
          padding: 'zero',
          pads: [1, 1],
          stride: [2],
          dilation: [1],
          groups,
          transposed,
          outputPadding: [0],
        })
        const back = layout === 'OIHW' ? folded.conv.kernel.data : new Float64Array(kernel.length)
        if (layout === 'HWIO')
          for (let at = 0; at < kernel.length; at++) {
            const [p, i, o] = [Math.floor(at / (inner * outer)), Math.floor(at / outer) % inner, at % outer]
            back[(o * inner + i) * k + p] = folded.conv.kernel.data[at]
          }
        const before = operatorMatrix(asDefined(kernel))
        const after = operatorMatrix(asDefined(back))
        const pixels = before.rows / layer.outChannels
        let difference = 0
        for (let at = 0; at < before.data.length; at++) {
          const channel = Math.floor(at / before.columns / pixels)
          difference += (after.data[at] - (before.data[at] * gamma[channel]) / Math.sqrt(variance[channel] + 1e-3)) ** 2
        }
        assert.ok(Math.sqrt(difference) < 1e-14, `${transposed} ${groups} ${layout}: ${Math.sqrt(difference)}`)
        assert.ok(folded.rounding > 0 && folded.rounding < 1e-12)
        assert.is(folded.conv.stride[0], 2)
      }
})

test('the rounding covers what the fold lost', () => {
  // One entry: the true product is known to twice the precision by splitting it in integers.
  const [kernel, gamma] = [3, 1]
  const folded = foldBatchNorm(conv({ data: [kernel], shape: [1, 1, 1] }), { gamma: [gamma], variance: [7], epsilon: 0 })
  const entry = folded.conv.kernel.data[0]
  // |entry − 3/√7| = |entry²·7 − 9| / (7·(entry + 3/√7)), the numerator exactly in integers.
  const scaled = BigInt(Math.round(entry * 2 ** 52))
  const numerator = Number(scaled * scaled * 7n - 9n * 2n ** 104n) / 2 ** 104
  const error = Math.abs(numerator) / (7 * 2 * entry)
  assert.ok(error > 0 && error <= folded.rounding, `${error} ${folded.rounding}`)
})

test('what cannot be folded is refused', () => {
  const layer = conv({ data: [1, 2], shape: [2, 1, 1] })
  assert.throws(() => foldBatchNorm(layer, { variance: [1, 1, 1] }), /^batch norm: expected 2 channels, got 3\./)
  assert.throws(() => foldBatchNorm(layer, { variance: [1, -1] }), /^batch norm: expected variance \+ epsilon above 0, got -1/)
  assert.throws(
    () => foldBatchNorm(layer, { variance: [1, NaN] }),
    /^batch norm variance: expected finite numbers, got NaN at \[1\]/,
  )
  assert.throws(() => batchNorm({ gamma: [1], variance: [1, 2] }), /^batch norm: expected as many scales/)
  assert.throws(() => batchNorm({ variance: [] }), /at least one, got none and 0/)
  assert.throws(() => batchNorm({ variance: [1], epsilon: NaN }), /^batch norm epsilon: expected a finite number, got NaN/)
  for (const bad of [undefined, null, {}, { variance: 3 }, { variance: [1], gamma: {} }] as never[])
    assert.throws(
      () => batchNorm(bad),
      (error: unknown) => error instanceof OpnormError,
    )
  assert.throws(() => foldBatchNorm([[1]] as never, { variance: [1] }), /^foldBatchNorm: expected a layer/)
})

test('tensors of every form are read, not counted', () => {
  const wanted = batchNorm({ gamma: [1, 3], variance: [1e-4, 1] })
  assert.ok(wanted.value > 2)
  const gamma = { data: Float32Array.of(1, 3), shape: [2] }
  assert.equal(batchNorm({ gamma, variance: { data: Float64Array.of(1e-4, 1), dims: [2] } }), wanted)
  assert.is(activation('leaky-relu', { data: [5, -7], shape: [2] }).value, 7)
  for (const bad of [{}, true, 'x', [Number.NaN]] as never[])
    assert.throws(
      () => activation('leaky-relu', bad),
      (error: unknown) => error instanceof OpnormError,
    )
})

test('a scale below the normal numbers is off by more than a relative error, and that is counted', () => {
  const { conv: folded, rounding } = foldBatchNorm(conv([[[1e300]]]), { gamma: [2e-323], variance: [3], epsilon: 0 })
  // The quotient in full, 4·2⁻¹⁰⁷⁴/√3 · 1e300: its first factor is multiplied up before anything is lost.
  const whole = (4 / Math.sqrt(3)) * (1e300 * 2 ** -537) * 2 ** -537
  const { upper } = spectralNorm(folded)
  assert.ok(upper < whole && upper + rounding > whole && rounding < 1e-23, `${upper} + ${rounding}, ${whole}`)
})

test.run()
