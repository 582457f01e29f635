import { OpnormError } from '../errors.ts'
import type { LayerReport } from '../report.ts'
import { backend } from '../runtime/instance.ts'
import { failedLayer } from './layer.ts'
import { parcelOf } from './parcel.ts'
import type { Pool } from './pool.ts'
import type { LayerTask } from './task.ts'
import { enlist, type StartWorker, type Thread } from './thread.ts'

interface Job {
  readonly task: LayerTask
  readonly resolve: (report: LayerReport) => void
  readonly reject: (reason: unknown) => void
  /** a worker died over it already */
  again: boolean
}

interface Hand {
  readonly thread: Thread
  ready: boolean
  job?: Job
}

/**
 * Workers, started when there is something to do and kept until the pool is closed. All run one compiled module, so that what the engine
 * learns about it is learnt once.
 *
 * A worker that dies may have died of what was there before, memory for instance: its layer gets another one, once. One that does not even
 * start is no layer's fault: the pool goes on with fewer, and fails when none is left.
 */
export class WorkerPool implements Pool {
  readonly size: number
  readonly #start: StartWorker
  readonly #hands = new Set<Hand>()
  readonly #queue: Job[] = []
  /** how many workers there may still be */
  #most: number
  #closed: { reason: unknown } | undefined

  constructor(size: number, start: StartWorker) {
    this.size = size
    this.#most = size
    this.#start = start
  }

  run(task: LayerTask): Promise<LayerReport> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed.reason)
      this.#queue.push({ task, resolve, reject, again: false })
      this.#deal()
    })
  }

  close(reason?: unknown): void {
    this.#closed ??= { reason }
    for (const { thread, job } of this.#hands) {
      thread.end()
      job?.reject(this.#closed.reason)
    }
    this.#hands.clear()
    for (const job of this.#queue.splice(0)) job.reject(this.#closed.reason)
  }

  #deal(): void {
    while (this.#queue.length > 0) {
      const idle = [...this.#hands].find(({ job }) => !job)
      if (!idle && this.#hands.size >= this.#most) return
      const hand = idle ?? this.#hire()
      if (!hand) continue
      hand.job = this.#queue.shift()
      if (hand.ready) send(hand)
    }
  }

  #hire(): Hand | undefined {
    try {
      const thread = enlist(this.#start, backend().module, {
        ready: () => this.#ready(hand),
        heard: message => this.#heard(hand, message),
        died: error => this.#died(hand, error),
      })
      const hand: Hand = { thread, ready: false }
      this.#hands.add(hand)
      return hand
    } catch (error) {
      return this.#unstarted(error)
    }
  }

  #ready(hand: Hand): void {
    hand.ready = true
    if (hand.job) send(hand)
  }

  #heard(hand: Hand, message: unknown): void {
    hand.job?.resolve(message as LayerReport)
    hand.job = undefined
    this.#deal()
  }

  #died(hand: Hand, error: Error): void {
    this.#hands.delete(hand)
    const { job, ready } = hand
    if (job && ready && job.again) job.resolve(failedLayer(job.task, error))
    else if (job) {
      job.again ||= ready
      this.#queue.unshift(job)
    }
    if (!ready) this.#unstarted(error)
    this.#deal()
  }

  #unstarted(cause: unknown): undefined {
    if (--this.#most === 0) this.close(unstartable(cause))
  }
}

function send({ thread, job }: Hand): void {
  const { message, transfer } = parcelOf(job!.task)
  thread.post(message, transfer)
}

function unstartable(cause: unknown): OpnormError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new OpnormError(
    'runtime',
    `worker: expected opnorm/audit/worker to start, got ${text}. Give the option worker, a function that starts it from where it is, or workers: 0`,
    { cause },
  )
}
