import { fail, show } from '../../errors.ts'
import type { Graph, Side, Weights } from '../model.ts'
import { ordered } from '../order.ts'
import { type Builder, builder, finish } from './builder.ts'
import { channelsFirst, type NodeDef, nodeDef, scalars, source, text } from './node-def.ts'
import { MAKERS } from './operators.ts'

/**
 * The graph of a TF.js graph model: TensorFlow operators as ONNX-style nodes, channels last. Fused operators are taken apart; what has
 * no ONNX counterpart keeps its name in domain 'tensorflow'.
 *
 * @param topology model.json's modelTopology, a GraphDef
 * @param signature model.json's, which names the outputs; without one they are what no node reads, as for TensorFlow.js itself
 * @throws OpnormError `file` for cycles and missing inputs
 */
export function tensorflowGraph(
  topology: unknown,
  constants: Map<string, Weights>,
  what: string,
  signature?: unknown,
): { graph: Graph; origin: ReadonlyMap<string, string> } {
  const listed = (topology as { node?: unknown })?.node
  if (!Array.isArray(listed)) fail('file', what, 'a list of nodes', show(listed), 'The file is damaged')
  const nodes = listed.map(node => nodeDef(node, what))
  const names = new Set(nodes.map(({ name }) => name))
  if (names.size < nodes.length) fail('file', what, 'nodes with names of their own', 'one name twice', 'The graph is damaged')
  const order = ordered(
    nodes.map(({ name, inputs }) => ({ inputs: inputs.map(source), outputs: [name] })),
    () => false,
    what,
  )
  const build = builder(new Map(constants))
  const first = new Set(nodes.flatMap(({ attr }) => (text(attr.data_format) ? [channelsFirst(attr)] : [])))
  // The graph speaks of one order: where a file has both, no operator that depends on it is translated.
  for (const index of order) addNode(nodes[index], build, first.size > 1 && text(nodes[index].attr.data_format) !== undefined)
  const graph = finish(build, '', outputsOf(nodes, signature, what), first.has(true) ? 'first' : 'last')
  return { graph, origin: build.origin }
}

function outputsOf(nodes: readonly NodeDef[], signature: unknown, what: string): string[] {
  const { outputs } = (signature ?? {}) as { outputs?: unknown }
  const named = Object.values((outputs ?? {}) as object).map(output => (output as { name?: unknown } | null)?.name)
  if (named.length > 0) {
    return named.map(name => {
      if (typeof name !== 'string' || !nodes.some(node => node.name === source(name)))
        fail('file', what, 'outputs that are nodes of the graph', show(name), 'The file is damaged')
      return plain(name)
    })
  }
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map(source)))
  return nodes.filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp').map(({ name }) => name)
}

/** The first output of a node goes by the node's name. */
function plain(ref: string): string {
  return ref.endsWith(':0') ? source(ref) : ref
}

function addNode(node: NodeDef, build: Builder, unclear: boolean): void {
  const { name, op, attr } = node
  const inputs = node.inputs.map(plain)
  if (op === 'Const') return
  if (op === 'NoOp') return
  if (op === 'Placeholder') {
    const shape = placeholderShape(attr.shape)
    build.inputs.push({ name, ...(shape && { shape }) })
    if (shape) build.shapes.set(name, shape)
    return
  }
  const make = Object.hasOwn(MAKERS, op) ? MAKERS[op] : undefined
  if (make && !unclear) make({ ...node, inputs }, build)
  else build.add(op, inputs, name, scalars(attr), 'tensorflow')
}

function placeholderShape(value: Record<string, unknown> | undefined): Side[] | undefined {
  const { dim, unknownRank } = (value?.shape ?? {}) as { dim?: unknown; unknownRank?: unknown }
  if (unknownRank || !Array.isArray(dim)) return undefined
  return dim.map(side => {
    const size = Number((side as { size?: unknown })?.size)
    return Number.isSafeInteger(size) && size > 0 ? size : null
  })
}
