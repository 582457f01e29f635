import type { MessagePort as NodePort } from 'node:worker_threads'
import { init } from '../runtime/instance.ts'
import { auditLayer } from './layer.ts'
import type { LayerTask } from './task.ts'
import { type Enlistment, READY } from './thread.ts'

/**
 * opnorm/audit/worker: what runs in a worker, of Node, Deno, Bun or a page. It says that it is there; the first message enlists it, each
 * one after that is a layer and is answered with its report.
 */
const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
const port: NodePort | null = threads?.parentPort ?? null

/** Held for as long as the worker lives: a port nobody holds is closed, and would tell of an end that did not come. */
const held: unknown[] = []

function heard(message: LayerTask | Enlistment): void {
  if ('module' in message) {
    held.push(message.pulse)
    init(message.module)
  } else say(auditLayer(message))
}

const say = (message: unknown): void => (port ?? globalThis).postMessage(message)
if (port) port.on('message', heard)
else globalThis.addEventListener('message', ({ data }) => heard(data))
say(READY)
