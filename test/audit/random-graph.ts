import type { AttributeSpec, NodeSpec, TensorSpec } from '../formats/writers/onnx.ts'
import { mulberry32 } from '../oracle.ts'
import type { OperatorCase } from './operator-cases.ts'
import { JOINS, OPERATORS } from './random-operators.ts'

/** A value of the graph under construction. */
export interface Value {
  readonly name: string
  readonly shape: readonly number[]
}

/** A graph that grows node by node; constants and attributes are drawn from one seeded stream. */
export class Growing {
  readonly values: Value[] = []
  readonly nodes: NodeSpec[] = []
  readonly constants: TensorSpec[] = []
  private readonly random: () => number

  constructor(seed: number) {
    this.random = mulberry32(seed)
  }

  uniform(low: number, high: number): number {
    return low + (high - low) * this.random()
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1))
  }

  pick<T>(from: readonly T[]): T {
    return from[this.whole(0, from.length - 1)]
  }

  /** The name of a constant of random numbers. */
  numbers(shape: readonly number[], low = -1, high = 1): string {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => this.uniform(low, high))
    return this.constant({ type: 1, dims: [...shape], raw: new Uint8Array(data.buffer) })
  }

  /** The name of a constant of whole numbers. */
  wholes(values: readonly number[]): string {
    return this.constant({ type: 7, dims: [values.length], int64s: [...values] })
  }

  constant(tensor: TensorSpec): string {
    const name = `c${this.constants.length}`
    this.constants.push({ ...tensor, name })
    return name
  }

  /** A node with outputs of these shapes. */
  node(
    op: string,
    inputs: string[],
    shapes: readonly (readonly number[])[],
    attributes: Record<string, AttributeSpec> = {},
  ): void {
    const outputs = shapes.map((_, i) => `v${this.values.length + i}`)
    this.nodes.push({ op, inputs, outputs, attributes })
    for (const [i, shape] of shapes.entries()) this.values.push({ name: outputs[i], shape })
  }
}

/** Few enough entries that hundreds of graphs are evaluated in seconds. */
const MOST_ENTRIES = 400

/**
 * A seeded graph of up to `most` nodes over the operators that have a rule: branches, sums, joins, splits, several inputs and outputs, all
 * as the dice fall. Everything that nobody reads is an output.
 */
export function randomGraph(seed: number, most = 10): OperatorCase {
  const graph = new Growing(seed)
  const channels = graph.pick([2, 4])
  const sides = [graph.whole(4, 6), graph.whole(4, 6)]
  const inputs = graph.whole(1, 4) === 1 ? 2 : 1
  for (let i = 0; i < inputs; i++) graph.values.push({ name: `x${i}`, shape: [1, channels, ...sides] })
  for (let tries = 0; graph.nodes.length < most && tries < 8 * most; tries++) grow(graph)
  const read = new Set(graph.nodes.flatMap(node => node.inputs))
  return {
    name: `graph ${seed}: ${graph.nodes.map(({ op }) => op).join(' ')}`,
    shapes: graph.values.slice(0, inputs).map(({ shape }) => shape),
    nodes: graph.nodes,
    constants: graph.constants,
    outputs: graph.values.slice(inputs).flatMap(({ name }) => (read.has(name) ? [] : [name])),
    opset: 20,
  }
}

/** One more node, if the operator that is drawn fits a value that is drawn; recent values are likelier, so that graphs get deep. */
function grow(graph: Growing): void {
  const { values } = graph
  const x = values[Math.max(0, values.length - 1 - Math.floor(-Math.log(1 - graph.uniform(0, 0.99)) * 1.5))]
  const alike = values.filter(value => value !== x && `${value.shape}` === `${x.shape}`)
  const before = values.length
  if (alike.length > 0 && graph.uniform(0, 1) < 0.35) graph.pick(JOINS)(graph, x, graph.pick(alike))
  else graph.pick(OPERATORS)(graph, x)
  if (values.slice(before).some(({ shape }) => shape.reduce((a, b) => a * b, 1) > MOST_ENTRIES)) {
    values.length = before
    graph.nodes.pop()
  }
}
