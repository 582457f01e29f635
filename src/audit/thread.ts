import type { CompiledModule } from '../runtime/instance.ts'

/** A Web Worker or one of `node:worker_threads`: what the pool needs of either. It runs `opnorm/audit/worker`. */
export interface AuditWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  terminate(): unknown
}

export type StartWorker = () => AuditWorker

/** A worker under our eyes. */
export interface Thread {
  post(message: object, transfer: readonly ArrayBuffer[]): void
  /** Ends it, in the middle of a layer if need be; nothing is heard of it afterwards. */
  end(): void
}

export interface Ears {
  /** It runs, and takes tasks. */
  ready(): void
  heard(message: object): void
  /** It is gone, or of no more use: told once. */
  died(error: Error): void
}

/** What brings a worker into service. */
export interface Enlistment {
  readonly module: CompiledModule
}

/** What a worker says when it has been loaded; everything after that is a report. */
export interface Presence {
  /** a lock it holds for as long as it lives, in a page */
  readonly present: string
}

/** Starts a worker, and enlists it when it is there. */
export function enlist(start: StartWorker, module: CompiledModule, ears: Ears): Thread {
  const worker = start()
  let over = false
  const thread: Thread = {
    post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
    end() {
      over = true
      void worker.terminate()
    },
  }
  const died = (error: Error): void => {
    if (over) return
    thread.end()
    ears.died(error)
  }
  const heard = (message: object): void => {
    if (over) return
    if (!('present' in message)) {
      ears.heard(message)
      return
    }
    if (message.present)
      void navigator.locks.request(message.present as string, () => died(new Error('a worker that ended'))).catch(() => {})
    thread.post({ module } satisfies Enlistment, [])
    ears.ready()
  }
  if (isWebWorker(worker)) listenToWebWorker(worker, heard, died)
  else listenToThread(worker as NodeWorker, heard, died)
  return thread
}

function isWebWorker(worker: object): worker is Worker {
  return 'addEventListener' in worker
}

interface NodeWorker extends AuditWorker {
  on(event: string, listener: (value: never) => void): unknown
}

function listenToThread(worker: NodeWorker, heard: (message: object) => void, died: (error: Error) => void): void {
  worker.on('message', heard)
  worker.on('messageerror', died)
  worker.on('error', died)
  worker.on('exit', (code: number) => died(new Error(`a worker that ended with code ${code}`)))
}

function listenToWebWorker(worker: Worker, heard: (message: object) => void, died: (error: Error) => void): void {
  worker.addEventListener('message', ({ data }) => heard(data))
  worker.addEventListener('messageerror', () => died(new Error('a message that could not be read')))
  worker.addEventListener('error', event => {
    // The page's own error handlers need not hear of what the pool takes care of.
    event.preventDefault()
    died(new Error(event.message || 'a script that could not be loaded'))
  })
}
