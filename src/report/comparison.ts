import type { LayerComparison, ModelComparison } from '../report.ts'
import { enclosureText, rounded } from './decimal.ts'

const WORDS: Readonly<Record<LayerComparison['verdict'], string>> = {
  larger: 'larger',
  smaller: 'smaller',
  close: 'the same within the gap',
  added: 'new',
  removed: 'gone',
  unknown: 'unknown',
}

export const COMPARISON_TITLES = ['layer', 'before', 'after', 'change', '']

/** What changed, as rows of plain text; layers that stayed the same within the gap are counted, not listed. */
export function comparisonRows(comparison: ModelComparison): string[][] {
  return comparison.layers
    .filter(layer => layer.verdict !== 'close')
    .map(({ name, before, after, ratio, verdict }) => [name, ends(before), ends(after), changeText(ratio), WORDS[verdict]])
}

/** One line for the whole: 3 layers larger, 16 the same within the gap; product 1.21×. */
export function comparisonLine({ layers, product, network }: ModelComparison): string {
  const counts = (Object.keys(WORDS) as LayerComparison['verdict'][]).flatMap(verdict => {
    const n = layers.filter(layer => layer.verdict === verdict).length
    return n > 0 ? [`${n} ${WORDS[verdict]}`] : []
  })
  const totals = [
    product === null ? '' : `product ${rounded(product, 4)}×`,
    network === null ? '' : `certificate ${rounded(network, 4)}×`,
  ]
  return [counts.join(', '), ...totals].filter(Boolean).join('; ')
}

/** +12.3 %, or −4.5 %; a factor where the change is not small. */
export function changeText(ratio: number | null): string {
  if (ratio === null) return '–'
  if (ratio > 2 || ratio < 0.5) return `${rounded(ratio, 3)}×`
  const percent = (ratio - 1) * 100
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(Math.abs(percent) < 1 ? 3 : 1)} %`
}

function ends(side: LayerComparison['before']): string {
  return side ? enclosureText(side.lower, side.upper) : '–'
}
