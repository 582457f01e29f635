import type { BatchNorm, Weights } from './model.ts'
import type { NamedTensor } from './state-dict.ts'

// The four vectors of a batch norm under the names PyTorch, Keras and Flax give them.
const MEAN = /^(.*?)([._/]?)(running_mean|moving_mean)(:0)?$/
const PARTNERS: Readonly<Record<string, { variance: string; gamma: string; beta: string }>> = {
  running_mean: { variance: 'running_var', gamma: 'weight', beta: 'bias' },
  moving_mean: { variance: 'moving_variance', gamma: 'gamma', beta: 'beta' },
}
// Defaults of the frameworks, where the file does not record ε; state dicts do not.
const EPSILON: Readonly<Record<string, number>> = { running_mean: 1e-5, moving_mean: 1e-3 }

/**
 * Batch norms among named tensors, each with the layer its name points to: bn1 to conv1, a Sequential's 1 to its 0, norm to conv.
 *
 * A name is no proof: a network may normalise before it convolves. Whoever folds by name does so because the user asked. A scale or shift
 * that is there, but in a shape or of a type that is not read, is not one that is left out: such a norm is not listed.
 *
 * @param epsilons ε where the file states it, by the name of the running mean
 * @param unread names of tensors that the file holds and that are not among `tensors`
 */
export function normsByName(
  tensors: readonly NamedTensor[],
  epsilons: Readonly<Record<string, number>> = {},
  unread: readonly string[] = [],
): { norms: BatchNorm[]; used: Set<string> } {
  const byName = new Map(tensors.map(tensor => [tensor.name, tensor.weights]))
  const used = new Set<string>()
  const norms: BatchNorm[] = []
  for (const { name, weights } of tensors) {
    const found = MEAN.exec(name)
    if (!found || weights.shape.length !== 1) continue
    const [, prefix, separator, word, suffix = ''] = found
    const partner = (what: string): string => prefix + separator + what + suffix
    const vector = (what: string): Weights | undefined => {
      const held = byName.get(partner(what))
      return held && held.shape.length === 1 && held.shape[0] === weights.shape[0] ? held : undefined
    }
    const { variance, gamma, beta } = PARTNERS[word]
    const spread = vector(variance)
    const isLost = (what: string): boolean =>
      !vector(what) && (byName.has(partner(what)) || unread.some(other => `.${other}`.endsWith(`.${partner(what)}`)))
    if (!spread || isLost(gamma) || isLost(beta)) continue
    const stated = Object.hasOwn(epsilons, name) ? epsilons[name] : undefined
    for (const what of [word, variance, gamma, beta, 'num_batches_tracked'])
      if (what === 'num_batches_tracked' ? byName.has(partner(what)) : vector(what)) used.add(partner(what))
    const layer = layerNames(prefix, separator).find(candidate => byName.has(candidate + suffix))
    norms.push({
      name: prefix,
      channels: weights.shape[0],
      ...(stated === undefined ? { epsilon: EPSILON[word], epsilonFrom: 'default' as const } : { epsilon: stated }),
      ...optional('gamma', vector(gamma)),
      ...optional('beta', vector(beta)),
      mean: weights,
      variance: spread,
      ...(layer && { follows: layer + suffix, followsBy: 'name' as const }),
    })
  }
  return { norms, used }
}

function optional<K extends string>(key: K, value: Weights | undefined): { [k in K]?: Weights } {
  return (value ? { [key]: value } : {}) as { [k in K]?: Weights }
}

/** Names the weights of the layer before a norm would have, likeliest first. */
function layerNames(norm: string, separator: string): string[] {
  const cut = Math.max(norm.lastIndexOf('.'), norm.lastIndexOf('/')) + 1
  const stem = norm.slice(0, cut)
  const last = norm.slice(cut)
  const layers: string[] = []
  if (/^\d+$/.test(last) && Number(last) > 0) layers.push(stem + String(Number(last) - 1))
  for (const conv of ['conv', 'fc', 'conv2d', ''])
    for (const norms of NORMS) {
      const renamed = last.replace(norms, conv)
      if (renamed !== last) layers.push(stem + renamed)
    }
  return layers.flatMap(layer => ['weight', 'kernel', 'filters'].map(what => layer + (separator || '.') + what))
}

// What is called norm in bn1, batch_normalization_3, conv1_bn, downsample_norm: with its number, and without.
const NORMS = [
  /batch_?norm(alization)?|bnorm|bn|norm/i,
  /(batch_?norm(alization)?|bnorm|bn|norm)\d*$/i,
  /_(batch_?norm|bnorm|bn|norm)\d*$/i,
]
