import { fail, show } from '../errors.ts'
import { sizeOf } from '../tensor.ts'
import { outChannels } from './channels.ts'
import { dequantizedKernel } from './folding.ts'
import { entryFor, spell } from './geometry.ts'
import type { BatchNorm, Graph, GraphNode, Layer, LayerGeometry, ReadOptions, Skipped, Weights } from './model.ts'
import { derived, isFloat, reshaped, transposed } from './weights.ts'

export interface Extracted {
  readonly layers: Layer[]
  readonly batchNorms: BatchNorm[]
  readonly skipped: Skipped[]
  /** stored tensors that a layer or a norm holds */
  readonly used: ReadonlySet<string>
  readonly graph: Graph
}

/** Constants of a graph and of those around it. */
type Scope = (name: string) => Weights | undefined

interface Work {
  readonly what: string
  readonly options: ReadOptions
  /** which stored tensor a constant was made from */
  readonly origin: ReadonlyMap<string, string>
  readonly layers: Map<string, Layer>
  readonly norms: Map<string, BatchNorm>
  readonly skipped: Map<string, string>
  /** stored tensors that a layer or a norm holds */
  readonly used: Set<string>
  /** per weight, the layer of each way it is used */
  readonly ways: Map<string, Map<string, string>>
  /** how many nodes use a layer */
  readonly uses: Map<string, number>
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
    const norm = layer ? undefined : normOf(inner, scope, work)
    const follows = norm && layerBefore(inner.inputs[0], norm, makers, consumers, scope, work)
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
      const real = kernel && scale && dequantizedKernel(kernel, scale, zero)
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

/** Spatial sides of a node's input, where the file gives all of them. */
function inputSides(node: GraphNode, graph: Graph, axes: number): number[] | undefined {
  const shape = graph.shapes.get(node.inputs[0])
  if (shape?.length !== axes + 2) return undefined
  const sides = graph.channels === 'first' ? shape.slice(2) : shape.slice(1, -1)
  return sides.every(side => side !== null) ? (sides as number[]) : undefined
}

/** Reads a list of whole numbers, one per axis or two, among a node's attributes. */
type Lists = (name: string, count: number, least: number) => number[] | undefined

function listsOf({ name: node, attributes }: GraphNode, what: string): Lists {
  return (name, count, least) => {
    const value = attributes[name]
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined
    if (!Array.isArray(value) || value.length !== count || !value.every(n => Number.isSafeInteger(n) && n >= least))
      fail('file', `${what}: ${node}: ${name}`, `${count} whole numbers from ${least}`, show(value), 'The graph is damaged')
    return value as number[]
  }
}

function geometryOf(node: GraphNode, kernel: Weights, inputSize: readonly number[] | undefined, what: string): LayerGeometry {
  const { attributes } = node
  const layout = attributes.layout === 'HWIO' ? 'HWIO' : 'OIHW'
  const kernelSize = layout === 'HWIO' ? kernel.shape.slice(0, -2) : kernel.shape.slice(2)
  const axes = kernelSize.length
  const lists = listsOf(node, what)
  const groups = (attributes.group as number | undefined) ?? 1
  if (!Number.isSafeInteger(groups) || groups < 1)
    fail('file', `${what}: ${node.name}: group`, 'a whole number from 1', show(groups), 'The graph is damaged')
  const stride = lists('strides', axes, 1) ?? new Array<number>(axes).fill(1)
  const dilation = lists('dilations', axes, 1) ?? new Array<number>(axes).fill(1)
  const outputPadding = lists('output_padding', axes, 0) ?? new Array<number>(axes).fill(0)
  const reach = kernelSize.map((k, d) => dilation[d] * (k - 1) + 1)
  const window: Window = { reach, stride, outputPadding, ...(inputSize && { inputSize }) }
  const geometry: LayerGeometry = { stride, dilation, groups, pad: padOf(node, window, lists, what) }
  if (layout === 'HWIO') geometry.layout = layout
  return node.op === 'ConvTranspose' ? { ...geometry, transposed: true, outputPadding } : geometry
}

interface Window {
  /** dilation · (k − 1) + 1 */
  readonly reach: readonly number[]
  readonly stride: readonly number[]
  readonly outputPadding: readonly number[]
  readonly inputSize?: readonly number[]
}

const AUTO_PAD = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER']

function padOf(node: GraphNode, window: Window, lists: Lists, what: string): 'same' | 'valid' | number[] {
  const auto = node.attributes.auto_pad ?? 'NOTSET'
  if (!AUTO_PAD.includes(auto as string))
    fail('file', `${what}: ${node.name}: auto_pad`, AUTO_PAD.join(', '), show(auto), 'The graph is damaged')
  const axes = window.reach.length
  const wanted = node.op === 'ConvTranspose' ? lists('output_shape', axes, 1) : undefined
  if (wanted && window.inputSize) return cropped(window, window.inputSize, wanted, auto === 'SAME_UPPER')
  if (auto === 'VALID') return 'valid'
  if (auto === 'SAME_UPPER') return 'same'
  if (auto === 'SAME_LOWER') return sameLower(node.op, window)
  return lists('pads', 2 * axes, Number.MIN_SAFE_INTEGER) ?? new Array<number>(2 * axes).fill(0)
}

/** What a transposed layer takes off its output to reach the shape it states. */
function cropped(
  { reach, stride, outputPadding }: Window,
  inputSize: readonly number[],
  wanted: readonly number[],
  upper: boolean,
) {
  const totals = wanted.map((out, d) => Math.max(0, stride[d] * (inputSize[d] - 1) + outputPadding[d] + reach[d] - out))
  const lesser = totals.map(total => Math.floor(total / 2))
  const greater = totals.map((total, d) => total - lesser[d])
  // ONNX puts the odd one at the end for SAME_UPPER, else at the beginning.
  return upper ? [...lesser, ...greater] : [...greater, ...lesser]
}

/** SAME with the odd one in front. Where it depends on a size the file leaves open, 'same': every size at once has the same norm. */
function sameLower(op: string, { reach, stride, inputSize }: Window): 'same' | number[] {
  if (op === 'Conv' && !inputSize && stride.some(step => step > 1)) return 'same'
  const totals = stride.map((step, d) => {
    const side = inputSize?.[d] ?? step
    return Math.max(0, op === 'Conv' ? (Math.ceil(side / step) - 1) * step + reach[d] - side : reach[d] - step)
  })
  const after = totals.map(total => Math.floor(total / 2))
  return [...totals.map((total, d) => total - after[d]), ...after]
}

/** Y = α·A·B + C: the stored factor is the layer, α its scale. */
function gemm(node: GraphNode, scope: Scope, work: Work): Layer | undefined {
  const alpha = (node.attributes.alpha as number | undefined) ?? 1
  const right = scope(node.inputs[1] ?? '')
  const left = scope(node.inputs[0] ?? '')
  const name = right ? node.inputs[1] : node.inputs[0]
  const matrix = right ?? left
  if (!matrix || (left && right)) return undefined
  if (matrix.shape.length !== 2) return skip(name, `rank ${matrix.shape.length}: Gemm takes matrices`, work)
  // As [out, in]: B is [in, out] unless transB; A·x is [out, in] unless transA.
  const turned = right ? !node.attributes.transB : Boolean(node.attributes.transA)
  const oriented = turned ? transposed(matrix) : matrix
  const kernel =
    alpha === 1
      ? oriented
      : derived(oriented, oriented.shape, values => Float64Array.from(values, value => value * alpha), 'float64')
  return add(name, { op: 'dense', kernel, kind: 'Gemm' }, work)
}

function product(node: GraphNode, scope: Scope, work: Work): Layer | undefined {
  const [leftName = '', rightName = ''] = node.inputs
  const right = scope(rightName)
  const left = scope(leftName)
  const matrix = right ?? left
  if (!matrix || (left && right)) return undefined
  const name = right ? rightName : leftName
  if (matrix.shape.length !== 2)
    return skip(name, `rank ${matrix.shape.length} in MatMul ${show(node.name)}: a stack of matrices is not one layer`, work)
  return add(name, { op: 'dense', kernel: right ? transposed(right) : matrix, kind: 'MatMul' }, work)
}

/** W and R of a recurrent node, one matrix per direction: [gates·hidden, in] and [gates·hidden, hidden]. */
function recurrent(node: GraphNode, scope: Scope, work: Work): void {
  for (const name of [node.inputs[1] ?? '', node.inputs[2] ?? '']) {
    const stacked = scope(name)
    if (stacked?.shape.length !== 3) {
      skip(name || node.name, `a matrix of ${node.op} ${show(node.name)} is computed, not stored`, work)
      continue
    }
    const [directions, rows, columns] = stacked.shape
    if (directions > 2) fail('file', work.what, 'one or two directions', String(directions), 'The graph is damaged')
    for (let direction = 0; direction < directions; direction++) {
      const kernel =
        directions === 1
          ? reshaped(stacked, [rows, columns])
          : derived(
              stacked,
              [rows, columns],
              values => values.slice(direction * rows * columns, (direction + 1) * rows * columns),
              stacked.dtype.includes('float16') ? 'float32' : stacked.dtype,
            )
      const suffix = directions === 1 ? '' : `[${direction}]`
      add(name, { op: 'dense', kernel, kind: node.op }, work, suffix)
    }
  }
}

interface Found {
  readonly op: 'conv' | 'dense'
  readonly kernel: Weights
  readonly kind: string
  readonly geometry?: LayerGeometry
  readonly inputSize?: readonly number[]
}

/** Registers a layer under its weight's name, or finds the one registered when another node uses the same weight the same way. */
function add(constant: string, found: Found, work: Work, suffix = ''): Layer | undefined {
  const stored = work.origin.get(constant) ?? constant
  const weight = stored + suffix
  const entry = entryFor(work.options.geometry, weight)
  if (entry?.op === 'skip') return skip(stored, 'the geometry table says so', work)
  if (found.kernel.shape.some(side => side === 0)) return skip(stored, 'an empty tensor', work)
  const axes = found.kernel.shape.length - 2
  const geometry = entry && found.op === 'conv' ? spell(entry, axes, weight, found.geometry) : (found.geometry ?? {})
  const listed = entry?.inputSize
  const inputSize = typeof listed === 'number' ? new Array<number>(axes).fill(listed) : (listed ?? found.inputSize)
  const layer: Layer = {
    name: weight,
    op: found.op,
    kernel: found.kernel,
    geometry,
    geometryFrom: entry ? 'table' : 'graph',
    kind: found.kind,
    ...(inputSize && { inputSize }),
  }
  work.used.add(stored)
  const name = nameOfUse(layer, work)
  if (!work.layers.has(name)) work.layers.set(name, { ...layer, name })
  work.uses.set(name, (work.uses.get(name) ?? 0) + 1)
  return work.layers.get(name)
}

/** The weight's own name for its first use; a name of its own for each further way to use it. */
function nameOfUse(layer: Layer, { ways }: Work): string {
  const known = ways.get(layer.name) ?? new Map<string, string>()
  ways.set(layer.name, known)
  const way = JSON.stringify([layer.op, layer.geometry, layer.kernel.shape, layer.inputSize])
  const name = known.get(way) ?? (known.size === 0 ? layer.name : `${layer.name} (${known.size + 1})`)
  known.set(way, name)
  return name
}

function skip(constant: string, why: string, work: Work): undefined {
  work.skipped.set(work.origin.get(constant) ?? constant, why)
  return undefined
}

function normOf(node: GraphNode, scope: Scope, work: Work): BatchNorm | undefined {
  if (node.op !== 'BatchNormalization' || node.domain !== '') return undefined
  // In training mode it normalises by the batch at hand: no fixed affine map.
  if (node.attributes.training_mode === 1) return undefined
  const [, gamma, beta, mean, variance] = node.inputs.map(name => scope(name))
  if (!mean || !variance || mean.shape.length !== 1 || variance.shape[0] !== mean.shape[0] || variance.shape.length !== 1)
    return undefined
  const fits = (vector: Weights | undefined): boolean => vector?.shape.length === 1 && vector.shape[0] === mean.shape[0]
  for (const name of node.inputs.slice(1)) work.used.add(work.origin.get(name) ?? name)
  const named = node.name
  let name = named
  for (let use = 2; work.norms.has(name); use++) name = `${named} (${use})`
  return {
    name,
    channels: mean.shape[0],
    epsilon: (node.attributes.epsilon as number | undefined) ?? 1e-5,
    ...(fits(gamma) && { gamma }),
    ...(fits(beta) && { beta }),
    mean,
    variance,
  }
}

// Nodes between a layer and its norm that only add a constant or nothing: the linear part is untouched.
const AFFINE = ['Identity', 'Add', 'Sub']

/** The layer whose output, and nobody else's, a norm takes: reached through constant additions only, never across an activation. */
function layerBefore(
  value: string,
  norm: BatchNorm,
  makers: ReadonlyMap<string, GraphNode>,
  consumers: ReadonlyMap<string, number>,
  scope: Scope,
  work: Work,
): string | undefined {
  for (;;) {
    const node = makers.get(value)
    if (!node || consumers.get(value) !== 1) return undefined
    if (node.layer !== undefined) {
      const layer = work.layers.get(node.layer)!
      const channelwise = node.op === 'Conv' || node.op === 'ConvTranspose' || node.op === 'Gemm'
      return channelwise && outChannels(layer.op, layer.kernel.shape, layer.geometry) === norm.channels ? layer.name : undefined
    }
    if (!AFFINE.includes(node.op) || node.domain !== '') return undefined
    const moving = node.inputs.filter(name => !scope(name))
    // x − c keeps the layer's sign, c − x does not; both keep its norm, only the first keeps it linear in the kernel.
    if (moving.length !== 1 || (node.op === 'Sub' && moving[0] !== node.inputs[0])) return undefined
    value = moving[0]
  }
}

/** A kernel that serves several nodes cannot be rescaled for one of them. */
function withoutShared(norm: BatchNorm, { uses }: Work): BatchNorm {
  if (norm.follows === undefined || uses.get(norm.follows) === 1) return norm
  const { follows, followsBy, ...rest } = norm
  return rest
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
