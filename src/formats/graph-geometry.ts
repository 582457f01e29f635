import { fail, show } from '../errors.ts'
import type { Graph, GraphNode, LayerGeometry, Weights } from './model.ts'

/** Spatial sides of a node's input, where the file gives all of them. */
export function inputSides(node: GraphNode, graph: Graph, axes: number): number[] | undefined {
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

export function geometryOf(
  node: GraphNode,
  kernel: Weights,
  inputSize: readonly number[] | undefined,
  what: string,
): LayerGeometry {
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
