import { fail, show } from '../errors.ts'
import type { Model } from '../formats/model.ts'
import type { Goal, LayerReport, Report } from '../report.ts'
import { type Step, stepOf } from './audit.ts'
import { checkGoal } from './goal.ts'
import { workersHere } from './here.ts'
import { type Pool, thisThread } from './pool.ts'
import { type Abortable, auditLayers, costOf, WORTH_A_WORKER } from './schedule.ts'
import { chosenLayers } from './task.ts'
import type { StartWorker } from './thread.ts'
import { networkReport } from './whole-network.ts'
import { WorkerPool } from './worker-pool.ts'

export interface ParallelOptions {
  /** How many workers; 0: none, layer by layer in this thread. Default: one per core where the layers take about a second or more, else none. */
  readonly workers?: number
  /** Starts a worker on 'opnorm/audit/worker', where neither the runtime nor the bundler finds it by itself (docs/runtimes.md). */
  readonly worker?: StartWorker
  /** Ends the audit in the middle of a layer (in this thread: before the next one). */
  readonly signal?: Abortable
  /** Called after every layer with the report so far. */
  readonly onStep?: (step: Step) => void
}

/**
 * The audit of `audit`, its layers spread over worker threads (Node, Deno, Bun) or Web Workers (pages): the same bits, sooner.
 *
 * A layer whose worker dies is given to another one, once, and reported without a bound if that dies too. Where there are no workers (edge
 * runtimes) everything happens in this thread, with a turn of its event loop between layers.
 *
 * @throws OpnormError `option`; `runtime` where no worker starts; the signal's reason when it is aborted
 * @example await auditParallel(model, { gap: 1e-3 }, { workers: 4, signal, onStep: ({ done, total }) => console.log(done, total) })
 */
export async function auditParallel(model: Model, goal: Goal = {}, options: ParallelOptions = {}): Promise<Report> {
  const { signal, onStep } = options
  checkGoal(model, goal)
  const chosen = chosenLayers(model, goal)
  const cost = chosen.reduce((sum, index) => sum + costOf(model, index), 0)
  const pool = poolFor(cost, chosen.length, options)
  const sofar: LayerReport[] = []
  const done = (report: LayerReport): void => {
    sofar.push(report)
    onStep!(stepOf(model, goal, inOrder(sofar), chosen.length))
  }
  try {
    const layers = await auditLayers(model, chosen, goal, pool, signal, onStep && { done })
    const last = stepOf(model, goal, layers, chosen.length, { network: networkReport(model, goal) })
    onStep?.(last)
    return last.report
  } finally {
    pool.close()
  }
}

/** Whoever is worth the trouble for layers of this cost together. @throws OpnormError `option` */
export function poolFor(cost: number, layers: number, { workers, worker }: ParallelOptions): Pool {
  if (workers !== undefined && !(Number.isSafeInteger(workers) && workers >= 0))
    fail('option', 'workers', 'a whole number from 0', show(workers), 'Leave it out for one per core')
  const here = workersHere()
  const start = worker ?? here?.start
  const wanted = workers ?? (cost > WORTH_A_WORKER ? (here?.cores ?? 1) : 0)
  const size = Math.min(wanted, layers)
  return start && size > 0 ? new WorkerPool(size, start) : thisThread()
}

function inOrder(layers: readonly LayerReport[]): LayerReport[] {
  return [...layers].sort((a, b) => a.index - b.index)
}
