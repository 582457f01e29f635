/**
 * How loose each bound is on a trained network: value over the norm of every size for the 19 convolutions of ResNet-20, smallest, median and largest, with
 * the time for all of them; of methods that speak of one size also over the norm at the layer's own, which is below the other. The table of docs/methods.md.
 */
import {
  type Bound,
  conv,
  f4,
  frobenius,
  gram,
  lanczos,
  lipGrid,
  power,
  type SizedConv,
  spatialGram,
  spectralNorm,
  tensorNorm,
} from '../../src/index.ts'
import { hasResnet20, resnet20 } from '../resnet20.ts'

if (!hasResnet20) {
  console.log('skip: ../shared/models is not beside this checkout')
  process.exit()
}

const layers = resnet20()
const norms = layers.map(layer => spectralNorm(everySize(layer), { gap: 1e-9 }).lower)
const ownNorms = layers.map(layer => lanczos(layer, { tolerance: 1e-11 }).value)

const methods: [name: string, run: (layer: SizedConv) => Bound, norms?: number[]][] = [
  ['spectralNorm', layer => spectralNorm(everySize(layer))],
  ['frobenius', layer => frobenius(layer)],
  ['lipGrid (N = 20)', layer => lipGrid(layer)],
  ['lipGrid (N = 100)', layer => lipGrid(layer, { gridSize: 100 })],
  ['f4', layer => f4(layer)],
  ['tensorNorm', layer => tensorNorm(layer)],
  ['gram, every size (t = 6)', layer => gram(everySize(layer))],
  ['gram, N = 100 (t = 6)', layer => gram(everySize(layer), { gridSize: 100 })],
  ['spatialGram (t = 2)', layer => spatialGram(layer, { iterations: 2 })],
  ['spatialGram (t = 3)', layer => spatialGram(layer, { iterations: 3 })],
  ['spatialGram (t = 4)', layer => spatialGram(layer)],
  ['spatialGram (t = 5)', layer => spatialGram(layer, { iterations: 5 })],
  ['power, 100', layer => power(layer)],
  ['power, 100, own size', layer => power(layer), ownNorms],
  ['lanczos', layer => lanczos(layer)],
  ['lanczos, own size', layer => lanczos(layer), ownNorms],
]

console.log('method                      least   median     most      ms in all')
const wanted = process.argv[2]
for (const [name, run, truth = norms] of methods) {
  if (wanted && !name.includes(wanted)) continue
  layers.slice(0, 2).forEach(run)
  const start = performance.now()
  const ratios = layers.map((layer, i) => run(layer).value / truth[i]).sort((a, b) => a - b)
  const ms = performance.now() - start
  const cells = [ratios[0], ratios[9], ratios[18]].map(x => x.toFixed(5).padStart(9))
  console.log(`${name.padEnd(25)} ${cells.join(' ')} ${ms.toFixed(0).padStart(12)}`)
}

function everySize({ kernel, stride }: SizedConv) {
  return conv(kernel, { stride })
}
