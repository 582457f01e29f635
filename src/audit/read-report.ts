import { fail, OpnormError } from '../errors.ts'
import type { Report } from '../report.ts'

/** A report from the JSON that `toJson` wrote. @throws OpnormError `usage` for anything else */
export function readReport(name: string, json: string): Report {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw new OpnormError('usage', `${name}: expected a JSON report, got no JSON. Make it with opnorm --json`, { cause })
  }
  const { opnorm, goal, models, findings } = (value ?? {}) as Partial<Report>
  if (typeof opnorm !== 'string' || typeof goal !== 'object' || !Array.isArray(models) || !Array.isArray(findings))
    fail('usage', name, 'a report', 'other JSON', 'Make it with opnorm --json')
  for (const model of models)
    if (typeof model?.file !== 'string' || !Array.isArray(model.layers))
      fail('usage', name, 'a report', 'a damaged one', 'Make it again with opnorm --json')
  return value as Report
}
