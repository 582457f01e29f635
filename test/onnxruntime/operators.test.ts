import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { planOf } from '../../src/audit/network-plan.ts'
import { bytesOf, CASES, modelOf, type OperatorCase } from '../audit/operator-cases.ts'
import { seeded } from '../oracle.ts'
import { runtime, skipped } from './runtime.ts'

/** Every operator as this library computes it against onnxruntime: a bound of the wrong function would be worth nothing. */
for (const each of skipped('operators against onnxruntime', test) ? [] : CASES) {
  test(`${each.name}: the same numbers`, async () => {
    const { InferenceSession, Tensor } = runtime!
    const session = await InferenceSession.create(bytesOf(each), { intraOpNumThreads: 1, logSeverityLevel: 3 })
    const inputs = each.shapes.map((shape, i) =>
      seeded(
        31 + i,
        shape.reduce((a, b) => a * b, 1),
        2,
      ),
    )
    const feeds = Object.fromEntries(
      each.shapes.map((shape, i) => [`x${i}`, new Tensor('float32', Float32Array.from(inputs[i]), shape)]),
    )
    const theirs = await session.run(feeds)
    const mine = ours(each, inputs)
    for (const name of each.outputs) {
      const [a, b] = [mine.get(name)!, theirs[name]]
      assert.equal([...a.shape], [...b.dims].map(Number))
      for (let i = 0; i < a.data.length; i++)
        assert.ok(
          Math.abs(a.data[i] - b.data[i]) <= 3e-6 * (1 + Math.abs(a.data[i])),
          `${name}[${i}]: ${a.data[i]}, onnxruntime ${b.data[i]}`,
        )
    }
  })
}

function ours(each: OperatorCase, inputs: readonly Float64Array[]) {
  const plan = planOf(modelOf(each), {}, () => 1)
  const values = new Map(plan.constants)
  for (const [i, { name, shape }] of plan.inputs.entries()) values.set(name, { shape, data: inputs[i] })
  for (const { step, operands, output } of plan.steps)
    values.set(
      output,
      step.evaluate(
        operands.map(operand => operand && values.get(operand.name)),
        false,
      ),
    )
  return values
}

test.run()
