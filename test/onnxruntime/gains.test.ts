import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { planOf } from '../../src/audit/network-plan.ts'
import type { NetworkCertificate } from '../../src/audit/network-types.ts'
import type { Numbers } from '../../src/audit/rules/numbers.ts'
import type { Model } from '../../src/formats/model.ts'
import { readModel } from '../../src/formats/index.ts'
import { mulberry32 } from '../oracle.ts'
import { type Runtime, runtime, skipped } from './runtime.ts'

/**
 * Certificates of published networks against a forward pass that shares nothing with this library: no pair of inputs that a projected
 * gradient search finds may be pulled apart further than the bound says.
 */
const models = fileURLToPath(new URL('../../../shared/models/', import.meta.url))

const CERTIFIED = ['resnet_2b.onnx', 'cifar_base_kw.onnx', 'mnist.onnx', 'ultraface_version-RFB-320_without_postprocessing.onnx']

if (!skipped('published networks against onnxruntime', test, existsSync(models)))
  for (const file of CERTIFIED) test(file, () => compare(runtime!, file))

type Network = (x: Float64Array) => Promise<Float64Array>

async function compare({ InferenceSession, Tensor }: Runtime, file: string): Promise<void> {
  const bytes = new Uint8Array(readFileSync(models + file))
  const model = readModel([{ name: file, bytes }])
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 })
  const certificate = certifyNetwork(model, { gap: 1e-3, lower: file !== CERTIFIED[3] })
  const [input] = certificate.inputs
  const independent: Network = async x => {
    const results = await session.run({ [input.name]: new Tensor('float32', Float32Array.from(x), input.shape) })
    return Float64Array.from(certificate.outputs.flatMap(output => Array.from(results[output.name].data)))
  }
  const bound = certificate.bound?.upper
  assert.ok(bound !== undefined, certificate.reason)
  const random = mulberry32(11)
  const size = input.shape.reduce((a, b) => a * b, 1)
  const x = Float64Array.from({ length: size }, () => Math.fround(random()))
  close(valuesAt(model, certificate, x), await independent(x))
  const found = size <= 4096 ? await gradientSearch(independent, x) : await randomSearch(independent, x, random)
  assert.ok(found > 0 && found <= bound, `${found} of ${bound}`)
  const proven = certificate.lower?.value ?? 0
  assert.ok(proven <= bound)
  console.log(`${file}: proven ≤ ${bound.toPrecision(5)}, search ${found.toPrecision(5)}, proven ≥ ${proven.toPrecision(5)}`)
}

/** This library's own forward pass, the one its lower bounds rest on. */
function valuesAt(model: Model, certificate: NetworkCertificate, x: Float64Array): Float64Array {
  const plan = planOf(model, {}, () => 1)
  const values = new Map<string, Numbers>([
    ...plan.constants,
    [certificate.inputs[0].name, { shape: certificate.inputs[0].shape, data: x }],
  ])
  for (const { step, operands, output } of plan.steps)
    values.set(
      output,
      step.evaluate(
        operands.map(operand => operand && values.get(operand.name)),
        false,
      ),
    )
  return Float64Array.from(certificate.outputs.flatMap(output => Array.from(values.get(output.name)!.data)))
}

function close(mine: Float64Array, theirs: Float64Array): void {
  const scale = Math.max(...theirs.map(Math.abs))
  let worst = 0
  for (let i = 0; i < mine.length; i++) worst = Math.max(worst, Math.abs(mine[i] - theirs[i]))
  assert.is(mine.length, theirs.length)
  assert.ok(worst <= 2e-5 * scale, `forward passes differ by ${worst} of ${scale}`)
}

const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v - b[i])
const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0))

/** Ascent on ‖f(x + d) − f(x)‖ over ‖d‖ = r, with Jacobians by differences of the independent forward pass alone. */
async function gradientSearch(f: Network, x: Float64Array): Promise<number> {
  let best = 0
  const start = await jacobian(f, x)
  let direction: Float64Array = x.map((_, i) => Math.sin(i))
  for (let i = 0; i < 20; i++) direction = unit(pull(start, push(start, direction)))
  for (const r of [0.1, 3]) {
    let d: Float64Array = direction
    for (let i = 0; i < 8; i++) {
      const there = x.map((v, j) => Math.fround(v + r * d[j]))
      const [step, moved] = [minus(there, x), minus(await f(there), await f(x))]
      best = Math.max(best, norm(moved) / norm(step))
      d = unit(pull(start, moved))
    }
  }
  return best
}

async function randomSearch(f: Network, x: Float64Array, random: () => number): Promise<number> {
  const y = await f(x)
  let best = 0
  for (let i = 0; i < 6; i++) {
    const there = x.map(v => Math.fround(v + (random() - 0.5) * 10 ** (1 - i)))
    best = Math.max(best, norm(minus(await f(there), y)) / norm(minus(there, x)))
  }
  return best
}

/** Columns of the Jacobian. */
async function jacobian(f: Network, x: Float64Array): Promise<Float64Array[]> {
  const y = await f(x)
  const columns: Float64Array[] = []
  for (let j = 0; j < x.length; j++) {
    const there = x.slice()
    there[j] = Math.fround(there[j] + 2 ** -6)
    const step = there[j] - x[j]
    columns.push(minus(await f(there), y).map(v => v / step))
  }
  return columns
}

function push(columns: readonly Float64Array[], d: Float64Array): Float64Array {
  const y = new Float64Array(columns[0].length)
  columns.forEach((column, j) => {
    for (let i = 0; i < y.length; i++) y[i] += column[i] * d[j]
  })
  return y
}

function pull(columns: readonly Float64Array[], y: Float64Array): Float64Array {
  return Float64Array.from(columns, column => column.reduce((sum, v, i) => sum + v * y[i], 0))
}

function unit(x: Float64Array): Float64Array {
  const length = norm(x)
  return length > 0 ? x.map(v => v / length) : x
}

test.run()
