import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { clip } from '../../src/training/clip.ts'
import { rescale } from '../../src/training/rescale.ts'
import { randomLayer } from './random-layers.ts'

const test = suite('training/proven')

test('what clip gives is proven at most its ceiling by spectralNorm, on 500 random layers', () => {
  let touched = 0
  for (let seed = 1; seed <= 500; seed++) {
    const { layer, shape, geometry, what } = randomLayer(seed)
    const ceiling = [0.1, 1, 3][seed % 3]
    const clipped = clip(layer, ceiling, { rounds: seed % 10 })
    assert.ok(clipped.bound.upper <= ceiling && clipped.converged, `${what}: ${clipped.bound.upper}`)
    const { lower, upper } = spectralNorm(conv({ data: clipped.kernel.data, shape }, geometry))
    assert.ok(upper <= ceiling * (1 + 1e-6), `${what}: ${lower} … ${upper}, ceiling ${ceiling}`)
    if (clipped.kernel !== layer.kernel) touched++
  }
  assert.ok(touched > 300, `${touched} layers were clipped at all`)
})

test('what rescale gives is proven at most 1 by spectralNorm, on 500 random layers', () => {
  let sharp = 0
  for (let seed = 1; seed <= 500; seed++) {
    const { layer, shape, geometry, what } = randomLayer(seed)
    const { kernel } = rescale(layer, { iterations: 1 + (seed % 3) })
    const { lower, upper } = spectralNorm(conv({ data: kernel.data, shape }, geometry), { gap: 5e-12 })
    assert.ok(upper <= 1, `${what}: ${lower} … ${upper}`)
    if (lower > 1 - 1e-11) sharp++
  }
  assert.ok(sharp > 50, `the formula is sharp for ${sharp} of the layers: these need the room it leaves`)
})

test.run()
