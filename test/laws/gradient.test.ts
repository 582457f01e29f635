import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { SizedConv } from '../../src/index.ts'
import { dot, seeded } from '../oracle.ts'
import { randomMatrix, samples, withKernel } from './layers.ts'
import { type Method, methodsFor } from './table.ts'

/** 200 kernels and geometries; every method that applies to a layer is tried on a quarter of them. */
const layers = [...samples(23, 180).map(({ layer, name }) => ({ layer, name })), ...matrices()]

test('gradients agree with Richardson differences to 1e-7 at 200 random kernels and geometries', () => {
  const tried = new Map<string, number>()
  layers.forEach(({ layer, name }, index) => {
    methodsFor(layer).forEach((method, m) => {
      if ((index + m) % 4 !== 0) return
      const bound = method.run(layer, true)
      if (!bound.gradient) return
      assert.equal(bound.gradient.shape, layer.kernel.shape)
      verify(method, layer, bound.gradient.data, index, name)
      tried.set(method.name, (tried.get(method.name) ?? 0) + 1)
    })
  })
  for (const [name, count] of tried) assert.ok(count >= (name === 'holder' ? 4 : 15), `${name} was tried ${count} times`)
})

test('Euler: ⟨gradient, K⟩ is the value, since norms are homogeneous', () => {
  for (const { layer, name } of layers.slice(0, 60)) {
    for (const method of methodsFor(layer)) {
      const { value, gradient } = method.run(layer, true)
      if (gradient)
        assert.ok(Math.abs(dot(gradient.data, layer.kernel.data) - value) <= tolerance(method) * value, `${method.name} ${name}`)
    }
  }
})

function verify(method: Method, layer: SizedConv, gradient: Float64Array, seed: number, name: string): void {
  const direction = seeded(seed + 1, gradient.length)
  const slope = dot(gradient, direction)
  const along = (h: number) =>
    method.run(
      withKernel(
        layer,
        layer.kernel.data.map((x, i) => x + h * direction[i]),
      ),
      false,
    ).value
  const central = (h: number) => (along(h) - along(-h)) / (2 * h)
  const size = Math.sqrt(dot(gradient, gradient) * dot(direction, direction))
  // Smaller steps where a kink, another frequency taking over, lies within the larger ones.
  const off = [1e-3, 1e-4].map(h => Math.abs((4 * central(h / 2) - central(h)) / 3 - slope))
  assert.ok(Math.min(...off) <= 1e-7 * size, `${method.name}: off by ${off} of ${size} for ${name}`)
}

/** spectralNorm's value is the upper end of an enclosure, its gradient that of the norm. */
function tolerance({ name }: Method): number {
  return name === 'spectralNorm' ? 1e-5 : 1e-9
}

function matrices() {
  return Array.from({ length: 20 }, (_, i) => {
    const [rows, columns] = [1 + (i % 6), 1 + ((i * 7) % 5)]
    return { layer: randomMatrix(i + 50, rows, columns), name: `${rows} × ${columns}` }
  })
}

test.run()
