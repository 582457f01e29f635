import { show } from '../errors.ts'
import { sizeOf } from '../tensor.ts'
import { normsByName } from './batch-norm-names.ts'
import { outChannels } from './channels.ts'
import { entryFor, spell } from './geometry.ts'
import type { BatchNorm, FileFormat, GeometryEntry, Layer, LayerGeometry, Model, ReadOptions, Skipped, Weights } from './model.ts'
import { isFloat, reshaped, transposed } from './weights.ts'

export interface NamedTensor {
  readonly name: string
  readonly weights: Weights
}

interface Named {
  readonly name: string
  readonly format: FileFormat
  readonly tensors: readonly NamedTensor[]
  readonly skipped?: readonly Skipped[]
  readonly notes?: readonly string[]
  readonly options: ReadOptions
  /** geometry the file itself states, by tensor name; the user's table wins over it */
  readonly stated?: Readonly<Record<string, GeometryEntry>>
  /** what the file says of a layer that its norm does not cover, by tensor name */
  readonly remarks?: Readonly<Record<string, string>>
  /** ε of batch norms, by the name of the running mean */
  readonly epsilons?: Readonly<Record<string, number>>
  /** kernels are [space…, in, out] whatever their names */
  readonly channelsLast?: boolean
}

/** What a tensor is taken for. */
type Role =
  | { is: 'conv'; kernel: Weights; geometry: LayerGeometry; from: Layer['geometryFrom']; kind: string; note?: string }
  | { is: 'dense'; kernel: Weights; kind: string; note?: string }
  | { is: 'skipped'; why: string }

/**
 * A model from named tensors alone: what they are is told by rank and by the names frameworks give, how they are used (stride,
 * padding …) by the `--geometry` table, or else assumed and said.
 *
 * Rank 3–5 whose name says weight: a convolution. Rank 2: dense. Vectors with running statistics: a batch norm. The rest is skipped,
 * each with its reason.
 */
export function stateDict({
  name,
  format,
  tensors,
  skipped = [],
  notes = [],
  options,
  channelsLast = false,
  stated = {},
  remarks = {},
  epsilons = {},
}: Named): Model {
  const alone = tensors.length === 1
  const unread = skipped.map(({ name }) => name)
  const { norms, used } = normsByName(tensors, epsilons, unread)
  const layers: Layer[] = []
  const left: Skipped[] = [...skipped]
  for (const tensor of tensors) {
    if (used.has(tensor.name)) continue
    const given = entryFor(options.geometry, tensor.name)
    const own = Object.hasOwn(stated, tensor.name) ? stated[tensor.name] : undefined
    const entry = given && own ? { ...own, ...given } : (given ?? own)
    const from = given ? 'table' : own ? 'file' : 'default'
    const role = roleOf(tensor, entry, from, alone, channelsLast || isTensorFlowName(tensor.name))
    if (role.is === 'skipped') left.push({ name: tensor.name, why: role.why })
    else {
      const layer = layerOf(tensor.name, role, entry)
      const remark = Object.hasOwn(remarks, tensor.name) ? remarks[tensor.name] : undefined
      layers.push(remark === undefined ? layer : { ...layer, note: remark })
    }
  }
  const assumed = layers.some(layer => layer.op === 'conv' && layer.geometryFrom === 'default')
  return {
    name,
    format,
    layers,
    batchNorms: pair(norms, layers),
    skipped: left,
    notes: assumed ? [...notes, ASSUMED] : notes,
  }
}

const ASSUMED =
  "the file holds no stride, dilation, groups or padding: 1, 1, 1 and zero padding 'same' are assumed where no geometry is given"

function layerOf(name: string, role: Exclude<Role, { is: 'skipped' }>, entry: GeometryEntry | undefined): Layer {
  const note = role.note === undefined ? {} : { note: role.note }
  if (role.is === 'dense')
    return { name, op: 'dense', kernel: role.kernel, geometry: {}, geometryFrom: 'file', kind: role.kind, ...note }
  const axes = role.kernel.shape.length - 2
  const size = entry?.inputSize
  const inputSize = size === undefined ? {} : { inputSize: typeof size === 'number' ? new Array<number>(axes).fill(size) : size }
  return {
    name,
    op: 'conv',
    kernel: role.kernel,
    geometry: role.geometry,
    geometryFrom: role.from,
    kind: role.kind,
    ...inputSize,
    ...note,
  }
}

// Last components that hold a layer's weights in PyTorch, Keras, Flax, face-api and bare NumPy dumps.
const WEIGHT = /(weight|weights|kernel|filters?)(:0)?$|weight_(v|orig|ih|hh)|^original\d?$|^w\d*$|_w$|^arr_\d+$|^\d+$/i
const LOOKUP =
  /(^|[._/])(embed(ding|der)?s?|emb|wte|wpe|tok(en)?s?|vocab|codebook|anchors?|positions?|pos)([._/]|$)|embeddings?[._/]|(pos|position|token|word|patch_pos|class|cls)_?(embed|emb|token)|relative_(position|attention)_bias/i
const NORM = /(^|[._/])(\w*norm\w*|bn\d*|ln(_\w+)?\d*|gamma|beta|scale)[._/]?(weight|scale)?$/i

function roleOf(
  { name, weights }: NamedTensor,
  entry: GeometryEntry | undefined,
  from: Layer['geometryFrom'],
  alone: boolean,
  channelsLast: boolean,
): Role {
  const rank = weights.shape.length
  const skip = (why: string): Role => ({ is: 'skipped', why })
  if (entry?.op === 'skip') return skip('the geometry table says so')
  if (sizeOf(weights.shape) === 0) return skip(`an empty tensor, shape ${show([...weights.shape])}`)
  if (entry?.op === undefined) {
    if (!isFloat(weights.dtype)) return skip(`${weights.dtype} numbers: counters, indices or masks, not weights`)
    if (rank === 0) return skip('a single number')
    if (rank === 1) return skip(/running_|moving_/.test(name) ? 'statistics of a norm' : 'a vector (bias or scale)')
    if (rank > 5) return skip(`rank ${rank}: neither a convolution nor a matrix`)
    if (LOOKUP.test(name)) return skip('a table looked up by index (embedding, position or anchor), not a layer')
    if (NORM.test(name)) return skip('the scale of a norm, not a layer')
    if (/weight_g$|original0$/.test(name)) return skip('lengths of a weight-normalised layer')
    const last = name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf('/')) + 1)
    const layerLike = alone || WEIGHT.test(last) || entry !== undefined
    if (rank >= 3 && !layerLike)
      return skip(`rank ${rank}, but its name does not say weight; name it in a geometry table to include it`)
  }
  if ((entry?.op ?? (rank === 2 ? 'dense' : 'conv')) === 'dense') return denseRole(name, weights, channelsLast)
  return convRole(name, weights, entry, from, channelsLast)
}

function denseRole(name: string, weights: Weights, channelsLast: boolean): Role {
  const [outer] = weights.shape
  const matrix = weights.shape.length === 2 ? weights : reshaped(weights, [outer, sizeOf(weights.shape) / outer])
  // Keras and Flax write [in, out]; the norm is the same, the sides are not.
  const kernel = channelsLast ? transposed(matrix) : matrix
  return { is: 'dense', kernel, kind: denseKind(name), ...noteOf(name) }
}

function denseKind(name: string): string {
  if (/lstm/i.test(name)) return 'LSTM'
  if (/gru/i.test(name)) return 'GRU'
  if (/(weight_(ih|hh)|recurrent_kernel)/.test(name)) return 'recurrent'
  if (/attn|attention|in_proj_weight|([qkv]|out)_proj|query|key\.|value\./i.test(name)) return 'attention'
  return 'Linear'
}

function convRole(
  name: string,
  weights: Weights,
  entry: GeometryEntry | undefined,
  from: Layer['geometryFrom'],
  channelsLast: boolean,
): Role {
  const { shape } = weights
  const axes = shape.length - 2
  if (axes < 1 || axes > 3) return { is: 'skipped', why: `rank ${shape.length}: a convolution has rank 3, 4 or 5` }
  const given = spell(entry ?? {}, axes, name)
  const kind = `Conv${axes}d`
  if (/depthwise/i.test(name) && channelsLast) {
    const [channels, multiplier] = shape.slice(axes)
    const kernel = reshaped(weights, [...shape.slice(0, axes), 1, channels * multiplier])
    return { is: 'conv', kernel, geometry: { ...given, layout: 'HWIO', groups: channels }, from, kind: 'DepthwiseConv' }
  }
  const geometry: LayerGeometry = channelsLast && given.layout === undefined ? { ...given, layout: 'HWIO' } : given
  const inner = geometry.layout === 'HWIO' ? shape[axes] : shape[1]
  const outer = geometry.layout === 'HWIO' ? shape[axes + 1] : shape[0]
  const depthwise = from === 'default' && inner === 1 && outer > 1
  return {
    is: 'conv',
    kernel: weights,
    geometry,
    from,
    kind,
    ...(depthwise ? { note: MAYBE_DEPTHWISE } : noteOf(name)),
  }
}

const MAYBE_DEPTHWISE =
  'one input channel: if this layer is depthwise (groups = output channels), its norm is smaller; say so in a geometry table'

/** Keras, Flax and face-api name what PyTorch calls weight; they store input channels before output channels, space first. */
function isTensorFlowName(name: string): boolean {
  return /(kernel|filters?|weights)(:0)?$/i.test(name) && !/recurrent_weights$/.test(name)
}

function noteOf(name: string): { note?: string } {
  if (/weight_v$|original1$/.test(name))
    return { note: 'direction of a weight-normalised layer: the layer runs another multiple of it' }
  if (/weight_orig$|parametrizations\.\w+\.original$/.test(name))
    return { note: 'the layer runs this divided by its estimated norm (spectral normalisation in training)' }
  return {}
}

/** A norm is offered for folding only where the layer its name points to has as many output channels. */
function pair(norms: readonly BatchNorm[], layers: readonly Layer[]): BatchNorm[] {
  const byName = new Map(layers.map(layer => [layer.name, layer]))
  return norms.map(({ follows, followsBy, ...norm }) => {
    const layer = follows === undefined ? undefined : byName.get(follows)
    return layer && outChannels(layer.op, layer.kernel.shape, layer.geometry) === norm.channels
      ? { ...norm, follows: layer.name, followsBy: followsBy! }
      : norm
  })
}
