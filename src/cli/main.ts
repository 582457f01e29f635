import { styleText } from 'node:util'
import { compared } from '../audit/compare.ts'
import type { Workers } from '../audit/here.ts'
import { merge } from '../audit/merge.ts'
import { type Pool, thisThread } from '../audit/pool.ts'
import { readReport } from '../audit/read-report.ts'
import { WORTH_A_WORKER } from '../audit/schedule.ts'
import { WorkerPool } from '../audit/worker-pool.ts'
import { OpnormError } from '../errors.ts'
import { geometryTable } from '../formats/geometry.ts'
import type { Report } from '../report.ts'
import { visible } from '../report/columns.ts'
import { version } from '../version.ts'
import { type Audit, auditFiles } from './audit-files.ts'
import { expand, readArgument, readBytes, readJson } from './files.ts'
import { help } from './help.ts'
import { type Command, readCommand } from './options.ts'
import { keepApart, writeWhole } from './output.ts'
import { progressOn } from './progress.ts'
import { render } from './render.ts'

/** What the command line touches of its process; tests give their own. */
export interface Terminal {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** absent: everything happens in this thread */
  readonly workers?: Workers
}

/** Runs one command line. @returns the exit code */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const command = readCommand(args)
    if (command.verb === 'help') return say(terminal, help)
    if (command.verb === 'version') return say(terminal, version + '\n')
    let mistaken = false
    const mistake = (sentence: string) => {
      mistaken = true
      terminal.stderr.write(`opnorm: ${visible(sentence)}\n`)
    }
    const report = await reportFor(command, terminal, mistake)
    await deliver(report, command, terminal)
    return mistaken && !report.partial ? 2 : exitCode(report)
  } catch (error) {
    if (!(error instanceof OpnormError)) throw error
    terminal.stderr.write(`opnorm: ${visible(error.message)}\n`)
    if (terminal.signal.aborted) return 130
    return error.code === 'file' ? 3 : 2
  }
}

async function reportFor(command: Command, terminal: Terminal, mistake: Audit['mistake']): Promise<Report> {
  // Read first: an audit may take hours, and would be for nothing.
  const before =
    command.compare === undefined
      ? undefined
      : readReport(command.compare, await readArgument(command.compare, 'a JSON report', { signal: terminal.signal }))
  const report = command.verb === 'merge' ? await mergeOf(command, terminal) : await auditOf(command, terminal, mistake)
  return before ? compared(report, before) : report
}

async function auditOf(command: Command, { stderr, signal, workers }: Terminal, mistake: Audit['mistake']): Promise<Report> {
  const geometry =
    command.geometry === undefined
      ? undefined
      : geometryTable(await readJson(command.geometry, 'a table of geometries', { signal }), command.geometry)
  const files = await expand(command.files)
  await keepApart(command, command.geometry === undefined ? files : [...files, command.geometry])
  // One pool for all files: what its workers have warmed up stays warm.
  let pool: Pool | undefined
  const poolFor = (cost: number): Pool => {
    if (!workers || cost <= WORTH_A_WORKER) return thisThread()
    return (pool ??= new WorkerPool(command.threads ?? workers.cores, workers.start))
  }
  try {
    return await auditFiles({
      files,
      goal: command.goal,
      ...(geometry && { geometry }),
      warn: sentence => stderr.write(`opnorm: ${visible(sentence)}\n`),
      mistake,
      keep: beside => keepApart(command, beside),
      progress: progressOn(stderr, !command.quiet),
      poolFor,
      signal,
    })
  } finally {
    pool?.close()
  }
}

async function mergeOf(command: Command, { signal }: Terminal): Promise<Report> {
  const { maxNorm, maxLipschitz } = command.goal
  const files = await expand(command.files)
  await keepApart(command, files)
  const parts: Report[] = []
  for (const name of files)
    parts.push(readReport(name, new TextDecoder().decode((await readBytes(name, 'a JSON report', { signal })).bytes)))
  return merge(parts, { ...(maxNorm !== undefined && { maxNorm }), ...(maxLipschitz !== undefined && { maxLipschitz }) })
}

async function deliver(report: Report, command: Command, { stdout, stderr, env }: Terminal): Promise<void> {
  const coloured = command.output === undefined && wantsColour(stdout, env)
  const text = render(report, command, coloured ? (tone, words) => styleText(tone, words, { validateStream: false }) : undefined)
  if (command.html !== undefined) await writeWhole(command.html, render(report, { ...command, format: 'html' }))
  if (command.output !== undefined) await writeWhole(command.output, text)
  else stdout.write(text)
  // The table says what is wrong itself; other formats may be read by nobody before the build goes on. What could not be read is said
  // beside a table too, where that goes to a file or a pipe.
  const table = command.output === undefined && command.format === 'table'
  for (const { what, file, layer, message } of report.findings)
    if (!table || (what === 'unreadable' && !stdout.isTTY))
      stderr.write(`opnorm: ${visible([file, layer, message].filter(part => part !== undefined).join(': '))}\n`)
}

/** https://no-color.org: NO_COLOR, present and not empty, means none. */
function wantsColour(stream: NodeJS.WriteStream, env: Terminal['env']): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0'
  return stream.isTTY === true && env.TERM !== 'dumb'
}

function exitCode(report: Report): number {
  if (report.partial) return 130
  if (report.findings.some(finding => finding.what === 'unreadable')) return 3
  return report.findings.length > 0 ? 1 : 0
}

function say({ stdout }: Terminal, text: string): number {
  stdout.write(text)
  return 0
}
