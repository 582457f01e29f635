import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { planOf } from '../../src/audit/network-plan.ts'
import { type Inputs, valuesAt, joined } from '../audit/derivative.ts'
import { bytesOf, modelOf } from '../audit/operator-cases.ts'
import { randomGraph } from '../audit/random-graph.ts'
import { mulberry32 } from '../oracle.ts'
import { type Forward, widestGain } from './pair-search.ts'
import { runtime, skipped } from './runtime.ts'

/** Random graphs of all operators: the same function as onnxruntime's, and no pair of inputs that it pulls apart further than certified. */
const GRAPHS = 150

if (!skipped('random graphs against onnxruntime', test))
  test('random graphs: the same numbers, and gains below the certificate', async () => {
    let closest = 0
    for (let seed = 1001; seed <= 1000 + GRAPHS; seed++) {
      const graph = randomGraph(seed)
      const { InferenceSession, Tensor } = runtime!
      const session = await InferenceSession.create(bytesOf(graph), {
        intraOpNumThreads: 1,
        logSeverityLevel: 3,
        // Its optimiser moves a Pad into the pooling behind it, and then refuses the padding it made.
        graphOptimizationLevel: 'disabled',
      })
      const forward: Forward = async x => {
        const feeds = graph.shapes.map((shape, i) => [`x${i}`, new Tensor('float32', Float32Array.from(x[i]), shape)])
        const results = await session.run(Object.fromEntries(feeds))
        return joined(graph.outputs.map(name => Float64Array.from(results[name].data)))
      }
      const model = modelOf(graph)
      const plan = planOf(model, {}, () => 1)
      const next = mulberry32(seed)
      const start: Inputs = graph.shapes.map(shape =>
        Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.fround(2 * next() - 1)),
      )
      const values = valuesAt(plan, start)
      same(joined(graph.outputs.map(name => values.get(name)!.data)), await forward(start), graph.name)
      const bound = certifyNetwork(model, { gap: 1e-3, lower: false }).bound!.upper
      const search = { plan, outputs: graph.outputs, forward, start, distances: [1, 0.1], powers: 5, ascents: 5 }
      const found = await widestGain({ ...search, box: { low: -2, high: 2 } })
      // The independent pass rounds to single precision.
      assert.ok(found <= bound * (1 + 1e-4) + 1e-5, `${graph.name}: ${found} of ${bound}`)
      closest = Math.max(closest, found / bound)
    }
    console.log(`${GRAPHS} graphs, gains up to ${closest.toFixed(4)} of the certificate`)
    assert.ok(closest > 0.9)
  })

function same(mine: Float64Array, theirs: Float64Array, what: string): void {
  assert.is(mine.length, theirs.length, what)
  const scale = theirs.reduce((most, v) => Math.max(most, Math.abs(v)), 1)
  mine.forEach((v, i) => {
    assert.ok(Math.abs(v - theirs[i]) <= 2e-5 * scale, `${what}: output ${i} is ${v}, onnxruntime ${theirs[i]}`)
  })
}

test.run()
