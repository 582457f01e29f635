/**
 * Every method at its time and its distance from the truth, in one row, beside NumPy doing its best in the same run.
 *
 * The baselines are a script beside this checkout (../shared/native_baseline.py, with python3-numpy and python3-scipy); without it the
 * rows have no ratio. Theirs are float32 where they say so, ours are float64 with proof.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Bound, conv, exact, gram, lanczos, type SizedConv, singularValues } from '../../src/index.ts'
import { seeded } from '../../test/oracle.ts'

const script = fileURLToPath(new URL('../../../shared/native_baseline.py', import.meta.url))

interface Row {
  readonly shape: string
  readonly method: string
  readonly dtype: 'f32' | 'f64'
  readonly bar: number
  readonly run: (circular: SizedConv, padded: SizedConv) => number
}

const value = (bound: Bound) => bound.value
const largest: [shape: string, exactBar: number, gramBar: number][] = [
  ['he.64x64x3x3@56', 0.1, 0.4],
  ['he.64x64x3x3@32', 0.25, 0.4],
  ['he.128x128x3x3@28', 0.5, 0.4],
  ['he.256x256x3x3@14', 0.5, 1.2],
  ['he.512x512x3x3@7', 0.8, 1.2],
]

const rows: Row[] = [
  ...largest.map(
    ([shape, bar]): Row => ({ shape, method: 'best_exact_eigh', dtype: 'f32', bar, run: layer => value(exact(layer)) }),
  ),
  ...largest.map(
    ([shape, , bar]): Row => ({ shape, method: 'best_gram_t6', dtype: 'f32', bar, run: layer => value(gram(layer)) }),
  ),
  { shape: 'he.64x64x3x3@32', method: 'best_exact_svd', dtype: 'f64', bar: 0.6, run: layer => singularValues(layer)[0] },
  { shape: 'he.64x64x3x3@56', method: 'zero_exact_arpack', dtype: 'f64', bar: 0.3, run: (_, layer) => value(lanczos(layer)) },
  { shape: 'he.128x128x3x3@28', method: 'zero_exact_arpack', dtype: 'f64', bar: 0.3, run: (_, layer) => value(lanczos(layer)) },
]

/** Seeds of the baselines' own kernels, so that both sides compute the same numbers. */
const SEEDS: Record<string, number> = { '64@56': 1001, '128@28': 1003, '256@14': 1005, '512@7': 1007, '64@32': 2001 }

console.log('method                 shape                  ours ms    theirs ms   ratio    bar   value relative to the truth')
const wanted = process.argv[2]
for (const row of rows) if (!wanted || `${row.method} ${row.shape}`.includes(wanted)) report(row)

function report({ shape, method, dtype, bar, run }: Row): void {
  const [channels, size] = /(\d+)x\d+x3x3@(\d+)/.exec(shape)!.slice(1).map(Number)
  const std = Math.sqrt(2 / (channels * 9))
  const kernel = { data: seeded(SEEDS[`${channels}@${size}`], channels * channels * 9, std), shape: [channels, channels, 3, 3] }
  const circular = conv(kernel, { inputSize: size, padding: 'circular' })
  const padded = conv(kernel, { inputSize: size, pad: 1 })
  const { ms, got } = median(() => run(circular, padded))
  const theirs = baseline(shape, method, dtype)
  const truth = method === 'zero_exact_arpack' ? (theirs?.value ?? got) : exact(circular).value
  const cells = [
    method.padEnd(22),
    shape.padEnd(20),
    ms.toFixed(1).padStart(9),
    (theirs?.ms ?? Number.NaN).toFixed(1).padStart(12),
  ]
  const ratio = theirs ? (ms / theirs.ms).toFixed(2) : '–'
  console.log(`${cells.join(' ')} ${ratio.padStart(7)} ${String(bar).padStart(6)}   ${(got / truth - 1).toExponential(1)}`)
}

function median(work: () => number): { ms: number; got: number } {
  const times: number[] = []
  let got = work()
  for (const stop = performance.now() + 1500; times.length < 3 || (performance.now() < stop && times.length < 50); ) {
    const start = performance.now()
    got = work()
    times.push(performance.now() - start)
  }
  return { ms: times.sort((a, b) => a - b)[times.length >> 1], got }
}

function baseline(shape: string, method: string, dtype: string): { ms: number; value: number } | undefined {
  if (!existsSync(script)) return undefined
  const { stdout } = spawnSync('/usr/bin/python3', [script, '--shapes', shape, '--methods', method, '--dtypes', dtype], {
    encoding: 'utf8',
  })
  const line = stdout
    .split('\n')
    .filter(text => text.includes('"ms"'))
    .map(text => JSON.parse(text))
    .find(entry => entry.shape === shape)
  return line && { ms: line.ms, value: line.value }
}
