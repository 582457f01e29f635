import type { LayerReport, ModelReport, NetworkReport, Report } from '../report.ts'
import { chainOf, chainRows, totalCurve } from './charts/chain.ts'
import { comparisonLine, comparisonRows, COMPARISON_TITLES } from './comparison.ts'
import { enclosureText, gapText, roundedUp } from './decimal.ts'
import { escapeHtml } from './escape.ts'
import { layerCard } from './layer-card.ts'
import { layerTable } from './layer-table.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { belowText } from './text.ts'
import { KINDS } from './words.ts'

/**
 * The report as one HTML file: nothing is fetched, everything is drawn already; the script only sorts tables.
 * Audit with `pictures: true` to see each layer's surface and singular values.
 */
export function toHtml(report: Report): string {
  const names = report.models.map(model => baseName(model.file))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(names.slice(0, 3).join(', '))} · opnorm audit</title>
<style>${STYLE}</style>
</head>
<body>
<main class="opnorm">
${masthead(report)}
${findings(report)}
${report.models.map((model, i) => modelSection(model, i, report)).join('\n')}
${changes(report)}
${legend(report)}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`
}

function masthead({ models, goal, opnorm }: Report): string {
  const title = models.length === 1 ? baseName(models[0].file) : `${models.length} models`
  const facts = [
    `gap ${gapText(goal.gap ?? 1e-6)}`,
    goal.inputSize === undefined ? 'every input size' : `input ${[goal.inputSize].flat().join('×')}`,
    ...(goal.fold ? ['batch norm folded'] : []),
    ...(goal.layers ? [`layers ${goal.layers}`] : []),
    `opnorm ${opnorm}`,
  ]
  const contents = models.map((model, i) => `<a href="#model-${i}">${escapeHtml(baseName(model.file))}</a>`).join(' ')
  return `<header><p class="brand">opnorm <span>audit</span></p><h1>${escapeHtml(title)}</h1>
<p class="facts">${facts.map(fact => `<span>${escapeHtml(fact)}</span>`).join('')}</p>${models.length > 1 ? `<nav>${contents}</nav>` : ''}</header>`
}

function findings({ findings, partial }: Report): string {
  const items = findings.map(
    ({ file, layer, message }) =>
      `<li><b>${escapeHtml([baseName(file), layer].filter(Boolean).join(' · '))}</b> ${escapeHtml(message)}</li>`,
  )
  if (partial) items.unshift('<li><b>Interrupted.</b> This report is incomplete.</li>')
  if (items.length === 0) return ''
  return `<section class="findings" aria-label="Findings"><h2>${findings.length === 1 ? '1 finding' : `${findings.length} findings`}</h2><ul>${items.join('')}</ul></section>`
}

function modelSection(model: ModelReport, index: number, report: Report): string {
  const title = report.models.length > 1 ? `<h2 class="model">${escapeHtml(model.file)}</h2>` : ''
  if (model.error)
    return `<section id="model-${index}">${title}<p class="refused">${escapeHtml(model.error.message)}</p></section>`
  const id = `m${index}`
  return `<section id="model-${index}">${title}
${tiles(model)}
${chain(model)}
<h2>Layers</h2>
${layerTable(model, report.goal, id)}
${notes(model)}
<div class="cards">
${model.layers.map(layer => layerCard(layer, id)).join('\n')}
</div></section>`
}

function tiles(model: ModelReport): string {
  const bounded = model.layers.filter(
    (layer): layer is LayerReport & { enclosure: { upper: number } } => layer.enclosure?.upper != null,
  )
  const largest = bounded.reduce<(typeof bounded)[number] | undefined>(
    (a, b) => (a && a.enclosure.upper >= b.enclosure.upper ? a : b),
    undefined,
  )
  const tile = (name: string, value: string, words: string, kind = ''): string =>
    `<div class="tile ${kind}"><dt>${name}</dt><dd><strong>${value}</strong><span>${words}</span></dd></div>`
  const parts = [
    tile(
      'layers',
      String(model.layers.length),
      `${bounded.length === model.layers.length ? 'all' : bounded.length} with a certified norm`,
    ),
  ]
  if (largest) parts.push(tile('largest norm', roundedUp(largest.enclosure.upper, 5), escapeHtml(largest.name)))
  if (model.layers.length > 1)
    parts.push(
      tile(
        'product of the layers',
        model.product === null ? '–' : `≤ ${roundedUp(model.product, 3)}`,
        'if the layers formed a simple chain',
      ),
    )
  parts.push(networkTile(model.network, tile))
  return `<dl class="tiles">${parts.join('')}</dl>`
}

function networkTile(
  network: NetworkReport | undefined,
  tile: (name: string, value: string, words: string, kind?: string) => string,
): string {
  if (!network) return tile('whole network', 'unknown', 'this file has no graph; an ONNX or TF.js model has one', 'muted')
  if (network.upper === null)
    return tile('whole network', 'no certificate', escapeHtml(network.refused ?? 'the bound exceeds every number'), 'muted')
  const below = belowText(network)
  return tile(
    'whole network',
    `≤ ${roundedUp(network.upper, 4)}`,
    `certified Lipschitz constant${below && `; ${below}`}`,
    'certified',
  )
}

function chain(model: ModelReport): string {
  const links = chainOf(model)
  if (links.length < 2) return ''
  const graph = model.network && model.network.nodes.length > 0
  const words = graph
    ? 'Every node of the graph with the rule that bounds it, what it can amplify by itself, and the certified amplification from the input up to it.'
    : 'The layers in the order of the file, as if each fed the next: what each can amplify, and the running product.'
  return `<h2>Chain of amplification</h2><p class="lead">${words}</p>${totalCurve(links)}
<details${links.length <= 40 ? ' open' : ''}><summary>${links.length} ${graph ? 'nodes' : 'layers'}</summary>
<div class="chain-head" aria-hidden="true"><span>${graph ? 'node' : 'layer'}</span><span class="axis-words"><i>attenuates</i><i>1</i><i>amplifies</i></span><span>by itself</span><span>from the input</span></div>
<ol class="chain">${chainRows(links)}</ol></details>`
}

function notes(model: ModelReport): string {
  const lines = [...model.notes, ...(model.network?.notes ?? [])].map(note => `<li>${escapeHtml(note)}</li>`)
  const skipped = model.skipped.map(({ name, why }) => `<li><b>${escapeHtml(name)}</b> ${escapeHtml(why)}</li>`)
  return `${lines.length ? `<ul class="notes">${lines.join('')}</ul>` : ''}${
    skipped.length
      ? `<details class="skipped"><summary>${skipped.length} ${skipped.length === 1 ? 'tensor' : 'tensors'} left out</summary><ul class="notes">${skipped.join('')}</ul></details>`
      : ''
  }`
}

function changes({ comparison }: Report): string {
  return (comparison ?? [])
    .map(model => {
      const rows = comparisonRows(model).map(
        row =>
          `<tr>${row.map((cell, c) => (c === 0 ? `<th scope="row">${escapeHtml(cell)}</th>` : `<td>${escapeHtml(cell)}</td>`)).join('')}</tr>`,
      )
      const head = COMPARISON_TITLES.map(title => `<th scope="col">${title || 'verdict'}</th>`).join('')
      return `<section><h2>Since ${escapeHtml(baseName(model.before))}</h2><p class="lead">${escapeHtml(comparisonLine(model))}</p>${
        rows.length
          ? `<div class="scroll" tabindex="0" role="region" aria-label="Changes"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
          : ''
      }</section>`
    })
    .join('\n')
}

function legend({ goal }: Report): string {
  const example = enclosureText(10.6909917, 10.6909923)
  const kinds = Object.values(KINDS).map(({ name, means }) => `<div><dt>${name}</dt><dd>${means}</dd></div>`)
  return `<footer><h2>What the numbers mean</h2>
<p>A layer’s norm σ₁ is the most it can amplify any change of its input, measured in the Euclidean norm${
    goal.inputSize === undefined ? '; here for every input size at once' : ''
  }. An enclosure such as ${example} contains it: both ends are proven, rounding errors included, and the digits shown are rounded outward.</p>
<p>The maps show how much a layer amplifies each frequency: inputs that do not change in the middle, those that alternate from pixel to pixel at the
edges. The circle marks the largest value drawn.</p>
<dl class="kinds">${kinds.join('')}</dl></footer>`
}

export function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1) || file
}
