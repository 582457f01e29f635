import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { planOf } from '../../src/audit/network-plan.ts'
import { readModel } from '../../src/formats/index.ts'
import { type Inputs, joined, valuesAt } from '../audit/derivative.ts'
import { mulberry32 } from '../oracle.ts'
import { type Box, type Forward, minus, widestGain } from './pair-search.ts'
import { type Runtime, runtime, skipped } from './runtime.ts'

/**
 * Certificates of published networks against a forward pass that shares nothing with this library: no pair of inputs that a projected
 * gradient search finds may be pulled apart further than the bound says.
 */
const models = fileURLToPath(new URL('../../../shared/models/', import.meta.url))

/** Networks that must get a certificate, and the gain that a search has to find: one that finds nothing would pass any bound. */
const CERTIFIED: Readonly<Record<string, number>> = {
  'resnet_2b.onnx': 4,
  'cifar_base_kw.onnx': 2,
  'mnist.onnx': 20,
  'ultraface_version-RFB-320_without_postprocessing.onnx': 60,
}

/** Images, images around 0, and far out, where a rectifier's pieces are wide. */
const BOXES: readonly Box[] = [
  { low: 0, high: 1 },
  { low: -1, high: 1 },
  { low: -100, high: 100 },
]
const THOROUGH = { boxes: BOXES, distances: [1, 0.1, 0.01, 0.001], powers: 15, ascents: 20 }
/** A pass of a large network takes a second. */
const BRIEF = { boxes: BOXES.slice(0, 1), distances: [0.001], powers: 4, ascents: 6 }

if (!skipped('published networks against onnxruntime', test, existsSync(models)))
  for (const file of readdirSync(models).filter(name => name.endsWith('.onnx'))) test(file, () => compare(runtime!, file))

async function compare({ InferenceSession, Tensor }: Runtime, file: string): Promise<void> {
  const bytes = new Uint8Array(readFileSync(models + file))
  const model = readModel([{ name: file, bytes }])
  const certificate = certifyNetwork(model, { gap: 1e-3 })
  const bound = certificate.bound?.upper
  if (bound === undefined) {
    assert.not(file in CERTIFIED, certificate.reason)
    return console.log(`${file}: ${certificate.reason}`)
  }
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 })
  const outputs = certificate.outputs.map(({ name }) => name)
  const forward: Forward = async x => {
    const feeds = certificate.inputs.map(({ name, shape }, i) => [name, new Tensor('float32', Float32Array.from(x[i]), shape)])
    const results = await session.run(Object.fromEntries(feeds))
    return joined(outputs.map(name => Float64Array.from(results[name].data)))
  }
  const plan = planOf(model, {}, () => 1)
  const entries = [...plan.shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)
  const { boxes, ...effort } = entries > 2 ** 20 ? BRIEF : THOROUGH
  const random = mulberry32(11)
  let found = 0
  for (const box of boxes) {
    const start: Inputs = certificate.inputs.map(({ shape }) =>
      Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
        Math.fround(box.low + (box.high - box.low) * random()),
      ),
    )
    const values = valuesAt(plan, start)
    close(joined(outputs.map(name => values.get(name)!.data)), await forward(start))
    found = Math.max(found, await widestGain({ plan, outputs, forward, box, start, ...effort }))
  }
  const proven = certificate.lower?.value ?? 0
  console.log(`${file}: proven ≤ ${bound.toPrecision(5)}, search ${found.toPrecision(5)}, proven ≥ ${proven.toPrecision(5)}`)
  assert.ok(found <= bound && proven <= bound, `${found} and ${proven} of ${bound}`)
  assert.ok(found >= (CERTIFIED[file] ?? 0), `the search found only ${found}`)
}

/** This library's own forward pass, the one that lower bounds and proposals rest on. */
function close(mine: Float64Array, theirs: Float64Array): void {
  const scale = theirs.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  const worst = minus(mine, theirs).reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  assert.is(mine.length, theirs.length)
  assert.ok(worst <= 2e-5 * scale, `forward passes differ by ${worst} of ${scale}`)
}

test.run()
