import type { Goal, LayerReport, ModelReport } from '../report.ts'
import { columnsOf } from './columns.ts'
import { escapeHtml } from './escape.ts'

/** The table of all layers; its headings are buttons that sort. Each row leads to its layer's card. */
export function layerTable(model: ModelReport, goal: Goal, id: string): string {
  if (model.layers.length === 0) return '<p>No layers found.</p>'
  const columns = columnsOf(model, goal)
  const most = Math.max(...model.layers.map(layer => layer.enclosure?.upper ?? 0))
  const head = columns.map(
    ({ title, align }) =>
      `<th scope="col" class="${align}" aria-sort="none"><button type="button">${escapeHtml(title)}</button></th>`,
  )
  const rows = model.layers.map(layer => {
    const cells = columns.map((column, c) => {
      if (c === 0) return `<th scope="row"><a href="#${id}-${layer.index}">${escapeHtml(layer.name)}</a></th>`
      const bar = column.title.startsWith('σ₁') && layer.enclosure ? meter(layer, most) : ''
      return `<td class="${column.align}" data-value="${sortValue(layer, column.title)}">${escapeHtml(column.cell(layer))}${bar}</td>`
    })
    return `<tr${layer.error ? ' class="failed"' : ''}>${cells.join('')}</tr>`
  })
  return `<div class="scroll" tabindex="0" role="region" aria-label="Layers"><table class="sortable"><thead><tr>${head.join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

function meter({ enclosure }: LayerReport, most: number): string {
  return `<i class="meter" style="width:${(((enclosure!.upper ?? most) / (most || 1)) * 100).toFixed(1)}%"></i>`
}

/** What a column is sorted by: the number itself, not its decimals. Empty: by the text of the cell. */
function sortValue(layer: LayerReport, title: string): string {
  const { enclosure, shape } = layer
  if (title.startsWith('σ₁')) return String(enclosure?.upper ?? -1)
  if (title === 'gap') return String(enclosure?.gap ?? -1)
  if (title === 'time') return String(layer.ms)
  if (title === 'kernel') return String(shape?.kernel.reduce((size, side) => size * side, 1) ?? 0)
  const claim = layer.claims.find(({ method }) => method === title)
  return claim ? String(claim.value ?? -1) : ''
}
