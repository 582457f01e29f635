/**
 * opnorm/audit: model files in, reports out. Everything public, and nothing else.
 */
export { audit, auditing, type Step } from './audit/audit.ts'
export { compared } from './audit/compare.ts'
export { merge } from './audit/merge.ts'
export { auditParallel, type ParallelOptions } from './audit/parallel.ts'
export type { AuditWorker } from './audit/thread.ts'
export type * from './audit/network-types.ts'
export {
  certifyNetwork,
  type CertifiedNode,
  type CertifiedValue,
  type NetworkCertificate,
  type NetworkOptions,
} from './audit/network.ts'
export { readReport } from './audit/read-report.ts'
export { OpnormError } from './errors.ts'
export { companions, readModel } from './formats/index.ts'
export type * from './formats/model.ts'
export { toCsv } from './report/csv.ts'
export { toHtml } from './report/html.ts'
export { toJson } from './report/json.ts'
export { toMarkdown } from './report/markdown.ts'
export { type TextOptions, type Tone, toText } from './report/text.ts'
export type * from './report.ts'
