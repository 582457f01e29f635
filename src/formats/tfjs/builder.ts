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
}

export function builder(constants: Map<string, Weights>): Builder {
  const nodes: GraphNode[] = []
  return {
    constants,
    shapes: new Map(),
    inputs: [],
    nodes,
    origin: new Map(),
    add(op, inputs, output, attributes = {}, domain = '') {
      nodes.push({ name: output, op, domain, inputs, outputs: [output], attributes })
      return output
    },
  }
}

export function finish(build: Builder, name: string, outputs: readonly string[], channels: 'first' | 'last' = 'last'): Graph {
  const { constants, shapes, inputs, nodes } = build
  return {
    name,
    channels,
    inputs,
    outputs: outputs.map(output => ({ name: output, ...(shapes.has(output) && { shape: shapes.get(output)! }) })),
    nodes,
    constants,
    shapes,
  }
}

/** The axes of a depthwise kernel [k…, C, M] as the grouped convolution it is: [k…, 1, C·M], C groups. */
export function depthwiseShape(shape: readonly number[]): { shape: number[]; groups: number } {
  const axes = shape.length - 2
  const [channels, multiplier] = shape.slice(axes)
  return { shape: [...shape.slice(0, axes), 1, channels * multiplier], groups: channels }
}

/** Activations as ONNX spells them; what has no ONNX word keeps its own. */
export function activation(name: string): { op: string; attributes: Record<string, Attribute>; domain: string } {
  const key = name.toLowerCase()
  const found = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined
  return found ? { op: found[0], attributes: found[1] ?? {}, domain: '' } : { op: name, attributes: {}, domain: 'keras' }
}

const ACTIVATIONS: Readonly<Record<string, [string, Record<string, Attribute>?]>> = {
  linear: ['Identity'],
  relu: ['Relu'],
  relu6: ['Clip', { min: 0, max: 6 }],
  sigmoid: ['Sigmoid'],
  tanh: ['Tanh'],
  softmax: ['Softmax', { axis: -1 }],
  logsoftmax: ['LogSoftmax', { axis: -1 }],
  elu: ['Elu', { alpha: 1 }],
  selu: ['Selu'],
  softplus: ['Softplus'],
  softsign: ['Softsign'],
  hardsigmoid: ['HardSigmoid', { alpha: 0.2, beta: 0.5 }],
  hard_sigmoid: ['HardSigmoid', { alpha: 0.2, beta: 0.5 }],
  exponential: ['Exp'],
  gelu: ['Gelu'],
  mish: ['Mish'],
  swish: ['Swish'],
  silu: ['Swish'],
}
