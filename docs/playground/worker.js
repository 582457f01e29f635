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
    await auditParallel(model ?? opened(id, files), goal, { onStep })
  } catch (error) {
    postMessage({ id, error: error instanceof OpnormError ? error.message : `audit: ${error}` })
  }
})

/**
 * Of several files, tables of geometries are told from their JSON, and the model is the one that asks for others, or the first. What became of the rest is
 * said to the page.
 */
function opened(id, files) {
  const tables = files.length > 1 ? files.map(tableIn) : []
  const rest = files.filter((_, i) => !tables[i])
  const main = rest.find(file => rest.length > 1 && belongingTo(file).length > 0) ?? rest[0] ?? files[0]
  const used = new Set([main.name, ...belongingTo(main)])
  const names = files => files.map(({ name }) => name)
  postMessage({
    id,
    geometry: names(files.filter((_, i) => tables[i])),
    unused: names(rest.filter(({ name }) => !used.has(name))),
  })
  const geometry = Object.assign({}, ...tables)
  return readModel([main, ...rest.filter(file => file !== main)], tables.some(Boolean) ? { geometry } : {})
}

/** Names of the files a model needs beside itself. */
function belongingTo(file) {
  try {
    return companions(file)
  } catch {
    return []
  }
}

const BRACE = '{'.charCodeAt(0)

/** An object of objects that is no model's description: geometries by layer name. */
function tableIn({ bytes }) {
  if (bytes.find(byte => byte > 32) !== BRACE) return undefined
  try {
    const table = JSON.parse(new TextDecoder().decode(bytes))
    const entries = Object.values(table)
    const described = ['modelTopology', 'weightsManifest', 'weight_map'].some(key => Object.hasOwn(table, key))
    return !described && entries.every(entry => typeof entry === 'object' && entry && !Array.isArray(entry)) ? table : undefined
  } catch {
    return undefined
  }
}
