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
  const hire = (): Worker => {
    const worker = new Worker(script)
    all.add(worker)
    worker.on('message', (report: LayerReport) => {
      settle(worker, report)
      idle.push(worker)
    })
    // A worker that dies, of memory say, takes its layer's bound with it and nothing else.
    worker.on('error', error => {
      all.delete(worker)
      const task = assigned.get(worker)?.task
      settle(worker, task && failedLayer(task, error))
    })
    return worker
  }
  return {
    size,
    run(task) {
      const worker = idle.pop() ?? hire()
      return new Promise(resolve => {
        assigned.set(worker, { task, resolve })
        worker.postMessage(ownCopy(task))
      })
    },
    stop() {
      for (const worker of all) {
        settle(worker, undefined)
        void worker.terminate()
      }
      all.clear()
      idle.length = 0
    },
  }
}

/** A view of a file would take the whole file along to the worker: the layer's own numbers go alone. */
function ownCopy(task: LayerTask): LayerTask {
  const { data } = task.kernel
  return { ...task, kernel: { ...task.kernel, data: ArrayBuffer.isView(data) ? (data as Float64Array).slice() : data } }
}
