import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { adjoint, apply, type SizedConv, type Start } from '../../src/index.ts'
import { gradientPenalty } from '../../src/training/gradient-penalty.ts'
import { normalize } from '../../src/training/normalize.ts'
import { orthogonality } from '../../src/training/orthogonality.ts'
import { penalty } from '../../src/training/penalty.ts'
import { rescale } from '../../src/training/rescale.ts'
import { type Method, methods } from '../laws/table.ts'
import { randomMatrix, samples, withKernel } from '../laws/layers.ts'
import { dot, seeded } from '../oracle.ts'

const test = suite('training/gradients')

/** A number made of a layer, and its gradient for the kernel; `near` is the number again for kernels close by. */
interface Slope {
  readonly value: number
  readonly gradient: ArrayLike<number>
  near(layer: SizedConv): number
}

interface Quantity {
  readonly name: string
  accepts(layer: SizedConv): boolean
  of(layer: SizedConv): Slope
}

const cotangentFor = (layer: SizedConv) => ({ data: seeded(77, layer.kernel.data.length), shape: layer.kernel.shape })

function penaltyThrough(method: Method, power: 1 | 2): Quantity {
  const of = (layer: SizedConv, gradient: boolean) => {
    const bound = (each: SizedConv) => method.run(each, gradient)
    return gradient ? penalty([layer], { bound, power, weight: 0.3 }) : undefined
  }
  const value = (layer: SizedConv) => 0.3 * method.run(layer, false).value ** power
  return {
    name: `penalty σ^${power} by ${method.name}`,
    accepts: method.accepts,
    of: layer => ({ value: value(layer), gradient: of(layer, true)!.gradients[0].data, near: value }),
  }
}

function normalizeThrough(method: Method): Quantity {
  const value = (layer: SizedConv) =>
    dot(cotangentFor(layer).data, normalize(layer, method.run(layer, false), { unproven: true }).kernel.data)
  return {
    name: `normalize by ${method.name}`,
    accepts: method.accepts,
    of: layer => ({
      value: value(layer),
      gradient: normalize(layer, method.run(layer, true), { unproven: true }).vjp(cotangentFor(layer)).data,
      near: value,
    }),
  }
}

function rescaled(iterations: number): Quantity {
  const value = (layer: SizedConv) => dot(cotangentFor(layer).data, rescale(layer, { iterations }).kernel.data)
  return {
    name: `rescale ${iterations}`,
    accepts: () => true,
    of: layer => ({ value: value(layer), gradient: rescale(layer, { iterations }).vjp(cotangentFor(layer)).data, near: value }),
  }
}

/** Starts from the vectors found at the middle, so that all points climb to one maximum, and goes on until that is reached. */
function orthogonal(kind: 'tensor-norm' | 'ratio'): Quantity {
  const climbed = (layer: SizedConv, from?: Start) => {
    let found = orthogonality(layer, kind, { ...(from && { start: from }) })
    for (let more = 0; more < 30 && found.bound.converged === false; more++)
      found = orthogonality(layer, kind, { start: found.start! })
    return found
  }
  return {
    name: `orthogonality, ${kind}`,
    accepts: () => true,
    of(layer) {
      const { value, gradient, start } = climbed(layer)
      return { value, gradient: gradient.data, near: each => climbed(each, start).value }
    },
  }
}

/** The Jacobian is the layer itself; linear in its kernel, so that ⟨left, T(eᵢ) right⟩ is what entry i moves. */
const ofJacobian: Quantity = {
  name: 'gradientPenalty',
  accepts: () => true,
  of(layer) {
    const at = (each: SizedConv) => gradientPenalty(operatorOf(each), { target: 0.4, tolerance: 1e-11 })
    const { value, slope, left, right } = at(layer)
    const gradient = Float64Array.from(layer.kernel.data, (_, i) => {
      const unit = new Float64Array(layer.kernel.data.length)
      unit[i] = 1
      return slope * dot(left, Float64Array.from(operatorOf(withKernel(layer, unit)).apply(right)))
    })
    return { value, gradient, near: each => at(each).value }
  },
}

function operatorOf(layer: SizedConv) {
  const sizes = [[layer.outChannels, ...layer.outputSize], [layer.inChannels, ...layer.inputSize]] // biome-ignore format: one line
  const [outputs, inputs] = sizes.map(shape => shape.reduce((a, b) => a * b))
  return {
    shape: [outputs, inputs] as const,
    apply: (x: Float64Array) => apply(layer, { data: x, shape: sizes[1] }).data,
    applyAdjoint: (y: Float64Array) => adjoint(layer, { data: y, shape: sizes[0] }).data,
  }
}

/** A value by power iteration that has not converged is no smooth function of the kernel, and has no gradient. */
const differentiable = methods.filter(({ name }) => name !== 'power')

const quantities: readonly Quantity[] = [
  ...differentiable.flatMap(method => [penaltyThrough(method, 1), penaltyThrough(method, 2), normalizeThrough(method)]),
  ...[1, 2, 3].map(rescaled),
  orthogonal('tensor-norm'),
  orthogonal('ratio'),
  ofJacobian,
]

/** As many geometries as the bounds' own difference test has, and matrices. */
const layers = [
  ...samples(61, 180),
  ...Array.from({ length: 20 }, (_, i) => ({ layer: randomMatrix(i + 90, 1 + (i % 6), 1 + ((i * 7) % 5)), name: `matrix ${i}` })),
]

test('every gradient and vjp agrees with Richardson differences to 1e-7 at 200 random kernels and geometries', () => {
  const tried = new Map<string, number>()
  layers.forEach(({ layer, name }, index) => {
    quantities.forEach((quantity, q) => {
      const every = quantity.name.includes(' by ') ? 8 : 2
      if ((index + q) % every !== 0 || !quantity.accepts(layer)) return
      verify(quantity, layer, index, name)
      tried.set(quantity.name, (tried.get(quantity.name) ?? 0) + 1)
    })
  })
  for (const { name } of quantities)
    assert.ok(tried.get(name)! >= (name.includes('holder') ? 2 : 8), `${name}: ${tried.get(name)}`)
})

function verify(quantity: Quantity, layer: SizedConv, seed: number, name: string): void {
  const { gradient, value, near } = quantity.of(layer)
  const direction = seeded(seed + 1, gradient.length)
  const slope = dot(gradient, direction)
  const along = (h: number) => near(withKernel(layer, layer.kernel.data.map((x, i) => x + h * direction[i]))) // biome-ignore format: one line
  const central = (h: number) => (along(h) - along(-h)) / (2 * h)
  const length = (x: ArrayLike<number>) => Math.sqrt(dot(x, x))
  // A gradient that vanishes (of the ratio, for a single channel) is what is left of two terms of about value/‖K‖ each.
  const size = Math.max(length(gradient), (0.1 * Math.abs(value)) / length(layer.kernel.data)) * length(direction)
  // Smaller steps only where a kink lies within the larger ones: rescale is a sum of many absolute values.
  const off: number[] = []
  for (let h = 1e-3; h > 1e-8 && !(Math.min(...off) <= 1e-7 * size); h /= 10)
    off.push(Math.abs((4 * central(h / 2) - central(h)) / 3 - slope))
  assert.ok(Math.min(...off) <= 1e-7 * size, `${quantity.name}: off by ${off} of ${size} for ${name}`)
}

test.run()
