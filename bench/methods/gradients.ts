/**
 * What a gradient costs: processor time of each method with it, as a multiple of the value alone. The bar is 2.
 */
import {
  conv,
  dense,
  exact,
  f4,
  frobenius,
  gram,
  holder,
  lanczos,
  lipGrid,
  power,
  type SizedConv,
  spatialGram,
  spectralNorm,
  tensorNorm,
} from '../../src/index.ts'
import { processorTime } from '../frame.ts'
import { seeded } from '../seeded.ts'

type Method = (layer: SizedConv, options: { gradient: boolean }) => unknown

const everySize = ({ kernel, stride }: SizedConv) => conv(kernel, { stride })
const methods: [name: string, padding: 'zero' | 'circular', run: Method][] = [
  ['exact', 'circular', exact],
  ['gram', 'circular', gram],
  ['gram, every size', 'zero', (layer, options) => gram(everySize(layer), options)],
  ['spectralNorm', 'zero', (layer, options) => spectralNorm(everySize(layer), options)],
  ['spectralNorm, circular', 'circular', spectralNorm],
  ['lanczos', 'zero', (layer, options) => lanczos(layer, { ...options, tolerance: 1e-6 })],
  ['power', 'zero', power],
  ['spatialGram', 'zero', (layer, options) => spatialGram(layer, { ...options, iterations: 3 })],
  ['tensorNorm', 'zero', tensorNorm],
  ['f4', 'zero', f4],
  ['lipGrid', 'zero', lipGrid],
  ['frobenius', 'zero', frobenius],
]

const layerOf = (channels: number, size: number, padding: 'zero' | 'circular', stride = 1): SizedConv => {
  const data = seeded(1, channels * channels * 9, Math.sqrt(2 / (channels * 9)))
  return conv({ data, shape: [channels, channels, 3, 3] }, { inputSize: size, padding, stride })
}

const wanted = process.env.OPNORM_BENCH ?? ''
console.log('method                   layer            value ms   with gradient   ratio')
for (const [name, padding, run] of methods) {
  if (!name.includes(wanted)) continue
  row(name, '16@16', layerOf(16, 16, padding), run)
  row(name, '16@16, stride 2', layerOf(16, 16, padding, 2), run)
  row(name, '64@32', layerOf(64, 32, padding), run)
}
const matrix = dense({ data: seeded(2, 400 * 500, 0.05), shape: [400, 500] })
for (const [name, run] of [
  ['exact', exact],
  ['gram', gram],
  ['lanczos', lanczos],
  ['power', power],
  ['f4', f4],
  ['frobenius', frobenius],
  ['holder', holder],
] as [string, Method][])
  if (name.includes(wanted)) row(name, 'dense 400 × 500', matrix, run)

function row(name: string, layer: string, operand: SizedConv, run: Method): void {
  const alone = processorTime(() => run(operand, { gradient: false }), 0.6)
  const both = processorTime(() => run(operand, { gradient: true }), 0.6)
  const ratio = both.ms / alone.ms
  const cells = [name.padEnd(24), layer.padEnd(16), alone.ms.toFixed(2).padStart(9), both.ms.toFixed(2).padStart(15)]
  console.log(`${cells.join(' ')} ${ratio.toFixed(2).padStart(7)} ${ratio <= 2 ? '' : ' above 2'}`)
}
