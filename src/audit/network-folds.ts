import { isAlongChannels, outChannels } from '../formats/channels.ts'
import type { BatchNorm, Graph, GraphNode } from '../formats/model.ts'
import { numbersOf } from './rules/numbers.ts'
import { scalesOf } from './rules/normalize.ts'

/** Batch norms that are folded into the convolution before them, by the first output of each node. */
export interface Folds {
  readonly after: ReadonlyMap<string, { readonly scales: Float64Array; readonly by: string }>
  readonly into: ReadonlyMap<string, string>
}

/**
 * A batch norm may be folded into a convolution if it takes that one's output, biases added or not, and nothing else does: neither
 * another node nor the user of the network. An activation between the two is a node of its own, so it is never crossed.
 */
export function foldsOf(graph: Graph, batchNorms: ReadonlyMap<string, BatchNorm>): Folds {
  const after = new Map<string, { scales: Float64Array; by: string }>()
  const into = new Map<string, string>()
  const uses = new Map<string, number>()
  for (const name of [...graph.nodes.flatMap(node => node.inputs), ...graph.outputs.map(({ name }) => name)])
    uses.set(name, (uses.get(name) ?? 0) + 1)
  const makers = new Map(graph.nodes.map(node => [node.outputs[0], node]))
  for (const node of graph.nodes) {
    if (node.op !== 'BatchNormalization') continue
    const before = layerBefore(node.inputs[0], makers, uses, graph)
    if (!before || !isAlongChannels(node, graph.constants.get(before.inputs[1])?.shape.length, graph)) continue
    const scales = scalesAt(node, graph, batchNorms)
    // A constant that is added may spread one channel to several.
    if (!scales || scales.length !== channelsOf(before, graph)) continue
    after.set(before.outputs[0], { scales, by: node.name || node.outputs[0] })
    into.set(node.outputs[0], before.name || before.outputs[0])
  }
  return { after, into }
}

/** Output channels of a convolution whose kernel is stored. */
function channelsOf({ op, inputs, attributes }: GraphNode, graph: Graph): number | undefined {
  const kernel = graph.constants.get(inputs[1])
  const layout = attributes.layout === 'HWIO' ? 'HWIO' : 'OIHW'
  const groups = typeof attributes.group === 'number' ? attributes.group : 1
  return kernel && outChannels('conv', kernel.shape, { layout, groups, transposed: op === 'ConvTranspose' })
}

/** The convolution whose output this is, with nothing in between but stored biases that only this path sees. */
function layerBefore(
  name: string,
  makers: ReadonlyMap<string, GraphNode>,
  uses: ReadonlyMap<string, number>,
  graph: Graph,
): GraphNode | undefined {
  let highest = 0
  for (let node = makers.get(name); node && node.domain === '' && uses.get(name) === 1; node = makers.get(name)) {
    // A bias of higher rank than the kernel would move the channels to another axis.
    if (node.op === 'Conv' || node.op === 'ConvTranspose')
      return highest <= (graph.constants.get(node.inputs[1])?.shape.length ?? 0) ? node : undefined
    if (node.op === 'Identity') {
      name = node.inputs[0]
      continue
    }
    if (node.op !== 'Add' && node.op !== 'Sub') return undefined
    const moving = node.inputs.filter(input => !graph.constants.has(input))
    if (moving.length !== 1) return undefined
    for (const input of node.inputs) highest = Math.max(highest, graph.constants.get(input)?.shape.length ?? 0)
    name = moving[0]
  }
  return undefined
}

/** γ/√(v + ε), where all four are stored and in order; the rule of the node itself complains about the rest. */
function scalesAt(node: GraphNode, graph: Graph, batchNorms: ReadonlyMap<string, BatchNorm>): Float64Array | undefined {
  const batchNorm = node.batchNorm === undefined ? undefined : batchNorms.get(node.batchNorm)
  const stored = node.inputs.slice(1, 5).map(name => graph.constants.get(name))
  if (!batchNorm && (stored.length < 4 || stored.some(held => held === undefined))) return undefined
  const operands = node.inputs.map((name, i) => {
    const held = i > 0 ? graph.constants.get(name) : undefined
    return held && { name, shape: held.shape, constant: numbersOf(held, name) }
  })
  const { gamma, variance, epsilon } = scalesOf({ node, operands, ...(batchNorm && { batchNorm }) })
  const scales = gamma.map((g, c) => g / Math.sqrt(variance[c] + epsilon))
  return gamma.length === variance.length && scales.every(Number.isFinite) ? scales : undefined
}
