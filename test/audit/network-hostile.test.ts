import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { OpnormError } from '../../src/errors.ts'
import type { Attribute, Graph, GraphNode } from '../../src/formats/index.ts'
import { mulberry32 } from '../oracle.ts'
import { CASES, modelOf } from './operator-cases.ts'

const next = mulberry32(773)
const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]
const NUMBERS = [0, -1, 1, 2, 3, -7, 0.5, 1e9, -1e9, 2 ** 31, 2 ** 53, 1e300, NaN, Infinity]

function damagedAttribute(): Attribute {
  const list = Array.from({ length: Math.floor(next() * 5) }, () => pick(NUMBERS))
  return pick<Attribute>([pick(NUMBERS), list, 'nonsense', ['a', 'b']])
}

function damagedNode(node: GraphNode, names: readonly string[]): GraphNode {
  const attributes = { ...node.attributes }
  for (const key of Object.keys(attributes)) if (next() < 0.5) attributes[key] = damagedAttribute()
  if (next() < 0.3)
    attributes[pick(['axis', 'axes', 'pads', 'strides', 'perm', 'split', 'kernel_shape', 'group', 'epsilon'])] =
      damagedAttribute()
  const inputs = node.inputs.map(name => (next() < 0.2 ? pick([...names, '', 'nowhere']) : name))
  return {
    ...node,
    attributes,
    inputs: next() < 0.2 ? inputs.slice(0, Math.floor(next() * 3)) : inputs,
    op: next() < 0.2 ? pick(CASES).nodes[0].op : node.op,
    outputs: next() < 0.1 ? [...node.outputs, 'more'] : node.outputs,
  }
}

function damaged(graph: Graph): Graph {
  const names = [...graph.constants.keys(), ...graph.inputs.map(({ name }) => name), ...graph.nodes.flatMap(node => node.outputs)]
  const side = (s: number | null): number | null => (next() < 0.2 ? pick([0, 1, 2, 7, 1e6, 2 ** 31, 2 ** 45, null]) : s)
  return {
    ...graph,
    nodes: graph.nodes.map(node => (next() < 0.8 ? damagedNode(node, names) : node)),
    inputs: graph.inputs.map(input => (next() < 0.3 ? { ...input, shape: input.shape?.map(side) } : input)),
  }
}

test('damaged graphs end in a certificate, a reason or a clear error, at once', () => {
  const outcomes = { bound: 0, reason: 0, error: 0 }
  for (let round = 0; round < 300; round++) {
    const model = modelOf(pick(CASES))
    const graph = damaged(model.graph!)
    const started = process.cpuUsage()
    try {
      const { bound, reason } = certifyNetwork({ ...model, graph }, { gap: 0.1 })
      if (bound) {
        assert.ok(bound.upper >= 0 && bound.upper >= bound.lower, `${bound.lower} … ${bound.upper}`)
        outcomes.bound++
      } else {
        assert.match(reason ?? '', /^no certificate: /)
        outcomes.reason++
      }
    } catch (error) {
      if (!(error instanceof OpnormError)) {
        const shown = JSON.stringify({ nodes: graph.nodes, inputs: graph.inputs })
        throw new Error(`${error instanceof Error ? error.stack : error}\n${shown}`)
      }
      outcomes.error++
    }
    const { user, system } = process.cpuUsage(started)
    const seconds = (user + system) / 1e6
    // Half a second on a quiet machine; a search without an end takes minutes.
    assert.ok(seconds < 6, `${seconds} s: ${JSON.stringify(graph)}`)
  }
  assert.ok(outcomes.bound > 10 && outcomes.reason > 50, JSON.stringify(outcomes))
})

test.run()
