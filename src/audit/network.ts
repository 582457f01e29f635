import type { SizedConv } from '../conv.ts'
import type { Graph, Model } from '../formats/model.ts'
import { exact } from '../methods/exact.ts'
import { spectralNorm } from '../methods/spectral-norm.ts'
import { type Plan, planOf, type Planned } from './network-plan.ts'
import { Flow } from './network-flow.ts'
import { searchGain } from './network-search.ts'
import type { CertifiedNode, CertifiedValue, NetworkCertificate, NetworkOptions } from './network-types.ts'
import type { Proven } from '../network/compose.ts'
import { euclideanUp } from '../network/outward.ts'

export type { CertifiedNode, CertifiedValue, NetworkCertificate, NetworkOptions } from './network-types.ts'

/**
 * A proven Lipschitz constant of a whole network, ‖f(x) − f(y)‖₂ ≤ L·‖x − y‖₂ for all x, y, by composition over its graph.
 *
 * Every operator of the graph claims a constant (docs/networks.md lists them); values between a branching and its join are one function, whose
 * branches add; batch norms are folded into the convolution before them; shapes and sizes the graph computes are followed. One operator
 * without a constant, and there is no certificate: `reason` names it. Mostly loose: `lower`, a gain that two inputs really have, says how loose at most.
 *
 * It speaks of the function in exact arithmetic with the weights of the file, at the shapes of `inputs`. METHODS §9.
 *
 * @param model with a graph (ONNX, TF.js); state dicts have none, and the product of their layers is no bound of a network with branches
 * @throws OpnormError `option` for options that contradict the graph
 * @example certifyNetwork(readModel(file)).bound?.value
 */
export function certifyNetwork(model: Model, options: NetworkOptions = {}): NetworkCertificate {
  const empty = { nodes: [], inputs: [], outputs: [] }
  if (!model.graph) return { ...empty, reason: 'no certificate: the file holds weights without a graph' }
  const proven = options.norm ?? (layer => normOf(layer, options.gap ?? 1e-4))
  let work = 0
  const norm = (layer: SizedConv): number => {
    const bound = proven(layer)
    work += bound.work
    return bound.upper
  }
  const plan = planOf(model, options, norm)
  const { nodes, total } = throughFlow(plan, model.graph)
  const inputs = plan.inputs.map(({ name, shape }) => ({ name, shape }))
  const outputs = outputsOf(plan, model.graph)
  if (plan.reason !== undefined) return { reason: `no certificate: ${plan.reason}`, nodes, inputs, outputs }
  const bound = { value: total, kind: 'upper', method: 'composition', scope: 'this-size', lower: 0, upper: total, work } as const
  const found = options.lower === false ? {} : searchGain(plan, outputs, options, total)
  return { bound: { ...bound, lower: found.lower?.lower ?? 0 }, nodes, inputs, outputs, ...found }
}

/**
 * Matrices have a norm to rounding; convolutions an enclosure of the wanted width. With zero padding the upper end is that of every size, and
 * only the upper end counts here: the size is left out, and what would be spent on a lower end with it.
 */
function normOf(layer: SizedConv, gap: number): Proven {
  if (layer.kernelSize.length === 0) return exact(layer)
  if (layer.padding === 'circular') return spectralNorm(layer, { gap })
  const { inputSize: _, outputSize: __, ...everywhere } = layer
  return spectralNorm(everywhere, { gap })
}

/** Carries the claims of all nodes from the inputs to the outputs. */
function throughFlow(plan: Plan, graph: Graph): { nodes: CertifiedNode[]; total: number } {
  const flow = new Flow()
  const places = new Map(plan.inputs.map(({ name }) => [name, flow.input()]))
  const nodes: CertifiedNode[] = []
  for (const planned of plan.steps) {
    const { step, output } = planned
    const edges = movingOf(planned).map(({ name, gain }) => ({ from: places.get(name)!, gain }))
    const place = flow.add(edges, step.combine, step.piece)
    places.set(output, place)
    const gains = edges.map(edge => edge.gain)
    const gain = step.combine === 'sum' ? euclideanUp(gains) : gains.reduce((a, b) => Math.max(a, b), 0)
    nodes.push({ name: planned.node.name || output, op: planned.node.op, rule: step.rule, gain, cumulative: flow.total(place) })
  }
  if (plan.reason !== undefined) return { nodes, total: Infinity }
  const ends = graph.outputs.flatMap(({ name }) => (places.has(name) ? [{ from: places.get(name)!, gain: 1 }] : []))
  return { nodes, total: ends.length === 0 ? 0 : flow.total(flow.add(ends, 'stack')) }
}

/** The operands of a step that depend on the network's inputs. */
function movingOf({ step, operands }: Planned): { name: string; gain: number }[] {
  return operands.flatMap((operand, i) =>
    operand && !operand.constant ? [{ name: operand.name, gain: step.gains[i] ?? 0 }] : [],
  )
}

function outputsOf(plan: Plan, graph: Graph): CertifiedValue[] {
  return graph.outputs.flatMap(({ name }) => {
    const shape = plan.shapes.get(name)
    return shape ? [{ name, shape }] : []
  })
}
