import { workersHere } from '../audit/here.ts'
import { main } from './main.ts'

/** The command line's process, around `main`: Ctrl-C once ends the audit with what is done, twice at once; a closed pipe is no error. */
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
