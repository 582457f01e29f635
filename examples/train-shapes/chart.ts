import { attackRadii, certifiedRadii, type Outcome } from './run.ts'

const colours = ['#333333', '#999999', '#e69f00', '#d55e00', '#cc79a7', '#0072b2', '#009e73', '#56b4e9']
const [width, height, left, top] = [300, 210, 46, 34]

/** Two line charts side by side, accuracy under attack and certified accuracy over the radius, means over the seeds. */
export function chart(names: readonly string[], outcomes: readonly Outcome[]): string {
  const curves = (pick: (outcome: Outcome) => number[]) =>
    names.map(name => {
      const found = outcomes.filter(outcome => outcome.name === name).map(outcome => [outcome.accuracy, ...pick(outcome)])
      return found[0].map((_, r) => found.reduce((sum, values) => sum + values[r], 0) / found.length)
    })
  const panels = [
    panel(
      left,
      'accuracy under l2 attack',
      [0, ...attackRadii],
      curves(({ robust }) => robust),
    ),
    panel(
      left + width + 60,
      'certified accuracy',
      [0, ...certifiedRadii],
      curves(({ certified }) => certified),
    ),
  ]
  const legend = names.map((name, n) => {
    const [x, y] = [left + (n % 3) * 225, top + height + 52 + Math.floor(n / 3) * 18]
    return `<path d="M${x} ${y - 4}h18" stroke="${colours[n]}" stroke-width="2.5"/><text x="${x + 24}" y="${y}">${name}</text>`
  })
  const [w, h] = [left + 2 * width + 60 + 20, top + height + 60 + Math.ceil(names.length / 3) * 18]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="system-ui, sans-serif" font-size="12" role="img"
  aria-label="Accuracy under attack and certified accuracy by radius, for each way of training">
<rect width="${w}" height="${h}" fill="#ffffff"/>
${[...panels, ...legend].join('\n')}
</svg>
`
}

/** One chart: accuracy from 0 to 100 % over the radius. */
function panel(x0: number, title: string, radii: readonly number[], curves: number[][]): string {
  const x = (radius: number) => (x0 + (width * radius) / radii[radii.length - 1]).toFixed(1)
  const y = (share: number) => (top + height * (1 - share)).toFixed(1)
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    share =>
      `<path d="M${x0} ${y(share)}h${width}" stroke="#dddddd"/><text x="${x0 - 6}" y="${Number(y(share)) + 4}" text-anchor="end">${100 * share}</text>`,
  )
  const ticks = radii.map(radius => `<text x="${x(radius)}" y="${top + height + 16}" text-anchor="middle">${radius}</text>`)
  const lines = curves.map((shares, n) => {
    const points = shares.map((share, r) => `${x(radii[r])},${y(share)}`)
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colours[n]}" stroke-width="2"/>`
  })
  return [
    `<text x="${x0}" y="${top - 14}" font-weight="600">${title}, %</text>`,
    ...grid,
    ...ticks,
    `<text x="${x0 + width / 2}" y="${top + height + 32}" text-anchor="middle">l2 radius</text>`,
    ...lines,
  ].join('\n')
}
