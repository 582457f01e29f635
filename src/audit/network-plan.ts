import type { SizedConv } from '../conv.ts'
import { fail, OpnormError, show } from '../errors.ts'
import type { BatchNorm, Graph, GraphNode, GraphValue, Layer, Model } from '../formats/model.ts'
import { sizeOf } from '../tensor.ts'
import { foldsOf } from './network-folds.ts'
import { fusedNodes } from './network-fusion.ts'
import type { NetworkOptions } from './network-types.ts'
import { RULES } from './rules/index.ts'
import { isShape, MOST_MADE, type Numbers, numbersOf } from './rules/numbers.ts'
import { cannotBound, type Operand, type Step, type View } from './rules/step.ts'

/** A step of the network that depends on its inputs. */
export interface Planned {
  readonly node: GraphNode
  readonly step: Step
  readonly operands: readonly (Operand | undefined)[]
  readonly output: string
}

/** The network as a list of steps, all shapes known; constants are already computed. `reason`: where it had to stop. */
export interface Plan {
  readonly inputs: readonly Operand[]
  readonly steps: readonly Planned[]
  readonly shapes: ReadonlyMap<string, readonly number[]>
  readonly constants: ReadonlyMap<string, Numbers>
  readonly reason?: string
}

interface Work {
  readonly graph: Graph
  readonly layers: ReadonlyMap<string, Layer>
  readonly batchNorms: ReadonlyMap<string, BatchNorm>
  readonly values: Map<string, Operand>
  readonly folds: ReturnType<typeof foldsOf>
  readonly norm: (layer: SizedConv) => number
  /** entries that constants may still be computed to: as many as the file stores, and some */
  readonly allowance: { left: number }
}

/** Follows the graph from its inputs: a step for every node that its outputs need. */
export function planOf(model: Model, options: NetworkOptions, norm: (layer: SizedConv) => number): Plan {
  const graph = fusedNodes(model.graph!)
  const batchNorms = new Map(model.batchNorms.map(each => [each.name, each]))
  const values = new Map<string, Operand>()
  const work: Work = {
    graph,
    layers: new Map(model.layers.map(layer => [layer.name, layer])),
    batchNorms,
    values,
    folds: foldsOf(graph, batchNorms),
    norm,
    allowance: { left: MOST_MADE + storedEntries(graph) },
  }
  checkNames(graph, options)
  const steps: Planned[] = []
  let reason: string | undefined
  try {
    for (const value of graph.inputs) values.set(value.name, { name: value.name, shape: inputShape(value, options) })
    for (const node of neededNodes(graph)) steps.push(...stepsOf(node, work))
    const missing = graph.outputs.find(({ name }) => !valueOf(name, work))
    if (missing) reason = `output '${missing.name}' is given by no node`
    else if (graph.outputs.length === 0) reason = 'the graph has no outputs'
  } catch (error) {
    if (!(error instanceof OpnormError) || error.code === 'option') throw error
    reason = error.message
  }
  const held = [...values.values()]
  return {
    inputs: graph.inputs.flatMap(({ name }) => values.get(name) ?? []),
    steps,
    shapes: new Map(held.map(({ name, shape }) => [name, shape])),
    constants: new Map(held.flatMap(({ name, constant }) => (constant ? [[name, constant] as const] : []))),
    ...(reason !== undefined && { reason }),
  }
}

/** The nodes that the outputs depend on, in the graph's order; outputs of theirs that nobody needs are left out of them. */
function neededNodes(graph: Graph): GraphNode[] {
  const needed = new Set(graph.outputs.map(({ name }) => name))
  const nodes: GraphNode[] = []
  for (const node of [...graph.nodes].reverse()) {
    const outputs = node.outputs.map(name => (needed.has(name) ? name : ''))
    if (outputs.every(name => name === '')) continue
    for (const name of node.inputs) if (name !== '') needed.add(name)
    nodes.push({ ...node, outputs })
  }
  return nodes.reverse()
}

/** Whether a shape somebody gives is one an input may have: the sides the file says, and something for the open ones. */
export function fitsInput({ shape }: GraphValue, given: readonly number[]): boolean {
  const agrees = !shape || (shape.length === given.length && shape.every((side, d) => side === null || side === given[d]))
  return agrees && given.every(side => Number.isInteger(side) && side >= 1)
}

/** An input's shape in the file, open sides as question marks. */
export function openShape({ shape }: GraphValue): string {
  return `[${shape?.map(side => side ?? '?').join(', ')}]`
}

/** The shape an input has: as asked for, else as the file says, with an open first side taken as 1. */
function inputShape(input: GraphValue, options: NetworkOptions): readonly number[] {
  const { name, shape } = input
  const given = options.inputShapes?.[name]
  if (given) {
    if (!fitsInput(input, given))
      fail('option', `inputShapes.${name}`, `a shape like ${openShape(input)}`, show([...given]), 'Fill in the open sides')
    return given
  }
  if (!shape) cannotBound(`input '${name}' has no shape in the file. Give one with inputShapes (--input-shape)`)
  const settled = shape.map((side, d) => (side === null && d === 0 ? 1 : side))
  if (!settled.every((side): side is number => side !== null))
    cannotBound(`input '${name}' has open sides ${openShape(input)}. Give them with inputShapes (--input-shape)`)
  if (!isShape(settled) || sizeOf(settled) === 0) cannotBound(`input '${name}' has the shape [${settled.join(', ')}]`)
  return settled
}

/** The steps of one node; nothing for what the graph alone decides. */
function stepsOf(node: GraphNode, work: Work): Planned[] {
  try {
    const operands = node.inputs.map(name => (name === '' ? undefined : operandOf(name, work)))
    const steps = ruleFor(node)(viewOf(node, operands, work))
    return node.outputs.flatMap((output, i) => {
      if (output === '') return []
      const step = steps[i] ?? cannotBound(`its output ${i} has no bound`)
      if (!isShape(step.shape)) cannotBound(`a result of shape [${step.shape.join(', ')}]`)
      if (!step.known && operands.some(operand => operand && !operand.constant)) {
        checkGains(step, operands)
        work.values.set(output, { name: output, shape: step.shape })
        return [{ node, step, operands, output }]
      }
      work.values.set(output, { name: output, shape: step.shape, constant: computed(step, operands, work) })
      return []
    })
  } catch (error) {
    // Rules check what a well-formed node may get wrong; where a damaged one defeats them, it ends the certificate all the same.
    const why =
      error instanceof OpnormError
        ? error.message
        : `its operands or attributes do not fit (${error instanceof Error ? error.message : error})`
    throw new OpnormError('operator', `${node.op} '${node.name || node.outputs[0]}': ${why}`, { cause: error })
  }
}

/** Every operand that moves has a gain, and every gain is a number: a rule that overlooked one must not make a bound. */
function checkGains({ gains }: Step, operands: readonly (Operand | undefined)[]): void {
  operands.forEach((operand, at) => {
    if (!operand || operand.constant) return
    if (gains[at] === undefined) cannotBound(`operand ${at} ('${operand.name}') depends on the input`)
    if (!(gains[at] >= 0)) cannotBound(`a gain of ${gains[at]}`)
  })
}

/** A few bytes of a graph can ask for constants of any size: what they come to together is bounded by what the file holds. */
function computed(step: Step, operands: readonly (Operand | undefined)[], { allowance }: Work): Numbers {
  allowance.left -= sizeOf(step.shape)
  if (allowance.left < 0) cannotBound(`a constant of shape [${step.shape.join(', ')}]: more numbers than the file holds`)
  return step.evaluate(
    operands.map(operand => operand?.constant),
    true,
  )
}

function storedEntries({ constants }: Graph): number {
  return [...constants.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}

function ruleFor(node: GraphNode) {
  if (node.refused !== undefined) cannotBound(node.refused)
  const own = node.domain === '' || node.domain === 'ai.onnx'
  return (
    (own && RULES.get(node.op)) ||
    cannotBound(own ? 'this operator has no bound that is known here' : `this operator of '${node.domain}' is not known here`)
  )
}

function viewOf(node: GraphNode, operands: readonly (Operand | undefined)[], work: Work): View {
  const { graph, layers, batchNorms, folds, norm } = work
  const [layer, batchNorm] = [node.layer && layers.get(node.layer), node.batchNorm && batchNorms.get(node.batchNorm)]
  const [fold, foldedInto] = [folds.after.get(node.outputs[0]), folds.into.get(node.outputs[0])]
  return {
    node,
    graph,
    operands,
    norm,
    ...(layer && { layer }),
    ...(batchNorm && { batchNorm }),
    ...(fold && { fold }),
    ...(foldedInto !== undefined && { foldedInto }),
  }
}

function operandOf(name: string, work: Work): Operand {
  return valueOf(name, work) ?? cannotBound(`operand '${name}' is given by no earlier node (a cycle, or a missing input)`)
}

/** A value known so far; constants of the file are read when they are first needed. */
function valueOf(name: string, { values, graph }: Work): Operand | undefined {
  const known = values.get(name)
  if (known) return known
  const stored = graph.constants.get(name)
  if (!stored) return undefined
  const value = { name, shape: stored.shape, constant: numbersOf(stored, name) }
  values.set(name, value)
  return value
}

function checkNames(graph: Graph, options: NetworkOptions): void {
  for (const name of Object.keys({ ...options.inputShapes, ...options.at })) {
    if (!graph.inputs.some(input => input.name === name))
      fail('option', 'input', graph.inputs.map(input => `'${input.name}'`).join(' or '), show(name), "Use the graph's own names")
  }
}
