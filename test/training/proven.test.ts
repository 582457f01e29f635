import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { clip } from '../../src/training/clip.ts'
import { rescale } from '../../src/training/rescale.ts'
import { randomLayer } from './random-layers.ts'

const test = suite('training/proven')

test('on 500 random layers, what clip and rescale give is proven at most their target by spectralNorm', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const { layer, shape, geometry, what } = randomLayer(seed)
    const ceiling = [0.1, 1, 3][seed % 3]
    const clipped = clip(layer, ceiling, { rounds: seed % 10 })
    assert.ok(clipped.bound.upper <= ceiling && clipped.converged, `${what}: ${clipped.bound.upper}`)
    const { kernel } = rescale(layer, { iterations: 1 + (seed % 3) })
    // 1e-6 is how far above the norm the proof of spectralNorm may end; its own proof needs none of it.
    const { lower, upper } = spectralNorm(conv({ data: kernel.data, shape }, geometry))
    assert.ok(lower <= 1 && upper <= 1 + 1e-6, `${what}: ${lower} … ${upper}`)
    if (upper > 1) assert.ok(spectralNorm(conv({ data: kernel.data, shape }, geometry), { gap: 1e-9 }).upper <= 1 + 1e-9, what)
  }
})

test.run()
