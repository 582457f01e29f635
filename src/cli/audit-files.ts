import { dirname, join } from 'node:path'
import { modelReport, reportOf, unreadable } from '../audit/assemble.ts'
import { problemOf } from '../audit/layer.ts'
import { type Share, shareOf } from '../audit/shard.ts'
import { chosenLayers, taskOf } from '../audit/task.ts'
import { networkReport } from '../audit/whole-network.ts'
import { companions, readModel } from '../formats/index.ts'
import { fits } from '../formats/geometry.ts'
import type { GeometryEntry, Model, NamedBytes } from '../formats/model.ts'
import type { Goal, LayerReport, ModelReport, Report } from '../report.ts'
import type { Crew } from './crew.ts'
import { readBytes } from './files.ts'
import type { Progress } from './progress.ts'

export interface Audit {
  readonly files: readonly string[]
  readonly goal: Goal
  readonly geometry?: Readonly<Record<string, GeometryEntry>>
  readonly progress: Progress
  /** who audits layers of this cost together */
  readonly crewFor: (cost: number, layers: number) => Crew
  /** says what may be a mistake, though nothing is wrong with the models */
  readonly warn: (sentence: string) => void
  /** aborted by Ctrl-C: what is done so far becomes the report */
  readonly signal: AbortSignal
}

/** Audits one file after another, so that only one is in memory; a file that cannot be read does not stop the others. */
export async function auditFiles(audit: Audit): Promise<Report> {
  const { files, goal, geometry, signal } = audit
  const share = shareOf(goal, files.length)
  const unused = new Set(Object.keys(geometry ?? {}))
  const models: ModelReport[] = []
  for (const [place, file] of files.entries()) {
    if (signal.aborted) break
    if (share.file(place)) models.push(await auditFile(file, place, share, audit, unused))
  }
  if (!signal.aborted && !goal.shard)
    for (const name of unused) audit.warn(`--geometry: expected a layer that '${name}' fits, got none. Check the spelling`)
  return reportOf(goal, models, signal.aborted)
}

async function auditFile(file: string, place: number, share: Share, audit: Audit, unused: Set<string>): Promise<ModelReport> {
  try {
    const model = readModel(await filesOf(file), audit.geometry ? { geometry: audit.geometry } : {})
    for (const pattern of unused)
      if ([...model.layers, ...model.skipped].some(({ name }) => fits(pattern, name))) unused.delete(pattern)
    const layers = await auditLayers(model, share.layers(chosenLayers(model, audit.goal)), audit)
    const whole = share.network() && !audit.signal.aborted
    return modelReport(model, place, layers, whole ? networkReport(model, audit.goal) : undefined)
  } catch (error) {
    return unreadable(file, place, problemOf(error))
  }
}

/** A model file and those of its companions that lie beside it; the reader says what is missing. */
async function filesOf(name: string): Promise<NamedBytes[]> {
  const file = await readBytes(name)
  const beside = companions(file).map(companion => readBytes(join(dirname(name), companion)).catch(() => undefined))
  return [file, ...(await Promise.all(beside)).filter(companion => companion !== undefined)]
}

/** The dearest layers first, so that no thread is left alone with one at the end; the report keeps the file's order. */
async function auditLayers(
  model: Model,
  chosen: readonly number[],
  { goal, progress, signal, crewFor }: Audit,
): Promise<LayerReport[]> {
  const queue = chosen.map(index => ({ index, cost: costOf(model.layers[index].kernel.shape) })).sort((a, b) => b.cost - a.cost)
  const total = queue.reduce((sum, { cost }) => sum + cost, 0)
  const crew = crewFor(total, queue.length)
  const stop = (): void => crew.stop()
  signal.addEventListener('abort', stop)
  const layers: LayerReport[] = []
  let done = 0
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next && !signal.aborted; next = queue.shift()) {
      progress.step(done, model.layers[next.index].name)
      const report = await crew.run(taskOf(model, next.index, goal))
      if (report) layers.push(report)
      done += next.cost
    }
  }
  progress.start(total)
  try {
    await Promise.all(Array.from({ length: crew.size }, work))
  } finally {
    signal.removeEventListener('abort', stop)
    progress.stop()
    crew.stop()
  }
  return layers.sort((a, b) => a.index - b.index)
}

/** Eigenvalue work grows with the cube of the channels, the search with the number of axes: enough to say how much is left. */
function costOf(shape: readonly number[]): number {
  const [a, b, ...kernel] = shape
  const small = Math.min(a, b)
  return a * b * small * 3 ** kernel.length + 1e4
}
