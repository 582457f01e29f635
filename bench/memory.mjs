/**
 * What methods need: a process of its own for each, its time and the most it held in memory.
 *
 *   node bench/memory.mjs [exact gram spectralNorm]     512 channels at 224 × 224, circular, streamed over frequencies; the bar is 1.5 GB
 *   node bench/memory.mjs symbol                        every method with its gradient beside the symbol at all frequencies; the bar is 3 times that
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Every method, as it is called on a circular, a zero-padded layer and one of every size. */
const CALLS = [
  ['exact', (m, { circular }) => m.exact(circular, { gradient: true })],
  ['singularValues', (m, { circular }) => m.singularValues(circular)],
  ['power', (m, { zero }) => m.power(zero, { gradient: true })],
  ['lanczos', (m, { zero }) => m.lanczos(zero, { gradient: true, iterations: 100 })],
  ['gram', (m, { circular }) => m.gram(circular, { gradient: true })],
  ['gram, every size', (m, { every }) => m.gram(every, { gradient: true })],
  ['spatialGram, t = 3', (m, { every }) => m.spatialGram(every, { gradient: true, iterations: 3 })],
  ['f4', (m, { every }) => m.f4(every, { gradient: true })],
  ['tensorNorm', (m, { every }) => m.tensorNorm(every, { gradient: true })],
  ['lipGrid', (m, { every }) => m.lipGrid(every, { gradient: true })],
  ['frobenius', (m, { every }) => m.frobenius(every, { gradient: true })],
  ['spectralNorm', (m, { every }) => m.spectralNorm(every, { gradient: true, gap: 1e-2 })],
  ['spectralNorm, one size', (m, { zero }) => m.spectralNorm(zero, { gradient: true, gap: 1e-2 })],
]

const chosen = process.argv.slice(2)
const { OPNORM_METHOD: method, OPNORM_SHAPE: shape } = process.env
if (shape) await measureAt(method, ...shape.split('@').map(Number))
else if (method) await measure(method)
else if (chosen[0] === 'symbol') await besideTheSymbol()
else {
  console.log('method          processor s    memory, MB   (bar 1536)    value, upper/lower − 1, frequencies visited')
  for (const each of chosen.length > 0 ? chosen : ['spectralNorm', 'exact', 'gram']) run({ OPNORM_METHOD: each }, 'inherit')
}

function run(variables, stdout) {
  return spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url)], {
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, ...variables },
    encoding: 'utf8',
  }).stdout
}

async function measure(name) {
  const { layer, methods } = await circularLayer(512, 224)
  const { value, lower, upper, work } = methods[name](layer, name === 'spectralNorm' ? { gap: 1e-2 } : {})
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const seconds = (userCPUTime + systemCPUTime) / 1e6
  const cells = [name.padEnd(14), seconds.toFixed(1).padStart(12), (maxRSS / 1024).toFixed(0).padStart(13)]
  console.log(`${cells.join(' ')}                ${value.toPrecision(12)}, ${(upper / lower - 1).toExponential(1)}, ${work}`)
}

async function besideTheSymbol() {
  console.log('MB above a process that only has the kernel, over those of the symbol at all frequencies (bar 3)')
  for (const [channels, side] of [
    [64, 32],
    [128, 28],
    [256, 14],
    [512, 7],
  ]) {
    const symbol = (channels * channels * side * side * 16) / 2 ** 20
    const held = each => Number(run({ OPNORM_METHOD: each, OPNORM_SHAPE: `${channels}@${side}` }, 'pipe'))
    const least = held('nothing')
    console.log(`${channels} at ${side}, ${symbol.toFixed(0)} MB:`)
    for (const [each] of CALLS) {
      const more = held(each) - least
      console.log(`  ${each.padEnd(24)} ${more.toFixed(0).padStart(5)} MB   ${(more / symbol).toFixed(2)}`)
    }
  }
}

async function measureAt(name, channels, side) {
  const { layer, kernel, methods } = await circularLayer(channels, side)
  const every = methods.conv(kernel)
  const zero = methods.conv(kernel, { inputSize: side, pad: 1 })
  const [, call] = CALLS.find(([each]) => each === name) ?? []
  call?.(methods, { circular: layer, zero, every })
  console.log(process.resourceUsage().maxRSS / 1024)
}

async function circularLayer(channels, side) {
  const methods = await import('../src/index.ts')
  const { seeded } = await import('./seeded.ts')
  const kernel = { data: seeded(1007, channels ** 2 * 9, Math.sqrt(2 / (channels * 9))), shape: [channels, channels, 3, 3] }
  return { methods, kernel, layer: methods.conv(kernel, { inputSize: side, padding: 'circular' }) }
}
