/**
 * The enclosure: norm evaluations and time at several gaps, beside NumPy in the same run; then evaluations of random layers with nets and without.
 *
 *   node bench/run.mjs enclosure
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Conv, conv, gapOf, spectralNorm } from '../src/index.ts'
import { readModel } from '../src/formats/index.ts'
import { withGramSymbol } from '../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../src/symbol.ts'
import { fineLattice, spreads } from '../src/torus/boxes.ts'
import { enclose } from '../src/torus/search.ts'
import { seeded } from './seeded.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const shared = fileURLToPath(new URL('../../shared/', import.meta.url))
const he = (seed: number, shape: number[]) =>
  conv({
    data: seeded(
      seed,
      shape.reduce((a, b) => a * b),
      Math.sqrt(2 / (shape.reduce((a, b) => a * b) / shape[0])),
    ),
    shape,
  })

function measure(layers: readonly Conv[], gap: number, runs: number) {
  let best = Number.POSITIVE_INFINITY
  let bounds = layers.map(layer => spectralNorm(layer, { gap }))
  for (let k = 0; k < runs; k++) {
    const started = performance.now()
    bounds = layers.map(layer => spectralNorm(layer, { gap }))
    best = Math.min(best, performance.now() - started)
  }
  return { ms: best, work: bounds.reduce((sum, bound) => sum + bound.work, 0), widest: Math.max(...bounds.map(gapOf)) }
}

function row(name: string, layers: readonly Conv[], gap: number, runs: number, baseline?: { name: string; ms: number }) {
  const { ms, work, widest } = measure(layers, gap, runs)
  const ratio = baseline ? `${(ms / baseline.ms).toFixed(2)} × ${baseline.name} (${baseline.ms.toFixed(0)} ms)` : ''
  console.log(
    `${name.padEnd(24)} ${gap.toExponential(0).padStart(6)} ${String(work).padStart(7)} ${widest.toExponential(1).padStart(9)} ${ms.toFixed(1).padStart(9)} ms  ${ratio}`,
  )
}

/** Median of the best of NumPy with and without torch, float32, as its own script times it. */
function numpy(shape: string, method: string): { name: string; ms: number } | undefined {
  const times = ['', '--no-torch'].flatMap(torch => {
    const args = [
      shared + 'native_baseline.py',
      '--shapes',
      shape,
      '--methods',
      method,
      '--dtypes',
      'f32',
      ...(torch ? [torch] : []),
    ]
    const lines = spawnSync('/usr/bin/python3', args, { encoding: 'utf8' }).stdout?.trim().split('\n') ?? []
    return lines.map(line => (line.startsWith('{') ? JSON.parse(line).ms : undefined)).filter(ms => typeof ms === 'number')
  })
  return times.length ? { name: `${method} ${shape}`, ms: Math.min(...times) } : undefined
}

console.log('layers                      gap    work  gap seen           time  ratio in this run')
if (existsSync(shared + 'models/resnet20.safetensors')) {
  const name = 'resnet20.safetensors'
  const model = readModel([{ name, bytes: readFileSync(`${shared}models/${name}`) }])
  const layers = model.layers.filter(layer => layer.op === 'conv').map(layer => conv(layer.kernel, layer.geometry))
  const times = ['', '--no-torch'].flatMap(torch => {
    const out = spawnSync('/usr/bin/python3', [here + 'resnet_baseline.py', ...(torch ? [torch] : [])], {
      encoding: 'utf8',
    }).stdout
    return out?.startsWith('{') ? [JSON.parse(out).ms as number] : []
  })
  const baseline = times.length ? { name: 'best_exact_pruned', ms: Math.min(...times) } : undefined
  for (const gap of [1e-3, 1e-6, 1e-10]) row('ResNet-20, 19 layers', layers, gap, 20, baseline)
} else console.log('skip ResNet-20: ../shared is absent')
for (const [name, seed, shape, gaps] of [
  ['random 16×16×3×3', 2003, [16, 16, 3, 3], [1e-3, 1e-6, 1e-10]],
  ['random 32×32×5×5', 2, [32, 32, 5, 5], [1e-3, 1e-6, 1e-10]],
  ['random 8×8×3×3×3', 1001, [8, 8, 3, 3, 3], [1e-3, 1e-6, 1e-10]],
] as [string, number, number[], number[]][]) {
  for (const gap of gaps) row(name, [he(seed, shape)], gap, 5)
}
for (const gap of [1e-3, 1e-6, 1e-10]) {
  const works = [1, 2, 3, 4].map(seed => spectralNorm(he(seed, [64, 64, 3, 3]), { gap }).work)
  console.log(`64×64×3×3, seeds 1 to 4  ${gap.toExponential(0).padStart(6)} ${Math.min(...works)} to ${Math.max(...works)}`)
}
row('He 64×64×3×3', [he(1001, [64, 64, 3, 3])], 1e-6, 5, numpy('he.64x64x3x3@56', 'best_exact_eigh'))
row('He 256×256×3×3', [he(1005, [256, 256, 3, 3])], 1e-3, 1, numpy('he.256x256x3x3@14', 'best_exact_eigh'))
row('He 512×512×3×3', [he(1007, [512, 512, 3, 3])], 1e-3, 1, numpy('he.512x512x3x3@7', 'best_exact_eigh'))

console.log('\nevaluations at 1e-3, mean over seeds from 1      boxes   nets')
for (const [n, seeds] of [
  [64, 20],
  [96, 12],
  [128, 12],
  [256, 3],
  [512, 3],
]) {
  const [boxes, nets] = [{ netted: Number.POSITIVE_INFINITY }, {}].map(how => {
    const works = Array.from({ length: seeds }, (_, i) => evaluations(he(1 + i, [n, n, 3, 3]), how))
    return (works.reduce((a, b) => a + b) / seeds).toFixed(0).padStart(6)
  })
  console.log(`${`${n}×${n}×3×3, ${seeds} seeds`.padEnd(46)} ${boxes} ${nets}`)
}

/** Of a search that takes nets from so many channels on. */
function evaluations(layer: Conv, how: { readonly netted?: number }): number {
  const symbol = symbolEverySize(layer)
  const tau = spreads(symbol.offsets)
  const goal = { gap: 1e-3, maxEvaluations: 1e6, ...how }
  return withGramSymbol(symbol, 0, gram => enclose(gram, tau, fineLattice(tau), goal).evaluations)
}
