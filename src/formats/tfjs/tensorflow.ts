import { fail, show } from '../../errors.ts'
import type { Graph, Side, Weights } from '../model.ts'
import { ordered } from '../order.ts'
import { type Builder, builder, finish } from './builder.ts'
import { channelsFirst, type NodeDef, nodeDef, scalars, source, whole } from './node-def.ts'
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
  const isFirst = nodes.some(({ attr }) => channelsFirst(attr))
  for (const index of order) {
    const node = nodes[index]
    addNode(node, fed.get(node.name), build)
    const problem = problemOfOrder(node, isFirst)
    if (problem) build.refuse(node.name, problem)
  }
  const asked = namesOf(signature, 'outputs').map(([name]) => name)
  const outputs = asked.length > 0 ? [...new Set(asked)] : unread(nodes)
  const graph = finish(build, '', outputs, isFirst ? 'first' : 'last')
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
  if (make) make({ ...node, inputs }, build)
  else build.add(op, inputs, name, scalars(attr), 'tensorflow')
}

/**
 * What is not read of the order of axes. TensorFlow.js heeds it in convolutions, and takes two sides of their strides and dilations from the
 * wrong places: there all have to be 1. The graph speaks of one order.
 */
function problemOfOrder({ op, attr }: NodeDef, isFirst: boolean): string | undefined {
  const plain = (list: number[] | undefined): boolean => list === undefined || list.every(n => n === 1)
  const heeded = ['Conv2D', 'DepthwiseConv2dNative'].includes(op) && plain(whole(attr.strides)) && plain(whole(attr.dilations))
  if (channelsFirst(attr))
    return heeded ? undefined : 'channels that come before the spatial axes: TensorFlow.js does not read them so'
  return isFirst && /Conv|Pool|BatchNorm/.test(op) ? 'channels come last here and first elsewhere in the graph' : undefined
}

function placeholderShape(value: Record<string, unknown> | undefined): Side[] | undefined {
  const { dim, unknownRank } = (value?.shape ?? {}) as { dim?: unknown; unknownRank?: unknown }
  if (unknownRank || !Array.isArray(dim)) return undefined
  return dim.map(side => {
    const size = Number((side as { size?: unknown })?.size)
    return Number.isSafeInteger(size) && size > 0 ? size : null
  })
}
