import { Worker } from 'node:worker_threads'
import { auditLayer, failedLayer } from '../audit/layer.ts'
import type { LayerTask } from '../audit/task.ts'
import type { LayerReport } from '../report.ts'

/** Those who audit layers: this thread, or several workers. A layer's audit is a function of plain data, so it does not matter who. */
export interface Crew {
  /** how many layers can be under way at once */
  readonly size: number
  /** undefined when the audit was stopped before this layer was done */
  run(task: LayerTask): Promise<LayerReport | undefined>
  stop(): void
}

/** This thread, with a turn of the event loop between two layers, so that Ctrl-C and the progress bar get theirs. */
export function alone(): Crew {
  return {
    size: 1,
    run: task => new Promise(resolve => setImmediate(() => resolve(auditLayer(task)))),
    stop() {},
  }
}

interface Assignment {
  readonly task: LayerTask
  readonly resolve: (report: LayerReport | undefined) => void
  /** a worker died over it already */
  readonly again: boolean
}

/** Workers that run `script`, started when there is something to do; `stop` ends them in the middle of a layer. */
export function workers(script: URL, size: number): Crew {
  const idle: Worker[] = []
  const assigned = new Map<Worker, Assignment>()
  const all = new Set<Worker>()
  const settle = (worker: Worker, report: LayerReport | undefined): void => {
    assigned.get(worker)?.resolve(report)
    assigned.delete(worker)
  }
  const give = (worker: Worker, assignment: Assignment): void => {
    assigned.set(worker, assignment)
    worker.postMessage(ownCopy(assignment.task))
  }
  // A worker that dies may have died of what was there before, memory for instance: its layer gets another one, once.
  const died = (worker: Worker, error: Error): void => {
    if (!all.delete(worker)) return
    if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1)
    const assignment = assigned.get(worker)
    if (assignment?.again === false) {
      assigned.delete(worker)
      give(hire(), { ...assignment, again: true })
    } else settle(worker, assignment && failedLayer(assignment.task, error))
  }
  const hire = (): Worker => {
    const worker = new Worker(script)
    all.add(worker)
    worker.on('message', (report: LayerReport) => {
      settle(worker, report)
      idle.push(worker)
    })
    worker.on('error', error => died(worker, error))
    worker.on('exit', code => died(worker, new Error(`a worker that ended with code ${code}`)))
    return worker
  }
  return {
    size,
    run(task) {
      return new Promise(resolve => give(idle.pop() ?? hire(), { task, resolve, again: false }))
    },
    stop() {
      const ending = [...all]
      all.clear()
      for (const worker of ending) {
        settle(worker, undefined)
        void worker.terminate()
      }
      idle.length = 0
    },
  }
}

/** A view of a file would take the whole file along to the worker: the layer's own numbers go alone. */
function ownCopy(task: LayerTask): LayerTask {
  const { data } = task.kernel
  return { ...task, kernel: { ...task.kernel, data: ArrayBuffer.isView(data) ? (data as Float64Array).slice() : data } }
}
