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
import { auditFiles } from './audit-files.ts'
import { expand, readArgument, readBytes, readJson, writeWhole } from './files.ts'
import { help } from './help.ts'
import { type Command, readCommand } from './options.ts'
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
    const report = await reportFor(command, terminal)
    await deliver(report, command, terminal)
    return exitCode(report)
  } catch (error) {
    if (!(error instanceof OpnormError)) throw error
    terminal.stderr.write(`opnorm: ${error.message}\n`)
    return error.code === 'file' ? 3 : 2
  }
}

async function reportFor(command: Command, terminal: Terminal): Promise<Report> {
  const report = command.verb === 'merge' ? merge(await reports(command.files)) : await auditOf(command, terminal)
  if (command.compare === undefined) return report
  return compared(report, readReport(command.compare, await readArgument(command.compare, 'a JSON report')))
}

async function auditOf(command: Command, { stderr, signal, workers }: Terminal): Promise<Report> {
  const geometry =
    command.geometry === undefined
      ? undefined
      : geometryTable(await readJson(command.geometry, 'a table of geometries'), command.geometry)
  // One pool for all files: what its workers have warmed up stays warm.
  let pool: Pool | undefined
  const poolFor = (cost: number): Pool => {
    if (!workers || cost <= WORTH_A_WORKER) return thisThread()
    return (pool ??= new WorkerPool(command.threads ?? workers.cores, workers.start))
  }
  try {
    return await auditFiles({
      files: await expand(command.files),
      goal: command.goal,
      ...(geometry && { geometry }),
      warn: sentence => stderr.write(`opnorm: ${visible(sentence)}\n`),
      progress: progressOn(stderr, !command.quiet),
      poolFor,
      signal,
    })
  } finally {
    pool?.close()
  }
}

async function reports(files: readonly string[]): Promise<Report[]> {
  const names = await expand(files)
  return Promise.all(
    names.map(async name => readReport(name, new TextDecoder().decode((await readBytes(name, 'a JSON report')).bytes))),
  )
}

async function deliver(report: Report, command: Command, { stdout, stderr, env }: Terminal): Promise<void> {
  const coloured = command.output === undefined && wantsColour(stdout, env)
  const text = render(report, command, coloured ? (tone, words) => styleText(tone, words, { validateStream: false }) : undefined)
  if (command.html !== undefined) await writeWhole(command.html, render(report, { ...command, format: 'html' }))
  if (command.output !== undefined) await writeWhole(command.output, text)
  else stdout.write(text)
  // The table says what is wrong itself; other formats may be read by nobody before the build goes on.
  if (command.output !== undefined || command.format !== 'table')
    for (const { file, layer, message } of report.findings)
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
