import type { Report } from '../report.ts'

/** The report as JSON; `JSON.parse` gives it back as it was. Numbers that nothing proves are null. */
export function toJson(report: Report): string {
  return JSON.stringify(report, null, 2) + '\n'
}
