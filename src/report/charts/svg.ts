/**
 * A chart: an SVG picture that fills its place at any size, and its words around it as text, which does not shrink with it.
 *
 * @param title what it shows, for those who do not see it; escaped already
 */
export function chart({ width, height, title, content, above = [], below = [] }: Chart): string {
  return `<figure class="chart">${words(above)}<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${title}">${content}</svg>${words(below)}</figure>`
}

export interface Chart {
  readonly width: number
  readonly height: number
  readonly title: string
  readonly content: string
  /** spread over a line above and below the picture */
  readonly above?: readonly string[]
  readonly below?: readonly string[]
}

function words(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `<p>${parts.map(part => `<span>${part}</span>`).join('')}</p>`
}
