import type { LayerComparison, LayerReport, ModelComparison, ModelReport, Report } from '../report.ts'

/** The report with what changed since an earlier one: models are paired by name, else by their place in the call; layers by name. */
export function compared(after: Report, before: Report): Report {
  const comparison = after.models.flatMap((model, place) => {
    const old = before.models.find(other => other.file === model.file) ?? before.models[place]
    return old ? [compareModels(old, model)] : []
  })
  return { ...after, comparison }
}

function compareModels(before: ModelReport, after: ModelReport): ModelComparison {
  const old = new Map(before.layers.map(layer => [layer.name, layer]))
  const names = new Set(after.layers.map(layer => layer.name))
  return {
    before: before.file,
    after: after.file,
    layers: [
      ...after.layers.map(layer => compareLayers(layer.name, old.get(layer.name), layer)),
      ...before.layers.filter(layer => !names.has(layer.name)).map(layer => compareLayers(layer.name, layer, undefined)),
    ],
    product: quotient(after.product, before.product),
    network: quotient(after.network?.upper, before.network?.upper),
  }
}

function compareLayers(name: string, old: LayerReport | undefined, now: LayerReport | undefined): LayerComparison {
  const before = endsOf(old)
  const after = endsOf(now)
  const ratio = quotient(after?.upper, before?.upper)
  if (!old || !now) return { name, before, after, ratio, verdict: old ? 'removed' : 'added' }
  if (!before || !after) return { name, before, after, ratio, verdict: 'unknown' }
  const verdict = after.lower > before.upper ? 'larger' : after.upper < before.lower ? 'smaller' : 'close'
  return { name, before, after, ratio, verdict }
}

function endsOf(layer: LayerReport | undefined): LayerComparison['before'] {
  const { lower, upper } = layer?.enclosure ?? { lower: null, upper: null }
  return lower === null || upper === null ? null : { lower, upper }
}

function quotient(after: number | null | undefined, before: number | null | undefined): number | null {
  return after == null || !before ? null : after / before
}
