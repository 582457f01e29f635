import { workersHere } from '../audit/here.ts'
import { main } from './main.ts'

/** Time for what is under way to end by itself after Ctrl-C, in milliseconds. */
const PATIENCE = 200

/**
 * The command line's process, around `main`: Ctrl-C once ends the audit with what is done, twice at once; a closed pipe is no error, and
 * changes no verdict.
 */
const interrupt = new AbortController()
// Once: the second time is the system's, which ends even a process that waits for somebody to write into a pipe.
process.once('SIGINT', () => interrupt.abort())
const { stdout, stderr, env } = process
stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return
  stderr.write(`opnorm: standard output: expected a place that can be written, got ${code ?? message}. Check what it leads to\n`)
  process.exit(2)
})
stderr.on('error', () => {})
try {
  // Workers are started from the package: run from the TypeScript sources, everything happens in this thread.
  const workers = import.meta.url.endsWith('.ts') ? undefined : workersHere()
  process.exitCode = await main(process.argv.slice(2), {
    stdout,
    stderr,
    env,
    signal: interrupt.signal,
    ...(workers && { workers }),
  })
} catch (error) {
  // Node would print the bundle's one long line.
  stderr.write(`opnorm: ${error instanceof Error ? error.stack : String(error)}\nThis is a defect of opnorm; please report it.\n`)
  process.exitCode = 70
}
// A pipe that nobody writes to is still being opened then, and no exit waits less than that takes.
if (interrupt.signal.aborted) setTimeout(() => process.kill(process.pid, 'SIGINT'), PATIENCE).unref()
