import { isMainThread, parentPort } from 'node:worker_threads'
import { auditLayer } from '../audit/layer.ts'
import { main } from './main.ts'

/** The command line's process; as a worker of its own, the same file audits the layers it is sent. */
if (isMainThread) await command()
else parentPort!.on('message', task => parentPort!.postMessage(auditLayer(task)))

/** Around `main`: Ctrl-C once ends the audit with what is done, twice at once; a closed pipe is no error. */
async function command(): Promise<void> {
  const interrupt = new AbortController()
  process.on('SIGINT', () => {
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort()
  })
  process.stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
    throw error
  })
  const { stdout, stderr, env } = process
  try {
    // Workers load what Node itself can load: run from the TypeScript sources, everything happens in this thread.
    const script = import.meta.url.endsWith('.ts') ? {} : { script: new URL(import.meta.url) }
    process.exitCode = await main(process.argv.slice(2), { stdout, stderr, env, signal: interrupt.signal, ...script })
  } catch (error) {
    // Node would print the bundle's one long line.
    stderr.write(
      `opnorm: ${error instanceof Error ? error.stack : String(error)}\nThis is a defect of opnorm; please report it.\n`,
    )
    process.exitCode = 70
  }
}
