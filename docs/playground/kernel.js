import { Auditor, shown } from './auditor.js'

const PRESETS = {
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1].map(x => x / 16),
  Sobel: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  Laplace: [0, 1, 0, 1, -4, 1, 0, 1, 0],
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
  identity: [0, 0, 0, 0, 1, 0, 0, 0, 0],
}
const METHODS = ['gram', 'f4', 'lip-grid', 'frobenius']

/** The kernel editor: nine numbers, and the card of the layer they make. */
export function kernelEditor() {
  const taps = document.getElementById('taps')
  const card = document.getElementById('card')
  const stride = document.getElementById('stride')
  const auditor = new Auditor()
  const inputs = Array.from({ length: 9 }, (_, i) => {
    const input = Object.assign(document.createElement('input'), { type: 'number', step: 'any', required: true })
    input.setAttribute('aria-label', `row ${Math.floor(i / 3) + 1}, column ${(i % 3) + 1}`)
    input.addEventListener('input', draw)
    taps.append(input)
    return input
  })
  stride.addEventListener('change', draw)
  for (const [name, values] of Object.entries(PRESETS)) {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: name })
    button.addEventListener('click', () => set(values))
    document.getElementById('presets').append(button)
  }
  set(PRESETS.Laplace)

  function set(values) {
    values.forEach((value, i) => {
      inputs[i].value = String(value)
    })
    draw()
  }

  function draw() {
    const data = inputs.map(input => input.valueAsNumber)
    if (data.some(value => !Number.isFinite(value))) return
    auditor.run({ model: modelOf(data, Number(stride.value)), goal: { methods: METHODS, pictures: true } }, ({ ended, html }) => {
      if (ended) card.replaceChildren(...shown(html).querySelectorAll('article'))
    })
  }
}

/** A model of one layer, as a reader would return it. */
function modelOf(data, stride) {
  const kernel = { data: Float64Array.from(data), shape: [1, 1, 3, 3], dtype: 'float64' }
  const layer = {
    name: 'kernel',
    op: 'conv',
    kind: 'Conv',
    kernel,
    geometry: { stride: [stride, stride] },
    geometryFrom: 'table',
  }
  return { name: 'kernel', format: 'npy', layers: [layer], batchNorms: [], skipped: [], notes: [] }
}
