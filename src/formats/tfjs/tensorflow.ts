import { fail, show } from '../../errors.ts'
import type { Graph, Side, Weights } from '../model.ts'
import { ordered } from '../order.ts'
import { type Builder, builder, finish } from './builder.ts'
import { channelsFirst, type NodeDef, nodeDef, scalars, source, text } from './node-def.ts'
import { MAKERS } from './operators.ts'

/**
 * The graph of a TF.js graph model: TensorFlow operators as ONNX-style nodes, channels last. Fused operators are taken apart; what has
 * no ONNX counterpart keeps its name in domain 'tensorflow'. Inputs and outputs are those of the signature; without one, as TensorFlow.js
 * has it, the placeholders and the nodes that nobody reads.
 *
 * @param topology model.json's modelTopology, a GraphDef
 * @param signature model.json's, if it has one
 * @throws OpnormError `file` for cycles and missing inputs
 */
export function tensorflowGraph(
  topology: unknown,
  constants: Map<string, Weights>,
  what: string,
  signature?: unknown,
): { graph: Graph; origin: ReadonlyMap<string, string>; notes: string[] } {
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
  const fed = new Map(namesOf(signature, 'inputs'))
  const formats = new Set<string>()
  for (const index of order) {
    const format = text(nodes[index].attr.data_format)
    if (format) formats.add(format)
    addNode(nodes[index], fed.get(nodes[index].name), build)
  }
  const asked = namesOf(signature, 'outputs').map(([name]) => name)
  const outputs = asked.length > 0 ? [...new Set(asked)] : unread(nodes)
  const graph = finish(build, '', outputs, formats.has('NCHW') || formats.has('NCDHW') ? 'first' : 'last')
  const named = outputs.slice(0, 4).map(show).join(', ') + (outputs.length > 4 ? ' …' : '')
  const note = `the model has no signature: its outputs are taken to be the nodes that nobody reads, ${named}`
  return { graph, origin: build.origin, notes: asked.length > 0 ? [] : [note] }
}

/** The values a signature names, with the shapes it gives: { outputs: { key: { name: 'node:0', tensorShape } } }. */
function namesOf(signature: unknown, side: 'inputs' | 'outputs'): [name: string, shape: Record<string, unknown>][] {
  const listed = ((signature ?? {}) as Record<string, unknown>)[side]
  if (typeof listed !== 'object' || listed === null) return []
  return Object.values(listed as Record<string, { name?: unknown; tensorShape?: unknown } | null>).flatMap(entry =>
    typeof entry?.name === 'string' ? [[first(entry.name), { shape: entry.tensorShape }]] : [],
  )
}

/** Nodes that nobody reads, nor waits for. */
function unread(nodes: readonly NodeDef[]): string[] {
  const read = new Set(nodes.flatMap(({ inputs, after }) => [...inputs.map(source), ...after]))
  return nodes.filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp').map(({ name }) => name)
}

/** 'node:0' is 'node'; further outputs keep their number. */
function first(ref: string): string {
  return ref.endsWith(':0') ? source(ref) : ref
}

/** @param fed the shape the signature gives a node that stands for an input, if it is one */
function addNode(node: NodeDef, fed: Record<string, unknown> | undefined, build: Builder): void {
  const { name, op, attr } = node
  const inputs = node.inputs.map(first)
  if (op === 'Const') return
  if (op === 'NoOp') return
  if (op === 'Placeholder' || fed) {
    const shape = placeholderShape(op === 'Placeholder' ? attr.shape : fed)
    build.inputs.push({ name, ...(shape && { shape }) })
    if (shape) build.shapes.set(name, shape)
    return
  }
  const make = Object.hasOwn(MAKERS, op) ? MAKERS[op] : undefined
  if (make) {
    make({ ...node, inputs }, build)
    if (channelsFirst(attr))
      build.refuse(name, 'channels that come before the spatial axes: TensorFlow.js reads them so in some operators only')
  } else build.add(op, inputs, name, scalars(attr), 'tensorflow')
}

function placeholderShape(value: Record<string, unknown> | undefined): Side[] | undefined {
  const { dim, unknownRank } = (value?.shape ?? {}) as { dim?: unknown; unknownRank?: unknown }
  if (unknownRank || !Array.isArray(dim)) return undefined
  return dim.map(side => {
    const size = Number((side as { size?: unknown })?.size)
    return Number.isSafeInteger(size) && size > 0 ? size : null
  })
}
