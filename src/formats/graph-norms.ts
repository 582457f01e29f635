import { outChannels } from './channels.ts'
import type { Scope, Work } from './extraction.ts'
import type { BatchNorm, GraphNode, Weights } from './model.ts'

export function normOf(node: GraphNode, scope: Scope, work: Work): BatchNorm | undefined {
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
