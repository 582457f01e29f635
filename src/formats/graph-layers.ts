import { show } from '../errors.ts'
import { sizeOf } from '../tensor.ts'
import { isAlongChannels } from './channels.ts'
import { add, type Scope, skip, type Work } from './extraction.ts'
import { dequantizedKernel } from './folding.ts'
import { geometryOf, inputSides } from './graph-geometry.ts'
import { gemm, product, recurrent } from './graph-matrices.ts'
import { layerBefore, normOf, withoutShared } from './graph-norms.ts'
import type { BatchNorm, Graph, GraphNode, Layer, ReadOptions, Skipped, Weights } from './model.ts'
import { isFloat } from './weights.ts'

export interface Extracted {
  readonly layers: Layer[]
  readonly batchNorms: BatchNorm[]
  readonly skipped: Skipped[]
  /** stored tensors that a layer or a norm holds */
  readonly used: ReadonlySet<string>
  readonly graph: Graph
}

/**
 * The layers of a graph: every convolution and matrix product one of whose factors is stored, with the geometry its node states, and
 * every batch norm, with the layer it may be folded into.
 *
 * Nodes of the graph returned name their layer. What is stored and belongs to no layer is listed with what uses it.
 */
export function layersOf(graph: Graph, origin: ReadonlyMap<string, string>, what: string, options: ReadOptions): Extracted {
  const work: Work = {
    what,
    options,
    origin,
    layers: new Map(),
    norms: new Map(),
    skipped: new Map(),
    used: new Set(),
    ways: new Map(),
    uses: new Map(),
  }
  const marked = visitGraph(graph, () => undefined, work)
  const layers = [...work.layers.values()]
  listOperands(marked, work)
  const batchNorms = [...work.norms.values()].map(norm => withoutShared(norm, work))
  return { layers, batchNorms, skipped: [...work.skipped].map(([name, why]) => ({ name, why })), used: work.used, graph: marked }
}

function visitGraph(graph: Graph, outer: Scope, work: Work): Graph {
  const scope: Scope = name => graph.constants.get(name) ?? outer(name)
  const consumers = countConsumers(graph)
  const makers = new Map<string, GraphNode>()
  const nodes: GraphNode[] = []
  for (const node of graph.nodes) {
    const inner = withSubgraphs(node, scope, work)
    const layer = layerOf(inner, graph, scope, work)
    const norm = layer ? undefined : normOf(inner, scope, work, graph.opset)
    const before = norm && layerBefore(inner.inputs[0], norm, makers, consumers, scope, work)
    const follows = isAlongChannels(inner, work.layers.get(before ?? '')?.kernel.shape.length, graph) ? before : undefined
    if (norm) work.norms.set(norm.name, follows ? { ...norm, follows, followsBy: 'graph' } : norm)
    const marked = { ...inner, ...(layer && { layer: layer.name }), ...(norm && { batchNorm: norm.name }) }
    nodes.push(marked)
    for (const output of node.outputs) makers.set(output, marked)
  }
  return { ...graph, nodes }
}

function withSubgraphs(node: GraphNode, scope: Scope, work: Work): GraphNode {
  const entries = Object.entries(node.attributes)
  if (!entries.some(([, value]) => isGraph(value) || (Array.isArray(value) && isGraph(value[0])))) return node
  const attributes = entries.map(([name, value]) => {
    if (isGraph(value)) return [name, visitGraph(value, scope, work)]
    if (Array.isArray(value) && isGraph(value[0]))
      return [name, (value as unknown as Graph[]).map(g => visitGraph(g, scope, work))]
    return [name, value]
  })
  return { ...node, attributes: Object.fromEntries(attributes) }
}

export function isGraph(value: unknown): value is Graph {
  return typeof value === 'object' && value !== null && 'nodes' in value
}

function subgraphs(node: GraphNode): Graph[] {
  return Object.values(node.attributes).flatMap(value =>
    isGraph(value) ? [value] : Array.isArray(value) ? value.filter(isGraph) : [],
  )
}

/** How often each value is read, subgraphs and the graph's own outputs included. */
function countConsumers(graph: Graph, counts = new Map<string, number>()): Map<string, number> {
  const count = (name: string): unknown => counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const node of graph.nodes) {
    for (const input of node.inputs) count(input)
    for (const inner of subgraphs(node)) countConsumers(inner, counts)
  }
  for (const { name } of graph.outputs) count(name)
  return counts
}

function layerOf(node: GraphNode, graph: Graph, scope: Scope, work: Work): Layer | undefined {
  if (node.domain !== '') return undefined
  switch (node.op) {
    case 'Conv':
    case 'ConvTranspose':
      return convolution(node, node.inputs[1], scope(node.inputs[1] ?? ''), graph, work)
    case 'QLinearConv': {
      const [, , , name, scaleName, zeroName] = node.inputs
      const [kernel, scale, zero] = [scope(name ?? ''), scope(scaleName ?? ''), scope(zeroName ?? '')]
      // A zero point that is computed is not one of 0.
      const known = kernel && scale && (zero || !zeroName)
      const real = known ? dequantizedKernel(kernel, scale, zero) : undefined
      return convolution(node, name, real, graph, work)
    }
    case 'Gemm':
      return gemm(node, scope, work)
    case 'MatMul':
      return product(node, scope, work)
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      recurrent(node, scope, work)
      return undefined
    default:
      return undefined
  }
}

function convolution(node: GraphNode, name = '', kernel: Weights | undefined, graph: Graph, work: Work): Layer | undefined {
  if (!kernel) return skip(name || node.name, `the kernel of ${node.op} ${show(node.name)} is computed, not stored`, work)
  const axes = kernel.shape.length - 2
  if (axes < 1 || axes > 3) return skip(name, `rank ${kernel.shape.length}: a convolution has rank 3, 4 or 5`, work)
  if (!isFloat(kernel.dtype)) return skip(name, `a kernel of ${kernel.dtype} numbers without a scale`, work)
  const inputSize = inputSides(node, graph, axes)
  const geometry = geometryOf(node, kernel, inputSize, work.what)
  const depthwise = geometry.groups! > 1 && kernel.shape[geometry.layout === 'HWIO' ? axes : 1] === 1
  return add(name, { op: 'conv', kernel, kind: depthwise ? `${node.op} (depthwise)` : node.op, geometry, inputSize }, work)
}

/** Names every stored tensor that no layer holds, and what it is there for. */
function listOperands(graph: Graph, work: Work): void {
  for (const node of graph.nodes) {
    node.inputs.forEach((name, position) => {
      const stored = work.origin.get(name) ?? name
      const tensor = graph.constants.get(name)
      if (!tensor || work.used.has(stored) || work.skipped.has(stored) || isStructure(tensor)) return
      work.skipped.set(stored, purpose(node, position, tensor))
    })
    for (const inner of subgraphs(node)) listOperands(inner, work)
  }
}

/** Shapes, axes, indices and single numbers: part of the graph, not weights somebody would look for. */
function isStructure(tensor: Weights): boolean {
  return !isFloat(tensor.dtype) || sizeOf(tensor.shape) <= 1
}

function purpose(node: GraphNode, position: number, tensor: Weights): string {
  const biased = ['Conv', 'ConvTranspose', 'Gemm'].includes(node.op) && position === 2
  if (biased) return `the bias of ${node.op} ${show(node.name)}`
  if (node.op === 'Gather' && position === 0) return `a table looked up by ${show(node.name)}, not a layer`
  return `an operand of ${node.op} ${show(node.name)}, shape ${show([...tensor.shape])}`
}
