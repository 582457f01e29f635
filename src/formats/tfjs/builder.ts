import { show } from '../../errors.ts'
import type { Attribute, Graph, GraphNode, GraphValue, Side, Weights } from '../model.ts'

/** A graph being put together, node by node, from a framework's own description. */
export interface Builder {
  readonly constants: Map<string, Weights>
  readonly shapes: Map<string, readonly Side[]>
  readonly inputs: GraphValue[]
  readonly nodes: GraphNode[]
  /** stored tensors behind constants that were reshaped on the way */
  readonly origin: Map<string, string>
  /** Adds a node with one output, named `output`, and gives that name back. */
  add(op: string, inputs: readonly string[], output: string, attributes?: Record<string, Attribute>, domain?: string): string
  /** Ends every certificate at the node that makes `output`: its layer is listed all the same. Gives the name back. */
  refuse(output: string, why: string): string
}

export function builder(constants: Map<string, Weights>): Builder {
  const nodes: GraphNode[] = []
  const places = new Map<string, number>()
  return {
    constants,
    shapes: new Map(),
    inputs: [],
    nodes,
    origin: new Map(),
    add(op, inputs, output, attributes = {}, domain = '') {
      places.set(output, nodes.length)
      nodes.push({ name: output, op, domain, inputs, outputs: [output], attributes })
      return output
    },
    refuse(output, why) {
      const at = places.get(output)
      if (at !== undefined) nodes[at] = { ...nodes[at], refused: nodes[at].refused ?? why }
      return output
    },
  }
}

export function finish(build: Builder, name: string, outputs: readonly string[], channels: 'first' | 'last' = 'last'): Graph {
  const { constants, shapes, inputs } = build
  return {
    name,
    channels,
    inputs,
    outputs: outputs.map(output => ({ name: output, ...(shapes.has(output) && { shape: shapes.get(output)! }) })),
    nodes: unambiguous(build),
    constants,
    shapes,
  }
}

/** Layers and fused operators are taken apart into values with made-up names: one that the file uses already would stand for two values. */
function unambiguous({ constants, inputs, nodes }: Builder): GraphNode[] {
  const counts = new Map<string, number>()
  for (const name of [...constants.keys(), ...inputs.map(({ name }) => name), ...nodes.map(({ name }) => name)])
    counts.set(name, (counts.get(name) ?? 0) + 1)
  return nodes.map(node =>
    counts.get(node.name) === 1 ? node : { ...node, refused: `two values go by the name ${show(node.name)}` },
  )
}

/** The axes of a depthwise kernel [k…, C, M] as the grouped convolution it is: [k…, 1, C·M], C groups. */
export function depthwiseShape(shape: readonly number[]): { shape: number[]; groups: number } {
  const axes = shape.length - 2
  const [channels, multiplier] = shape.slice(axes)
  return { shape: [...shape.slice(0, axes), 1, channels * multiplier], groups: channels }
}

/** A node that acts entry by entry, or along one axis; `refused` where nobody knows what it does. */
export interface Activation {
  readonly op: string
  readonly attributes: Record<string, Attribute>
  readonly domain: string
  readonly refused?: string
}

/** Activations as ONNX spells them; what has no ONNX word keeps its own. */
export function activation(name: string): Activation {
  const key = name.toLowerCase()
  const found = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined
  if (found) return { op: found[0], attributes: found[1] ?? {}, domain: '' }
  return { op: name, attributes: {}, domain: 'keras', refused: `the activation ${show(name)} is not known here` }
}

const ACTIVATIONS: Readonly<Record<string, [string, Record<string, Attribute>?]>> = {
  linear: ['Identity'],
  relu: ['Relu'],
  relu6: ['Clip', { min: 0, max: 6 }],
  sigmoid: ['Sigmoid'],
  tanh: ['Tanh'],
  softmax: ['Softmax', { axis: -1 }],
  logsoftmax: ['LogSoftmax', { axis: -1 }],
  log_softmax: ['LogSoftmax', { axis: -1 }],
  elu: ['Elu', { alpha: 1 }],
  selu: ['Selu'],
  softplus: ['Softplus'],
  softsign: ['Softsign'],
  hardsigmoid: ['HardSigmoid', { alpha: 0.2, beta: 0.5 }],
  hard_sigmoid: ['HardSigmoid', { alpha: 0.2, beta: 0.5 }],
  exponential: ['Exp'],
  gelu: ['Gelu'],
  gelu_new: ['Gelu', { approximate: 'tanh' }],
  swish: ['Swish', { alpha: 1 }],
  silu: ['Swish', { alpha: 1 }],
  leaky_relu: ['LeakyRelu', { alpha: 0.2 }],
  mish: ['Mish'],
}
