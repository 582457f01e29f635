import { fail, show } from '../../errors.ts'
import type { Graph, Side, Weights } from '../model.ts'
import { ordered } from '../order.ts'
import { type Builder, builder, finish } from './builder.ts'
import { type NodeDef, nodeDef, scalars, source, text } from './node-def.ts'
import { MAKERS } from './operators.ts'

/**
 * The graph of a TF.js graph model: TensorFlow operators as ONNX-style nodes, channels last. Fused operators are taken apart; what has
 * no ONNX counterpart keeps its name in domain 'tensorflow'.
 *
 * @param topology model.json's modelTopology, a GraphDef
 * @throws OpnormError `file` for cycles and missing inputs
 */
export function tensorflowGraph(
  topology: unknown,
  constants: Map<string, Weights>,
  what: string,
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
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map(source)))
  const formats = new Set<string>()
  for (const index of order) {
    const format = text(nodes[index].attr.data_format)
    if (format) formats.add(format)
    addNode(nodes[index], build)
  }
  const outputs = nodes.filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp').map(({ name }) => name)
  const graph = finish(build, '', outputs, formats.has('NCHW') || formats.has('NCDHW') ? 'first' : 'last')
  return { graph, origin: build.origin }
}

function addNode(node: NodeDef, build: Builder): void {
  const { name, op, attr } = node
  const inputs = node.inputs.map(ref => (ref.endsWith(':0') ? source(ref) : ref))
  if (op === 'Const') return
  if (op === 'NoOp') return
  if (op === 'Placeholder') {
    const shape = placeholderShape(attr.shape)
    build.inputs.push({ name, ...(shape && { shape }) })
    if (shape) build.shapes.set(name, shape)
    return
  }
  const make = Object.hasOwn(MAKERS, op) ? MAKERS[op] : undefined
  if (make) make({ ...node, inputs }, build)
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
