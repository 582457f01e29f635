import type { Goal, ModelComparison, ModelReport, Report } from '../report.ts'
import { columnsOf } from './columns.ts'
import { COMPARISON_TITLES, comparisonLine, comparisonRows } from './comparison.ts'
import { roundedUp } from './decimal.ts'
import { networkLine } from './text.ts'

/** The report for a pull request or an issue: one table per file. */
export function toMarkdown(report: Report): string {
  const parts = report.models.map(model => modelPart(model, report.goal))
  parts.push(...(report.comparison ?? []).map(comparisonPart))
  if (report.findings.length > 0) parts.push(['### Findings', '', ...report.findings.map(findingLine)].join('\n'))
  if (report.partial) parts.push('*Interrupted: this report is incomplete.*')
  return parts.join('\n\n') + '\n'

  function findingLine({ file, layer, message }: Report['findings'][number]): string {
    return `- ${code([file, layer].filter(Boolean).join(': '))}: ${escape(message)}`
  }
}

function modelPart(model: ModelReport, goal: Goal): string {
  const title = `## ${code(model.file)}`
  if (model.error) return `${title}\n\n**${escape(model.error.message)}**`
  const columns = columnsOf(model, goal)
  const rows = [
    columns.map(column => column.title),
    columns.map(column => (column.align === 'right' ? '--:' : ':--')),
    ...model.layers.map(layer => columns.map(column => escape(column.cell(layer)))),
  ]
  const lines = [title, '', ...rows.map(row => `| ${row.join(' | ')} |`)]
  if (model.product !== null && model.layers.length > 1) lines.push('', `Product of the layers ≤ ${roundedUp(model.product, 2)}.`)
  if (model.network) lines.push('', escape(networkLine(model.network)) + '.')
  return lines.join('\n')
}

function comparisonPart(comparison: ModelComparison): string {
  const rows = comparisonRows(comparison).map(row => row.map(escape))
  const table = [COMPARISON_TITLES, COMPARISON_TITLES.map(() => ':--'), ...rows].map(row => `| ${row.join(' | ')} |`)
  const title = `### Since ${code(comparison.before)}`
  return [title, '', ...(rows.length > 0 ? [...table, ''] : []), escape(comparisonLine(comparison)) + '.'].join('\n')
}

/** Names come from files of unknown origin: nothing in them may become markup or leave its cell. */
function escape(text: string): string {
  return text.replace(/[\\|*_`<>[\]~#]/g, '\\$&').replace(/[\r\n]+/g, ' ')
}

function code(text: string): string {
  return '`' + text.replace(/[`\r\n]/g, ' ') + '`'
}
