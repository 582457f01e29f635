import { toCsv, toJson } from 'opnorm/audit'
import { Auditor, shown } from './auditor.js'
import { kernelEditor } from './kernel.js'

const at = id => document.getElementById(id)
const auditor = new Auditor()
let latest
/** What became of the files beside the model. */
let beside = ''

at('files').addEventListener('change', event => open([...event.target.files]))
at('sample').addEventListener('click', async () =>
  start(await Promise.all(['shapes.safetensors', 'shapes.geometry.json'].map(fetched))),
)
at('cancel').addEventListener('click', () => {
  auditor.stop()
  finish(latest ? `Cancelled after ${latest.models[0].layers.length} layers; the report holds what was audited.` : 'Cancelled.')
})

const drop = at('drop')
for (const type of ['dragenter', 'dragover']) drop.addEventListener(type, event => highlight(event, true))
for (const type of ['dragleave', 'drop']) drop.addEventListener(type, event => highlight(event, false))
drop.addEventListener('drop', event => open([...event.dataTransfer.files]))

kernelEditor()

function highlight(event, over) {
  event.preventDefault()
  drop.classList.toggle('over', over)
}

async function fetched(name) {
  return { name, bytes: new Uint8Array(await (await fetch(name)).arrayBuffer()) }
}

async function open(files) {
  if (files.length === 0) return
  start(await Promise.all(files.map(async file => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }))))
}

function start(files) {
  latest = undefined
  beside = ''
  at('report').replaceChildren()
  at('downloads').hidden = true
  at('progress').hidden = false
  at('bar').removeAttribute('value')
  at('count').textContent = ''
  say(`Auditing ${files.map(file => file.name).join(', ')} …`)
  auditor.run(
    { files, goal: goal() },
    heard,
    files.map(file => file.bytes.buffer),
  )
}

function goal() {
  const methods = [...document.querySelectorAll('[name=method]:checked')].map(input => input.value)
  return { gap: Number(at('gap').value), fold: at('fold').checked, pictures: true, ...(methods.length > 0 && { methods }) }
}

function heard({ error, geometry, unused, done, total, ended, report, html }) {
  if (error) return finish(error, true)
  if (geometry) {
    beside = [
      geometry.length > 0 ? ` Geometry from ${geometry.join(', ')}.` : '',
      unused.length > 0 ? ` Not used: ${unused.join(', ')}. One model is audited at a time.` : '',
    ].join('')
    return
  }
  at('bar').value = total ? done / total : 1
  at('count').textContent = `${done} of ${total} layers`
  if (report) show(report, html)
  if (ended)
    finish((report.findings.length > 0 ? `Done: ${report.findings.length} findings.` : `Done: ${total} layers.`) + beside)
}

function show(report, html) {
  latest = report
  at('report').replaceChildren(shown(html))
  save('save-html', html, 'text/html')
  save('save-json', toJson(report), 'application/json')
  save('save-csv', toCsv(report), 'text/csv')
}

function save(id, text, type) {
  URL.revokeObjectURL(at(id).href)
  at(id).href = URL.createObjectURL(new Blob([text], { type }))
}

function finish(words, bad = false) {
  at('progress').hidden = true
  at('downloads').hidden = !latest
  at('files').value = ''
  say(words, bad)
}

function say(words, bad = false) {
  at('status').textContent = words
  at('status').classList.toggle('bad', bad)
}
