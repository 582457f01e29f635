/** A worker that audits one thing at a time: a newer request or `stop` ends the older one. */
export class Auditor {
  #worker
  #busy = false
  #id = 0

  /** @param heard called with every message of this request, and no other's */
  run(request, heard, transfer = []) {
    if (this.#busy) this.stop()
    this.#worker ??= new Worker('worker.js', { type: 'module' })
    const id = ++this.#id
    this.#busy = true
    this.#worker.onmessage = ({ data }) => {
      if (data.id !== id) return
      if (data.ended || data.error) this.#busy = false
      heard(data)
    }
    this.#worker.onerror = event => {
      this.stop()
      heard({ id, error: event.message || 'the worker stopped' })
    }
    this.#worker.postMessage({ id, ...request }, transfer)
  }

  stop() {
    this.#worker?.terminate()
    this.#worker = undefined
    this.#busy = false
  }
}

let styled = false

/** The body of a report, to put into the page; its style is taken over once. */
export function shown(html) {
  const report = new DOMParser().parseFromString(html, 'text/html')
  if (!styled) document.head.append(report.querySelector('style'))
  styled = true
  return report.querySelector('main')
}
