import type { Picture } from '../../report.ts'
import { rounded } from '../decimal.ts'
import { chart } from './svg.ts'

const [WIDTH, HEIGHT] = [300, 120]

/** Singular values by rank, largest first: flat is an isometry, steep is a layer that keeps a few directions only. */
export function spectrumChart({ values, count }: NonNullable<Picture['spectrum']>, title: string): string {
  const high = values[0] || 1
  const heights = values.length === 1 ? [values[0], values[0]] : values
  const points = heights.map(
    (value, i) => `${((i / (heights.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - (value / high) * HEIGHT).toFixed(1)}`,
  )
  const last = values[values.length - 1]
  return chart({
    width: WIDTH,
    height: HEIGHT,
    title: `${title}: ${count} singular values from ${rounded(values[0], 4)} down to ${rounded(last, 3)}`,
    content:
      `<polygon class="area" points="0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}"/>` +
      `<polyline class="line" points="${points.join(' ')}"/>`,
    above: [rounded(values[0], 4)],
    below: ['largest', `smallest of ${count.toLocaleString('en')}`],
  })
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
