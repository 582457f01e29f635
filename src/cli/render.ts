import { toCsv } from '../report/csv.ts'
import { toHtml } from '../report/html.ts'
import { toJson } from '../report/json.ts'
import { toMarkdown } from '../report/markdown.ts'
import { type TextOptions, toText } from '../report/text.ts'
import type { Report } from '../report.ts'
import type { Command } from './options.ts'

/** The report in the format asked for; --quiet leaves the findings of a table. */
export function render(report: Report, { format, quiet }: Command, paint?: TextOptions['paint']): string {
  switch (format) {
    case 'json':
      return toJson(report)
    case 'csv':
      return toCsv(report)
    case 'html':
      return toHtml(report)
    case 'markdown':
      return toMarkdown(report)
    default:
      return toText(quiet ? { ...report, models: [] } : report, paint ? { paint } : {})
  }
}
