import { execFileSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { adjoint, apply, conv, type Geometry, lanczos, power, type SizedConv } from '../../src/index.ts'
import { windowStart } from '../../src/methods/window-start.ts'
import { seeded } from '../oracle.ts'

function layerOf(out: number, inner: number, geometry: Geometry & { inputSize: number | number[] }, side = 3): SizedConv {
  const shape = [...(geometry.transposed ? [inner, out] : [out, inner]), side, side]
  return conv({ data: seeded(out * 31 + inner, out * inner * side * side, 0.2), shape }, geometry)
}

const length = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, y) => sum + y * y, 0))

const layers: [string, SizedConv][] = [
  ['square', layerOf(12, 12, { inputSize: 24 })],
  ['wide', layerOf(8, 16, { inputSize: [20, 28] })],
  ['tall', layerOf(16, 12, { inputSize: [28, 20] })],
  ['tall transposed', layerOf(16, 12, { inputSize: 24, transposed: true })],
  ['wide transposed', layerOf(8, 12, { inputSize: 24, transposed: true })],
  ['5×5', layerOf(6, 6, { inputSize: 40 }, 5)],
]

for (const [what, layer] of layers)
  test(`${what}: sine windows at the symbol's maxima reach 95 % of the norm at once`, () => {
    const start = windowStart(layer)?.[0]
    assert.ok(start)
    const quotient = length(apply(layer, start).data) / length(start)
    const norm = lanczos(layer, { tolerance: 1e-8 }).value
    assert.ok(quotient > 0.95 * norm && quotient <= norm * (1 + 1e-12), `${quotient} of ${norm}`)
  })

test('no guess where none is known to be near', () => {
  assert.is(windowStart(layerOf(12, 12, { inputSize: 24, stride: 2 })), undefined)
  assert.is(windowStart(layerOf(12, 12, { inputSize: 24, padding: 'circular' })), undefined)
  assert.is(windowStart(layerOf(4, 4, { inputSize: 6 })), undefined)
})

test('selective orthogonalisation and Winograd products reach what plain ones do, to the residual asked for', () => {
  const layer = layerOf(16, 16, { inputSize: 26 })
  const plain = lanczos(layer, { tolerance: 1e-12, iterations: 20000 })
  const quick = lanczos(layer)
  assert.ok(plain.converged && quick.converged)
  assert.ok(Math.abs(plain.value - quick.value) < 1e-13 * plain.value, `${quick.value} instead of ${plain.value}`)
  const v = quick.start!.vectors[0]
  const u = apply(layer, v)
  const sigma = length(u.data) / length(v)
  const back = adjoint(layer, u).data
  const residual = length(back.map((x, i) => x - sigma * sigma * v[i])) / (sigma * sigma * length(v))
  assert.ok(residual < 2e-10, `residual ${residual}`)
})

test('the value does not depend on the seed', () => {
  const layer = layerOf(12, 8, { inputSize: 24 })
  const values = [1, 2, 3].map(seed => lanczos(layer, { seed }).value)
  assert.ok(Math.max(...values) - Math.min(...values) < 1e-13 * values[0], values.join())
})

/** ‖Tᵀu − σv‖/σ of a unit vector by plain products, σu = Tv. */
function residualOf(layer: SizedConv, v: ArrayLike<number>): number {
  const u = apply(layer, v)
  const square = (length(u.data) / length(v)) ** 2
  const back = adjoint(layer, u).data
  return length(back.map((x, i) => x - square * v[i])) / (square * length(v))
}

// Long enough for single precision: a pair, one closer than the tolerance, one some way apart, one that is its own mirror image.
const long: [string, SizedConv][] = [
  ['a pair', layerOf(16, 16, { inputSize: 46 })],
  ['a close pair', layerOf(8, 8, { inputSize: 64 })],
  ['few pixels', layerOf(256, 256, { inputSize: 12 })],
  ['all positive', conv({ data: seeded(3, 16 * 16 * 9, 0.2).map(Math.abs), shape: [16, 16, 3, 3] }, { inputSize: 46 })],
  ['wide transposed', layerOf(16, 24, { inputSize: [48, 44], transposed: true })],
]
for (const [what, layer] of long)
  test(`${what}: mixed precision reaches the value and the residual of double precision`, () => {
    const plain = lanczos(layer, { tolerance: 9e-12, iterations: 20000 })
    const mixed = lanczos(layer)
    assert.ok(plain.converged && mixed.converged)
    assert.ok(Math.abs(plain.value - mixed.value) < 1e-10 * plain.value, `${mixed.value} instead of ${plain.value}`)
    const residual = residualOf(layer, mixed.start!.vectors[0])
    assert.ok(residual < 1.01e-10, `residual ${residual}`)
  })

test('mixed precision: a converged start is seen at once, and a start across the pair is no obstacle', () => {
  const layer = long[0][1]
  const { start, value } = lanczos(layer)
  const again = lanczos(layer, { start })
  assert.is(again.work, 2)
  assert.ok(again.converged && Math.abs(again.value - value) < 1e-14 * value)
  const noise = lanczos(layer, { start: { method: 'lanczos', vectors: [seeded(8, 16 * 46 * 46, 1)] } })
  assert.ok(noise.converged && Math.abs(noise.value - value) < 1e-12 * value)
})

test('mixed precision: no more products than allowed but for the last look, and no claim then', () => {
  const layer = long[0][1]
  const whole = lanczos(layer)
  for (const iterations of [1, 50, 70, whole.work - 20]) {
    const { work, converged, value } = lanczos(layer, { iterations })
    assert.ok(work <= iterations + 24, `${work} of ${iterations}`)
    assert.is(converged, false)
    assert.ok(value <= whole.value * (1 + 1e-14) && value > 0.9 * whole.value)
  }
})

test('weights that no pixel meets are the largest by far: no value, but never NaN', () => {
  // The middle tap alone meets the one pixel, and is nothing beside the others.
  for (const small of [1e-45, 1e-90, 1e-150]) {
    const { value, lower } = lanczos(conv([[[1, small, 1]]], { inputSize: 1, pad: 1 }))
    assert.ok(lower >= 0 && lower <= small && value >= 0 && value <= small, `${small}: ${lower}, ${value}`)
  }
  // two pixels, and squares below the least normal number
  for (const s of [1e-90, 1e-153, 1e-155]) {
    const { value, lower, start } = lanczos(conv([[[1, 0.7 * s, s, 0.3 * s, 1]]], { inputSize: 2, pad: 2 }))
    assert.ok(lower >= 0 && value >= 0 && value <= 1.6 * s, `${s}: ${lower}, ${value}`)
    assert.ok(start!.vectors![0].every(Number.isFinite), `${s}: ${start!.vectors![0]}`)
  }
})

test('a layer of zeros', () => {
  const { value, converged } = lanczos(conv({ data: new Float64Array(16 * 16 * 9), shape: [16, 16, 3, 3] }, { inputSize: 46 }))
  assert.is(value, 0)
  assert.ok(converged)
})

test("a caller's operator at the ends of the range", () => {
  for (const scale of [2 ** -480, 1, 2 ** 480]) {
    const diagonal = Array.from({ length: 50 }, (_, i) => (scale * (i + 1)) / 50)
    const times = (x: Float64Array) => x.map((value, i) => value * diagonal[i])
    const { value, converged } = lanczos({ shape: [50, 50], apply: times, applyAdjoint: times })
    assert.ok(converged && Math.abs(value / scale - 1) < 1e-14, `${value / scale} at ${scale}`)
  }
})

test('operators given by their products, of any size', () => {
  for (const s of [1e300, 1e200, 3e90, 1, 1e-85, 1e-200, 1e-300]) {
    const operator = {
      shape: [2, 2] as const,
      apply: (v: Float64Array) => [3 * s * v[0], 4 * s * v[1]],
      applyAdjoint: (u: Float64Array) => [3 * s * u[0], 4 * s * u[1]],
    }
    for (const { value, lower, converged } of [lanczos(operator), power(operator)]) {
      assert.ok(Math.abs(value / (4 * s) - 1) < 1e-12 && value <= 4 * s * (1 + 1e-15), `${s}: ${value}`)
      assert.ok(lower === value && converged !== false)
    }
  }
})

test('products that no power of two brings into the range are refused', () => {
  const scales = [1e-300, 1e300]
  const product = (v: Float64Array) => scales.map((s, i) => s * v[i])
  const start = { method: 'power', vectors: [Float64Array.of(1, 1e-320)] }
  assert.throws(
    () => lanczos({ shape: [2, 2], apply: product, applyAdjoint: product }, { start }),
    /differ by more than doubles hold/,
  )
})

test('callbacks may call this library themselves, and need more memory than there was', () => {
  // a process of its own, whose memory is small yet
  const script = `
    import { adjoint, apply, conv, lanczos } from '${new URL('../../src/index.ts', import.meta.url)}'
    const data = Float64Array.from({ length: 2304 }, (_, i) => Math.sin(i * i))
    const layer = conv({ data, shape: [16, 16, 3, 3] }, { inputSize: 32 })
    const n = 16 * 32 * 32
    const operator = { shape: [n, n], apply: v => apply(layer, v).data, applyAdjoint: u => adjoint(layer, u).data }
    const found = lanczos(operator, { tolerance: 1e-4 }).value
    console.log(Math.abs(found / lanczos(layer).value - 1) < 1e-3)`
  const said = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.is(said.trim(), 'true')
})

test.run()
