import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { type Plan, planOf } from '../../src/audit/network-plan.ts'
import type { Numbers } from '../../src/audit/rules/numbers.ts'
import { decompose, dot, mulberry32 } from '../oracle.ts'
import { derivativeAt, type Inputs, joined, valuesAt } from './derivative.ts'
import { CASES, modelOf, type OperatorCase } from './operator-cases.ts'

function run(plan: Plan, inputs: Inputs, careful = false, reach?: number): Map<string, Numbers> {
  const values = valuesAt(plan, inputs, careful, reach)
  for (const { step, output } of plan.steps) {
    const value = values.get(output)!
    assert.equal([...value.shape], [...step.shape], `${output} has the shape that was announced`)
    assert.is(
      value.data.length,
      step.shape.reduce((a, b) => a * b, 1),
    )
  }
  return values
}

const norm = (x: Float64Array): number => Math.sqrt(dot(x, x))
const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v - b[i])

function randomInputs({ shapes }: OperatorCase, next: () => number, scale: number): Float64Array[] {
  return shapes.map(shape => Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * (2 * next() - 1)))
}

/** Linear operators, whose constant is the norm of a matrix that can be written down. */
const LINEAR =
  /^(Conv|MatMul|Gemm|Identity|Reshape|Flatten|Squeeze|Unsqueeze|Transpose|DepthToSpace|SpaceToDepth|Slice|Split|Gather|Expand|Tile|Pad|Resize|Upsample|Add|Sub|Mul|Div|Pow|Sum|Mean|Concat|Where|AveragePool|GlobalAverage|ReduceMean|ReduceSum|BatchNorm|Neg|shuffle|batch norm)/

/** Bounds of linear operators that are not their norm, and how far above it they may be here. */
const LOOSE: readonly (readonly [RegExp, number, string])[] = [
  [/^Conv/, 1.6, 'an enclosure of every size'],
  [/^AveragePool/, 1.1, 'a Schur test'],
  [/^Resize, linear/, 1.1, 'a Schur test'],
  [/a stack on one/, 1.5, 'the root of squares of norms'],
  [/^Mul, spread/, 2, 'the largest factor, for each copy'],
  [/spelled out/, 2, 'the largest of each factor'],
]

for (const each of CASES) {
  test(`${each.name}: no pair of inputs gains more than its constant`, () => {
    const model = modelOf(each)
    const certificate = certifyNetwork(model, { gap: 1e-3, seed: 3, iterations: 5 })
    const bound = certificate.bound?.upper ?? stop(certificate.reason)
    const plan = planOf(model, {}, () => 1)
    const next = mulberry32(17)
    const y = (inputs: Inputs): Float64Array => joined(each.outputs.map(name => run(plan, inputs).get(name)!.data))
    for (let i = 0; i < 30; i++) {
      const a = randomInputs(each, next, i % 3 ? 1 : 5)
      const b = i % 2 ? randomInputs(each, next, 3) : a.map(x => x.map(v => v + 1e-4 * (next() - 0.5)))
      const gain = norm(minus(y(a), y(b))) / norm(minus(joined(a), joined(b)))
      assert.ok(gain <= bound * (1 + 1e-9), `${gain} of ${bound}`)
    }
    const lower = certificate.lower?.value ?? stop(certificate.lowerReason)
    assert.ok(lower <= bound, `a proven gain of ${lower} above ${bound}`)
    if (LINEAR.test(each.name)) {
      const exact = matrixNorm(plan, each)
      assert.ok(exact <= bound * (1 + 1e-12), `norm ${exact} of ${bound}`)
      assert.ok(bound <= exact * looseness(each) * (1 + 1e-8), `${bound} where ${exact} is the norm`)
    }
  })

  test(`${each.name}: derivatives are differences, their transpose is a transpose, radii hold the rounding`, () => {
    const plan = planOf(modelOf(each), {}, () => 1)
    const next = mulberry32(23)
    for (let i = 0; i < 5; i++) {
      const x = randomInputs(each, next, 2)
      const { push, pull } = derivativeAt(plan, each.outputs, x)
      const d = randomInputs(each, next, 1)
      const moved = push(d)
      const w = moved.map(() => next() - 0.5)
      const [left, right] = [dot(moved, w), dot(joined(d), joined(pull(w)))]
      assert.ok(Math.abs(left - right) <= 1e-11 * (1 + Math.abs(left)), `${left} and ${right}`)
      const h = 1e-6
      const shifted = (sign: number): Map<string, Numbers> =>
        run(
          plan,
          x.map((v, j) => v.map((u, k) => u + sign * h * d[j][k])),
        )
      const [high, low] = [shifted(1), shifted(-1)]
      const slope = joined(each.outputs.map(name => minus(high.get(name)!.data, low.get(name)!.data).map(v => v / (2 * h))))
      // A kink within h of a point would differ by up to 1 in one entry; the seeds keep clear of them.
      assert.ok(norm(minus(slope, moved)) <= 1e-5 * (1 + norm(moved)), `${norm(minus(slope, moved))} of ${norm(moved)}`)
      const careful = run(plan, x, true)
      for (const name of each.outputs) {
        const { data, radius } = careful.get(name)!
        if (!radius) continue
        assert.ok(
          radius.every((r, j) => r >= 0 && r <= 1e-9 * (1 + Math.abs(data[j]))),
          `${name}: radii from 0 and small`,
        )
      }
    }
  })
}

for (const each of CASES) {
  test(`${each.name}: radii hold what an error of the input does`, () => {
    const plan = planOf(modelOf(each), {}, () => 1)
    const next = mulberry32(29)
    for (const reach of [1e-1, 1e-3, 1e-6]) {
      const x = randomInputs(each, next, 2)
      const enclosed = run(plan, x, true, reach)
      for (let i = 0; i < 5; i++) {
        const truth = run(
          plan,
          x.map(v => v.map(u => u + reach * (i % 2 ? 2 * next() - 1 : next() < 0.5 ? -1 : 1) * 0.999)),
        )
        for (const name of each.outputs) {
          const { data, radius = new Float64Array(data.length) } = enclosed.get(name)!
          const out = truth.get(name)!.data.findIndex((v, j) => Math.abs(v - data[j]) > radius[j] * (1 + 1e-12) + 1e-13)
          assert.is(out, -1, `${name}[${out}] leaves its radius`)
        }
      }
    }
  })
}

function matrixNorm(plan: Plan, each: OperatorCase): number {
  const zero = each.shapes.map(shape => new Float64Array(shape.reduce((a, b) => a * b, 1)))
  const { push } = derivativeAt(plan, each.outputs, zero)
  const columns = zero.flatMap((x, i) =>
    Array.from(x, (_, j) => {
      const d = zero.map(v => v.slice())
      d[i][j] = 1
      return push(d)
    }),
  )
  const data = new Float64Array(columns.length * columns[0].length)
  for (const [j, column] of columns.entries()) data.set(column, j * column.length)
  return decompose({ rows: columns.length, columns: columns[0].length, data }).sigma[0]
}

function looseness({ name }: OperatorCase): number {
  return LOOSE.find(([pattern]) => pattern.test(name))?.[1] ?? 1
}

function stop(why: string | undefined): never {
  throw new Error(why)
}

test.run()
