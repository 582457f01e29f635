import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { planOf } from '../../src/audit/network-plan.ts'
import { dot, mulberry32 } from '../oracle.ts'
import { derivativeAt, type Inputs, joined, valuesAt } from './derivative.ts'
import { modelOf } from './operator-cases.ts'
import { randomGraph } from './random-graph.ts'

/*
 * Certificates of random graphs: what a rule or the flow through branches claims too little, some composition shows. Here with this
 * library's own forward pass; test/onnxruntime compares that pass with another, and measures the gains on it.
 */

const GRAPHS = 250

const norm = (x: Float64Array): number => Math.sqrt(dot(x, x))
const apart = (a: Float64Array, b: Float64Array): number => norm(a.map((v, i) => v - b[i]))

function drawn(shapes: readonly (readonly number[])[], next: () => number, scale: number): Float64Array[] {
  return shapes.map(shape => Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * (2 * next() - 1)))
}

test('no value of a random graph moves further than its certificate says', () => {
  const used = new Set<string>()
  let tightest = 0
  for (let seed = 1; seed <= GRAPHS; seed++) {
    const graph = randomGraph(seed)
    const model = modelOf(graph)
    const { bound, reason, nodes } = certifyNetwork(model, { gap: 1e-3, lower: false })
    assert.ok(bound, `${graph.name}: ${reason}`)
    const plan = planOf(model, {}, () => 1)
    for (const { op } of nodes) used.add(op)
    const next = mulberry32(seed)
    // A convolution that a batch norm is folded into claims the norm of the two.
    const folded = nodes.map(({ rule }) => /folded in,/.test(rule))
    const check = (what: string, gain: number, ceiling: number): void => {
      assert.ok(gain <= ceiling * (1 + 1e-9) + 1e-12, `${graph.name}: ${what} gains ${gain} of ${ceiling}`)
    }
    for (const scale of [0.3, 2, 30]) {
      const x = drawn(graph.shapes, next, scale)
      const direction = steepest(derivativeAt(plan, graph.outputs, x), drawn(graph.shapes, next, 1))
      check('the Jacobian', direction.gain, bound.upper)
      tightest = Math.max(tightest, direction.gain / bound.upper)
      for (const h of [1e-3, 1]) {
        const y = x.map((v, i) => v.map((u, j) => u + h * direction.of[i][j]))
        const [a, b] = [valuesAt(plan, x), valuesAt(plan, y)]
        const distance = apart(joined(x), joined(y))
        plan.steps.forEach(({ output }, i) => {
          const gain = apart(a.get(output)!.data, b.get(output)!.data) / distance
          if (!folded[i] && !isBiasOfFolded(i)) check(output, gain, nodes[i].cumulative + 1e-10 / h)
        })
        const moved = graph.outputs.map(name => a.get(name)!.data.map((v, i) => v - b.get(name)!.data[i]))
        check('a pair', norm(joined(moved)) / distance, bound.upper + 1e-10 / h)
      }
    }

    /** What stands between such a convolution and its batch norm. */
    function isBiasOfFolded(i: number): boolean {
      const { node, operands } = plan.steps[i]
      if (node.op !== 'Add') return false
      return operands.some(operand => {
        const maker = plan.steps.findIndex(step => step.output === operand?.name)
        return maker >= 0 && (folded[maker] || isBiasOfFolded(maker))
      })
    }
  }
  console.log(
    `${GRAPHS} graphs of ${used.size} operators; the sharpest certificate is ${(1 / tightest).toFixed(4)} times what was found`,
  )
  assert.ok(used.size >= 55, [...used].join(' '))
  assert.ok(tightest > 0.97, 'some certificates are sharp, so a rule that claims too little has no room to hide')
})

/** The direction that the Jacobian stretches most, and by how much. */
function steepest({ push, pull }: ReturnType<typeof derivativeAt>, from: Inputs): { of: Inputs; gain: number } {
  let of = unit(from)
  for (let i = 0; i < 12; i++) {
    const next = pull(push(of))
    if (norm(joined(next)) === 0) return { of, gain: 0 }
    of = unit(next)
  }
  return { of, gain: norm(push(of)) }
}

function unit(x: Inputs): Inputs {
  const length = norm(joined(x))
  return x.map(v => v.map(u => u / length))
}

test.run()
