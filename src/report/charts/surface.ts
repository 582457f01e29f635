import type { Picture } from '../../report.ts'
import { rounded } from '../decimal.ts'
import { PALETTE } from './palette.ts'
import { pngUri } from './png.ts'
import { chart } from './svg.ts'

type Samples = NonNullable<Picture['surface']>

const PIXELS = 64

/** ‖F(θ)‖ over the torus: a curve for one axis, a map for two, the map of the largest value along the third for three. */
export function surfaceChart(samples: Samples, title: string): string {
  const { sides, values } = samples
  const varying = sides.filter(side => side > 1)
  if (varying.length === 0) return flat(values[0])
  if (varying.length === 1) return curve(values, title)
  return map(varying.length === 2 ? values : largestAlongLast(values, varying), varying, title)
}

function flat(value: number): string {
  return `<p class="flat">The same at every frequency: ${rounded(value, 6)}.</p>`
}

/** The third axis is looked along, as a projection of brightest points. */
function largestAlongLast(values: readonly number[], [a, b, c]: readonly number[]): number[] {
  return Array.from({ length: a * b }, (_, i) => Math.max(...values.slice(i * c, (i + 1) * c)))
}

function map(values: readonly number[], [rows, columns]: readonly number[], title: string): string {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const pixels = new Uint8Array(PIXELS * PIXELS)
  for (let y = 0; y < PIXELS; y++)
    for (let x = 0; x < PIXELS; x++) {
      // θ = 0 in the middle, −π at the left and top edges.
      const value = between(values, rows, columns, (y / PIXELS + 0.5) * rows, (x / PIXELS + 0.5) * columns)
      pixels[y * PIXELS + x] = high > low ? Math.max(0, Math.min(255, Math.round((255 * (value - low)) / (high - low)))) : 128
    }
  const peak = values.indexOf(high)
  const at = (index: number, count: number): number => ((index / count + 0.5) % 1) * 100
  const [px, py] = [at(peak % columns, columns), at(Math.floor(peak / columns), rows)]
  const uri = pngUri(pixels, PIXELS, PIXELS, PALETTE)
  return `<figure class="map"><div class="torus">
<img src="${uri}" alt="${title}: norm of the symbol over both frequencies, from ${rounded(low, 4)} to ${rounded(high, 4)}" width="220" height="220">
<i class="peak" style="left:${px.toFixed(1)}%;top:${py.toFixed(1)}%"></i></div>
<figcaption><span>${rounded(low, 3)}</span><i class="scale"></i><span>${rounded(high, 3)}</span></figcaption></figure>`
}

/** Catmull–Rom interpolation on the torus: through the samples, without the diamonds of a bilinear one. */
function between(values: readonly number[], rows: number, columns: number, y: number, x: number): number {
  const [top, left] = [Math.floor(y), Math.floor(x)]
  const [wy, wx] = [weights(y - top), weights(x - left)]
  let sum = 0
  for (let i = 0; i < 4; i++)
    for (let j = 0; j < 4; j++)
      sum += wy[i] * wx[j] * values[((top + i - 1 + rows) % rows) * columns + ((left + j - 1 + columns) % columns)]
  return sum
}

function weights(t: number): number[] {
  return [((-t + 2) * t - 1) * t * 0.5, ((3 * t - 5) * t * t + 2) * 0.5, ((-3 * t + 4) * t + 1) * t * 0.5, (t - 1) * t * t * 0.5]
}

function curve(values: readonly number[], title: string): string {
  const high = Math.max(...values)
  const count = values.length
  const points = Array.from({ length: count + 1 }, (_, i) => {
    const value = values[(i + Math.floor(count / 2)) % count]
    return `${((i / count) * 300).toFixed(1)},${(120 - (value / (high || 1)) * 120).toFixed(1)}`
  })
  return chart({
    width: 300,
    height: 120,
    title: `${title}: norm of the symbol over the frequency, at most ${rounded(high, 4)}`,
    content: `<polygon class="area" points="0,120 ${points.join(' ')} 300,120"/><polyline class="line" points="${points.join(' ')}"/>`,
    above: [rounded(high, 4)],
    below: ['−π', 'θ', 'π'],
  })
}
