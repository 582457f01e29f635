import type { Picture } from '../../report.ts'
import { rounded } from '../decimal.ts'
import { svg, text } from './svg.ts'

const [WIDTH, HEIGHT, BASE, TOP] = [300, 150, 130, 18]

/** Singular values by rank, largest first: flat is an isometry, steep is a layer that keeps a few directions only. */
export function spectrumChart({ values, count }: NonNullable<Picture['spectrum']>, title: string): string {
  const high = values[0] || 1
  const points = values.map((value, i) => {
    const x = values.length === 1 ? 0 : (i / (values.length - 1)) * WIDTH
    return `${x.toFixed(1)},${(BASE - (value / high) * (BASE - TOP)).toFixed(1)}`
  })
  const last = values.length === 1 ? ` ${WIDTH},${TOP}` : ''
  return svg(
    WIDTH,
    HEIGHT,
    `${title}: ${count} singular values from ${rounded(values[0], 4)} down to ${rounded(values[values.length - 1], 3)}`,
    `<polygon class="area" points="0,${BASE} ${points.join(' ')}${last} ${WIDTH},${BASE}"/>` +
      `<polyline class="line" points="${points.join(' ')}${last}"/>` +
      `<line class="axis" x1="0" y1="${BASE}" x2="${WIDTH}" y2="${BASE}"/>` +
      text(0, 12, rounded(values[0], 4)) +
      text(0, 145, 'largest') +
      text(WIDTH, 145, `smallest of ${count.toLocaleString('en')}`, 'end'),
  )
}

/** What the distribution says, in one sentence. */
export function spectrumWords({ values }: NonNullable<Picture['spectrum']>): string {
  const high = values[0]
  if (!(high > 0)) return 'Every singular value is zero: nothing passes.'
  const strong = values.filter(value => value >= high / 2).length / values.length
  const dead = values.filter(value => value < high / 100).length / values.length
  const share = (part: number): string => (part > 0 && part < 0.01 ? 'under 1 %' : `${Math.round(part * 100)} %`)
  const passes = `${share(strong)} of the directions are amplified by at least half the maximum`
  return dead > 0 ? `${passes}; ${share(dead)} by less than a hundredth of it.` : `${passes}.`
}
