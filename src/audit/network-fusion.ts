import type { Graph, GraphNode } from '../formats/model.ts'

/**
 * Exporters spell activations that have no operator of their own as products, `x · σ(x)`; node by node a product of two computed values has no
 * Lipschitz constant, as a function of x it has. Such products become one node on x. What computed σ(x) stays, and is left out if
 * nobody else needs it.
 */
export function fusedNodes(graph: Graph): Graph {
  const makers = new Map(graph.nodes.flatMap(node => node.outputs.map(name => [name, node] as const)))
  const maker = (name: string, op: string): GraphNode | undefined => {
    const node = makers.get(name)
    return node?.op === op && node.domain === '' && node.refused === undefined ? node : undefined
  }
  const fused = (node: GraphNode): GraphNode => {
    if (node.op !== 'Mul' || node.domain !== '' || node.refused !== undefined || node.inputs.length !== 2) return node
    const [a, b] = node.inputs
    return productWith(node, a, b, maker) ?? productWith(node, b, a, maker) ?? node
  }
  return { ...graph, nodes: graph.nodes.map(fused) }
}

type Maker = (name: string, op: string) => GraphNode | undefined

/** x times a gate of x, where that is an activation with a name. */
function productWith(node: GraphNode, x: string, gate: string, maker: Maker): GraphNode | undefined {
  const as = (op: string, attributes: GraphNode['attributes'] = {}): GraphNode => ({ ...node, op, inputs: [x], attributes })
  if (maker(gate, 'Sigmoid')?.inputs[0] === x) return as('Swish', { alpha: 1 })
  const hard = maker(gate, 'HardSigmoid')
  if (hard?.inputs[0] === x && isSixth(hard)) return as('HardSwish', { alpha: hard.attributes.alpha })
  const tanh = maker(gate, 'Tanh')
  if (tanh && maker(tanh.inputs[0], 'Softplus')?.inputs[0] === x) return as('Mish')
  return undefined
}

/** The hard sigmoid clip(x/6 + ½), the one in hard swish. */
function isSixth({ attributes }: GraphNode): boolean {
  const { alpha, beta = 0.5 } = attributes
  return beta === 0.5 && typeof alpha === 'number' && Math.abs(alpha - 1 / 6) < 1e-7
}
