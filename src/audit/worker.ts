import type { MessagePort as NodePort } from 'node:worker_threads'
import { init } from '../runtime/instance.ts'
import { auditLayer } from './layer.ts'
import type { LayerTask } from './task.ts'
import type { Enlistment, Presence } from './thread.ts'

/**
 * opnorm/audit/worker: what runs in a worker, of Node, Deno, Bun or a page. It says that it is there; the first message enlists it, each
 * one after that is a layer and is answered with its report.
 */
const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
const port: NodePort | null = threads?.parentPort ?? null

const say = (message: unknown): void => (port ?? globalThis).postMessage(message)

if (port) {
  port.on('message', heard)
  present()
} else {
  globalThis.addEventListener('message', ({ data }) => heard(data))
  const locks = globalThis.navigator?.locks
  if (locks) hold(locks).catch(() => present())
  else present()
}

function heard(message: LayerTask | Enlistment): void {
  if ('module' in message) init(message.module)
  else say(auditLayer(message))
}

function present(lock = ''): void {
  say({ present: lock } satisfies Presence)
}

/** A Web Worker that closes itself, or is closed by the browser, says nothing; a lock it held is free then. Insecure pages have no locks. */
async function hold(locks: LockManager): Promise<void> {
  const name = `opnorm ${crypto.randomUUID()}`
  await locks.request(name, () => {
    present(name)
    return new Promise(() => {})
  })
}
