import { dirname, join } from 'node:path'
import { modelReport, reportOf, unreadable } from '../audit/assemble.ts'
import { problemOf } from '../audit/layer.ts'
import type { Pool } from '../audit/pool.ts'
import { auditLayers, costOf } from '../audit/schedule.ts'
import { fitsInput, openShape } from '../audit/network-plan.ts'
import { type Share, shareOf } from '../audit/shard.ts'
import { chosenLayers } from '../audit/task.ts'
import { networkReport } from '../audit/whole-network.ts'
import { OpnormError } from '../errors.ts'
import { companions, readModel } from '../formats/index.ts'
import { fits } from '../formats/geometry.ts'
import type { GeometryEntry, Model, NamedBytes } from '../formats/model.ts'
import type { Goal, LayerReport, ModelReport, Report } from '../report.ts'
import { readBytes } from './files.ts'
import type { Progress } from './progress.ts'

export interface Audit {
  readonly files: readonly string[]
  readonly goal: Goal
  readonly geometry?: Readonly<Record<string, GeometryEntry>>
  readonly progress: Progress
  /** who audits layers of this cost together */
  readonly poolFor: (cost: number) => Pool
  /** says what may be a mistake, though nothing is wrong with the models */
  readonly warn: (sentence: string) => void
  /** says what is a mistake on the command line, found only now that the models are read */
  readonly mistake: (sentence: string) => void
  /** rejects where a report would be written over these files */
  readonly keep: (files: readonly string[]) => Promise<void>
  /** aborted by Ctrl-C: what is done so far becomes the report */
  readonly signal: AbortSignal
}

/** Audits one file after another, so that only one is in memory; a file that cannot be read does not stop the others. */
export async function auditFiles(audit: Audit): Promise<Report> {
  const { files, goal, geometry, signal } = audit
  const share = shareOf(goal, files.length)
  const unused = new Set(Object.keys(geometry ?? {}))
  const inputs = new Set<string>()
  const models: ModelReport[] = []
  for (const [place, file] of files.entries()) {
    if (signal.aborted) break
    if (share.file(place)) models.push(await auditFile(file, place, share, audit, { unused, inputs }))
  }
  if (!signal.aborted && !goal.shard) {
    for (const name of unused) audit.warn(`--geometry: expected a layer that '${name}' fits, got none. Check the spelling`)
    for (const name of Object.keys(goal.inputShapes ?? {}))
      if (name !== '' && !inputs.has(name))
        audit.mistake(`--input-shape: expected ${listed(inputs)}, got '${name}'. Use the graph's own names`)
  }
  return reportOf(goal, models, signal.aborted)
}

/** What the files of a call had to do with its options, so far. */
interface Seen {
  /** names and patterns of the table of geometries that fit no layer */
  readonly unused: Set<string>
  /** names of the networks' inputs */
  readonly inputs: Set<string>
}

async function auditFile(
  file: string,
  place: number,
  share: Share,
  audit: Audit,
  { unused, inputs }: Seen,
): Promise<ModelReport> {
  try {
    const model = readModel(await filesOf(file, audit), audit.geometry ? { geometry: audit.geometry } : {})
    for (const pattern of unused)
      if ([...model.layers, ...model.skipped].some(({ name }) => fits(pattern, name))) unused.delete(pattern)
    for (const { name } of model.graph?.inputs ?? []) inputs.add(name)
    for (const sentence of contradictions(model, audit.goal)) audit.mistake(sentence)
    const layers = await layersOf(model, share.layers(chosenLayers(model, audit.goal)), audit)
    const whole = share.network() && !audit.signal.aborted
    return modelReport(model, place, layers, whole ? networkReport(model, audit.goal) : undefined)
  } catch (error) {
    if (error instanceof OpnormError && error.code === 'usage') throw error
    return unreadable(file, place, problemOf(error))
  }
}

/** Shapes given for a network's inputs that they cannot have; the one without a name is the first input's. */
function contradictions({ name: file, graph }: Model, { inputShapes = {} }: Goal): string[] {
  return (graph?.inputs ?? []).flatMap((input, place) => {
    const given = inputShapes[input.name] ?? (place === 0 ? inputShapes[''] : undefined)
    if (!given || fitsInput(input, given)) return []
    const wanted = `a shape like ${openShape(input)} for '${input.name}'`
    return [`${file}: --input-shape: expected ${wanted}, got [${given.join(', ')}]. Fill in the open sides`]
  })
}

function listed(inputs: ReadonlySet<string>): string {
  return [...inputs].map(name => `'${name}'`).join(' or ') || 'a file with a graph'
}

/** A model file and those of its companions that lie beside it; the reader says what is missing. */
async function filesOf(name: string, { keep, signal }: Audit): Promise<NamedBytes[]> {
  const file = await readBytes(name, undefined, { signal })
  const beside = companions(file).map(companion => join(dirname(name), companion))
  await keep(beside)
  const read = beside.map(companion => readBytes(companion, undefined, { signal }).catch(() => undefined))
  return [file, ...(await Promise.all(read)).filter(companion => companion !== undefined)]
}

/** Interrupted, it gives what is done. */
async function layersOf(
  model: Model,
  chosen: readonly number[],
  { goal, progress, signal, poolFor }: Audit,
): Promise<LayerReport[]> {
  const total = chosen.reduce((sum, index) => sum + costOf(model, index), 0)
  const layers: LayerReport[] = []
  let done = 0
  progress.start(total)
  try {
    await auditLayers(model, chosen, goal, poolFor(total), signal, {
      begun: index => progress.step(done, model.layers[index].name),
      done(report) {
        layers.push(report)
        done += costOf(model, report.index)
      },
    })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.stop()
  }
  return layers.sort((a, b) => a.index - b.index)
}
