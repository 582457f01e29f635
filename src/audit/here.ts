import type { StartWorker } from './thread.ts'

/** What this runtime has to offer. */
export interface Workers {
  readonly cores: number
  readonly start: StartWorker
}

/**
 * Worker threads in Node, Deno and Bun, Web Workers in a page; undefined where there are neither. `audit.worker.js` is the name in the
 * package, beside the bundle this becomes a part of.
 *
 * `getBuiltinModule` rather than an import: nothing for a bundler to stumble over, and no await.
 */
export function workersHere(): Workers | undefined {
  const { process, Worker: WebWorker, navigator } = globalThis as Partial<typeof globalThis>
  const threads = process?.getBuiltinModule?.('node:worker_threads')
  if (threads) {
    const cores = process!.getBuiltinModule('node:os').availableParallelism()
    // The flags of this process may be none for a file (--input-type, --eval); the worker needs none.
    return { cores, start: () => new threads.Worker(beside('audit.worker.js'), { execArgv: [] }) }
  }
  if (!WebWorker) return undefined
  // Vite and webpack look for these very words, and bundle what they name.
  const start = () => new Worker(new URL('./audit.worker.js', import.meta.url), { type: 'module' })
  return { cores: navigator?.hardwareConcurrency ?? 1, start }
}

function beside(name: string): URL {
  return new URL(name, import.meta.url)
}
