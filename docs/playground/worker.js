import { auditParallel, companions, OpnormError, readModel, toHtml } from 'opnorm/audit'

/** Runs in a Web Worker, which has workers of its own for big models: bytes in, reports out. Stopping it is the page's business: it ends the worker. */
const EVERY = 300

self.addEventListener('message', async ({ data: { id, files, model, goal } }) => {
  let shown = 0
  const onStep = ({ report, done, total }) => {
    const now = performance.now()
    const ended = !report.partial
    // A report is drawn a few times a second at most; the count goes out with every layer.
    const drawn = ended || now - shown > EVERY
    if (drawn) shown = now
    postMessage({ id, done, total, ended, report: drawn ? report : undefined, html: drawn ? toHtml(report) : undefined })
  }
  try {
    await auditParallel(model ?? readModel(ordered(files)), goal, { onStep })
  } catch (error) {
    postMessage({ id, error: error instanceof OpnormError ? error.message : `audit: ${error}` })
  }
})

/** Of several files, the model is the one that asks for others, or the first. */
function ordered(files) {
  const main = files.find(file => files.length > 1 && asksForOthers(file)) ?? files[0]
  return [main, ...files.filter(file => file !== main)]
}

function asksForOthers(file) {
  try {
    return companions(file).length > 0
  } catch {
    return false
  }
}
