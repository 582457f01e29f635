import type { LayerReport } from '../report.ts'
import { auditLayer } from './layer.ts'
import type { LayerTask } from './task.ts'

/** Those who audit layers: this thread, or several workers. A layer's audit is a function of plain data, so it does not matter who. */
export interface Pool {
  /** how many layers can be under way at once */
  readonly size: number
  run(task: LayerTask): Promise<LayerReport>
  /** Ends every worker; layers under way are rejected with the reason. */
  close(reason?: unknown): void
}

/** Milliseconds this thread works before its event loop gets a turn: progress is drawn, and a wish to stop is heard. */
const STINT = 16

/** The pool of one that needs no workers. */
export function thisThread(): Pool {
  let closed: { reason: unknown } | undefined
  let turn = 0
  return {
    size: 1,
    async run(task) {
      if (performance.now() - turn > STINT) {
        await new Promise(resolve => setTimeout(resolve))
        turn = performance.now()
      }
      if (closed) throw closed.reason
      return auditLayer(task)
    },
    close(reason) {
      closed ??= { reason }
    },
  }
}
