import { fail, show } from '../../errors.ts'
import { type Budget, foldConstant } from '../folding.ts'
import type { Attribute, Graph, GraphNode, GraphValue, NamedBytes, Side, Skipped, Weights } from '../model.ts'
import { ordered } from '../order.ts'
import { sizeOf } from '../../tensor.ts'
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueProto } from './schema.ts'
import { tensorOf } from './tensor.ts'

export interface Reading {
  readonly what: string
  readonly files: readonly NamedBytes[]
  readonly opset: number
  /** constants that could not be had, each with its reason */
  readonly skipped: Skipped[]
  /** which stored tensor a folded constant was made from */
  readonly origin: Map<string, string>
  readonly budget: Budget
}

/** Constants seen from inside a graph: its own, then those of the graphs around it. */
type Scope = (name: string) => Weights | undefined

/** Values that graphs around this one make. */
type Known = (name: string) => boolean

// A chain of folded constants is read recursively.
const MAX_CHAIN = 64

/**
 * An ONNX graph in the project's own terms: constants told from data, constant subexpressions folded away, nodes in an order that can
 * be followed.
 *
 * @throws OpnormError `file` for cycles, values nobody makes, and values made twice
 */
export function graphOf(proto: GraphProto, reading: Reading, outer: Scope = () => undefined, known: Known = () => false): Graph {
  const { what } = reading
  const constants = new Map<string, Weights>()
  const scope: Scope = name => constants.get(name) ?? outer(name)
  const made = new Set<string>()
  const make = (name: string): void => {
    if (name === '') return
    if (made.has(name)) fail('file', what, 'each value made once', `${show(name)} twice`, 'The graph is damaged')
    made.add(name)
  }
  for (const tensor of proto.initializers) {
    make(tensor.name)
    keep(tensor.name, tensor, constants, reading)
  }
  const initialized = new Set(made)
  const inputs = proto.inputs.filter(({ name }) => !initialized.has(name))
  for (const { name } of inputs) make(name)
  for (const { outputs } of proto.nodes) for (const name of outputs) make(name)
  const given = new Set([...initialized, ...inputs.map(({ name }) => name)])
  const order = ordered(
    proto.nodes.map(node => ({ inputs: [...node.inputs, ...captured(node)], outputs: node.outputs })),
    name => given.has(name) || known(name),
    what,
  )
  const visible: Known = name => made.has(name) || known(name)
  const nodes: GraphNode[] = []
  const chain = new Map<string, number>()
  for (const index of order) {
    const node = proto.nodes[index]
    const built = nodeOf(node, index, reading, scope, visible)
    if (!foldNode(node, built, constants, scope, chain, reading)) nodes.push(built)
  }
  const shapes = shapesOf([...proto.inputs, ...proto.outputs, ...proto.values])
  const value = ({ name }: ValueProto): GraphValue => ({ name, ...(shapes.has(name) && { shape: shapes.get(name)! }) })
  return {
    name: proto.name,
    channels: 'first',
    inputs: inputs.map(value),
    outputs: proto.outputs.map(value),
    nodes,
    constants,
    shapes,
    opset: reading.opset,
  }
}

function keep(
  name: string,
  proto: TensorProto,
  constants: Map<string, Weights>,
  { what, files, skipped, budget }: Reading,
): void {
  const tensor = tensorOf(proto, files, `${what}: ${name || 'a tensor'}`)
  if (typeof tensor === 'string') skipped.push({ name, why: tensor })
  else {
    constants.set(name, tensor)
    budget.left += 2 * sizeOf(tensor.shape)
  }
}

/** Values of the graphs around it that a node's subgraphs read. */
function captured(node: NodeProto): string[] {
  const names: string[] = []
  for (const { g, graphs } of node.attributes) for (const graph of g ? [g, ...graphs] : graphs) names.push(...freeNames(graph))
  return names
}

function freeNames(graph: GraphProto): string[] {
  const own = new Set<string>()
  for (const { name } of graph.initializers) own.add(name)
  for (const { name } of graph.inputs) own.add(name)
  for (const node of graph.nodes) for (const name of node.outputs) own.add(name)
  const read = graph.nodes.flatMap(node => [...node.inputs, ...captured(node)])
  return [...read, ...graph.outputs.map(({ name }) => name)].filter(name => !own.has(name))
}

function nodeOf(node: NodeProto, index: number, reading: Reading, scope: Scope, visible: Known): GraphNode {
  const attributes = node.attributes.map(attribute => [attribute.name, attributeOf(attribute, reading, scope, visible)] as const)
  return {
    name: node.name || node.outputs.find(name => name !== '') || `${node.op} ${index}`,
    op: node.op,
    domain: node.domain === 'ai.onnx' ? '' : node.domain,
    inputs: node.inputs,
    outputs: node.outputs,
    attributes: Object.fromEntries(attributes.filter(([, value]) => value !== undefined)) as Record<string, Attribute>,
  }
}

function attributeOf(proto: AttributeProto, reading: Reading, scope: Scope, visible: Known): Attribute | undefined {
  const { type, t, g, f, i, s } = proto
  if (t && (type === 4 || type === 0)) {
    // What cannot be read stays as the reason why: it is not an attribute left out.
    return tensorOf(t, reading.files, `${reading.what}: attribute ${proto.name}`)
  }
  if (g) return graphOf(g, reading, scope, visible)
  if (proto.graphs.length > 0) return proto.graphs.map(graph => graphOf(graph, reading, scope, visible))
  // Type 0 is what exporters before 2017 left out: told by which field is there.
  if (type === 1 || (type === 0 && f !== undefined)) return f ?? 0
  if (type === 2 || (type === 0 && i !== undefined)) return i ?? 0
  if (type === 3 || (type === 0 && s !== undefined)) return s ?? ''
  if (type === 8 || proto.strings.length > 0) return proto.strings
  if (type === 6 || proto.floats.length > 0) return proto.floats
  return proto.ints
}

/** Takes a node out of the graph if its output is a constant. */
function foldNode(
  proto: NodeProto,
  node: GraphNode,
  constants: Map<string, Weights>,
  scope: Scope,
  chain: Map<string, number>,
  reading: Reading,
): boolean {
  const name = node.outputs[0] ?? ''
  if (name === '' || node.domain !== '') return false
  if (node.op === 'Constant') {
    const value = constantValue(proto, reading)
    if (value) constants.set(name, value)
    return value !== undefined
  }
  const length = 1 + node.inputs.reduce((longest, input) => Math.max(longest, chain.get(input) ?? 0), 0)
  const folded = length <= MAX_CHAIN ? foldConstant(node, scope, reading.budget) : undefined
  if (!folded) return false
  constants.set(name, folded)
  chain.set(name, length)
  reading.origin.set(name, reading.origin.get(node.inputs[0]) ?? node.inputs[0])
  return true
}

function constantValue(node: NodeProto, { what, files }: Reading): Weights | undefined {
  for (const { name, t, f, i, floats, ints } of node.attributes) {
    if (name === 'value' && t) {
      const tensor = tensorOf(t, files, `${what}: ${node.outputs[0]}`)
      return typeof tensor === 'string' ? undefined : tensor
    }
    if (name === 'value_float') return { shape: [], dtype: 'float32', data: Float32Array.of(f ?? 0) }
    if (name === 'value_int') return { shape: [], dtype: 'int64', data: Float64Array.of(i ?? 0) }
    if (name === 'value_floats') return { shape: [floats.length], dtype: 'float32', data: Float32Array.from(floats) }
    if (name === 'value_ints') return { shape: [ints.length], dtype: 'int64', data: Float64Array.from(ints) }
  }
  return undefined
}

function shapesOf(values: readonly ValueProto[]): Map<string, readonly Side[]> {
  const shapes = new Map<string, readonly Side[]>()
  for (const { name, shape } of values) if (shape && name !== '') shapes.set(name, shape)
  return shapes
}
