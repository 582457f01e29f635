import type { Finding, Goal, ModelComparison, ModelReport, NetworkReport, Report } from '../report.ts'
import { columnsOf, visible } from './columns.ts'
import { COMPARISON_TITLES, comparisonLine, comparisonRows } from './comparison.ts'
import { rounded, roundedDown, roundedUp } from './decimal.ts'

export type Tone = 'dim' | 'bold' | 'red' | 'green' | 'yellow'

export interface TextOptions {
  /** colours a piece of text; absent: plain */
  readonly paint?: (tone: Tone, text: string) => string
}

/** The report for a terminal: a table per file, what it comes to, and what is wrong. */
export function toText(report: Report, { paint = (_, text) => text }: TextOptions = {}): string {
  const several = report.models.length > 1
  // A file that could not be read has nothing but its finding, which stands at the end.
  const blocks = report.models.filter(model => !model.error).map(model => modelText(model, report.goal, several, paint))
  const changes = (report.comparison ?? []).map(comparison => comparisonText(comparison, paint))
  const findings = report.findings.map(finding => findingText(finding, paint))
  if (report.partial) findings.push(paint('yellow', 'interrupted: this report is incomplete'))
  const parts = [...blocks, ...changes, ...(findings.length ? [findings.join('\n')] : [])]
  return parts.length > 0 ? parts.join('\n\n') + '\n' : ''
}

type Paint = NonNullable<TextOptions['paint']>

function modelText(model: ModelReport, goal: Goal, titled: boolean, paint: Paint): string {
  const title = titled ? [paint('bold', visible(model.file))] : []
  return [...title, ...tableLines(model, goal, paint), ...summaryLines(model, goal), ...noteLines(model, paint)].join('\n')
}

function tableLines(model: ModelReport, goal: Goal, paint: Paint): string[] {
  if (model.layers.length === 0) return [goal.layers && model.layerCount > 0 ? `no layer matches '${goal.layers}'` : 'no layers']
  const columns = columnsOf(model, goal)
  const cells = model.layers.map(layer => columns.map(column => column.cell(layer)))
  // An error's sentence runs on over the columns to its right instead of widening its own.
  const widths = columns.map((column, c) =>
    Math.max(column.title.length, ...cells.map((row, r) => (model.layers[r].error && row[c].length > 30 ? 0 : row[c].length))),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => (columns[c].align === 'right' ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
      .join('   ')
      .trimEnd()
  const lines = cells.map((row, r) => {
    if (!model.layers[r].error) return line(row)
    return paint('red', `${row[0].padEnd(widths[0])}   ${visible(model.layers[r].error!.message)}`)
  })
  return [paint('dim', line(columns.map(column => column.title))), ...lines]
}

function comparisonText(comparison: ModelComparison, paint: Paint): string {
  const rows = comparisonRows(comparison).map(row => row.map(visible))
  const widths = COMPARISON_TITLES.map((title, c) => Math.max(title.length, ...rows.map(row => row[c].length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => cell.padEnd(widths[c]))
      .join('   ')
      .trimEnd()
  const title = paint('bold', visible(`${comparison.after} since ${comparison.before}`))
  const table = rows.length > 0 ? [paint('dim', line(COMPARISON_TITLES)), ...rows.map(line)] : []
  return [title, ...table, comparisonLine(comparison)].join('\n')
}

function summaryLines(model: ModelReport, goal: Goal): string[] {
  const lines = model.layers.length === 0 ? [] : [countLine(model, goal)]
  if (model.layers.length > 1) lines.push(productLine(model))
  if (model.network) lines.push(networkLine(model.network))
  return lines
}

/** 19 convolutions, 1 dense layer, 19 batch norms (fold them with --fold), 2 other tensors */
function countLine(model: ModelReport, goal: Goal): string {
  const convolutions = model.layers.filter(layer => layer.op === 'conv').length
  const dense = model.layers.length - convolutions
  const folded = model.layers.filter(layer => layer.folded !== undefined).length
  const parts = [
    count(convolutions, 'convolution'),
    count(dense, 'dense layer'),
    count(model.batchNorms, 'batch norm') &&
      `${count(model.batchNorms, 'batch norm')} ${goal.fold ? `(${folded} folded)` : '(fold them with --fold)'}`,
    count(model.skipped.length, 'other tensor'),
  ]
  return parts.filter(Boolean).join(', ')
}

function productLine(model: ModelReport): string {
  const product =
    model.product === null ? 'product of the layers: unknown' : `product of the layers ≤ ${roundedUp(model.product, 2)}`
  if (model.network) return product
  return `${product}   (residual additions are not a chain: give the ONNX graph for a network bound)`
}

/** One line for the network as a whole. */
export function networkLine(network: NetworkReport): string {
  const { upper, refused } = network
  if (refused !== undefined || upper === null) return `network: no certificate: ${refused ?? 'the bound exceeds every number'}`
  const below = belowText(network)
  return `network: certified Lipschitz constant ≤ ${roundedUp(upper, 4)}${below && `   (${below})`}`
}

/** What was found below a certificate: a proven gain, else the stretch of a Jacobian. */
export function belowText({ lower, estimate }: NetworkReport): string {
  if (lower !== null) return `≥ ${roundedDown(lower, 3)} proven, between two inputs`
  return !estimate ? '' : `about ${rounded(estimate, 3)} found, by a Jacobian`
}

function noteLines(model: ModelReport, paint: Paint): string[] {
  const own = model.layers.flatMap(layer => (layer.note === undefined ? [] : [`${layer.name}: ${layer.note}`]))
  return [...model.notes, ...own, ...refusals(model)].map(note => paint('dim', visible(`note: ${note}`)))
}

/** What methods said where they had nothing to say, once each. */
export function refusals(model: ModelReport): string[] {
  const layers = new Map<string, number>()
  for (const { method, error } of model.layers.flatMap(layer => layer.claims))
    if (error) {
      const sentence = error.message.startsWith(method) ? error.message : `${method}: ${error.message}`
      layers.set(sentence, (layers.get(sentence) ?? 0) + 1)
    }
  return [...layers].map(([sentence, times]) => `${sentence} (${count(times, 'layer')})`)
}

function findingText({ file, layer, message }: Finding, paint: Paint): string {
  return paint('red', visible(`${[file, layer].filter(Boolean).join(': ')}: ${message}`))
}

function count(n: number, noun: string): string {
  return n === 0 ? '' : `${n} ${noun}${n === 1 ? '' : 's'}`
}
