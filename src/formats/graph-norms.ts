import { outChannels } from './channels.ts'
import { type Scope, skip, type Work } from './extraction.ts'
import type { BatchNorm, GraphNode, Weights } from './model.ts'

/**
 * The batch norm of a node, where all it reads is stored. A scale or shift that other nodes compute, or that is an input, is not one that
 * is left out: such a node is no fixed affine map, and it is listed as such.
 */
export function normOf(node: GraphNode, scope: Scope, work: Work, opset: number | undefined): BatchNorm | undefined {
  if (node.op !== 'BatchNormalization' || node.domain !== '') return undefined
  if (isTraining(node, opset ?? 14)) return undefined
  const [gamma, beta, mean, variance] = node.inputs.slice(1, 5).map(name => scope(name))
  const channels = mean?.shape[0]
  const fits = (vector: Weights | undefined): vector is Weights => vector?.shape.length === 1 && vector.shape[0] === channels
  const isStored = (at: number, vector: Weights | undefined): boolean => !node.inputs[at] || fits(vector)
  if (!fits(mean) || !fits(variance) || !isStored(1, gamma) || !isStored(2, beta))
    return skip(node.name, `a batch norm whose numbers are not all stored, one a channel`, work)
  for (const name of node.inputs.slice(1)) work.used.add(work.origin.get(name) ?? name)
  const named = node.name
  let name = named
  for (let use = 2; work.norms.has(name); use++) name = `${named} (${use})`
  return {
    name,
    channels: mean.shape[0],
    epsilon: (node.attributes.epsilon as number | undefined) ?? 1e-5,
    ...(gamma && { gamma }),
    ...(beta && { beta }),
    mean,
    variance,
  }
}

/** In training it normalises by the batch at hand: said by an attribute, before version 14 by further outputs, before 7 by is_test. */
function isTraining({ attributes, outputs }: GraphNode, opset: number): boolean {
  return attributes.training_mode === 1 || (opset < 14 && outputs.length > 1) || (opset < 7 && !attributes.is_test)
}

// Nodes between a layer and its norm that only add a constant or nothing: the linear part is untouched.
const AFFINE = ['Identity', 'Add', 'Sub']

/** The layer whose output, and nobody else's, a norm takes: reached through constant additions only, never across an activation. */
export function layerBefore(
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
export function withoutShared(norm: BatchNorm, { uses }: Work): BatchNorm {
  if (norm.follows === undefined || uses.get(norm.follows) === 1) return norm
  const { follows, followsBy, ...rest } = norm
  return rest
}
