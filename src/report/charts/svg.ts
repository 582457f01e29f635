/** An SVG picture with a title for those who do not see it. Titles must be escaped already. */
export function svg(width: number, height: number, title: string, content: string, className = 'chart'): string {
  return `<svg class="${className}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">${content}</svg>`
}

export function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  return `<text x="${x}" y="${y}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${words}</text>`
}
