import type { ModelReport } from '../../report.ts'
import { escapeHtml } from '../escape.ts'
import { rounded, roundedUp } from '../decimal.ts'
import { chart } from './svg.ts'

/** One link of the chain: what it may amplify by itself, and everything up to it. */
interface Link {
  readonly name: string
  readonly what: string
  readonly gain: number | null
  readonly total: number | null
}

/** The network as a chain of amplification: the certificate's nodes, or the layers one after another where there is no graph. */
export function chainOf(model: ModelReport): Link[] {
  if (model.network && model.network.nodes.length > 0)
    return model.network.nodes.map(({ name, op, rule, gain, total }) => ({ name, what: rule || op, gain, total }))
  let total: number | null = 1
  return model.layers.map(layer => {
    const gain = layer.enclosure?.upper ?? null
    total = total === null || gain === null ? null : total * gain
    return { name: layer.name, what: layer.kind, gain, total }
  })
}

/** Bars on a logarithmic scale around 1: to the right amplifies, to the left attenuates. */
export function chainRows(links: readonly Link[]): string {
  const reach = Math.max(Math.log10(2), ...links.map(({ gain }) => (gain ? Math.abs(Math.log10(gain)) : 0)))
  return links.map(link => row(link, reach)).join('\n')
}

function row({ name, what, gain, total }: Link, reach: number): string {
  const length = gain ? (Math.log10(gain) / reach) * 50 : gain === 0 ? -50 : 0
  const bar = `<i class="${length >= 0 ? 'up' : 'down'}" style="${length >= 0 ? 'left:50%' : `left:${(50 + length).toFixed(2)}%`};width:${Math.abs(length).toFixed(2)}%"></i>`
  return (
    `<li><span class="node"><b>${escapeHtml(name)}</b><small>${escapeHtml(what)}</small></span><span class="bar">${bar}</span>` +
    `<span class="num">${gain === null ? '–' : `× ${roundedUp(gain, 4)}`}</span><span class="num total">${total === null ? '–' : roundedUp(total, 3)}</span></li>`
  )
}

const [WIDTH, HEIGHT] = [720, 130]

/** Total amplification from the input to each node, on a logarithmic scale. */
export function totalCurve(links: readonly Link[]): string {
  const totals = links.map(link => link.total)
  const known = totals.filter((total): total is number => total !== null && total > 0)
  if (known.length < 2) return ''
  const logs = known.map(Math.log10)
  const [low, high] = [Math.min(0, ...logs), Math.max(0, ...logs)]
  const y = (log: number): string => (HEIGHT - ((log - low) / (high - low || 1)) * HEIGHT).toFixed(1)
  const points = [`0,${y(0)}`]
  totals.forEach((total, i) => {
    if (total !== null && total > 0) points.push(`${(((i + 1) / totals.length) * WIDTH).toFixed(1)},${y(Math.log10(total))}`)
  })
  const end = points[points.length - 1].split(',')[0]
  return chart({
    width: WIDTH,
    height: HEIGHT,
    title: `amplification from the input to each of ${links.length} nodes, at most ${rounded(Math.max(...known), 3)}`,
    content:
      `<polygon class="area" points="0,${y(0)} ${points.join(' ')} ${end},${y(0)}"/><polyline class="line" points="${points.join(' ')}"/>` +
      `<line class="axis" x1="0" y1="${y(0)}" x2="${WIDTH}" y2="${y(0)}"/>`,
    above: ['', `at most ${roundedUp(Math.max(...known), 3)}`],
    below: ['input', `output${known.length === totals.length ? `: ${roundedUp(known[known.length - 1], 3)}` : ''}`],
  })
}
