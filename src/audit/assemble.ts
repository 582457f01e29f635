import type { Model } from '../formats/model.ts'
import type { Claim, Finding, Goal, LayerReport, ModelReport, NetworkReport, Problem, Report } from '../report.ts'
import { nextUp } from '../rounding.ts'
import { version } from '../version.ts'

/** A model's part of a report, from its layers' reports. */
export function modelReport(model: Model, place: number, layers: readonly LayerReport[], network?: NetworkReport): ModelReport {
  return {
    file: model.name,
    place,
    format: model.format,
    layerCount: model.layers.length,
    layers,
    batchNorms: model.batchNorms.length,
    skipped: model.skipped.map(({ name, why }) => ({ name, why })),
    notes: [...model.notes, ...assumedEpsilon(model, layers)],
    product: productOf(layers),
    ...(network && { network }),
  }
}

/** Which ε was taken for norms that are folded and of whose ε the file says nothing: the proof is of that one. */
function assumedEpsilon({ batchNorms }: Model, layers: readonly LayerReport[]): string[] {
  const folded = new Set(layers.map(layer => layer.folded))
  const assumed = batchNorms.filter(({ name, epsilonFrom }) => epsilonFrom === 'default' && folded.has(name))
  if (assumed.length === 0) return []
  const values = [...new Set(assumed.map(({ epsilon }) => epsilon.toExponential()))].sort().join(' and ')
  return [`the file holds no ε of the batch norms that are folded: ${values} is assumed, and the bounds hold for that`]
}

/** A file that could not be read. Its report says its name, so the sentence does not have to. */
export function unreadable(file: string, place: number, { code, message }: Problem): ModelReport {
  const error = { code, message: message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message }
  return { file, place, format: null, layerCount: 0, layers: [], batchNorms: 0, skipped: [], notes: [], product: null, error }
}

/** The whole: models, and what is wrong with them. */
export function reportOf(goal: Goal, models: readonly ModelReport[], partial = false): Report {
  const findings = models.flatMap(model => findingsOf(model, goal))
  if (!partial) findings.push(...unmatched(models, goal))
  return { opnorm: version, goal, models, findings, partial }
}

/** Product of the ceilings, every multiplication rounded up; null when a layer has none or nothing was audited. */
export function productOf(layers: readonly LayerReport[]): number | null {
  if (layers.length === 0) return null
  let product = 1
  for (const { enclosure } of layers) {
    if (enclosure?.upper == null) return null
    product = enclosure.upper === 0 || product === 0 ? 0 : nextUp(product * enclosure.upper)
  }
  return Number.isFinite(product) ? product : null
}

/** A pattern that picks no layer of any file: limits would hold for want of anything to check. A part of a sharded audit cannot know. */
function unmatched(models: readonly ModelReport[], { layers, shard }: Goal): Finding[] {
  if (layers === undefined || shard || models.some(model => model.layers.length > 0)) return []
  return models
    .filter(model => model.layerCount > 0)
    .map(({ file, layerCount }) => ({
      what: 'nothing' as const,
      file,
      message: `expected a layer that matches '${layers}', got none of ${layerCount}. Run it without --layers to see their names`,
    }))
}

function findingsOf(model: ModelReport, goal: Goal): Finding[] {
  const { file } = model
  if (model.error) return [{ what: 'unreadable', file, message: model.error.message }]
  const found = nothingIn(model)
  found.push(...model.layers.flatMap(layer => layerFinding(file, layer, goal.maxNorm)))
  const limit = goal.maxLipschitz
  if (limit !== undefined && !(model.network?.upper != null && model.network.upper <= limit)) {
    const given = model.network?.upper ?? model.network?.refused ?? 'no graph in the file'
    found.push({
      what: 'max-lipschitz',
      file,
      message: `expected a certified Lipschitz constant of at most ${limit}, got ${given}`,
    })
  }
  return found
}

/** A file that holds no layer, which a damaged one may look like. */
function nothingIn({ file, layerCount, skipped, network }: ModelReport): Finding[] {
  if (layerCount > 0 || (network && network.upper !== null)) return []
  const [other] = skipped
  const others = other ? `${skipped.length} of other kinds ('${other.name}': ${other.why})` : 'no tensor at all'
  return [{ what: 'nothing', file, message: `expected a layer, got ${others}. Check that it is the right file, and complete` }]
}

/** Whether a method has nothing to say about a layer as it is, which is nobody's fault. */
export function inapplicable({ error }: Claim): boolean {
  return error !== undefined && ['option', 'padding', 'geometry', 'memory'].includes(error.code)
}

function layerFinding(file: string, layer: LayerReport, maxNorm: number | undefined): Finding[] {
  const at = { file, layer: layer.name }
  if (layer.error) return [{ ...at, what: 'no-bound', message: layer.error.message }]
  const upper = layer.enclosure?.upper ?? Infinity
  const failed: Finding[] = layer.claims.flatMap(claim =>
    claim.error && !inapplicable(claim) ? [{ ...at, what: 'no-bound', message: claim.error.message }] : [],
  )
  if (maxNorm !== undefined && !(upper <= maxNorm))
    failed.push({ ...at, what: 'max-norm', message: `expected a norm of at most ${maxNorm}, got up to ${upper}` })
  return failed
}
