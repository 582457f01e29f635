import type { Claim, Goal, LayerReport, LayerShape, ModelReport } from '../report.ts'
import { enclosureText, gapText, rounded, roundedDown, roundedUp } from './decimal.ts'

/** One column of a report's table, for people: plain text per layer, whatever it is then printed as. */
export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
  readonly cell: (layer: LayerReport) => string
}

/** The columns a model's table needs: those that would say the same in every row are left out. */
export function columnsOf(model: ModelReport, goal: Goal): Column[] {
  const { layers } = model
  const shown = (differs: (shape: LayerShape) => boolean) => layers.some(layer => layer.shape && differs(layer.shape))
  const columns: Column[] = [
    { title: 'layer', align: 'left', cell: layer => visible(layer.name) },
    { title: 'kernel', align: 'left', cell: layer => shapeText(layer.shape) },
  ]
  if (layers.some(layer => layer.op === 'conv'))
    columns.push({ title: 'stride', align: 'right', cell: ({ shape }) => sidesText(shape?.stride) })
  if (shown(shape => shape.dilation.some(side => side > 1)))
    columns.push({ title: 'dilation', align: 'right', cell: ({ shape }) => sidesText(shape?.dilation) })
  if (shown(shape => shape.groups > 1))
    columns.push({ title: 'groups', align: 'right', cell: ({ shape }) => String(shape?.groups ?? '–') })
  columns.push(
    { title: enclosureTitle(layers), align: 'left', cell: enclosureCell },
    { title: 'gap', align: 'right', cell: layer => (layer.enclosure ? gapText(layer.enclosure.gap) : '') },
  )
  for (const method of goal.methods ?? [])
    columns.push({ title: method, align: 'left', cell: layer => claimCell(layer.claims.find(claim => claim.method === method)) })
  columns.push({ title: 'time', align: 'right', cell: layer => timeText(layer.ms) })
  return columns
}

/** Names come from files of unknown origin: control characters in them must not reach a terminal. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, character => {
    const code = character.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

/** 16×3×3×3, with ᵀ for the adjoint of a convolution. */
export function shapeText(shape: LayerShape | null): string {
  return shape ? shape.kernel.join('×') + (shape.transposed ? 'ᵀ' : '') : '–'
}

/** One number where all axes agree. */
export function sidesText(sides: readonly number[] | undefined): string {
  if (!sides || sides.length === 0) return '–'
  return sides.every(side => side === sides[0]) ? String(sides[0]) : sides.join('×')
}

function enclosureTitle(layers: readonly LayerReport[]): string {
  const sized = layers.find(layer => layer.shape?.inputSize)?.shape
  if (sized) return `σ₁ (input ${sized.inputSize!.join('×')}, ${sized.padding} padding)`
  return 'σ₁ (every input size)'
}

function enclosureCell({ enclosure, error }: LayerReport): string {
  if (error) return `no bound: ${error.message}`
  if (!enclosure) return '–'
  return enclosureText(enclosure.lower ?? 0, enclosure.upper) + (enclosure.converged ? '' : ' (gap not reached)')
}

/** A value rounded to its own safe side, and how it compares with the enclosure. */
export function claimCell(claim: Claim | undefined): string {
  if (!claim) return ''
  if (claim.error) return 'n/a'
  return `${claimText(claim)}  ${claim.ratio === null ? '' : `${rounded(claim.ratio, 3)}×`}`.trimEnd()
}

export function claimText({ kind, value, lower, upper }: Claim): string {
  if (kind === 'upper') return value === null ? '∞' : `≤ ${roundedUp(value, 6)}`
  if (kind === 'lower') return `≥ ${roundedDown(value ?? 0, 6)}`
  if (kind === 'exact' && upper !== null) return enclosureText(lower ?? 0, upper)
  return `~ ${rounded(value ?? 0, 6)}`
}

export function timeText(ms: number): string {
  if (ms < 100) return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}
