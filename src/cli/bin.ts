import { main } from './main.ts'

/** The process around `main`: Ctrl-C once ends the audit after the layer under way, twice at once; a closed pipe is no error. */
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
  process.exitCode = await main(process.argv.slice(2), { stdout, stderr, env, signal: interrupt.signal })
} catch (error) {
  // Node would print the bundle's one long line.
  stderr.write(`opnorm: ${error instanceof Error ? error.stack : String(error)}\nThis is a defect of opnorm; please report it.\n`)
  process.exitCode = 70
}
