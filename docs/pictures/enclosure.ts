/**
 * Draws docs/enclosure.svg: the surface f(θ) = ‖F(θ)‖₂ of a layer of the sample model over the torus, and the boxes a search closed.
 *
 *   node --import tsx docs/pictures/enclosure.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { conv } from '../../src/conv.ts'
import { readModel } from '../../src/formats/index.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import type { Box, Neighbourhood } from '../../src/torus/boxes.ts'
import { TURN } from '../../src/torus/ray.ts'
import { enclose } from '../../src/torus/search.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const name = 'block1.conv2.weight'
const file = 'examples/train-shapes/models/shapes.safetensors'
const layer = readModel([{ name: file, bytes: readFileSync(root + file) }]).layers.find(candidate => candidate.name === name)!
const symbol = symbolEverySize(conv(layer.kernel, layer.geometry))
const turns = [105 * 2 ** 17, 105 * 2 ** 17]
const closed: (Box | Neighbourhood)[] = []
const CELLS = 72

const { surface, found } = withGramSymbol(symbol, 0, gram => {
  const points = new Float64Array(2 * CELLS * CELLS)
  for (let i = 0; i < CELLS * CELLS; i++)
    points.set([((i % CELLS) + CELLS / 2) % CELLS, (Math.floor(i / CELLS) + CELLS / 2) % CELLS], 2 * i)
  const values = gram.climb({ turns: [CELLS, CELLS], points }, 16).map(ritz => Math.sqrt(ritz.value))
  const result = enclose(
    gram,
    [1, 1],
    { turns, discrete: false },
    { gap: 1e-6, maxEvaluations: 1e5, observe: box => closed.push(box) },
  )
  return { surface: values, found: result }
})

const SIDE = 420
const scale = 2 ** symbol.exponent
const top = Math.max(...surface)
const bottom = Math.min(...surface)
/** Position of an angle in turns; θ = 0 is in the middle. */
const at = (turn: number) => (((((turn + 0.5) % 1) + 1) % 1) * SIDE).toFixed(1)
const LEVELS = 24
const band = (i: number) => Math.min(LEVELS - 1, Math.floor(((surface[i] - bottom) / (top - bottom)) * LEVELS))
const cells: string[] = []
for (let y = 0; y < CELLS; y++) {
  // runs of one colour: a tenth of the file
  for (let x = 0; x < CELLS; ) {
    const level = band(y * CELLS + x)
    let end = x + 1
    while (end < CELLS && band(y * CELLS + end) === level) end++
    const unit = SIDE / CELLS
    cells.push(
      `<path d="M${(x * unit).toFixed(1)} ${(y * unit).toFixed(1)}h${((end - x) * unit + 0.3).toFixed(1)}v${(unit + 0.3).toFixed(1)}H${(x * unit).toFixed(1)}z" fill="${colour((level + 0.5) / LEVELS)}"/>`,
    )
    x = end
  }
}
const boxes = closed.map(box => {
  if ('corner' in box) {
    const [x, y] = box.corner.map((c, d) => c / turns[d])
    const [w, h] = box.width.map((c, d) => (c / turns[d]) * SIDE)
    return `<rect x="${at(x)}" y="${at(y)}" width="${w.toFixed(2)}" height="${h.toFixed(2)}" fill="none" stroke="#fff" stroke-width=".6"/>`
  }
  const [x, y] = box.point.map(c => c / TURN)
  const [w, h] = box.half.map(c => (c / TURN) * SIDE)
  return [1, -1]
    .map(
      sign =>
        `<rect x="${(Number(at(sign * x)) - w).toFixed(2)}" y="${(Number(at(sign * y)) - h).toFixed(2)}" width="${(2 * w).toFixed(2)}" height="${(2 * h).toFixed(2)}" fill="#fff" fill-opacity=".25" stroke="#fff" stroke-width="1.6"/>`,
    )
    .join('')
})
const label = (x: number, text: string) =>
  `<text x="${x}" y="${SIDE + 26}" font-family="system-ui, sans-serif" font-size="13" fill="#444">${text}</text>`
const picture = (x: number, parts: string[], text: string) =>
  `<g transform="translate(${x} 0)"><svg width="${SIDE}" height="${SIDE}" viewBox="0 0 ${SIDE} ${SIDE}">${parts.join('')}</svg>${label(0, text)}</g>`
writeFileSync(
  root + 'docs/enclosure.svg',
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 -12 ${2 * SIDE + 44} ${SIDE + 56}" role="img" aria-label="The norm of a symbol over the torus, and the boxes a search closed">` +
    // readable on a dark page too
    `<rect x="-12" y="-12" width="${2 * SIDE + 44}" height="${SIDE + 56}" fill="#fff"/>` +
    `<defs><g id="surface" shape-rendering="crispEdges">${cells.join('')}</g></defs>` +
    picture(
      0,
      ['<use href="#surface"/>'],
      `‖F(θ)‖₂ from ${(bottom * scale).toFixed(2)} to ${(top * scale).toFixed(2)}, θ = 0 in the middle`,
    ) +
    picture(
      SIDE + 20,
      ['<use href="#surface"/>', ...boxes],
      `${closed.length} pieces closed by ${found.evaluations} norm evaluations, gap 1e-6`,
    ) +
    '</svg>\n',
)
console.log(
  `docs/enclosure.svg: ${found.evaluations} evaluations, ${closed.length} pieces, ${(found.lower * scale).toFixed(9)} … ${(found.upper * scale).toFixed(9)}`,
)

/** Dark blue through green to yellow, by lightness as much as by hue. */
function colour(share: number): string {
  const stops = [
    [22, 24, 60],
    [38, 84, 124],
    [32, 144, 140],
    [122, 200, 90],
    [252, 232, 70],
  ]
  const x = Math.min(0.9999, Math.max(0, share)) * (stops.length - 1)
  const i = Math.floor(x)
  return `rgb(${stops[i].map((c, k) => Math.round(c + (stops[i + 1][k] - c) * (x - i))).join(',')})`
}
