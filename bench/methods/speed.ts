/**
 * Every method at its time and its distance from the truth, in one row, beside NumPy and torch doing their best in the same run.
 *
 * Processor time of one call, median; the baseline is the faster of NumPy with and without torch. It is a script beside this checkout
 * (../shared/native_baseline.py, with python3-numpy, python3-scipy and python3-torch); without it the rows have no ratio. Theirs are float32 where it
 * says so, ours are float64 with proof.
 *
 *   node bench/run.mjs methods/speed        OPNORM_BENCH=gram: only rows with that word
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type Bound,
  type Conv,
  conv,
  exact,
  f4,
  gram,
  lanczos,
  type SizedConv,
  singularValues,
  spectralNorm,
  tensorNorm,
} from '../../src/index.ts'
import { processorTime } from '../frame.ts'
import { seeded } from '../seeded.ts'
import { hasResnet20, resnet20 } from '../resnet20.ts'

const baselines = fileURLToPath(new URL('baseline.py', import.meta.url))
const shared = fileURLToPath(new URL('../../../shared/native_baseline.py', import.meta.url))

interface Row {
  readonly name: string
  readonly shape: string
  readonly bar: number
  readonly method: string
  readonly dtype: 'f32' | 'f64'
  readonly run: () => number
  /** What `run` would return if every value were the norm it bounds. */
  readonly truth: () => number
}

const value = (bound: Bound) => bound.value
const total = (layers: readonly Conv[], of: (layer: Conv) => number) => layers.reduce((sum, layer) => sum + of(layer), 0)

/** Random layers of the baselines: channels, size, their seed, bars of exact and gram. */
const RANDOM = [
  [64, 56, 1001, 0.1, 0.4],
  [64, 32, 2001, 0.25, 0.4],
  [128, 28, 1003, 0.5, 0.4],
  [256, 14, 1005, 0.5, 1.2],
  [512, 7, 1007, 0.8, 1.2],
] as const

function rows(): Row[] {
  const layers = RANDOM.map(([channels, size, seed, ...bars]) => {
    const data = seeded(seed, channels * channels * 9, Math.sqrt(2 / (channels * 9)))
    const kernel = { data, shape: [channels, channels, 3, 3] }
    const circular: SizedConv = conv(kernel, { inputSize: size, padding: 'circular' })
    const padded: SizedConv = conv(kernel, { inputSize: size, pad: 1 })
    return { shape: `he.${channels}x${channels}x3x3@${size}`, circular, padded, bars }
  })
  const norm = (layer: SizedConv) => () => exact(layer).value
  const network = hasResnet20 ? resnet20() : []
  const everySize = network.map(({ kernel, stride }) => conv(kernel, { stride }))
  const norms = () => total(everySize, layer => spectralNorm(layer, { gap: 1e-9 }).lower)
  return [
    ...layers.map(
      ({ shape, circular, bars }): Row => ({
        ...{ name: 'exact', shape, bar: bars[0], method: 'best_exact_eigh', dtype: 'f32' },
        ...{ run: () => value(exact(circular)), truth: () => singularValues(circular, { count: 1 })[0] },
      }),
    ),
    ...layers.map(
      ({ shape, circular, bars }): Row => ({
        ...{ name: 'gram, t = 6', shape, bar: bars[1], method: 'best_gram_t6', dtype: 'f32' },
        ...{ run: () => value(gram(circular)), truth: norm(circular) },
      }),
    ),
    ...layers.slice(1, 2).map(
      ({ shape, circular }): Row => ({
        ...{ name: 'singularValues', shape, bar: 0.6, method: 'best_exact_svd', dtype: 'f64' },
        ...{ run: () => singularValues(circular)[0], truth: norm(circular) },
      }),
    ),
    ...[layers[0], layers[2]].map(
      ({ shape, padded }): Row => ({
        ...{ name: 'lanczos', shape, bar: 0.3, method: 'zero_exact_arpack', dtype: 'f64' },
        ...{ run: () => value(lanczos(padded)), truth: () => Number.NaN },
      }),
    ),
    ...(hasResnet20
      ? ([
          {
            ...{ name: 'f4, proven', shape: 'resnet20', bar: 1.5, method: 'f4_power50', dtype: 'f32' },
            ...{ run: () => total(everySize, layer => value(f4(layer))), truth: norms },
          },
          {
            ...{ name: 'tensorNorm, proven', shape: 'resnet20', bar: 1.5, method: 'tn_hopm100', dtype: 'f32' },
            ...{ run: () => total(everySize, layer => value(tensorNorm(layer))), truth: norms },
          },
        ] as Row[])
      : []),
  ]
}

const wanted = process.env.OPNORM_BENCH ?? ''
console.log(
  'method               layer                  ours ms   theirs ms  ratio    bar        value − 1  theirs − 1   (relative to the truth)',
)
for (const row of rows()) if (`${row.name} ${row.shape} ${row.method}`.includes(wanted)) report(row)

function report({ name, shape, bar, method, dtype, run, truth }: Row): void {
  const { ms, got } = processorTime(run)
  const theirs = baseline(shape, method, dtype)
  const ratio = theirs ? ms / theirs.ms : Number.NaN
  // Where nothing proven is known of the norm (zero padding at one size) the baseline is the reference.
  const reference = truth() || (theirs?.value ?? Number.NaN)
  const cells = [
    name.padEnd(20),
    shape.padEnd(20),
    ms.toFixed(1).padStart(9),
    (theirs?.ms ?? Number.NaN).toFixed(1).padStart(11),
    ratio.toFixed(2).padStart(6),
    String(bar).padStart(6),
    (ratio <= bar ? 'holds' : theirs ? 'MISSED' : '–').padEnd(6),
    (got / reference - 1).toExponential(1).padStart(9),
    ((theirs?.value ?? Number.NaN) / reference - 1).toExponential(1).padStart(11),
  ]
  console.log(cells.join(' '))
}

/** The faster of NumPy with torch and without. */
function baseline(shape: string, method: string, dtype: string): { ms: number; value: number } | undefined {
  if (!existsSync(shared)) return undefined
  const runs = [[], ['--no-torch']].flatMap(more => {
    const { stdout } = spawnSync('/usr/bin/python3', [baselines, method, shape, dtype, ...more], { encoding: 'utf8' })
    return stdout?.startsWith('{') ? [JSON.parse(stdout) as { ms: number; value: number }] : []
  })
  return runs.sort((a, b) => a.ms - b.ms)[0]
}
