import type { Claim, LayerReport, LayerShape } from '../report.ts'
import { spectrumChart, spectrumWords } from './charts/spectrum.ts'
import { surfaceChart } from './charts/surface.ts'
import { claimText, shapeText, sidesText, timeText } from './columns.ts'
import { enclosureText, gapText, rounded, roundedUp } from './decimal.ts'
import { escapeHtml } from './escape.ts'
import { KINDS, METHODS } from './words.ts'

/** One layer in full: its enclosure in words, its surface, its singular values, all bounds side by side. */
export function layerCard(layer: LayerReport, id: string): string {
  const { enclosure, picture, error } = layer
  const title = escapeHtml(layer.name)
  const body = error
    ? `<p class="refused">${escapeHtml(error.message)}</p>`
    : `<p class="enclosure"><strong>${enclosure ? enclosureText(enclosure.lower ?? 0, enclosure.upper) : '–'}</strong>
<span>${enclosure ? words(enclosure) : ''}</span></p>
${pictures(picture, title)}${bounds(layer)}`
  return `<article id="${id}-${layer.index}"><header><h3>${title}</h3><p>${geometry(layer)}</p></header>
${body}${layer.note === undefined ? '' : `<p class="note">${escapeHtml(layer.note)}</p>`}</article>`
}

function words({ gap, scope, converged, work, ms }: Claim): string {
  const where = scope === 'every-size' ? 'for every input size' : 'for this input size'
  const early = converged ? '' : '; the gap asked for was not reached, the enclosure holds all the same'
  return `enclosure ${where}, gap ${gapText(gap)}, ${work.toLocaleString('en')} evaluations in ${timeText(ms)}${early}`
}

function geometry({ kind, shape, folded, geometryFrom }: LayerReport): string {
  const parts = [escapeHtml(kind), shape ? shapeText(shape) : '', ...(shape ? unusual(shape) : [])]
  if (folded !== undefined) parts.push(`with ${escapeHtml(folded)} folded in`)
  if (geometryFrom === 'default' && shape && shape.stride.length > 0) parts.push('geometry assumed')
  return parts.filter(Boolean).join(' · ')
}

function unusual({ stride, dilation, groups, padding, inputSize }: LayerShape): string[] {
  return [
    stride.some(side => side > 1) ? `stride ${sidesText(stride)}` : '',
    dilation.some(side => side > 1) ? `dilation ${sidesText(dilation)}` : '',
    groups > 1 ? `${groups} groups` : '',
    stride.length > 0 && padding === 'circular' ? 'circular' : '',
    inputSize ? `input ${inputSize.join('×')}` : '',
  ].filter(Boolean)
}

function pictures(picture: LayerReport['picture'], title: string): string {
  if (!picture) return ''
  const { surface, spectrum } = picture
  const left = surface ? `<div><h4>‖F(θ)‖ over the frequencies</h4>${surfaceChart(surface, title)}</div>` : ''
  const right = spectrum
    ? `<div><h4>Singular values</h4>${spectrumChart(spectrum, title)}<p>${spectrumWords(spectrum)}${surface ? ` On a ${spectrum.sides.join('×')} grid of frequencies.` : ''}</p></div>`
    : ''
  return `<div class="pictures">${left}${right}</div>`
}

/** Bars from zero on one scale; the enclosure is the line they are measured against. */
function bounds({ claims, enclosure }: LayerReport): string {
  if (claims.length === 0 || !enclosure?.upper) return ''
  const most = Math.max(enclosure.upper, ...claims.map(claim => claim.value ?? 0))
  const rows = [enclosure, ...claims].map(claim => {
    const name = claim === enclosure ? 'enclosure' : claim.method
    if (claim.error)
      return `<li class="absent"><span>${name}</span><span class="why">${escapeHtml(claim.error.message)}</span></li>`
    const width = (((claim.value ?? most) / most) * 100).toFixed(1)
    const kind = claim === enclosure ? 'enclosure' : (claim.kind ?? 'estimate')
    const ratio = claim === enclosure || claim.ratio === null ? '' : `${rounded(claim.ratio, 3)}×`
    const label = claim === enclosure ? `≤ ${roundedUp(claim.upper ?? 0, 6)}` : claimText(claim)
    return `<li title="${escapeHtml(METHODS[claim.method] ?? '')}"><span>${name}<small>${claim === enclosure ? 'both ends proven' : claim.kind ? KINDS[claim.kind].name : ''}</small></span>
<span class="bar"><i class="${kind}" style="width:${width}%"></i></span><span class="num">${label}</span><span class="num">${ratio}</span></li>`
  })
  return `<h4>Bounds side by side</h4><ul class="bounds" style="--mark:${((enclosure.upper / most) * 100).toFixed(2)}%">${rows.join('')}</ul>`
}
