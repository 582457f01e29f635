/**
 * What a gradient costs: processor time of each method with it, as a multiple of the value alone. The bar is 2.
 *
 * The two take turns, so that both meet the same warm code, caches and neighbours; medians.
 *
 *   node bench/run.mjs methods/gradients        OPNORM_BENCH=gram: only methods with that word
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
import { alternating } from '../frame.ts'
import { seeded } from '../seeded.ts'

type Method = (layer: SizedConv, options: { gradient: boolean }) => unknown

const everySize = ({ kernel, stride, groups }: SizedConv) => conv(kernel, { stride, groups })
const methods: [name: string, padding: 'zero' | 'circular', run: Method][] = [
  ['exact', 'circular', exact],
  ['gram', 'circular', gram],
  ['gram, every size', 'zero', (layer, options) => gram(everySize(layer), options)],
  ['spectralNorm', 'zero', (layer, options) => spectralNorm(everySize(layer), options)],
  ['spectralNorm, circular', 'circular', spectralNorm],
  ['lanczos', 'zero', (layer, options) => lanczos(layer, { ...options, tolerance: 1e-6 })],
  ['power', 'zero', power],
  ['spatialGram', 'zero', spatialGram],
  ['spatialGram, t = 3', 'zero', (layer, options) => spatialGram(layer, { ...options, iterations: 3 })],
  ['tensorNorm', 'zero', tensorNorm],
  ['f4', 'zero', f4],
  ['lipGrid', 'zero', lipGrid],
  ['frobenius', 'zero', frobenius],
]

interface Layer {
  readonly channels: number
  /** 3 if not given */
  readonly kernel?: number
  readonly inputSize: number
  readonly stride: number
  readonly groups: number
}

const LAYERS: readonly (readonly [name: string, layer: Layer])[] = [
  ['16@16', { channels: 16, inputSize: 16, stride: 1, groups: 1 }],
  ['16@16, stride 2', { channels: 16, inputSize: 16, stride: 2, groups: 1 }],
  ['64@32', { channels: 64, inputSize: 32, stride: 1, groups: 1 }],
  ['64@32, stride 2', { channels: 64, inputSize: 32, stride: 2, groups: 1 }],
  ['64@32, depthwise', { channels: 64, inputSize: 32, stride: 1, groups: 64 }],
]

function layerOf({ channels, kernel = 3, inputSize, stride, groups }: Layer, padding: 'zero' | 'circular'): SizedConv {
  const inner = channels / groups
  const taps = kernel * kernel
  const data = seeded(1, channels * inner * taps, Math.sqrt(2 / (inner * taps)))
  return conv({ data, shape: [channels, inner, kernel, kernel] }, { inputSize, padding, stride, groups })
}

const wanted = process.env.OPNORM_BENCH ?? ''
console.log('method                   layer            value ms   with gradient   ratio')
for (const [name, padding, run] of methods)
  if (name.includes(wanted)) for (const [layer, geometry] of LAYERS) row(name, layer, layerOf(geometry, padding), run)
// Powers of the autocorrelation: the number of iterations decides what a gradient costs beside them.
for (const [name, layer, iterations] of [
  ['8@16, 5×5', { channels: 8, kernel: 5 }, 4],
  ['16@16', { channels: 16 }, 5],
  ['16@16', { channels: 16 }, 6],
  ['8@16', { channels: 8 }, 6],
  ['4@16', { channels: 4 }, 7],
] as const) {
  const operand = layerOf({ ...layer, inputSize: 16, stride: 1, groups: 1 }, 'zero')
  const method = `spatialGram, t = ${iterations}`
  if (method.includes(wanted)) row(method, name, operand, (of, options) => spatialGram(of, { ...options, iterations }))
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
  const [alone, both] = alternating(
    () => run(operand, { gradient: false }),
    () => run(operand, { gradient: true }),
  )
  const ratio = both / alone
  const cells = [name.padEnd(24), layer.padEnd(16), alone.toFixed(3).padStart(9), both.toFixed(3).padStart(15)]
  console.log(`${cells.join(' ')} ${ratio.toFixed(2).padStart(7)} ${ratio <= 2 ? '' : ' above 2'}`)
}
